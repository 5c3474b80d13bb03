# SPDX-License-Identifier: GPL-2.0-only
"""What a kernel does to memory: maintenance, bounce buffers, and where mappings lead. docs/spec/coherency.md §4"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from .addresses import NOWHERE, SLOT, Addresses, Spot, Tenancy
from .events import Event
from .inputs import PAGE, Platform
from .mappings import Mapping, Piece
from .placement import POOL, RODATA, STACKS, TEXT

Emit = Callable[[Event], None]
assert TEXT < RODATA < STACKS


class Oops(Exception):  # noqa: N818 (not an error of the program's author)
    """The kernel itself faults: the program ends here. `mapping`: whose slot it was, or -1."""

    def __init__(self, mapping: int = -1) -> None:
        super().__init__()
        self.mapping = mapping


class Machine:
    """Memory, caches and slots, as the DMA API's code acts on them."""

    def __init__(self, platform: Platform, emit: Emit) -> None:
        self.platform = platform
        self.emit = emit
        self.addresses = Addresses(platform)
        self.pool = self.addresses.pool
        self.mappings: dict[int, Mapping] = {}
        self.chain_of: dict[int, tuple[int, ...]] = {}  # per page: pages linked to it by copy-on-write
        self.left: set[int] = set()  # old pages that nothing refers to any more
        self.haunts: list[Event] = []

    # Cache maintenance.

    def maintain(self, device: int, start: int | None, size: int, what: str) -> None:
        """Maintenance of the whole lines of a physical range; an invalidate is milder on lines covered in part."""
        if start is None or self.platform.devices[device].coherent or what == "none" or size <= 0:
            return
        if self.pool.holds(start):
            self._maintain_slots(start, size, what)
            return
        end, inner, edge = start + size, what, what
        if what == "invalidate" and self.platform.edges.name != "drop":
            edge = "clean_invalidate"
            unaligned = start % self.platform.line or end % self.platform.line
            if self.platform.edges.name == "whole_range" and unaligned:
                inner = edge
        self.emit(Event("maintained", start, end, (inner, edge)))

    def _maintain_slots(self, start: int, size: int, what: str) -> None:
        """Every byte of a slot is a whole line."""
        for at, end in slots_of(start, start + size):
            stay = self.pool.tenancy(at)
            if stay:
                self._for(stay, "slot_maintained", stay.origin_of(at), stay.origin_of(end), (what,))

    def _for(self, stay: Tenancy, name: str, start: int, end: int, args: tuple[object, ...] = ()) -> None:
        """An event of the bytes of interest in a range of origins of a stay."""
        for first, last in stay.covered.within(start, end):
            self.emit(Event(name, first, last, args, slot=stay.serial))

    # Bounce buffers.

    def cover(self, stay: Tenancy, start: int, end: int) -> None:
        """From now on a stay holds bytes of interest of these origins."""
        for first, last in stay.covered.missing(start, end):
            self.emit(Event("slot_taken", first, last, (stay.cacheable,), slot=stay.serial))
            stay.covered.add(first, last)

    def bounce(self, at: int | None, size: int, back: bool) -> None:
        """The CPU copies between a slot and what it stands for (swiotlb_bounce)."""
        stay = self.pool.tenancy(at) if at is not None else None
        if stay is None or at is None:
            return
        left = stay.address + stay.size - at
        if self.platform.bounce_cut.name != "never":
            if left < 0 and self.platform.bounce_cut.name != "wraps":
                return
            size = size if left < 0 else min(size, left)
        image = TEXT <= stay.origin_of(at) < STACKS
        if back and image and size > 0 and self.platform.image_read_only:
            raise Oops(stay.mapping)
        for start, end in slots_of(at, at + size):
            self._copy(stay, self.pool.tenancy(start), start, end, back)

    def _copy(self, stay: Tenancy, tenant: Tenancy | None, at: int, end: int, back: bool) -> None:
        """A part of a copy, which lies in one slot; that may be somebody else's, or nobody's."""
        first, last = stay.origin_of(at), stay.origin_of(end)
        if tenant is stay:
            own = stay.origin_of(min(max(stay.address + stay.mapped, at), end))  # up to here the mapping goes
            name = "copied_back" if back else "copied_in"
            self._for(stay, name, first, last)
            for start, stop in stay.covered.missing(first, own):
                self.emit(Event(name, start, stop, slot=stay.serial))
            if back and own < last:
                self.emit(Event("scribbled", own, last))
        elif back:
            self.emit(Event("scribbled", first, last))
        elif tenant:
            self._for(tenant, "slot_scribbled", tenant.origin_of(at), tenant.origin_of(end))

    def release(self, at: int | None, size: int) -> None:
        """Give slots back (swiotlb_release_slots)."""
        if at is None or not self.pool.holds(at):
            return
        for stay, start, end in self.pool.release(at, size):
            self._for(stay, "slot_released", stay.origin_of(start), stay.origin_of(end))
            stay.covered.remove(stay.origin_of(start), stay.origin_of(end))

    # Where mappings lead.

    def at_home(self, birth: int, start: int) -> bool:
        """Whether an address is one where a byte lives, or has lived, that was born somewhere."""
        page = birth // PAGE * PAGE
        return start // PAGE * PAGE not in self.left and start in (
            other + birth - page for other in self.chain_of.get(page, (page,))
        )

    def register(self, mapping: Mapping) -> None:
        """Tell the lines about a new mapping."""
        coherent = self.platform.devices[mapping.device].coherent
        args = (mapping.direction, coherent, mapping.joint)
        for event in mapping.events("mapped", 0, mapping.size):
            self.emit(Event("mapped", event.start, event.end, args, buffer=event.buffer, reach=event.reach))
        for piece in mapping.pieces:
            if piece.dma is not None and not piece.buffer.listed:
                piece.astray = piece.physical < NOWHERE and not self.at_home(piece.birth, piece.physical)
        self.aim(mapping)

    def places(self, birth: int, size: int) -> Iterator[tuple[int, int]]:
        """The ranges of memory where bytes live that were born somewhere, old pages among them."""
        at, end = birth, birth + size
        while at < end:
            page = at // PAGE * PAGE
            stop = min(end, page + PAGE)
            for other in self.chain_of.get(page, (page,)):
                if other not in self.left:
                    yield other + at - page, other + stop - page
            at = stop

    def spots(self, mapping: Mapping, piece: Piece) -> list[Spot]:
        """Where a piece leads, cut at pages where that matters."""
        if piece.dma is None:
            return [Spot(0, piece.count, None, fault=True)]
        spots = self.addresses.spots(mapping.device, piece.dma, piece.count)
        if piece.physical < NOWHERE:
            return list(spots)
        # Void, unless the page table leads elsewhere: Intel keeps a page that is mapped already (__domain_mapping).
        return [replace(s, fault=True) if s.start is None and not s.slot_address else s for s in spots]

    def parts(self, piece: Piece, spots: list[Spot]) -> Iterator[tuple[Spot, int, int, bool]]:
        """Each spot, in parts of which one page holds the birth: (spot, offset in the piece, size, is it at home)."""
        for spot in spots:
            at, end = spot.offset, spot.offset + spot.size
            while at < end:
                birth = piece.birth + at
                where = None if spot.start is None else spot.start + at - spot.offset
                whole = where == birth and (birth // PAGE * PAGE not in self.chain_of)  # at home all along
                stop = end if whole or where is None else min(end, at + PAGE - birth % PAGE)
                home = whole or (where is not None and self.at_home(birth, where))
                yield spot, at, stop - at, home and not piece.astray
                at = stop

    def aim(self, mapping: Mapping) -> None:
        """Tell the lines where a mapping leads now, if that has changed."""
        for piece in mapping.pieces:
            if piece.buffer.kind == "mmio":
                continue
            aims: list[tuple[int, int, int | None, int | None, tuple[bool, bool, bool]]] = []
            for spot, at, size, home in self.parts(piece, self.spots(mapping, piece)):
                start = spot.start + at - spot.offset if home and spot.start is not None else None
                slot = spot.stay.serial if home and spot.stay else None
                aims.append((at, size, start, slot, (spot.too, spot.reads, spot.writes)))
            if aims == piece.aim:
                continue
            piece.aim = aims
            for at, size, start, slot, how in aims:
                kind = "slot" if slot is not None else "memory" if start is not None else "void"
                birth = piece.birth + at
                self.emit(
                    Event("aimed", birth, birth + size, (kind, *how), buffer=piece.buffer.name,
                          reach=(mapping.index, piece.number), slot=slot, other=start)
                )  # fmt: skip

    def refresh(self) -> None:
        """After an operation: where all mappings lead, and what devices may write that they should not."""
        self.leave()
        haunts: list[Event] = []
        for mapping in self.mappings.values():
            if mapping.live:
                self.aim(mapping)
                if mapping.device_writes and mapping.owned and not mapping.inside:
                    haunts += self._haunts(mapping)
        if haunts != self.haunts:
            if self.haunts:
                self.emit(Event("exorcised", 0, 1 << 62))
            for event in haunts:
                self.emit(event)
            self.haunts = haunts

    def leave(self) -> None:
        """Old pages live as long as anything refers to them: a live mapping, a slot, a scatterlist."""
        for page, chain in self.chain_of.items():
            if page != chain[-1] and page not in self.left and not self.referred(page):
                self.left.add(page)
                self.emit(Event("left", page, page + PAGE))

    def referred(self, page: int) -> bool:
        """Whether anything refers to a page."""
        ranges = [(stay.origin, stay.mapped) for stay in set(self.pool.slots.values())]
        for mapping in self.mappings.values():
            if mapping.live or mapping.kind == "map_sg":
                ranges += [(area.cpu_address, area.length) for area in mapping.areas]
        return any(start < page + PAGE and page < start + size for start, size in ranges)

    def _haunts(self, mapping: Mapping) -> Iterator[Event]:
        args = (self.platform.devices[mapping.device].coherent,)
        for piece in mapping.pieces:
            if piece.dma is None or piece.buffer.kind == "mmio":
                continue
            for spot, at, size, home in self.parts(piece, self.spots(mapping, piece)):
                if spot.start is None or not spot.writes or (home and piece.buffer.alive):
                    continue
                first = piece.first + at
                for start, end in mapping.owned.within(first, first + size):
                    where = spot.start + at - spot.offset + start - first
                    slot = spot.stay.serial if spot.stay else None
                    yield Event("haunted", where, where + end - start, args, slot=slot)


def slots_of(at: int, end: int) -> Iterator[tuple[int, int]]:
    """A range of the pool, slot by slot."""
    while at < end:
        stop = min(end, (at - POOL) // SLOT * SLOT + SLOT + POOL)
        yield at, stop
        at = stop
