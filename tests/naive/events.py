# SPDX-License-Identifier: GPL-2.0-only
"""What operations do to memory, as a log of events over ranges of addresses.

The walk over the operations writes the log; each cacheline then reads the part that concerns it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to the granules from `start` to `end`.

    The range is of physical memory (born, maintained, wild), of a buffer's memory where it was allocated (died,
    written, read, moved, mapped and all others of a reach), or of the memory a bounce slot was mapped from (all
    events of a slot). `other` is a second address that moves along with `start`. A reach is one linear
    piece of a mapping. Of births, `offset` says at which byte of the buffer the range starts.
    """

    name: str
    start: int
    end: int
    args: tuple[Hashable, ...] = ()
    other: int | None = None
    buffer: int | None = None
    reach: tuple[int, int] | None = None
    slot: int | None = None
    offset: int = 0


Log = list[list[Event]]
"""The events of each operation, in order."""
