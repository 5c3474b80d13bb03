# SPDX-License-Identifier: GPL-2.0-only
"""The memory of live mappings: which of them share a cacheline with another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .mapping import LINE_SHIFT, PAGE_SHIFT, Mapping

_LARGE_SHIFT = 20  # larger mappings are found by chunks of so many bytes, others by their pages


class MappedMemory:
    """Streaming mappings by where their memory lies. Memory is that of their pages, of large ones that of chunks."""

    def __init__(self) -> None:
        self._by_page: dict[int, list[Mapping]] = {}
        self._large: dict[int, list[Mapping]] = {}

    def clear(self) -> None:
        """Forgets all."""
        self._by_page.clear()
        self._large.clear()

    def add(self, mapping: Mapping) -> None:
        """It lives from now on."""
        known, places = self._places(mapping)
        for place in places:
            known.setdefault(place, []).append(mapping)

    def remove(self, mapping: Mapping) -> None:
        """It has been added, and has ended."""
        known, places = self._places(mapping)
        for place in places:
            here = known[place]
            if len(here) == 1:
                del known[place]
            else:
                here.remove(mapping)

    def at(self, address: int) -> Sequence[Mapping]:
        """Those that are not large and have something of the page of a physical address."""
        return self._by_page.get(address >> PAGE_SHIFT, ())

    def sharing(self, mapping: Mapping) -> Iterator[Mapping]:
        """Those that share a cacheline with it."""
        yield from (each for each in _met(self._by_page, mapping, PAGE_SHIFT) if share_lines(mapping, each))
        if self._large:
            yield from (each for each in _met(self._large, mapping, _LARGE_SHIFT) if share_lines(mapping, each))

    def _places(self, mapping: Mapping) -> tuple[dict[int, list[Mapping]], Iterable[int]]:
        if sum(mapping.sizes) > 1 << _LARGE_SHIFT:
            return self._large, _units(mapping, _LARGE_SHIFT)
        return self._by_page, _units(mapping, PAGE_SHIFT)


def share_lines(one: Mapping, other: Mapping) -> bool:
    """Whether two mappings have a cacheline in common."""
    return share_entry_lines(one, range(len(one.sizes)), other, range(len(other.sizes)))


def share_entry_lines(one: Mapping, entries: Sequence[int], other: Mapping, others: Sequence[int]) -> bool:
    """Whether some entries of two mappings do."""
    for i in entries:
        start = one.phys[i]
        first, last = start >> LINE_SHIFT, (start + one.sizes[i] - 1) >> LINE_SHIFT
        for j in others:
            start = other.phys[j]
            if first <= (start + other.sizes[j] - 1) >> LINE_SHIFT and start >> LINE_SHIFT <= last:
                return True
    return False


def _met(known: dict[int, list[Mapping]], mapping: Mapping, shift: int) -> Iterable[Mapping]:
    """The mappings that are known in its units, each once."""
    if len(mapping.phys) == 1:
        units = _range(mapping.phys[0], mapping.sizes[0], shift)
        if len(units) == 1:
            return known.get(units[0], ())
    if sum(mapping.sizes) >> shift > len(known):
        ranges = [_range(start, size, shift) for start, size in zip(mapping.phys, mapping.sizes, strict=True)]
        found: Iterable[int] = (unit for unit in known if any(unit in each for each in ranges))
    else:
        found = _units(mapping, shift)
    return {id(each): each for unit in found for each in known.get(unit, ())}.values()


def _units(mapping: Mapping, shift: int) -> Iterable[int]:
    """The numbers of the pages, or chunks, that its memory touches, each once."""
    if len(mapping.phys) == 1:
        return _range(mapping.phys[0], mapping.sizes[0], shift)
    units: dict[int, None] = {}
    for start, size in zip(mapping.phys, mapping.sizes, strict=True):
        units.update(dict.fromkeys(_range(start, size, shift)))
    return units


def _range(start: int, size: int, shift: int) -> range:
    return range(start >> shift, (start + size - 1 >> shift) + 1)
