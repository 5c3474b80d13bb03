# SPDX-License-Identifier: GPL-2.0-only
"""Mappings that have ended a short time ago: a late call still finds the one that it is about."""

from __future__ import annotations

from .mapping import PAGE_SHIFT, Mapping

_PAGES_MAX = 16  # of a mapping, by which calls inside it find it

Key = tuple[str, int]


class EndedMappings:
    """By device and address: of several that were there, the last to end. Memory is that of what is added and not yet
    forgotten."""

    def __init__(self) -> None:
        self._by_start: dict[Key, Mapping] = {}
        self._by_phys: dict[Key, Mapping] = {}
        self._by_page: dict[Key, list[Mapping]] = {}

    def clear(self) -> None:
        """Forgets all."""
        self._by_start.clear()
        self._by_phys.clear()
        self._by_page.clear()

    def add(self, mapping: Mapping) -> None:
        """It has just ended."""
        self._by_start[mapping.device, mapping.dma[0]] = mapping
        if mapping.cached:
            self._by_phys[mapping.device, mapping.phys[0]] = mapping
        for page in _pages(mapping):
            self._by_page.setdefault((mapping.device, page), []).append(mapping)

    def covered(self, device: str, address: int) -> None:
        """A new mapping begins there: a call on that address is about it."""
        self._by_start.pop((device, address), None)

    def forget(self, mapping: Mapping) -> None:
        """It has ended long ago; nothing happens if it is known no more."""
        for known, address in ((self._by_start, mapping.dma[0]), (self._by_phys, (mapping.phys or (-1,))[0])):
            if known.get((mapping.device, address)) is mapping:
                del known[mapping.device, address]
        for page in _pages(mapping):
            here = self._by_page.get((mapping.device, page), [])
            if mapping in here:
                here.remove(mapping)
                if not here:
                    del self._by_page[mapping.device, page]

    def find(self, device: str, address: int) -> Mapping | None:
        """The one that a call with this DMA address is about: one that began there, else the last around it."""
        found = self._by_start.get((device, address))
        if found is not None:
            return found
        here = self._by_page.get((device, address >> PAGE_SHIFT), ())
        return next((each for each in reversed(here) if each.dma[0] < address < each.dma[0] + each.dma_sizes[0]), None)

    def find_memory(self, device: str, phys: int) -> Mapping | None:
        """The one that began at that physical address."""
        return self._by_phys.get((device, phys))


def _pages(mapping: Mapping) -> range:
    first = mapping.dma[0] >> PAGE_SHIFT
    last = (mapping.dma[0] + mapping.dma_sizes[0] - 1) >> PAGE_SHIFT
    return range(first, min(last, first + _PAGES_MAX - 1) + 1)
