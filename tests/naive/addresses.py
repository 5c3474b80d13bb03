# SPDX-License-Identifier: GPL-2.0-only
"""Bounce slots, IOVAs, page tables, and what an address leads to.

docs/spec/coherency.md §4; kernel/dma/swiotlb.c (swiotlb_search_pool_area, swiotlb_release_slots), drivers/iommu/iova.c,
io-pgtable-arm.c, intel/iommu.c, amd/io_pgtable.c of 6.12.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from .inputs import PAGE, Platform
from .placement import POOL, order_of, round_up
from .ranges import Ranges

SLOT: Final = 2048
SLOTS_TOGETHER: Final = 128  # IO_TLB_SEGSIZE: no mapping is larger, or lies across a multiple of it
AREAS: Final = 4  # one for each CPU that a program can have
TOP_PAGE: Final = 0x10_0000  # IOVAs end at 0xffffffff
CLASSES: Final = 6  # IOVA_RANGE_CACHE_MAX_SIZE
NOWHERE: Final = 1 << 60
"""The DMA_MAPPING_ERROR, and what address arithmetic makes of a vmalloc address: nobody lives there."""


@dataclass(eq=False)
class Tenancy:
    """A mapping's stay in slots: `size` bytes at `address` that stand for those at `origin`.

    `held`: the slots that it still has. `covered`: the origins of the bytes of interest that it holds. `size` is what
    copies are cut to, `mapped` what was asked for.
    """

    serial: int
    address: int
    size: int
    mapped: int
    origin: int
    mapping: int
    cacheable: bool
    held: set[int]
    covered: Ranges = field(default_factory=lambda: Ranges())

    def origin_of(self, address: int) -> int:
        """What a byte of the slots stands for."""
        return self.origin + address - self.address


class Pool:
    """The bounce buffers: 2 KiB slots."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.count = platform.bounce_slots
        self.areas = AREAS if platform.bounce_areas else 1
        self.each = self.count // self.areas
        self.next = [0] * self.areas
        self.slots: dict[int, Tenancy] = {}
        self.tenancies = 0

    def holds(self, address: int) -> bool:
        """Whether an address lies in the pool."""
        return POOL <= address < POOL + self.count * SLOT

    def tenancy(self, address: int) -> Tenancy | None:
        """Whose slot an address lies in."""
        return self.slots.get((address - POOL) // SLOT) if self.holds(address) else None

    def take(
        self, cpu: int, size: int, origin: int, mapping: int, cacheable: bool, whole_pages: bool
    ) -> Tenancy | None:
        """Slots for so many bytes: next fit in the CPU's area, then in the others. None: the pool is full."""
        mapped, size = size, round_up(size, PAGE) if whole_pages else size
        count = round_up(size, SLOT) // SLOT
        if not self.platform.bounce_pool or count > SLOTS_TOGETHER:
            return None
        for other in range(self.areas):
            area = (cpu + other) % self.areas
            first = self._search(area, count, aligned=size >= PAGE)
            if first is not None:
                after = first + count - area * self.each
                self.next[area] = after if after < self.each else 0
                held = set(range(first, first + count))
                stay = Tenancy(self.tenancies, POOL + first * SLOT, size, mapped, origin, mapping, cacheable, held)
                self.tenancies += 1
                self.slots.update(dict.fromkeys(held, stay))
                return stay
        return None

    def _search(self, area: int, count: int, aligned: bool) -> int | None:
        base = area * self.each
        for step in range(self.each):
            index = (self.next[area] + step) % self.each
            first = base + index
            if aligned and first * SLOT % PAGE:
                continue
            if index + count > self.each or first // SLOTS_TOGETHER != (first + count - 1) // SLOTS_TOGETHER:
                continue
            if not any(slot in self.slots for slot in range(first, first + count)):
                return first
        return None

    def release(self, address: int, size: int) -> list[tuple[Tenancy, int, int]]:
        """Give slots back: those of the mapping from here on, or (bounce_cut never) those of the call's size.

        What went: (tenancy, start, end) in addresses of the pool.
        """
        first = (address - POOL) // SLOT
        if self.platform.bounce_cut.name == "never":
            gone = range(first, min(first + round_up(size, SLOT) // SLOT, self.count))
        else:
            stay = self.slots.get(first)
            gone = range(first, (stay.address - POOL) // SLOT + round_up(stay.size, SLOT) // SLOT if stay else first)
        out = []
        for slot in gone:
            tenant = self.slots.pop(slot, None)
            if tenant:
                tenant.held.discard(slot)
                out.append((tenant, POOL + slot * SLOT, POOL + (slot + 1) * SLOT))
        if out and self.platform.bounce_gone_round:
            area = first // self.each
            self.next[area] = first - area * self.each
        return out


@dataclass(frozen=True)
class Page:
    """An entry of a page table; an address of None is somebody else's memory."""

    physical: int | None
    reads: bool
    writes: bool


class Domain:
    """The address space of one device behind the IOMMU."""

    def __init__(self, platform: Platform) -> None:
        self.driver = platform.iommu_driver.name
        self.lazy = platform.iommu.name == "lazy"
        self.classes = 0 if platform.iommu_ends_whole else CLASSES  # before 4.7 there are no lists
        self.ends_whole = platform.iommu_ends_whole
        self.table: dict[int, Page] = {}
        self.stale: dict[int, Page] = {}  # cleared, but the device may still know it
        self.taken: list[tuple[int, int]] = []  # (first, last) page, in order
        self.cached: int | None = None  # the first page of the one taken last
        self.lists: defaultdict[tuple[int, int], list[int]] = defaultdict(list)  # by CPU and class
        self.waiting: list[tuple[int, int, int]] = []  # CPU, first page, pages

    # IOVAs.

    def allocate(self, cpu: int, pages: int) -> int:
        """The first page of an IOVA."""
        if pages < 1 << CLASSES - 1:
            pages = 1 << order_of(pages)
        freed = self.lists[cpu, order_of(pages)] if order_of(pages) < self.classes else []
        for at in reversed(range(len(freed))):
            if freed[at] <= TOP_PAGE - pages:  # else it would reach past the end (iova_magazine_pop)
                return freed.pop(at)
        align = 1 << order_of(pages)
        at = next((i for i, (first, _) in enumerate(self.taken) if first == self.cached), len(self.taken))
        high = TOP_PAGE
        while True:
            high = min(high, self.taken[at][0]) if at < len(self.taken) else high
            new = (high - pages) // align * align
            at -= 1
            if at < 0 or new > self.taken[at][1]:
                break
        self.taken.insert(at + 1, (new, new + pages - 1))
        self.cached = new
        return new

    def free(self, cpu: int, first: int, pages: int) -> None:
        """Put an IOVA on the CPU's list of its class; there is none for large ones, which are looked up."""
        if order_of(pages) < self.classes:
            self.lists[cpu, order_of(pages)].append(first)
            return
        for at, (start, end) in enumerate(self.taken):
            if start <= first <= end:
                if self.cached is not None and start >= self.cached:
                    self.cached = self.taken[at + 1][0] if at + 1 < len(self.taken) else None
                del self.taken[at]
                return

    def flush(self, cpu: int) -> None:
        """Lazy: what has ended is gone for the device too, and its IOVAs are free."""
        self.stale.clear()
        queues = list(dict.fromkeys(of for of, _, _ in self.waiting))  # in the order in which they were begun
        for _, first, pages in sorted(self.waiting, key=lambda entry: queues.index(entry[0])):
            self.free(cpu, first, pages)
        self.waiting.clear()

    # Page tables.

    def map(self, first: int, chunks: list[list[Page]]) -> bool:
        """Enter pages, those of a chunk in one go. An SMMU gives up at a chunk with a page that is mapped, and undoes
        what was before; Intel keeps such a page, AMD replaces it."""
        at = first
        for chunk in chunks:
            numbers = range(at, at + len(chunk))
            if self.driver == "smmu" and any(number in self.table for number in numbers):
                for number in range(first, at):
                    del self.table[number]
                return False
            for number, page in zip(numbers, chunk, strict=True):
                if self.driver != "intel" or number not in self.table:
                    self.table[number] = page
            at += len(chunk)
        return True

    def end(self, cpu: int, address: int, size: int) -> None:
        """What an end call does: clears what it says, and gives the IOVA back that it says."""
        first = address // PAGE
        pages = round_up(size + address % PAGE, PAGE) // PAGE
        if self.ends_whole:
            whole = next(((start, last) for start, last in self.taken if start <= first <= last), None)
            if whole is None:
                return
            first, pages = whole[0], whole[1] + 1 - whole[0]
        for number in range(first, first + pages):
            page = self.table.pop(number, None)
            if page is None and self.driver == "smmu":
                break
            if page and self.lazy:
                self.stale[number] = page
        if self.lazy:
            self.waiting.append((cpu, first, pages))
        else:
            self.free(cpu, first, pages)


@dataclass(frozen=True)
class Spot:
    """Where a range of bus addresses may lead: memory, a stay in slots (`start`: the origin), or nowhere.

    `offset`, `size`: the part of the range; `allowed`: what the page table lets a device do there.
    """

    offset: int
    size: int
    start: int | None
    stay: Tenancy | None = None
    reads: bool = True
    writes: bool = True
    fault: bool = False
    too: bool = False  # besides another spot of the same part
    slot_address: int = 0


class Addresses:
    """All slots and translations."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.pool = Pool(platform)
        self.domains = [Domain(platform) for _ in platform.devices]

    def behind_iommu(self, device: int) -> bool:
        """Whether the device's addresses are translated."""
        return self.platform.iommu.name != "off" and self.platform.devices[device].iommu

    def physical(self, device: int, address: int) -> int | None:
        """What the kernel finds for an address: iommu_iova_to_phys, or the address itself."""
        if address >= NOWHERE:
            return None
        if not self.behind_iommu(device):
            return address
        page = self.domains[device].table.get(address // PAGE)
        if page is None or page.physical is None:
            return None
        return page.physical + address % PAGE

    def spots(self, device: int, address: int, size: int) -> Iterator[Spot]:
        """Where a device's access leads, part by part; under a lazy IOMMU there may be two for one part."""
        at, end = address, address + size
        if address >= NOWHERE:
            yield Spot(0, size, None, fault=self.behind_iommu(device))
            return
        if not self.behind_iommu(device):
            yield from self._memory(0, at, size)
            return
        domain = self.domains[device]
        while at < end:
            stop = min(end, (at // PAGE + 1) * PAGE)
            page, stale = domain.table.get(at // PAGE), domain.stale.get(at // PAGE)
            if page is None:
                yield Spot(at - address, stop - at, None, fault=True)
                page = stale
            if page is not None:
                late = page is stale
                if page.physical is None:
                    yield Spot(at - address, stop - at, None, None, page.reads, page.writes, too=late)
                else:
                    yield from self._memory(at - address, page.physical + at % PAGE, stop - at, page, late)
            at = stop

    def _memory(self, offset: int, at: int, size: int, page: Page | None = None, too: bool = False) -> Iterator[Spot]:
        reads, writes = (page.reads, page.writes) if page else (True, True)
        end = at + size
        while at < end:
            if not self.pool.holds(at):
                stop = end if at >= POOL else min(end, max(POOL, at + 1))
                yield Spot(offset, stop - at, at, None, reads, writes, too=too)
            else:
                stop = min(end, (at // SLOT + 1) * SLOT)
                stay = self.pool.tenancy(at)
                yield Spot(offset, stop - at, stay.origin_of(at) if stay else None, stay, reads, writes, too=too,
                           slot_address=at)  # fmt: skip
            offset += stop - at
            at = stop
