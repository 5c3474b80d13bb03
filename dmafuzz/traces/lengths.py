# SPDX-License-Identifier: GPL-2.0-only
"""The CPU's lengths of a list's entries, of which an event has the device's."""

from __future__ import annotations

from .event import Call, Event
from .mapping import PAGE

MERGED = "scatterlists whose lengths an IOMMU has merged: entries but the last are taken to reach the end of their page"
UNKNOWN = "scatterlists whose lengths are not known"
_UNADDRESSED = (Call.ALLOC, Call.ALLOC_PAGES, Call.ALLOC_SGT)


def cpu_lengths(event: Event) -> tuple[tuple[int, ...], str]:
    """Lengths in bytes, as many as physical addresses; none where they are not known; and what was assumed or is
    lacking, or ""."""
    sizes, phys = event.sizes, event.phys
    if event.call in _UNADDRESSED:
        return (sizes, "") if sizes[0] > 0 else ((), UNKNOWN)
    if len(sizes) == len(phys):
        return (sizes, "") if all(size > 0 for size in sizes) else ((), UNKNOWN)
    if event.cut:
        return (), UNKNOWN
    left, lengths = sum(sizes), []
    for number, address in enumerate(phys, 1):
        length = left if number == len(phys) else PAGE - address % PAGE
        left -= length
        lengths.append(length)
    if any(length <= 0 for length in lengths):
        return (), UNKNOWN
    return tuple(lengths), MERGED
