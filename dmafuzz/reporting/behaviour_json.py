# SPDX-License-Identifier: GPL-2.0-only
"""Judgements as JSON in full: what a person looks at, shortest behaviours, the tracker's entries, the way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dmafuzz._core import CopyChange, CopyState, Corruption, Moment, Place, Rule, TrackedEntry
from dmafuzz.program import Program
from dmafuzz.triage import Cause, grade_of, topic_of
from dmafuzz.triage.bench import Bench
from dmafuzz.triage.repairs import repairs_of
from dmafuzz.triage.titles import title_of
from dmafuzz.verdicts.judgement import Judgement
from dmafuzz.verdicts.judging import Judging

from .explain import course, outcome
from .in_short import REPAIR_PROGRAMS_MAX
from .judgement_json import judgement_to_json
from .story import story


def judgements_in_full(
    judgements: Sequence[Judgement], program: Program, judging: Judging, programs_max: int = REPAIR_PROGRAMS_MAX
) -> list[dict[str, Any]]:
    """The objects of the judgements of one program: with what there is to look at, how each corruption comes about,
    the tracker's entries, the story, and the program's repairs, for which at most ``programs_max`` are judged."""
    repairs = None  # of a kernel's own code none are looked for: it may hang on what nobody has judged before
    if not judging.tracker.kernel:
        repairs = [repair.to_json() for repair in repairs_of(program.ops, Bench.of(judging), programs_max)]
    return [{**_in_full(judgement, program, judging), "repairs": repairs} for judgement in judgements]


def _in_full(judgement: Judgement, program: Program, judging: Judging) -> dict[str, Any]:
    entries = judging.tracked_entries(program, judgement.platform)
    return {
        **judgement_to_json(judgement),
        "findings": [_finding(cause) for cause in _causes(judgement, program, judging)],
        "witnesses": [_witness(judgement, corruption, program, judging) for corruption in judgement.corruptions],
        "entries": [[_entry(entry) for entry in after] for after in entries] if entries else None,
        "story": [line.text for line in story(program, judging, [judgement], short=False)],
    }


def _causes(judgement: Judgement, program: Program, judging: Judging) -> list[Cause]:
    """What the program shows there, by label and reason: causes but for the program, which need not be minimal."""
    kinds: dict[tuple[str, str], dict[str, None]] = {}
    for label, kind, reason in judging.signatures_on(program, judgement.platform):
        kinds.setdefault((label, reason), {})[kind] = None
    broken = {breach.rule for breach in judgement.contract}
    rules = tuple(str(rule) for rule in Rule if rule in broken)
    return [
        Cause(label, tuple(of_these), rules, reason, program.ops, (judgement.platform,))
        for (label, reason), of_these in kinds.items()
    ]


def _finding(cause: Cause) -> dict[str, Any]:
    return {
        "label": cause.label,
        "kinds": list(cause.kinds),
        "rules": list(cause.rules),
        "reason": cause.reason,
        "grade": str(grade_of(cause)),
        "topic": topic_of(cause.label, cause.kinds, cause.rules, cause.reason).to_json(),
        "title": title_of(cause),
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
