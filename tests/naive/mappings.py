"""Mappings and scatter lists, and what they cover.

coherency.md 4 and 5, ARCHITECTURE.md Choices ("Mapping and calls").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .addresses import NOWHERE, Slot
from .events import Event
from .inputs import GRANULE, PAGE
from .placement import Buffer, Run


@dataclass
class Area:
    """A contiguous piece of memory handed to map: the only one, or an entry of a scatter list.

    DMA address and length are state of the list: a later map of it overwrites them.
    """

    buffer: Buffer
    count: int
    cpu_address: int
    runs: list[tuple[Run, bool]]  # with: is it where address arithmetic from the first granule says
    length: int  # in bytes; an allocation's list holds whole pages
    dma_address: int = NOWHERE
    dma_length: int = 0
    slot: Slot | None = None


def area_of(buffer: Buffer, first: int, count: int, somewhere: bool = True) -> Area:
    """The area of a buffer's range as it lies now; not `somewhere`: the address is not that of the buffer."""
    runs = buffer.runs(first, count)
    start = runs[0].home
    if not somewhere:
        return Area(buffer, count, NOWHERE + start % PAGE, [(run, False) for run in runs], count * GRANULE)
    covered = [(run, run.home == start + (run.first - first) * GRANULE) for run in runs]
    return Area(buffer, count, start, covered, count * GRANULE)


@dataclass
class Piece:
    """A linear piece of a mapping. `home` is the memory behind it; None: the piece is void."""

    number: int
    first: int
    count: int
    buffer: Buffer
    birth: int
    home: int | None
    slot: Slot | None

    def clip(self, first: int, end: int) -> tuple[int, int]:
        """The part of a range of the mapping's granules that lies in this piece."""
        return max(first, self.first), min(end, self.first + self.count)


@dataclass
class Mapping:
    """A mapping. `spans` are (first granule, count, DMA address) as handed out by map."""

    index: int
    kind: str
    device: int
    direction: str
    attrs: int
    areas: list[Area]
    is_list: bool = False
    joint: bool = False  # dma_alloc_coherent: CPU and device own it together
    live: bool = True
    failed: bool = False
    abandoned: bool = False
    forgotten: bool = False
    leaked: bool = False
    faulted: bool = False
    pieces: list[Piece] = field(default_factory=list)
    spans: list[tuple[int, int, int]] = field(default_factory=list)
    cut_off: list[tuple[int, int]] = field(default_factory=list)  # what a truncating or wrapping device misses
    owned: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.size = sum(area.count for area in self.areas)

    @property
    def device_reads(self) -> bool:
        """Whether the direction lets the device read."""
        return self.direction != "from_device"

    @property
    def device_writes(self) -> bool:
        """Whether the direction lets the device write."""
        return self.direction != "to_device"

    def add_pieces(self, area: Area, first: int, limit: int | None = None) -> list[Piece]:
        """The pieces of one area from the mapping's granule `first`; granules from `limit` on are void."""
        new: list[Piece] = []
        at = first
        for run, covered in area.runs:
            cut = run.count if limit is None else min(max(limit - at, 0), run.count)
            for skip, count, real in ((0, cut, covered), (cut, run.count - cut, False)):
                if count:
                    birth, home = run.birth + skip * GRANULE, run.home + skip * GRANULE
                    number = len(self.pieces)
                    slot = area.slot if real else None
                    new.append(Piece(number, at + skip, count, area.buffer, birth, home if real else None, slot))
                    self.pieces.append(new[-1])
            at += run.count
        return new

    def events(self, name: str, first: int, end: int) -> Iterator[Event]:
        """An event of that name for each piece's part of a range of granules."""
        for piece in self.pieces:
            start, stop = piece.clip(first, end)
            if start < stop and piece.buffer.kind != "mmio":
                shift = (start - piece.first) * GRANULE
                at = piece.birth + shift
                yield Event(name, at, at + (stop - start) * GRANULE, buffer=piece.buffer.name,
                            reach=(self.index, piece.number))  # fmt: skip

    def owns_void(self) -> bool:
        """Whether the device owns any granule that leads nowhere."""
        return any(
            piece.home is None and any(self.owned[piece.first : piece.first + piece.count]) for piece in self.pieces
        )

    def dma_address(self, granule: int) -> int:
        """A granule's DMA address as it was handed out."""
        for first, count, address in self.spans:
            if first <= granule < first + count:
                return address + (granule - first) * GRANULE
        return NOWHERE
