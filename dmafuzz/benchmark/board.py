# SPDX-License-Identifier: GPL-2.0-only
"""What an engine has judged and seen so far: the core's board, a file shared with the engine's process."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path

from dmafuzz._core import WANTED_MAX

# Programs, operations, the first one's beginning, the last one's end, what counting and looking have taken, and that in
# processor time.
_HEAD = struct.Struct("=QQqqqq")
_SIGHTING = struct.Struct("=Qq")
_RANKS = 1 << 14  # registers of core/benchmark/distinct.hpp
_BYTES = _HEAD.size + WANTED_MAX * _SIGHTING.size + _RANKS
_NS = 1e9


@dataclass(frozen=True)
class Sighting:
    """When a cause was first shown: programs judged by then, seconds since the first one."""

    programs: int
    seconds: float


@dataclass(frozen=True)
class Board:
    """``seconds`` from the beginning of the first program to the end of the last one; ``began`` is the clock's. Not in
    them: what counting and looking have taken, ``aside`` by the clock, ``aside_processor`` of processor time.
    ``distinct``: programs that differ after renaming, give or take 0.8 %, where they are counted."""

    programs: int = 0
    operations: int = 0
    seconds: float = 0.0
    began: float = 0.0
    seen: tuple[Sighting | None, ...] = ()
    aside: float = 0.0
    aside_processor: float = 0.0
    distinct: float = 0.0

    @property
    def rate(self) -> float:
        """Programs a second."""
        return self.programs / self.seconds if self.seconds > 0 else 0.0

    @property
    def distinct_share(self) -> float:
        """Of the programs, those that differ from the ones before."""
        return self.distinct / self.programs if self.programs else 0.0

    @property
    def length(self) -> float:
        """Operations of a program, on average."""
        return self.operations / self.programs if self.programs else 0.0


def read_board(path: Path, causes: int) -> Board:
    """The board as it is now; an empty one where no engine has begun."""
    try:
        data = path.read_bytes()
    except OSError:
        return Board()
    if len(data) < _BYTES:
        return Board()
    programs, operations, first, last, aside, aside_processor = _HEAD.unpack_from(data)
    seen = []
    for index in range(causes):
        by, at = _SIGHTING.unpack_from(data, _HEAD.size + index * _SIGHTING.size)
        seen.append(Sighting(by, (at - first) / _NS) if by else None)
    seconds = max(0, last - first) / _NS if programs else 0.0
    counted = distinct(data[-_RANKS:])
    return Board(programs, operations, seconds, first / _NS, tuple(seen), aside / _NS, aside_processor / _NS, counted)


def distinct(ranks: bytes) -> float:
    """How many different things have been counted: HyperLogLog, and linear counting where there are few."""
    empty = ranks.count(0)
    size = len(ranks)
    raw = 0.7213 / (1 + 1.079 / size) * size**2 / sum(n * 2.0**-rank for rank, n in _counts(ranks))
    return size * math.log(size / empty) if empty and raw <= 2.5 * size else raw


def _counts(ranks: bytes) -> list[tuple[int, int]]:
    return [(rank, ranks.count(rank)) for rank in set(ranks)]
