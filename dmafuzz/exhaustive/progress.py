# SPDX-License-Identifier: GPL-2.0-only
"""Progress of a search: a bar on a terminal, with an estimate of what remains; plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

from tqdm import tqdm

LINE_EVERY_S = 10.0


class Bar:
    """Draws on standard error."""

    def __init__(self) -> None:
        self._on_terminal = sys.stderr.isatty()
        self._bar: Any = None
        self._what = ""
        self._total = self._done = self._before = 0
        self._started = self._line_at = time.monotonic()

    def layer(self, length: int, pairs: int, done: int = 0) -> None:
        self.start(f"{length} operations" if length > 1 else "1 operation", pairs, done)

    def pairs(self, done: int) -> None:
        self.advance(done)

    def start(self, what: str, total: int, done: int = 0) -> None:
        """``done`` of them by an earlier run: how long they took says nothing about the rest."""
        self.end()
        self._what, self._total, self._done, self._before = what, total, done, done
        self._started = self._line_at = time.monotonic()
        if self._on_terminal:
            self._bar = tqdm(
                total=total, initial=done, desc=what, unit="", unit_scale=True, file=sys.stderr, dynamic_ncols=True,
                leave=False,
            )  # fmt: skip

    def advance(self, done: int) -> None:
        self._done += done
        if self._bar is not None:
            self._bar.update(done)
            return
        now = time.monotonic()
        if now - self._line_at < LINE_EVERY_S:
            return
        self._line_at = now
        left = (now - self._started) * (self._total - self._done) / max(self._done - self._before, 1)
        share = 100 * self._done / max(self._total, 1)
        print(f"{self._what}: {share:.0f} %, {left:,.0f} s left", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
