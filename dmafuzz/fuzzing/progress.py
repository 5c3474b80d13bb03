# SPDX-License-Identifier: GPL-2.0-only
"""Progress: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from dmafuzz.store import shown_path

if TYPE_CHECKING:
    from dmafuzz.fuzzing.summary import Summary

LINE_EVERY_S = 5.0


class Progress:
    """Draws on standard error. Rates are programs a second, over all workers, since the last drawing."""

    def __init__(self) -> None:
        self.on_terminal = sys.stderr.isatty()
        self.bar: Any = None
        self.line_at = 0.0
        self.last = (0.0, 0)

    def start(self, seconds: float | None) -> None:
        if self.on_terminal:
            form = "{n:.0f}/{total:.0f} s |{bar:16}| {desc}" if seconds else "{n:.0f} s  {desc}"
            self.bar = tqdm(total=seconds, bar_format=form, file=sys.stderr, dynamic_ncols=True)

    def update(self, seconds: float, summary: Summary) -> None:
        if self.bar is not None:
            self.bar.set_description_str(self._figures(seconds, summary), refresh=False)
            self.bar.n = min(seconds, self.bar.total or seconds)
            self.bar.refresh()
        elif seconds - self.line_at >= LINE_EVERY_S:
            self.line_at = seconds
            print(f"{seconds:6.0f} s  {self._figures(seconds, summary)}", file=sys.stderr, flush=True)

    def _figures(self, seconds: float, summary: Summary) -> str:
        then, programs = self.last
        rate = (summary.programs - programs) / (seconds - then) if seconds > then else 0.0
        if seconds - then >= 1.0:
            self.last = (seconds, summary.programs)
        causes = summary.causes
        return (
            # The causes first: a narrow terminal cuts the end off.
            f"causes: {causes['FN']} FN, {causes['FP']} FP, {causes['hazard']} hazard"
            + (f", {causes['broken']} tracker crash" if causes["broken"] else "")
            + f"; {summary.programs:,} programs ({rate:,.0f}/s), coverage {summary.coverage}, corpus {summary.corpus}"
        )

    def say(self, message: str) -> None:
        """A line of its own, above the bar."""
        tqdm.write(shown_path(message), file=sys.stderr)

    def end(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None
