# SPDX-License-Identifier: GPL-2.0-only
"""Rows of cells in columns, for terminals: the one place where widths are worked out, by rich."""

from __future__ import annotations

import io
from collections.abc import Container, Sequence

_GAP_CHARS = 2
_UNLIMITED_CHARS = 10_000  # more than any row


def columns(
    rows: Sequence[Sequence[str]], figures: bool | Container[int] = False, width_chars: int | None = None
) -> list[str]:
    """The lines of a table, without blanks at their ends; the same on every terminal.

    ``figures``: columns of these numbers end on the right; True: all but the first one. ``width_chars``: the last
    column is wrapped between words to fit; None: no line is ever broken. Rows may lack cells at their ends.
    """
    # Loaded here: most commands print no table, and it takes a tenth of a second.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    count = max(map(len, rows), default=0)
    right = (range(1, count) if figures else ()) if isinstance(figures, bool) else figures
    table = Table.grid(padding=(0, _GAP_CHARS, 0, 0))
    for number in range(count):
        last = number == count - 1
        table.add_column(
            justify="right" if number in right else "left",
            no_wrap=not last or width_chars is None,
            overflow="fold",  # "ignore" would turn justification off as well
        )
    for row in rows:
        table.add_row(*map(Text, row))
    paper = io.StringIO()
    console = Console(file=paper, width=width_chars or _UNLIMITED_CHARS, color_system=None, legacy_windows=False)
    console.print(table, soft_wrap=False)
    return [line.rstrip() for line in paper.getvalue().splitlines()]
