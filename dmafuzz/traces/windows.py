# SPDX-License-Identifier: GPL-2.0-only
"""A group as programs: one, or windows of it that overlap where it is larger than a program may be."""

from __future__ import annotations

from collections.abc import Container, Iterator

from dmafuzz import _core

from .mapped_memory import share_entry_lines
from .mapping import PAGE_SHIFT, Group, Mapping
from .shape import BYTES_MAX, ENTRIES_MAX, Chosen, Shape, shape_of

_MAPPINGS_MAX = 12  # of a program: with their entries in buffers of their own, they keep to the language's limits
_BESIDE = 3  # mappings beside one in a window
_STRIDE = ENTRIES_MAX - 1  # from one part of a list to the next: they have one entry in common

Unit = tuple[Mapping, tuple[int, ...]]
"""A mapping, and the entries of it that are looked at together."""


def shapes_of(group: Group) -> Iterator[Shape]:
    """The windows of a group, as shapes; one where a program has room for all of it."""
    mappings = {id(step.mapping): step.mapping for step in group.steps}
    if _fits(mappings):
        yield shape_of(group.steps, {})
        return
    group.windows = True
    units = [unit for mapping in mappings.values() for unit in _units(mapping)]
    for window in _windows(units, {id(step.mapping) for step in group.steps[group.kept :]}):
        chosen: Chosen = {id(mapping): entries for mapping, entries in window}
        yield shape_of([step for step in group.steps if id(step.mapping) in chosen], chosen)


def _fits(mappings: dict[int, Mapping]) -> bool:
    if len(mappings) == 1:
        (mapping,) = mappings.values()
        return len(mapping.sizes) <= ENTRIES_MAX or not mapping.cached
    devices = {mapping.device for mapping in mappings.values()}
    entries = sum(len(mapping.sizes) for mapping in mappings.values())
    return (
        entries <= _MAPPINGS_MAX
        and len(devices) <= _core.DEVICES_MAX
        and all(len(mapping.sizes) <= ENTRIES_MAX for mapping in mappings.values())
    )


def _units(mapping: Mapping) -> list[Unit]:
    count = len(mapping.sizes)
    if count <= ENTRIES_MAX or not mapping.cached:
        return [(mapping, tuple(range(count)))]
    # The last part begins early enough to be a whole one, so that most parts of most lists are equal.
    starts = dict.fromkeys(min(start, count - ENTRIES_MAX) for start in range(0, count - 1, _STRIDE))
    return [(mapping, tuple(range(start, start + ENTRIES_MAX))) for start in starts]


def _windows(units: list[Unit], called: Container[int]) -> Iterator[list[Unit]]:
    """Each unit with those behind it that share cachelines with it; every pair that does is in one window.

    ``called`` are the IDs of mappings with calls that no window had yet: windows without any say nothing new.
    """
    beside = _neighbours(units)
    seen: set[int] = set()
    for number, unit in enumerate(units):
        new = id(unit[0]) in called
        later = [each for each in beside.get(number, ()) if new or id(units[each][0]) in called]
        for start in range(0, len(later), _BESIDE):
            some = later[start : start + _BESIDE]
            seen.update(some)
            yield _distinct([unit, *(units[each] for each in some)])
        if new and not later and number not in seen:
            yield [unit]


def _distinct(units: list[Unit]) -> list[Unit]:
    """One part of each mapping: the first. Parts of one list overlap, so that the others have windows of their own."""
    found: dict[int, Unit] = {}
    for unit in units:
        found.setdefault(id(unit[0]), unit)
    return list(found.values())


def _neighbours(units: list[Unit]) -> dict[int, list[int]]:
    """By a unit's number: those of other mappings with higher numbers that share a cacheline with it."""
    by_page: dict[int, list[int]] = {}
    found: dict[int, list[int]] = {}
    for number, (mapping, entries) in enumerate(units):
        if not mapping.cached:
            continue
        near = {each for page in _pages(mapping, entries) for each in by_page.setdefault(page, [])}
        for other in sorted(near):
            if units[other][0] is not mapping and share_entry_lines(mapping, entries, *units[other]):
                found.setdefault(other, []).append(number)
        for page in _pages(mapping, entries):
            by_page[page].append(number)
    return found


def _pages(mapping: Mapping, entries: tuple[int, ...]) -> set[int]:
    """The pages of a unit; of what is longer than a program may be, those of its beginning."""
    pages: set[int] = set()
    for i in entries:
        first, last = (
            mapping.phys[i] >> PAGE_SHIFT,
            (mapping.phys[i] + min(mapping.sizes[i], BYTES_MAX) - 1) >> PAGE_SHIFT,
        )
        pages.update(range(first, last + 1))
    return pages
