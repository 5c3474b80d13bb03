# SPDX-License-Identifier: GPL-2.0-only
"""One call of the DMA API as a trace has it, and what a trace may lack."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

LIST_MAX = 128  # entries of a scatterlist that an event keeps


class Call(StrEnum):
    """What an event says was called: the events of several kernels that mean one call of the DMA API are one."""

    MAP = "dma_map_page"
    MAP_RESOURCE = "dma_map_resource"
    MAP_SG = "dma_map_sg"
    ALLOC = "dma_alloc"
    ALLOC_PAGES = "dma_alloc_pages"
    ALLOC_SGT = "dma_alloc_sgt"
    SYNC_FOR_CPU = "dma_sync_single_for_cpu"
    SYNC_FOR_DEVICE = "dma_sync_single_for_device"
    SYNC_SG_FOR_CPU = "dma_sync_sg_for_cpu"
    SYNC_SG_FOR_DEVICE = "dma_sync_sg_for_device"
    UNMAP = "dma_unmap_page"
    UNMAP_RESOURCE = "dma_unmap_resource"
    UNMAP_SG = "dma_unmap_sg"
    FREE = "dma_free"
    FREE_PAGES = "dma_free_pages"
    FREE_SGT = "dma_free_sgt"
    FAILED = "a call that failed"


class Where(NamedTuple):
    """Where an event stands: line of the file from 1, seconds as printed, task with its PID, CPU."""

    line: int
    time: str
    task: str
    cpu: int


class Event(NamedTuple):
    """Addresses and sizes in bytes; of lists ``dma``, ``sizes`` and ``phys`` are all entries, of others one or none.

    ``direction`` is the kernel's number (0 BIDIRECTIONAL, 1 TO_DEVICE, 2 FROM_DEVICE). ``attrs`` are bits of
    _core.ATTRS. ``cut``: the list was longer than an event keeps.
    """

    call: Call
    device: str
    direction: int
    dma: tuple[int, ...]
    sizes: tuple[int, ...]
    phys: tuple[int, ...]
    attrs: int
    cut: bool
    where: Where
