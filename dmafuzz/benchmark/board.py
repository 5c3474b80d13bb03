# SPDX-License-Identifier: GPL-2.0-only
"""What an engine has judged and seen so far: the core's board, a file shared with the engine's process."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_HEAD = struct.Struct("=QQqq")  # programs, operations, the first one's beginning, the last one's end
_SIGHTING = struct.Struct("=Qq")
_NS = 1e9


@dataclass(frozen=True)
class Sighting:
    """When a cause was first shown: programs judged by then, seconds since the first one."""

    programs: int
    seconds: float


@dataclass(frozen=True)
class Board:
    """``seconds`` from the beginning of the first program to the end of the last one; ``began`` is the clock's."""

    programs: int = 0
    operations: int = 0
    seconds: float = 0.0
    began: float = 0.0
    seen: tuple[Sighting | None, ...] = ()

    @property
    def rate(self) -> float:
        """Programs a second."""
        return self.programs / self.seconds if self.seconds > 0 else 0.0

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
    if len(data) < _HEAD.size + causes * _SIGHTING.size:
        return Board()
    programs, operations, first, last = _HEAD.unpack_from(data)
    seen = []
    for index in range(causes):
        by, at = _SIGHTING.unpack_from(data, _HEAD.size + index * _SIGHTING.size)
        seen.append(Sighting(by, (at - first) / _NS) if by else None)
    seconds = max(0, last - first) / _NS if programs else 0.0
    return Board(programs, operations, seconds, first / _NS, tuple(seen))
