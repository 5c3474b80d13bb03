"""Bounce slots, translations, and what an address hits.

coherency.md 4, ARCHITECTURE.md Choices ("Mapping and calls").
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from .inputs import PAGE, Platform
from .placement import POOL, round_up

SLOT: Final = 2048
LARGEST_BOUNCE: Final = 256 * 1024
FIRST_IOVA: Final = 0x10000
NOWHERE: Final = 1 << 60
"""The error cookie, and what address arithmetic makes of a vmalloc address: nobody lives there."""


@dataclass
class Slot:
    """A bounce slot in use: `size` bytes at `address`, mapped from `origin`; `covered`: its ranges not void."""

    serial: int
    address: int
    slots: int
    size: int
    origin: int
    mapping: int
    covered: list[tuple[int, int]] = field(default_factory=list)
    live: bool = True


@dataclass
class Translation:
    """Pages of one device's address space; a page of None is somebody else's memory."""

    device: int
    iova: int
    pages: list[int | None]
    mapping: int
    direction: str
    live: bool = True

    def holds(self, device: int, address: int) -> bool:
        """Whether the address lies in these pages."""
        return device == self.device and self.iova <= address < self.iova + len(self.pages) * PAGE

    def physical(self, address: int) -> int:
        """Where the address leads."""
        page = self.pages[(address - self.iova) // PAGE]
        return NOWHERE if page is None else page + (address - self.iova) % PAGE


@dataclass
class Hit:
    """What an address leads to: a physical address, which may lie in a live slot."""

    physical: int
    slot: Slot | None
    translation: Translation | None


class Addresses:
    """All slots and translations."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.slots: list[Slot] = []
        self.translations: list[Translation] = []
        self.freed_slots: list[tuple[int, int]] = []  # (first, count), latest last
        self.next_slot = 0
        self.next_iova: defaultdict[int, int] = defaultdict(lambda: FIRST_IOVA)
        self.freed_iovas: defaultdict[tuple[int, int], list[int]] = defaultdict(list)

    def behind_iommu(self, device: int) -> bool:
        """Whether the device's addresses are translated."""
        return self.platform.iommu.name != "off" and self.platform.devices[device].iommu

    def take_slot(self, size: int, origin: int, mapping: int) -> Slot | None:
        """A slot for `size` bytes; None where the bounce buffers cannot hold it."""
        if not self.platform.bounce_pool or size > LARGEST_BOUNCE:
            return None
        count = round_up(size, SLOT) // SLOT
        first = self._free_slots(count)
        if first is None:
            return None
        slot = Slot(len(self.slots), POOL + first * SLOT, count, size, origin, mapping)
        self.slots.append(slot)
        return slot

    def _free_slots(self, count: int) -> int | None:
        """The area of this size freed last, else untouched slots, else the lowest free ones."""
        busy = {(slot.address - POOL) // SLOT + i for slot in self.slots if slot.live for i in range(slot.slots)}
        for area in reversed(self.freed_slots):
            if area[1] == count and not busy & set(range(area[0], area[0] + count)):
                self.freed_slots.remove(area)
                return area[0]
        if self.next_slot + count <= self.platform.bounce_slots:
            self.next_slot += count
            return self.next_slot - count
        for first in range(self.platform.bounce_slots - count + 1):
            if not busy & set(range(first, first + count)):
                self.next_slot = max(self.next_slot, first + count)
                return first
        return None

    def release(self, slot: Slot) -> None:
        """Give a slot back."""
        slot.live = False
        self.freed_slots.append(((slot.address - POOL) // SLOT, slot.slots))

    def translate(self, device: int, mapping: int, direction: str, extents: list[tuple[int, int]]) -> list[int]:
        """One translation for all (physical address, size), each rounded out to pages; the address of each."""
        pages: list[int | None] = []
        starts: list[int] = []
        for physical, size in extents:
            starts.append(len(pages) * PAGE + physical % PAGE)
            first = physical // PAGE * PAGE
            count = (round_up(physical + size, PAGE) - first) // PAGE
            pages += [None if physical >= NOWHERE else first + page * PAGE for page in range(count)]
        freed = self.freed_iovas[device, len(pages)]
        if freed:
            iova = freed.pop()
        else:
            iova = self.next_iova[device]
            self.next_iova[device] += len(pages) * PAGE
        self.translations.append(Translation(device, iova, pages, mapping, direction))
        return [iova + start for start in starts]

    def tear(self, translation: Translation) -> None:
        """End a translation. Under a lazy IOMMU its addresses are not used again within a program."""
        translation.live = False
        if self.platform.iommu.name == "strict":
            self.freed_iovas[translation.device, len(translation.pages)].append(translation.iova)

    def find(self, device: int, address: int, live: bool = True) -> Translation | None:
        """The live (or the ended) translation that holds the address."""
        found = (t for t in self.translations if t.live == live and t.holds(device, address))
        return next(found, None)

    def hit(self, device: int, address: int) -> Hit | None:
        """What a device's address leads to at this moment; None: nothing."""
        translation = None
        physical = address
        if self.behind_iommu(device):
            translation = self.find(device, address)
            if translation is None:
                return None
            physical = translation.physical(address)
        slot = self.slot_at(physical)
        if slot is None and POOL <= physical < POOL + self.platform.bounce_slots * SLOT:
            return None
        return Hit(physical, slot, translation)

    def slot_at(self, physical: int) -> Slot | None:
        """The live slot that holds a physical address."""
        found = (s for s in self.slots if s.live and s.address <= physical < s.address + s.slots * SLOT)
        return next(found, None)
