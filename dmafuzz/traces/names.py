# SPDX-License-Identifier: GPL-2.0-only
"""The names that the kernel's trace events have for calls, directions and attributes, by version (facts).

Source: docs/spec/traces.md, Formats.
"""

from __future__ import annotations

from dmafuzz import _core

from .event import Call

DIRECTIONS = ("BIDIRECTIONAL", "TO_DEVICE", "FROM_DEVICE")
NONE = "NONE"  # a direction that no call has

# By the event's name. What 6.18 calls dma_map_phys is dma_map_resource if its attributes say MMIO.
EVENTS = {
    "dma_map_page": Call.MAP,
    "dma_map_phys": Call.MAP,
    "dma_map_resource": Call.MAP_RESOURCE,
    "dma_unmap_page": Call.UNMAP,
    "dma_unmap_phys": Call.UNMAP,
    "dma_unmap_resource": Call.UNMAP_RESOURCE,
    "dma_alloc": Call.ALLOC,
    "dma_alloc_pages": Call.ALLOC_PAGES,
    "dma_alloc_sgt": Call.ALLOC_SGT,
    "dma_alloc_sgt_err": Call.FAILED,
    "dma_free": Call.FREE,
    "dma_free_pages": Call.FREE_PAGES,
    "dma_free_sgt": Call.FREE_SGT,
    "dma_map_sg": Call.MAP_SG,
    "dma_map_sg_err": Call.FAILED,
    "dma_unmap_sg": Call.UNMAP_SG,
    "dma_sync_single_for_cpu": Call.SYNC_FOR_CPU,
    "dma_sync_single_for_device": Call.SYNC_FOR_DEVICE,
    "dma_sync_sg_for_cpu": Call.SYNC_SG_FOR_CPU,
    "dma_sync_sg_for_device": Call.SYNC_SG_FOR_DEVICE,
}
LISTS = (Call.MAP_SG, Call.UNMAP_SG, Call.SYNC_SG_FOR_CPU, Call.SYNC_SG_FOR_DEVICE, Call.ALLOC_SGT)
RESOURCES = {Call.MAP: Call.MAP_RESOURCE, Call.UNMAP: Call.UNMAP_RESOURCE}

# Attributes by their bit in the kernel: (name in a trace, name in a program or "" where no model depends on it).
_BITS = {
    1: ("WEAK_ORDERING", "WEAK_ORDERING"),
    2: ("WRITE_COMBINE", ""),
    4: ("NO_KERNEL_MAPPING", ""),
    5: ("SKIP_CPU_SYNC", "SKIP_CPU_SYNC"),
    6: ("FORCE_CONTIGUOUS", ""),
    7: ("ALLOC_SINGLE_PAGES", ""),
    8: ("NO_WARN", "NO_WARN"),
    9: ("PRIVILEGED", ""),
    10: ("MMIO", "MMIO"),
    11: ("CACHELINES_OVERLAP", "IGNORE_CACHELINES"),
    12: ("REQUIRE_COHERENT", "REQUIRE_COHERENT"),
    13: ("CC_SHARED", ""),
    14: ("ALLOC_CC_SHARED", ""),
}
# The same bit, as kernels between 6.19 and 7.0 print it.
_OTHER_NAMES = {"CPU_CACHE_CLEAN": 11, "DEBUGGING_IGNORE_CACHELINES": 11}


def _bit(name: str) -> int:
    return 1 << _core.ATTRS.index(name) if name in _core.ATTRS else 0


ATTRS = {shown: _bit(own) for shown, own in _BITS.values()}
ATTRS.update((other, ATTRS[_BITS[bit][0]]) for other, bit in _OTHER_NAMES.items())
NUMBERED_ATTRS = {bit: _bit(own) for bit, (_, own) in _BITS.items()}
SHOWN_ATTRS = tuple((_bit(own), shown, bit) for bit, (shown, own) in _BITS.items() if _bit(own))
"""Of those that programs have: the bit in a program, the name in a trace, the kernel's number."""
MMIO = _bit("MMIO")
SKIP_CPU_SYNC = _bit("SKIP_CPU_SYNC")
