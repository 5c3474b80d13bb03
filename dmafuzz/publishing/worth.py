# SPDX-License-Identifier: GPL-2.0-only
"""The changes to a tracker that are worth writing as blocks of text, for their page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dmafuzz.reporting.worth import HEAD, about_of, cells_of, counted, summary_of
from dmafuzz.review.worth import Worth

from .content import Block


def worth_blocks(tracker: str, ops: int, rows: Sequence[Worth]) -> list[Block]:
    """The table of all changes, then what each of them that changes anything comes to."""
    return list(_blocks(tracker, ops, rows))


def _blocks(tracker: str, ops: int, rows: Sequence[Worth]) -> Iterator[Block]:
    yield Block("title", (f"What is worth changing in {tracker}",))
    yield Block("text", (summary_of(tracker, ops, rows),))
    yield Block("table", (), rows=(HEAD, *(cells_of(row) for row in rows)))
    for row in rows:
        if row.topics:
            yield from _change(row)


def _change(row: Worth) -> Iterator[Block]:
    yield Block("heading", (row.candidate.name,))
    yield Block("text", (about_of(row),))
    for topic in row.topics:
        tone = "loss" if topic.effect.worse else ""
        yield Block("text", (f"{topic.topic}, {counted(topic)}; the smallest:",), lead=topic.effect.value, tone=tone)
        yield Block("program", topic.leader.program)
