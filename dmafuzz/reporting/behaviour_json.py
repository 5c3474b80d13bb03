# SPDX-License-Identifier: GPL-2.0-only
"""Shortest behaviours and the tracker's entries as JSON, part of the object of a judgement."""

from __future__ import annotations

from typing import Any

from dmafuzz._core import CopyChange, CopyState, Corruption, Moment, Place, TrackedEntry
from dmafuzz.program import Program
from dmafuzz.verdicts.judgement import Judgement
from dmafuzz.verdicts.judging import Judging

from .explain import course, outcome
from .judgement_json import judgement_to_json
from .story import story


def judgement_in_full(judgement: Judgement, program: Program, judging: Judging) -> dict[str, Any]:
    """The object of a judgement with how each corruption comes about, the tracker's entries, and the story."""
    entries = judging.tracked_entries(program, judgement.platform)
    return {
        **judgement_to_json(judgement),
        "witnesses": [_witness(judgement, corruption, program, judging) for corruption in judgement.corruptions],
        "entries": [[_entry(entry) for entry in after] for after in entries] if entries else None,
        "story": [line.text for line in story(program, judging, [judgement], short=False)],
    }


def _witness(judgement: Judgement, corruption: Corruption, program: Program, judging: Judging) -> dict[str, Any]:
    steps = judging.witness(program, judgement.platform, corruption)
    sentences = [*course(judgement, corruption, steps), *outcome(judgement, corruption, steps)]
    behaviour = judging.behaviour(program, judgement.platform, corruption)
    return {
        "corruption": corruption.index,
        "steps": [_moment(moment) for moment in behaviour],
        "sentences": [f"{sentence.lead}: {sentence.text}" for sentence in sentences],
    }


def _moment(moment: Moment) -> dict[str, Any]:
    record: dict[str, Any] = {
        "op": moment.op,
        "actor": moment.actor,
        "changes": [_change(change) for change in moment.changes],
        "places": [_copy(copy) for copy in moment.copies],
        "given_up": moment.given_up,
        "owners": {f"m{owned.mapping}": owned.owner for owned in moment.owners},
    }
    return record if moment.writer is None else {**record, "writer": f"m{moment.writer}"}


def _change(change: CopyChange) -> dict[str, Any]:
    record: dict[str, Any] = {"event": change.event, "copy": change.copy, "place": _place(change.place)}
    return record if change.source is None else {**record, "source": _place(change.source)}


def _copy(state: CopyState) -> dict[str, Any]:
    """``line`` is None where the place has no cacheline of its own."""
    return {
        "copy": state.copy,
        "place": _place(state.place),
        "memory": state.memory,
        "line": state.line,
        "cached": state.cached,
    }


def _place(place: Place) -> str:
    """ "memory", "old-page", or "slot:m0"."""
    return str(place.kind) if place.mapping is None else f"{place.kind}:m{place.mapping}"


def _entry(entry: TrackedEntry) -> dict[str, Any]:
    return {
        "mapping": None if entry.mapping is None else f"m{entry.mapping}",
        "op": entry.op,
        "device": f"d{entry.device}",
        "dma": entry.dma,
        "phys": entry.phys,
        "size": entry.size,
        "direction": entry.direction.name.upper(),
        "type": entry.type,
        "active": entry.active,
        "unchecked": entry.unchecked,
    }
