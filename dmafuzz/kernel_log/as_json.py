# SPDX-License-Identifier: GPL-2.0-only
"""The answer as JSON: one object, of schema 1."""

from __future__ import annotations

from typing import Any

from dmafuzz.program import Program, render_op

from .answer import Answer, Cause, JudgedGroup, Variant
from .splat import Live, Splat

SCHEMA = 1


def to_json(answer: Answer, name: str) -> dict[str, Any]:
    """The answer as an object for json.dumps: sizes in bytes, addresses as printed or in hexadecimal, lines from 1."""
    machine = answer.log.machine
    return {
        "schema": SCHEMA,
        "log": name,
        "true": answer.true,
        "kernel": machine.version,
        "architecture": machine.arch,
        "hardware": machine.hardware,
        "era": answer.era.name,
        "era_known": answer.era.known,
        "portfolio": answer.portfolio,
        "lines": answer.log.lines,
        "cut": answer.log.cut,
        "trace_events": answer.log.events,
        "warnings": len(answer.log.splats) + answer.log.more_splats,
        "causes": [_cause(cause) for cause in answer.causes],
        "causes_not_judged": answer.unjudged,
        "live_mappings": len(answer.log.live),
        "groups": [_group(group) for group in answer.groups],
        "groups_not_judged": answer.more_groups,
        "others": [
            {
                "kind": other.kind,
                "count": other.count,
                "line": other.line,
                "time": other.time,
                "text": other.text,
                "says": kind.says,
                "harmless": kind.harmless,
            }
            for other, kind in answer.others
        ],
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "warning": cause.splat.check,
        "count": cause.count,
        "true": cause.true,
        "known_false_positive": cause.surely_false,
        **_splat(cause.splat),
        "devices": list(cause.devices),
        "era": cause.era.name,
        "portfolio": cause.portfolio,
        "platforms_like_this": list(cause.here),
        "means": cause.means,
        "since": cause.since,
        "eras": list(cause.eras),
        "exact_call": bool(cause.variants),
        "mapping": _live(cause.live) if cause.live else None,
        "programs": [_variant(variant) for variant in cause.variants],
        "may_share_lines": cause.shares_lines,
        "too_large": cause.too_large,
        "leaders": [
            {
                "meaning": leader.meaning,
                "program": list(leader.program),
                "loses_on": list(leader.losing),
                "fires_on": list(leader.firing),
            }
            for leader in cause.leaders
        ],
        "false_positives": [
            {"from": case.since, "before": case.until, "when": case.when, "mended": case.mended} for case in cause.false
        ],
        "usually": cause.advice.usually,
        "repair": cause.advice.repair,
        "note": cause.advice.never,
        "look_at": cause.advice.more,
    }


def _splat(splat: Splat) -> dict[str, Any]:
    return {
        "message": splat.message,
        "values": dict(splat.values),
        "driver": splat.driver,
        "device": splat.device,
        "line": splat.line,
        "time": splat.time,
        "mapped_at": [str(frame) for frame in splat.mapped_at],
        "caller": splat.caller,
    }


def _live(live: Live) -> dict[str, Any]:
    return {
        "driver": live.driver,
        "device": live.device,
        "type": live.type,
        "physical": hex(live.physical) if live.physical is not None else None,
        "dma": hex(live.dma),
        "length": live.length,
        "direction": live.direction,
        "checked": live.checked,
        "line": live.line,
    }


def _variant(variant: Variant) -> dict[str, Any]:
    return {
        "program": _lines(variant.sketch.program),
        "assumed": list(variant.sketch.assumed),
        "from_dump": variant.sketch.from_dump,
        "platforms": {justification: list(names) for justification, names in variant.outcome.by_justification.items()},
        "silent": list(variant.outcome.silent),
        "loses_on": list(variant.outcome.losing),
        "corruptions": list(variant.outcome.kinds),
        "rules": list(variant.outcome.rules),
    }


def _group(judged: JudgedGroup) -> dict[str, Any]:
    group = judged.group
    return {
        "count": group.count,
        "mappings": [_live(live) for live in group.members],
        "program": _lines(group.program) if group.program else None,
        "warnings": list(judged.warned),
        "loses_on": {name: list(kinds) for name, kinds in judged.losses.items()},
    }


def _lines(program: Program) -> list[str]:
    return [render_op(op) for op in program.ops]
