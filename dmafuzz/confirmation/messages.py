# SPDX-License-Identifier: GPL-2.0-only
"""dma-debug's messages, and which of the trackers' warnings each is."""

from __future__ import annotations

from collections.abc import Iterable

# By a distinctive part; docs and kernels say "DMA-API: DRIVER DEVICE: ..." around it.
_PARTS = {
    "free an invalid DMA memory": "free-invalid",
    "free DMA memory it has not allocated": "free-unallocated",
    "frees DMA memory with different size": "free-size",
    "frees DMA memory with wrong function": "free-wrong-function",
    "frees DMA memory with different CPU address": "free-cpu-address",
    "frees DMA sg list with different entry count": "free-sg-count",
    "frees DMA memory with different direction": "free-direction",
    "failed to check map error": "free-unchecked",
    "frees DMA memory with different attributes": "free-attributes",
    "sync DMA memory it has not allocated": "sync-unallocated",
    "syncs DMA memory outside allocated range": "sync-range",
    "syncs DMA memory with different direction": "sync-direction",
    "syncs device read-only DMA memory for cpu": "sync-read-only-for-cpu",
    "syncs device write-only DMA memory to device": "sync-write-only-for-device",
    "syncs DMA sg list with different entry count": "sync-sg-count",
    "maps memory from stack": "map-stack",
    "maps memory from kernel text or rodata": "map-text-rodata",
    "maps memory from invalid area": "map-invalid-area",
    "maps memory from vmalloc area": "map-vmalloc",
    "sg segment longer than device": "sg-too-long",
    "sg segment across boundary": "sg-boundary",
    "tracking EEXIST": "line-overlap",
    "exceeded 7 overlapping mappings": "overlap>7",
    "tracking ENOMEM": "line-enomem",
    "pending DMA allocations while released": "leak",
    "dma_map_resource called for RAM": "resource-ram",
}


def warning_of(message: str) -> str | None:
    """The id of the warning that a message of the kernel's log is; None if it is another one."""
    for part, name in _PARTS.items():
        if part in message:
            return name
    return None


def warnings_in(messages: Iterable[str]) -> list[str]:
    """The ids of all warnings among messages, in their order."""
    return [name for name in map(warning_of, messages) if name]


def other_messages(messages: Iterable[str]) -> list[str]:
    """What else the kernel had to say: IOMMU faults, a full bounce pool. Without the lines that go with a warning."""
    return [m for m in messages if "DMA-API" not in m and not ("WARNING:" in m and "kernel/dma/debug.c" in m)]
