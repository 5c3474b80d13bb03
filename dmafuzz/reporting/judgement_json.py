# SPDX-License-Identifier: GPL-2.0-only
"""Judgements as JSON: one object each, of schema 2."""

from __future__ import annotations

from typing import Any

from dmafuzz import checks
from dmafuzz._core import Breach, Corruption, Cost, Harm, Mapping, Warning
from dmafuzz.program import render_op
from dmafuzz.trackers import COSTS
from dmafuzz.verdicts import Judgement

from .breaches import breach_sentence

SCHEMA = 2


def judgement_to_json(judgement: Judgement) -> dict[str, Any]:
    """The judgement as an object for json.dumps.

    ``op`` counts operations from 0, tidy-up included; offsets and sizes are in bytes; corruptions and exposures are
    ranges of one buffer.
    """
    return {
        "schema": SCHEMA,
        "program": judgement.program,
        "tracker": judgement.tracker,
        "platform": judgement.platform,
        "portfolio": judgement.portfolio,
        "labels": list(judgement.labels),
        "contract": [breach.rule for breach in judgement.contract],
        "breaches": [_breach(breach, judgement) for breach in judgement.contract],
        "warnings": [_warning(warning, judgement) for warning in judgement.warnings],
        "corruptions": [_corruption(corruption) for corruption in judgement.corruptions],
        "harms": [_harm(harm) for harm in judgement.harms],
        "failed": [f"m{mapping}" for mapping in judgement.failed],
        "reached": [_reached(mapping) for mapping in judgement.mappings],
        "ops": [render_op(op) for op in judgement.ops],
        "program_ops": judgement.program_ops,
        "cost": None if judgement.cost is None else _cost(judgement.cost),
    }


def _breach(breach: Breach, judgement: Judgement) -> dict[str, Any]:
    record: dict[str, Any] = {"rule": breach.rule, "op": breach.op, "text": breach_sentence(breach, judgement.ops)}
    return record if breach.mapping is None else {**record, "mapping": f"m{breach.mapping}"}


def _reached(mapping: Mapping) -> dict[str, Any]:
    return {"mapping": f"m{mapping.number}", "via": mapping.via, "iommu": mapping.iommu}


def _warning(warning: Warning, judgement: Judgement) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": warning.id,
        "op": warning.op,
        "justified": warning.justification == "justified",
        "justification": warning.justification,
        "mappings": _mappings(warning.mappings),
        "rule": checks.named(warning.id).means,
        "message": judgement.message(warning),
        "counted": warning.counted,
        "printed": warning.printed,
        "stops": warning.stops,
    }
    if warning.reason is not None:
        record["reason"] = warning.reason
    if warning.hurts is not None:
        record["hurts"] = warning.hurts
    if warning.entry_op is not None:
        record["entry_op"] = warning.entry_op
    if warning.line is not None:
        record["line"] = {"phys": warning.line, "size": warning.line_size}
    return record


def _corruption(corruption: Corruption) -> dict[str, Any]:
    record: dict[str, Any] = {
        "kind": corruption.kind,
        "op": corruption.op,
        "buffer": corruption.buffer,
        "offset": corruption.offset,
        "size": corruption.size,
        "explained": corruption.explained,
        "mappings": _mappings(corruption.mappings),
    }
    if corruption.reason is not None:
        record["reason"] = corruption.reason
    if corruption.reader is not None:
        record["reader"] = f"m{corruption.reader}"
    return record


def _harm(harm: Harm) -> dict[str, Any]:
    record: dict[str, Any] = {"kind": harm.kind, "op": harm.op}
    if harm.offset is not None and harm.size is not None:
        return {**record, "buffer": harm.buffer, "offset": harm.offset, "size": harm.size}
    return record if harm.mapping is None else {**record, "mapping": f"m{harm.mapping}"}


def _cost(cost: Cost) -> dict[str, int]:
    return {name: getattr(cost, name) for name in COSTS}


def _mappings(mappings: tuple[int, ...]) -> list[str]:
    return [f"m{mapping}" for mapping in mappings]
