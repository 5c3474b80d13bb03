# SPDX-License-Identifier: GPL-2.0-only
"""The changes to a tracker that are worth writing: as text for a terminal, Markdown, and data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from dmafuzz.review import Costs
from dmafuzz.review.changes import Effect, TopicChange
from dmafuzz.review.worth import Worth
from dmafuzz.tables import columns
from dmafuzz.trackers import COSTS

from .layout import Line, Tone, wrapped
from .review_json import topic_record

SCHEMA = 1
_NOTED = 0.005
HEAD = ("change", "finds A-C", "finds all", "noise", "rules kept", "hazards", "loses", "costs")


def worth_lines(tracker: str, ops: int, rows: Sequence[Worth]) -> list[Line]:
    """For a terminal: a row for each change, then what the first ones find."""
    cells = [HEAD, *(cells_of(row) for row in rows)]
    lines = wrapped("", summary_of(tracker, ops, rows), Tone.TITLE)
    head, *others = columns(cells, figures=range(1, len(HEAD) - 1))
    lines += [Line(head, Tone.ASIDE), *map(Line, others)]
    for row in rows:
        if row.causes(Effect.FOUND):
            lines += [Line(""), Line(row.candidate.name, Tone.TITLE), *wrapped("  ", about_of(row))]
            for topic in row.topics:
                lines += wrapped(f"  {topic.effect.value}: ", f"{topic.topic}, {counted(topic)}", hang=4)
    return lines


def worth_markdown(tracker: str, ops: int, rows: Sequence[Worth]) -> str:
    """A page without conclusions: these are a person's."""
    return "\n".join(_markdown(tracker, ops, rows)) + "\n"


def worth_record(tracker: str, ops: int, rows: Sequence[Worth]) -> dict[str, Any]:
    """For json.dumps."""
    return {
        "schema": SCHEMA,
        "tracker": tracker,
        "ops": ops,
        "changes": [
            {
                "name": row.candidate.name,
                "about": row.candidate.about,
                "proposal": row.candidate.proposal,
                "finds_a_to_c": len(row.found),
                "finds": len(row.causes(Effect.FOUND)),
                "noise": len(row.noise),
                "noise_of_rule_keeping_programs": row.kept,
                "hazards": len(row.causes(Effect.HAZARD)),
                "loses": len(row.lost),
                "costs": _costs(row.costs) if row.costs else None,
                "topics": [topic_record(topic) for topic in row.topics],
            }
            for row in rows
        ],
    }


def _costs(costs: Costs) -> dict[str, float | None]:
    """By figure, how many times as much; None of what there was nothing before, which JSON has no number for."""
    return {name: times if math.isfinite(times) else None for name, times in costs.changed.items()}


def summary_of(tracker: str, ops: int, rows: Sequence[Worth]) -> str:
    """What the columns of the table count."""
    return (
        f"{len(rows)} changes to {tracker}, over all programs of up to {ops} operations and the corpus: causes that "
        "they find (of grade A to C, and all), warnings without need (and of programs that keep every rule), warnings "
        "that are harmless where they come and true elsewhere, causes that they lose, and locks, look-up steps and "
        "work on the tree of cachelines."
    )


def about_of(row: Worth) -> str:
    """What the change is about."""
    return f"{'Proposed' if row.candidate.proposal else 'As it is now'}: {row.candidate.about}."


def counted(topic: TopicChange) -> str:
    """How many causes a topic has."""
    number = len(topic.causes)
    return f"{number:,} cause{'' if number == 1 else 's'}"


def cells_of(row: Worth) -> tuple[str, ...]:
    """The row of a change, by the columns of HEAD."""
    counts = (
        len(row.found),
        len(row.causes(Effect.FOUND)),
        len(row.noise),
        row.kept,
        len(row.causes(Effect.HAZARD)),
        len(row.lost),
    )
    return (row.candidate.name, *(f"{count:,}" if count else "-" for count in counts), _cost(row.costs))


def _cost(costs: Costs | None) -> str:
    """What has changed by a hundredth or more, in locks, look-up steps and work on the tree."""
    if costs is None:
        return "not counted"
    noted = (
        f"{COSTS[name]} {times:,.2f} times" if math.isfinite(times) else f"{COSTS[name]}, before none"
        for name, times in costs.changed.items()
        if abs(times - 1) >= _NOTED
    )
    return "; ".join(noted) or "the same"


def _markdown(tracker: str, ops: int, rows: Sequence[Worth]) -> Iterator[str]:
    yield f"# What is worth changing in {tracker}"
    yield ""
    yield summary_of(tracker, ops, rows)
    yield f"Made by `dmafuzz worth {tracker} --ops {ops}`."
    yield ""
    yield f"| {' | '.join(HEAD)} |"
    yield f"|---|{'---:|' * (len(HEAD) - 2)}---|"
    for row in rows:
        yield f"| {' | '.join(cells_of(row))} |"
    for row in rows:
        if not row.topics:
            continue
        yield ""
        yield f"## {row.candidate.name}"
        yield ""
        yield about_of(row)
        yield ""
        for topic in row.topics:
            yield f"- {topic.effect.value}: {topic.topic}, {counted(topic)}; the smallest:"
            yield ""
            yield "  ```"
            yield from (f"  {line}" for line in topic.leader.program)
            yield "  ```"
