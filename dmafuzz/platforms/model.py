"""What a platform file may say, field by field.

The sections and their meaning follow docs/spec/platforms.md and the core's `Platform` struct
(core/platform/platform.hpp). Every model forbids unknown fields and converts nothing: a misspelt field or a quoted
number in somebody's own machine must not silently become a default.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from dmafuzz.platforms.kernels import RANGE_PATTERN, Kernel, KernelRange

# 512 slots of 2 KiB are the 1 MiB that the physical layout keeps for the pool.
BOUNCE_SLOTS_MAX = 512
# The kernel's dma_max_seg_size is an unsigned int.
SEGMENT_BYTES_MAX = 0xFFFF_FFFF
PAGE_BYTES = 4096
ADDRESS_MAX = 0xFFFF_FFFF_FFFF_FFFF

LineBytes = Literal[32, 64, 128]
KmallocBytes = Literal[8, 16, 32, 64, 128]
DmaAlignmentBytes = Literal[1, 8, 16, 32, 64, 128]
MaintenanceName = Literal["none", "clean", "invalidate", "clean_invalidate"]
EdgesName = Literal["clean", "drop", "whole_range"]
IommuMode = Literal["off", "strict", "lazy"]
IommuDriverName = Literal["intel", "smmu", "amd"]
BounceCutName = Literal["never", "mapping", "wraps"]
Text = Annotated[str, StringConstraints(min_length=1)]


class FieldError(PydanticCustomError):
    """A rule of this file is broken. Names the field to change, inside the section or field that was checked."""

    def __new__(cls, field: str, found: object, expected: str) -> Self:
        return super().__new__(cls, "broken_rule", "{expected}", {"field": field, "found": found, "expected": expected})


class Section(BaseModel):
    """Common settings of all sections: unknown fields are errors, nothing is converted, nothing changes later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Cache(Section):
    """The CPU's cache. Sizes in bytes."""

    line: LineBytes
    """The hardware's cache line."""
    l1_line: LineBytes
    """The kernel's compile-time L1_CACHE_BYTES."""
    speculates: bool
    """The hardware may fill any absent cacheable line at any time."""


class Alignment(Section):
    """What keeps small buffers from sharing lines. Sizes in bytes."""

    dma: DmaAlignmentBytes
    """dma_get_cache_alignment(): 1 on fully coherent machines."""
    dma_min: KmallocBytes
    """ARCH_DMA_MINALIGN, a compile-time constant."""
    kmalloc: KmallocBytes
    """The smallest kmalloc alignment."""


class Directions(Section):
    """The cache maintenance for each direction at one hand-over."""

    to_device: MaintenanceName = "none"
    from_device: MaintenanceName = "none"
    bidirectional: MaintenanceName = "none"

    def in_core_order(self) -> tuple[MaintenanceName, MaintenanceName, MaintenanceName]:
        """By the values of enum dma_data_direction: bidirectional 0, to device 1, from device 2."""
        return (self.bidirectional, self.to_device, self.from_device)


class Maintenance(Section):
    """The cache maintenance of non-coherent devices: at map and sync_for_device, at unmap and sync_for_cpu."""

    edges: EdgesName
    """On lines that the range covers in part an invalidate is: `clean` (clean+invalidate), `drop` (an invalidate like
    on the others), or `whole_range` (if either end is unaligned, all lines are clean+invalidated)."""
    for_device: Directions
    for_cpu: Directions


class Bounce(Section):
    """Bounce buffers (swiotlb)."""

    pool: bool = False
    """A pool exists. Without one, a mapping that needs a slot fails."""
    slots: Annotated[int, Field(ge=0, le=BOUNCE_SLOTS_MAX)] = 0
    """Slots of 2 KiB. 0 in an existing pool: the pool is always full."""
    always: bool = False
    """Every mapping is bounced: swiotlb=force, memory encryption."""
    unaligned_kmalloc: bool = False
    """DMA_BOUNCE_UNALIGNED_KMALLOC: small buffers of non-coherent devices are bounced, except TO_DEVICE."""
    copy_in_from_device: bool = True
    """map FROM_DEVICE copies the buffer into its slot (5.17 and later)."""
    sync_copies_in_from_device: bool = False
    """sync_for_device FROM_DEVICE does so too (5.17 only)."""
    skip_sync_copies_in: bool = True
    """map with DMA_ATTR_SKIP_CPU_SYNC copies the buffer into its slot (before 4.10, and from 5.17 on)."""
    areas: bool = False
    """Each CPU has an area of the pool of its own (6.0 and later)."""
    gone_round: bool = False
    """The pool has just gone round: the slot that was last given back comes next."""
    cut: BounceCutName = "mapping"
    """What the copies of a sync or an unmap are cut to: `never` (the call's length; before 5.12), the `mapping`, or
    `wraps` (the mapping, but a sync that begins beyond its end, inside of its last slot, has the call's length)."""
    list_keeps_mark: bool = False
    """A scatter list that was bounced once keeps its mark when it is mapped again (6.5 and later)."""


class Iommu(Section):
    """The platform's IOMMU."""

    mode: IommuMode = "off"
    """lazy: an unmapped IOVA stays usable until the flush."""
    driver: IommuDriverName = "intel"
    """Whose page tables: what an unmap does across pages that are not mapped, and a map over pages that are."""
    looks_first: bool = True
    """unmap_page and unmap_single do nothing where nothing is mapped (dma-iommu from 5.11 on)."""
    write_only: bool = False
    """There are pages that a device may write and not read, those of FROM_DEVICE mappings (AMD; Intel before 5.12)."""
    ends_whole: bool = False
    """An end takes the whole IOVA that holds its address, whatever its size (Intel's own code before 4.7)."""
    flushes: bool = False
    """lazy: everything that was ended is flushed before each map or allocation. Otherwise nothing is while a program
    runs. Which of the two it is is a choice of the run; the two extremes are two machines."""


