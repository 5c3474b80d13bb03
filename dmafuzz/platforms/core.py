"""From a checked platform file to the core's own record."""

import importlib
from typing import Any

from dmafuzz.platforms.model import Device, Directions, PlatformFile


def to_core(platform: PlatformFile) -> Any:
    """The platform as `dmafuzz._core.Platform`, ready for a judgement.

    Raises ImportError if the native core is not built: loading and checking platforms does without it.
    """
    core = importlib.import_module("dmafuzz._core")
    record = core.Platform()
    record.name = platform.name

    record.line = platform.cache.line
    record.l1_line = platform.cache.l1_line
    record.speculates = platform.cache.speculates
    record.dma_alignment = platform.alignment.dma
    record.dma_alignment_min = platform.alignment.dma_min
    record.kmalloc_alignment = platform.alignment.kmalloc

    record.edges = getattr(core.Edges, platform.maintenance.edges)
    record.for_device = _maintenance(core, platform.maintenance.for_device)
    record.for_cpu = _maintenance(core, platform.maintenance.for_cpu)

    record.bounce_pool = platform.bounce.pool
    record.bounce_slots = platform.bounce.slots
    record.bounce_always = platform.bounce.always
    record.bounce_unaligned = platform.bounce.unaligned_kmalloc
    record.copy_in_from_device = platform.bounce.copy_in_from_device
    record.sync_from_device_copies_in = platform.bounce.sync_copies_in_from_device

    record.skip_sync_copies_in = platform.bounce.skip_sync_copies_in
    record.bounce_areas = platform.bounce.areas
    record.bounce_gone_round = platform.bounce.gone_round
    record.bounce_cut = getattr(core.BounceCut, platform.bounce.cut)
    record.list_keeps_bounce_mark = platform.bounce.list_keeps_mark

    record.iommu = getattr(core.Iommu, platform.iommu.mode)
    record.iommu_driver = getattr(core.IommuDriver, platform.iommu.driver)
    record.iommu_looks_first = platform.iommu.looks_first
    record.iommu_write_only = platform.iommu.write_only
    record.iommu_ends_whole = platform.iommu.ends_whole
    record.iommu_flushes = platform.iommu.flushes
    record.stacks_in_vmalloc = platform.memory.stacks_in_vmalloc
    record.map_single_vmalloc_fails = platform.memory.map_single_vmalloc_fails
    record.text_in_linear_map = platform.memory.text_in_linear_map
    record.image_in_vmalloc = platform.memory.image_in_vmalloc
    record.image_read_only = platform.memory.image_read_only
    record.vmalloc_high = platform.memory.vmalloc_high
    record.coherent_remaps = platform.coherent.remaps
    record.atomic_pool = platform.coherent.atomic_pool
    record.coherent_in_vmalloc = platform.coherent.in_vmalloc
    record.mismatched_aliases_hit = platform.coherent.mismatched_aliases_hit

    record.devices = [_device(core, device) for device in platform.device.resolved()]
    return record


def _maintenance(core: Any, directions: Directions) -> list[Any]:
    return [getattr(core.Maintenance, name) for name in directions.in_core_order()]


def _device(core: Any, device: Device) -> Any:
    record = core.Device()
    record.coherent = device.coherent
    record.mask_bits = device.mask_bits
    record.pci = device.pci
    record.iommu = device.iommu
    record.segment_max = device.segment_max
    record.segment_boundary = device.segment_boundary
    record.truncates = device.truncates
    record.wraps = device.wraps
    return record
