# SPDX-License-Identifier: GPL-2.0-only
"""Mappings of a trace, and the groups of those that have to be judged together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .event import Call, Where
from .names import LISTS

LINE_SHIFT = 7  # cachelines of the widest platform: 128 bytes
PAGE_SHIFT = 12
PAGE = 1 << PAGE_SHIFT


@dataclass(eq=False, slots=True)
class Mapping:
    """One mapping or allocation. ``sizes`` are the CPU's lengths of its entries, ``dma_sizes`` the device's, in bytes.

    ``phys`` is empty where the event has no address (allocations). ``line`` is that of the trace.
    ``given_to_device``: it was synced for the device.
    """

    call: Call
    device: str
    direction: int
    attrs: int
    dma: tuple[int, ...]
    dma_sizes: tuple[int, ...]
    phys: tuple[int, ...]
    sizes: tuple[int, ...]
    group: Group
    line: int
    live: bool = True
    given_to_device: bool = False

    @property
    def is_list(self) -> bool:
        """Whether it was made of a scatterlist."""
        return self.call in LISTS

    @property
    def cached(self) -> bool:
        """Whether it is a streaming mapping of memory, whose address is known."""
        return self.call in (Call.MAP, Call.MAP_SG)


class Step(NamedTuple):
    """A call on a mapping: what it has of its own. ``offset`` is from the mapping's DMA address; ``size`` in bytes;
    ``entries`` are those given, of calls with a list."""

    call: Call
    mapping: Mapping
    where: Where
    offset: int = 0
    size: int = 0
    entries: int = 0
    direction: int = 0
    attrs: int = 0


@dataclass(eq=False, slots=True)
class Group:
    """Mappings that share cachelines, or a late call, with one another; their calls in the order of the trace.

    ``kept``: the calls at its beginning that have been in a window before; ``windows``: whether there was one.
    """

    steps: list[Step] = field(default_factory=list)
    live: int = 0
    kept: int = 0
    windows: bool = False
    merged: Group | None = None

    def root(self) -> Group:
        """The group that it has become part of, or itself."""
        group = self
        while group.merged is not None:
            group = group.merged
        return group
