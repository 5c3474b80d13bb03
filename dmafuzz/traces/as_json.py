# SPDX-License-Identifier: GPL-2.0-only
"""A judged trace as JSON."""

from __future__ import annotations

from typing import Any

from dmafuzz.program import render

from .comments import commented
from .document import ASSUMED
from .event import Where
from .judging import Finding, Judged

SCHEMA = 1


def to_json(judged: Judged, name: str) -> dict[str, Any]:
    """One object; docs/reference/json.md has its fields."""
    bench, counts = judged.bench, judged.counts
    return {
        "schema": SCHEMA,
        "trace": name,
        "portfolio": bench.portfolio,
        "platforms": list(bench.platforms),
        "trackers": list(bench.trackers),
        "lines": counts.lines,
        "events": counts.events,
        "lost_events": counts.lost,
        "groups": judged.groups,
        "distinct": judged.shapes,
        "live_at_most": judged.live_max,
        "findings": [_finding(judged, finding) for finding in judged.findings.values()],
        "nothing_lost": [
            {"devices": list(devices), "calls": list(calls), "groups": count}
            for (devices, calls), count in judged.silent.items()
        ],
        "not_said": [
            {"what": what, "count": count, "first_line": line} for what, (count, line) in counts.notes.items()
        ],
        "assumed": list(ASSUMED),
    }


def _finding(judged: Judged, finding: Finding) -> dict[str, Any]:
    verdict, named = finding.verdict, judged.bench.named
    return {
        "devices": list(finding.devices),
        "calls": list(finding.calls),
        "groups": finding.count,
        "first": _where(finding.first),
        "last": _where(finding.last),
        "losses": [{"kind": kind, "platforms": list(named(where))} for kind, where in verdict.losses],
        "harms": [{"kind": kind, "platforms": list(named(where))} for kind, where in verdict.harms],
        "might_share_lines": list(named(verdict.shares)),
        "warnings": [
            {
                "tracker": each.tracker,
                "warning": each.check,
                "platforms": list(named(each.fires)),
                "loses_on": list(named(each.loses)),
            }
            for each in verdict.warned
        ],
        "programs": [render(commented(each.shape, each.program)).split("\n")[:-1] for each in finding.examples],
    }


def _where(where: Where) -> dict[str, Any]:
    return {"line": where.line, "time": where.time, "task": where.task, "cpu": where.cpu}