class Memory(Section):
    """Where things live, and what map_single makes of it."""

    stacks_in_vmalloc: bool
    """CONFIG_VMAP_STACK (4.9 and later, where configured)."""
    map_single_vmalloc_fails: bool
    """map_single of a vmalloc address fails (5.5 and later); before, the device gets somebody else's memory."""
    text_in_linear_map: bool
    """Linear addresses of kernel text can be mapped: ARM32 only."""
    image_in_vmalloc: bool = False
    """The kernel's image lies in the vmalloc range (arm64), so that map_single of it is one of a vmalloc address."""
    image_read_only: bool = False
    """The image is read-only in the linear map (x86-64, arm64): a CPU copy into it is an oops."""
    vmalloc_high: bool = False
    """There is memory above the reach of a 32-bit mask, and vmalloc memory comes from there."""


class Coherent(Section):
    """dma_alloc_coherent for non-coherent devices."""

    remaps: bool = True
    """The allocation builds page tables for its uncached alias."""
    atomic_pool: bool = True
    """Without one, an allocation that remaps sleeps, with interrupts off as well."""
    mismatched_aliases_hit: bool = False
    """An uncached read may be served from a line of the cacheable linear alias."""
    in_vmalloc: bool = False
    """Behind the IOMMU, what is allocated with interrupts on lies in vmalloc space (dma-iommu on x86: AMD from 5.5,
    Intel from 5.11)."""


class Device(Section):
    """One device. The limits are those that its driver has told the kernel."""

    coherent: bool = False
    mask_bits: Literal[32, 64] = 64
    """The DMA mask."""
    pci: bool = True
    """The bus registered for dma-debug's leak check."""
    iommu: bool = True
    """Behind the platform's IOMMU, if it has one."""
    segment_max: Annotated[int, Field(ge=1, le=SEGMENT_BYTES_MAX)] = 65536
    """The maximal segment size in bytes."""
    segment_boundary: Annotated[int, Field(ge=PAGE_BYTES - 1, le=ADDRESS_MAX)] = 0xFFFF_FFFF
    """A mask: no segment may cross a multiple of it plus one."""
    truncates: bool = False
    """Does nothing beyond segment_max."""
    wraps: bool = False
    """Wraps at segment_boundary."""

    @model_validator(mode="after")
    def _boundary_is_a_mask(self) -> Self:
        if self.segment_boundary & (self.segment_boundary + 1):
            raise FieldError("segment_boundary", self.segment_boundary, "a mask, that is a power of two minus one")
        return self


class Devices(Section):
    """`default` holds for all devices; d0 to d3 change single fields of it."""

    default: Device = Device()
    d0: Device = Device()
    d1: Device = Device()
    d2: Device = Device()
    d3: Device = Device()

    def resolved(self) -> tuple[Device, Device, Device, Device]:
        """d0 to d3, each with the fields it does not give taken from `default`."""
        default = self.default.model_dump(exclude_unset=True)
        d0, d1, d2, d3 = (
            Device(**{**default, **device.model_dump(exclude_unset=True)})
            for device in (self.d0, self.d1, self.d2, self.d3)
        )
        return (d0, d1, d2, d3)


NO_MAINTENANCE = Maintenance(edges="clean", for_device=Directions(), for_cpu=Directions())


class PlatformFile(Section):
    """One machine and its kernel, as a platform file describes it."""

    name: Text
    """The file's name without `.toml`; the file itself does not give it."""
    title: Text
    kernels: str
    """Which kernels behave like this: "5.19 to 6.4", "6.5 to today"."""
    source: Text
    """Where the facts come from."""
    cache: Cache
    alignment: Alignment
    maintenance: Maintenance = NO_MAINTENANCE
    bounce: Bounce = Bounce()
    iommu: Iommu = Iommu()
    memory: Memory
    coherent: Coherent = Coherent()
    device: Devices = Devices()

    def runs(self, kernel: str) -> bool:
        """Whether the machine exists with this kernel version, such as "6.12"."""
        return Kernel.parse(kernel) in KernelRange.parse(self.kernels)

    @field_validator("kernels")
    @classmethod
    def _kernels_are_a_range(cls, text: str) -> str:
        if not re.fullmatch(RANGE_PATTERN, text):
            raise FieldError("", text, 'a range such as "5.19 to 6.4" or "6.5 to today"')
        if KernelRange.parse(text).empty:
            raise FieldError("", text, "the older kernel first")
        return text

    @model_validator(mode="after")
    def _slots_need_a_pool(self) -> Self:
        if self.bounce.slots and not self.bounce.pool:
            raise FieldError("bounce.slots", self.bounce.slots, "0, since bounce.pool is false")
        return self

    @model_validator(mode="after")
    def _non_coherent_devices_need_maintenance(self) -> Self:
        # A machine whose kernel does nothing can be written, but only on purpose.
        incoherent = [f"d{number}" for number, device in enumerate(self.device.resolved()) if not device.coherent]
        if incoherent and "maintenance" not in self.model_fields_set:
            raise FieldError("maintenance", None, f"this section, since {', '.join(incoherent)} are not coherent")
        return self
