# SPDX-License-Identifier: GPL-2.0-only
"""A table, for a terminal and for a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dmafuzz.tables import columns


@dataclass(frozen=True)
class Table:
    """``notes`` are sentences below it; ``words``: no figures, so that all columns begin on the left."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = field(default=())
    words: bool = False

    def text(self) -> Iterator[str]:
        """Columns in line: the first one on the left, figures on the right."""
        yield self.title
        yield from columns((self.header, *self.rows), figures=not self.words)
        yield from self.notes

    def markdown(self) -> Iterator[str]:
        yield f"## {self.title}"
        yield ""
        yield _cells(self.header)
        yield _cells(["---", *["---" if self.words else "--:"] * (len(self.header) - 1)])
        yield from (_cells(row) for row in self.rows)
        for note in self.notes:
            yield ""
            yield note


def _cells(row: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
