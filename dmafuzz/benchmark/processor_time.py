# SPDX-License-Identifier: GPL-2.0-only
"""The processor time of an engine, its process and all that it has started: a busy machine makes it no longer."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dmafuzz.benchmark.board import Board, Sighting

_TICKS = os.sysconf("SC_CLK_TCK")
# Of what follows the name in /proc/PID/stat: user, system, and both of children that have ended.
_TIMES = slice(11, 15)


def used_by(pid: int) -> float:
    """Seconds so far; those of a child that has gone count where its parent has waited for it."""
    return sum(_ticks(each) for each in _family(pid)) / _TICKS


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[_TIMES])


class ProcessorClock:
    """Counts seconds from the first look at a board that has programs; sightings get the time at which they were first
    looked at, unless the engine's own clock, which runs no slower, says less."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._began: float | None = None
        self._seen: dict[int, float] = {}
        self._looks: list[tuple[float, float]] = []  # the monotonic clock's time, and this one's

    def look(self, board: Board) -> tuple[float, Board]:
        """The seconds since then, and the board in this time."""
        if not board.programs:
            return 0.0, board
        now = used_by(self._pid)
        self._began = now if self._began is None else self._began
        passed = now - self._began
        self._looks.append((time.monotonic(), passed))
        seen = [self._stamped(index, each, passed) for index, each in enumerate(board.seen)]
        return passed, replace(board, seen=tuple(seen))

    def at(self, moment: float) -> float:
        """This clock's time at one of the monotonic clock's: between two looks, in proportion."""
        after = bisect_left(self._looks, (moment, 0.0))
        if not self._looks or after == 0:
            return 0.0
        begin, end = self._looks[after - 1], self._looks[min(after, len(self._looks) - 1)]
        if begin == end:
            return end[1]
        return begin[1] + (end[1] - begin[1]) * (moment - begin[0]) / (end[0] - begin[0])

    def _stamped(self, index: int, sighting: Sighting | None, passed: float) -> Sighting | None:
        if sighting is None:
            return None
        return replace(sighting, seconds=min(sighting.seconds, self._seen.setdefault(index, passed)))
