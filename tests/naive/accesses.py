# SPDX-License-Identifier: GPL-2.0-only
"""Device accesses that a program names: what they are entitled to, and where the rest of them lands.

docs/spec/coherency.md §2 and §6."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise

from .addresses import Spot
from .calls import Calls
from .events import Event, Log
from .inputs import PAGE, Op, Platform
from .mappings import Area, Mapping
from .placement import Buffer
from .ranges import Ranges


class Accesses(ABC):
    """The devices' side of a walk."""

    platform: Platform
    calls: Calls
    log: Log

    @abstractmethod
    def fault(self, mapping: Mapping) -> None:
        """A device access is refused."""

    def device_access(self, op: Op, mapping: Mapping, kind: str) -> None:
        """Through the mapping's DMA address as it was handed out; entitled or not."""
        entitled: list[tuple[int, int]] = []
        inside = (op.offset, min(op.offset + op.size, mapping.size))
        if mapping.live and inside[0] < inside[1]:
            if kind == "device_post" and mapping.device_writes:
                entitled = [inside]
            elif (kind == "device_write" and mapping.device_writes) or (kind == "device_read" and mapping.device_reads):
                entitled = mapping.owned.within(*inside)
        at = op.offset
        for first, end in [*entitled, (op.offset + op.size, op.offset + op.size)]:
            if at < first:
                self.unentitled(mapping, at, first, kind)
            if first < end:
                self.entitled(mapping, first, end, kind)
            at = end

    def entitled(self, mapping: Mapping, first: int, end: int, kind: str) -> None:
        """An ordinary access that does happen."""
        if kind == "device_read":
            return
        self.log[-1] += mapping.events("device_posted" if kind == "device_post" else "device_wrote", first, end)
        for piece in mapping.pieces:
            start, stop = piece.clip(first, end)
            if start < stop and piece.dma is not None and piece.buffer.kind != "mmio":
                for spot, at, size, home in self.calls.parts(piece, self.calls.spots(mapping, piece)):
                    low, high = max(start, piece.first + at), min(stop, piece.first + at + size)
                    if low < high and not (home and piece.buffer.alive):
                        skip = low - piece.first - spot.offset
                        self.land(mapping, low, spot, skip, high - low, kind == "device_post")
        if kind == "device_post" and self.calls.addresses.behind_iommu(mapping.device):
            self.look(mapping, first, end, write=True)

    def unentitled(self, mapping: Mapping, first: int, end: int, kind: str) -> None:
        """An access that nobody is entitled to; a fault is noted."""
        for start, stop in mapping.cut_off.missing(first, end):
            for low, high in self.linear(mapping, start, stop):
                self.reach(mapping, low, high, kind)

    def linear(self, mapping: Mapping, first: int, end: int) -> list[tuple[int, int]]:
        """A range of a mapping, and beyond, cut where its addresses are not consecutive."""
        cuts = sorted({first, end, *(at for at, _, _ in mapping.spans if first < at < end), *(
            (mapping.size,) if first < mapping.size < end else ())})  # fmt: skip
        return list(pairwise(cuts))

    def reach(self, mapping: Mapping, first: int, end: int, kind: str) -> None:
        """An unentitled access to consecutive addresses."""
        write = kind != "device_read"
        address = mapping.dma_address(first)
        for spot in self.calls.addresses.spots(mapping.device, address, end - first):
            if spot.fault or not (spot.writes if write else spot.reads):
                self.fault(mapping)
            elif write:
                self.land(mapping, first, spot, 0, spot.size, kind == "device_post")
        if not write and mapping.live and mapping.device_reads and first >= mapping.size:
            self.read_beyond(mapping, first, end, address)

    def look(self, mapping: Mapping, first: int, end: int, write: bool) -> None:
        """Faults of an entitled access."""
        for low, high in self.linear(mapping, first, end):
            for spot in self.calls.addresses.spots(mapping.device, mapping.dma_address(low), high - low):
                if spot.fault or not (spot.writes if write else spot.reads):
                    self.fault(mapping)

    def land(self, mapping: Mapping, asker: int, spot: Spot, skip: int, size: int, post: bool) -> None:
        """A device write where it has no right to, unless it hits what it may write through this mapping."""
        if spot.start is None or not spot.writes:
            return
        first = spot.start + skip
        args = (self.platform.devices[mapping.device].coherent, spot.too)
        slot = spot.stay.serial if spot.stay else None
        for start, end in self.own(mapping, asker, first, first + size, post).missing(first, first + size):
            self.log[-1].append(Event("wild", start, end, args, slot=slot))

    def own(self, mapping: Mapping, asker: int, start: int, end: int, post: bool) -> Ranges:
        """The addresses in a range of which the device is entitled to write the bytes that live there, through the
        entry that it asks for (ownership is per position; past the end, the last one)."""
        own = Ranges()
        if not mapping.live or not mapping.device_writes:
            return own
        entry = mapping.entry_at(asker)
        for piece in mapping.pieces:
            whole = piece.clip(*entry)
            if whole[0] >= whole[1] or not piece.buffer.alive or piece.buffer.kind == "mmio":
                continue
            for first, last in [whole] if post else mapping.owned.within(*whole):
                for low, high in self.calls.places(piece.birth + first - piece.first, last - first):
                    own.add(max(low, start), min(high, end))
        return own

    def read_beyond(self, mapping: Mapping, first: int, end: int, address: int) -> None:
        """A read past the end of a live mapping, of bytes of the same buffer."""
        area = mapping.areas[-1]
        coherent = self.platform.devices[mapping.device].coherent
        if not area.buffer.alive or area.buffer.kind == "mmio" or not mapping.pieces:
            return
        after = self.offset_after(area)
        low, high = after + first - mapping.size, min(after + end - mapping.size, area.buffer.size)
        if low >= high:
            return
        for run in area.buffer.runs(low, high - low):
            at = address + run.first - low
            for spot in self.calls.addresses.spots(mapping.device, at, run.count):
                birth = run.birth + spot.offset
                if spot.fault or not spot.reads:  # refused: a fault, and nothing is read
                    continue
                self.glimpse(area.buffer, birth, spot, coherent)

    def offset_after(self, area: Area) -> int:
        """The byte of the buffer that comes after an area."""
        run = area.runs[-1]
        return run.first + run.count

    def glimpse(self, buffer: Buffer, birth: int, spot: Spot, coherent: bool) -> None:
        """What a part of such a read sees."""
        at, end = birth, birth + spot.size
        while at < end:
            where = None if spot.start is None or not spot.reads else spot.start + at - birth
            home = where is not None and (where == at or self.calls.at_home(at, where))
            stop = end if where is None or where == at else min(end, (at // PAGE + 1) * PAGE)
            name = "void" if not home else "slot" if spot.stay else "memory"
            self.log[-1].append(
                Event("glimpsed", at, stop, (coherent, name), buffer=buffer.name,
                      slot=spot.stay.serial if spot.stay and home else None,
                      other=where if home else None)
            )  # fmt: skip
            at = stop
