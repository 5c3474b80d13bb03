# SPDX-License-Identifier: GPL-2.0-only
"""When calls were made: counts in equal parts of the time, whose length grows with the trace."""

from __future__ import annotations

from collections.abc import Iterable

from dmafuzz.publishing import Timeline

from .event import Where

PARTS_MAX = 240
_FIRST_PART_S = 0.001


class Times:
    """Takes times as they come, in a fixed amount of memory."""

    def __init__(self) -> None:
        self._begin: float | None = None
        self._part = _FIRST_PART_S
        self._counts: list[int] = []

    def add(self, time: str) -> None:
        """Counts a call; clocks may go back a little between CPUs."""
        seconds = float(time)
        if self._begin is None:
            self._begin = seconds
        at = max(0, int((seconds - self._begin) / self._part))
        while at >= PARTS_MAX:
            self._counts = [sum(self._counts[i : i + 2]) for i in range(0, len(self._counts), 2)]
            self._part *= 2
            at = int((seconds - self._begin) / self._part)
        if at >= len(self._counts):
            self._counts += [0] * (at + 1 - len(self._counts))
        self._counts[at] += 1

    def drawn(self, first: Where | None, last: Where | None, places: Iterable[tuple[Where, str]]) -> Timeline | None:
        """The time line, with places on it; None where there is no time."""
        if self._begin is None or first is None or last is None:
            return None
        marks = sorted(
            (min(max(0, int((float(where.time) - self._begin) / self._part)), len(self._counts) - 1), name)
            for where, name in places
        )
        return Timeline(tuple(self._counts), tuple(marks), first.time, last.time)
