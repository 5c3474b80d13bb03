# SPDX-License-Identifier: GPL-2.0-only
"""Mappings and scatterlists, and what they cover.

docs/spec/coherency.md §4 and §5, docs/spec Choices ("Mapping and calls").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .addresses import NOWHERE, Tenancy
from .events import Event
from .inputs import PAGE
from .placement import Buffer, Run
from .ranges import Ranges


@dataclass
class Area:
    """A contiguous piece of memory handed to map: the only one, or an entry of a scatterlist.

    DMA address and length are state of the list: a later map of it overwrites them.
    """

    buffer: Buffer
    count: int
    cpu_address: int
    runs: list[Run]
    length: int  # an allocation's list holds whole pages
    dma_address: int = 0
    dma_length: int = 0
    stay: Tenancy | None = None


@dataclass
class ScatterList:
    """A scatterlist. `marked`: it was once bounced behind an IOMMU."""

    areas: list[Area]
    marked: bool = False


def area_of(buffer: Buffer, first: int, count: int, somewhere: bool = True) -> Area:
    """The area of a buffer's range as it lies now; not `somewhere`: the address is not that of the buffer."""
    runs = buffer.runs(first, count)
    start = runs[0].home
    if not somewhere:
        return Area(buffer, count, NOWHERE + start % PAGE, runs, count)
    return Area(buffer, count, start, runs, count)


@dataclass
class Piece:
    """A linear piece of a mapping: `dma` is where it begins for the device; None: the piece is void. `astray`: address
    arithmetic led somewhere else when it was mapped.

    `aim` is what the lines know of where it leads.
    """

    number: int
    first: int
    count: int
    buffer: Buffer
    birth: int
    dma: int | None
    astray: bool = False
    physical: int = 0  # by address arithmetic
    aim: object = None

    def clip(self, first: int, end: int) -> tuple[int, int]:
        """The part of a range of the mapping's bytes that lies in this piece."""
        return max(first, self.first), min(end, self.first + self.count)


@dataclass
class Mapping:
    """A mapping. `spans` are (first byte, count, DMA address) as handed out by map."""

    index: int
    kind: str
    device: int
    direction: str
    attrs: int
    scatter: ScatterList
    is_list: bool = False
    joint: bool = False  # dma_alloc_coherent: CPU and device own it together
    live: bool = True
    failed: bool = False
    abandoned: bool = False
    forgotten: bool = False
    leaked: bool = False
    faulted: bool = False
    pending: int | None = None  # the CPU that hands it over when it next does something
    lost: bool = False  # something of it is never given back
    inside: bool = False  # the call that makes it has not returned
    pieces: list[Piece] = field(default_factory=list)
    spans: list[tuple[int, int, int]] = field(default_factory=list)
    cut_off: Ranges = field(default_factory=Ranges)  # what a truncating or wrapping device misses
    owned: Ranges = field(default_factory=Ranges)

    def __post_init__(self) -> None:
        self.size = sum(area.count for area in self.areas)

    @property
    def areas(self) -> list[Area]:
        """What was handed to map."""
        return self.scatter.areas

    @property
    def device_reads(self) -> bool:
        """Whether the direction lets the device read."""
        return self.direction != "from_device"

    @property
    def device_writes(self) -> bool:
        """Whether the direction lets the device write."""
        return self.direction != "to_device"

    def add_pieces(
        self, area: Area, first: int, dma: int | None, limit: int | None = None, translated: bool = False
    ) -> None:
        """The pieces of one area from the mapping's byte `first`; bytes from `limit` on are void. `translated`: a page
        table has the last word on where it leads, even if nobody knows what the area's address is."""
        at = first
        for run in area.runs:
            cut = run.count if limit is None else min(max(limit - at, 0), run.count)
            for skip, count, real in ((0, cut, True), (cut, run.count - cut, False)):
                if count:
                    known = translated or area.cpu_address < NOWHERE
                    linear = real and dma is not None and dma < NOWHERE and known
                    where = dma + at + skip - first if linear and dma is not None else None
                    piece = Piece(len(self.pieces), at + skip, count, area.buffer, run.birth + skip, where)
                    self.pieces.append(piece)
                    piece.physical = area.cpu_address + at + skip - first
            at += run.count

    def events(self, name: str, first: int, end: int) -> Iterator[Event]:
        """An event of that name for each piece's part of a range of bytes."""
        for piece in self.pieces:
            start, stop = piece.clip(first, end)
            if start < stop and piece.buffer.kind != "mmio":
                at = piece.birth + start - piece.first
                yield Event(name, at, at + stop - start, buffer=piece.buffer.name, reach=(self.index, piece.number))

    def entry_at(self, byte: int) -> tuple[int, int]:
        """The bytes of the entry that a byte lies in; past the end, of the last one."""
        first = end = 0
        for area in self.areas:
            first, end = end, end + area.count
            if byte < end:
                break
        return first, end

    def dma_address(self, byte: int) -> int:
        """A byte's DMA address as it was handed out; past the end, what follows the last one."""
        for first, count, address in self.spans:
            if first <= byte < first + count:
                return address + byte - first
        if self.spans and byte >= self.size:
            first, _, address = self.spans[-1]
            return address + byte - first
        return NOWHERE
