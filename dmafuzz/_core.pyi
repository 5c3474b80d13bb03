"""
The core of dmafuzz: programs, machine, simulator, tracker, judge, search and schedules.
"""

import builtins
from collections.abc import Callable, Sequence
import enum
from typing import ClassVar


BUFFER_BYTES_MAX: int = 524288

PAGE_BYTES: int = 4096

CPUS_MAX: int = 4

DEVICES_MAX: int = 4

BUFFERS_MAX: int = 16

MAPPINGS_MAX: int = 32

OPS_MAX: int = 64

RECORD_BYTES: int = 64

ATTRS: tuple[str, ...]

class OpKind(enum.Enum):
    """What an operation does."""

    alloc = 0

    free = 1

    write = 2

    read = 3

    dirty = 4

    cow = 5

    map_single = 6

    map_page = 7

    map_resource = 8

    map_sg = 9

    alloc_coherent = 10

    alloc_noncoherent = 11

    alloc_noncontiguous = 12

    mapping_error = 13

    start = 14

    sync_single_for_cpu = 15

    sync_single_for_device = 16

    sync_range_for_cpu = 17

    sync_range_for_device = 18

    sync_sg_for_cpu = 19

    sync_sg_for_device = 20

    unmap_single = 21

    unmap_page = 22

    unmap_resource = 23

    unmap_sg = 24

    free_coherent = 25

    free_noncoherent = 26

    free_noncontiguous = 27

    device_read = 28

    device_write = 29

    device_post = 30

    irq_off = 31

    irq_on = 32

    unbind = 33

    forget = 34

    finish = 35

class BufferKind(enum.Enum):
    """Where a buffer lives."""

    pages = 0

    kmalloc = 1

    page_cache = 2

    anonymous = 3

    stack = 4

    vmalloc = 5

    text = 6

    rodata = 7

    mmio = 8

    coherent = 9

    noncoherent = 10

class Direction(enum.Enum):
    """enum dma_data_direction, without NONE."""

    bidirectional = 0

    to_device = 1

    from_device = 2

class OpTraits:
    """What an operation of a kind names, defines and carries."""

    @property
    def defines_buffer(self) -> bool: ...

    @property
    def defines_mapping(self) -> bool: ...

    @property
    def names_buffer(self) -> bool: ...

    @property
    def names_mapping(self) -> bool: ...

    @property
    def is_call(self) -> bool: ...

    @property
    def names_device(self) -> bool: ...

    @property
    def has_range(self) -> bool: ...

def traits(kind: OpKind) -> OpTraits:
    """The traits of an operation kind."""

def matching_end(map: OpKind) -> OpKind:
    """The call that ends what `map` made correctly."""

class Entry:
    """One scatterlist entry; offset and size in bytes."""

    def __init__(self, buffer: int, offset: int, size: int) -> None: ...

    @property
    def buffer(self) -> int: ...

    @buffer.setter
    def buffer(self, arg: int, /) -> None: ...

    @property
    def offset(self) -> int: ...

    @offset.setter
    def offset(self, arg: int, /) -> None: ...

    @property
    def size(self) -> int: ...

    @size.setter
    def size(self, arg: int, /) -> None: ...

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

class Op:
    """One operation. Offsets and sizes are in bytes."""

    def __init__(self) -> None: ...

    def __copy__(self) -> Op: ...

    @property
    def kind(self) -> OpKind: ...

    @kind.setter
    def kind(self, arg: OpKind, /) -> None: ...

    @property
    def cpu(self) -> int: ...

    @cpu.setter
    def cpu(self, arg: int, /) -> None: ...

    @property
    def split(self) -> bool: ...

    @split.setter
    def split(self, arg: bool, /) -> None: ...

    @property
    def unchecked(self) -> bool: ...

    @unchecked.setter
    def unchecked(self, arg: bool, /) -> None: ...

    @property
    def high(self) -> bool: ...

    @high.setter
    def high(self, arg: bool, /) -> None: ...

    @property
    def private(self) -> bool: ...

    @private.setter
    def private(self, arg: bool, /) -> None: ...

    @property
    def given_device(self) -> bool: ...

    @given_device.setter
    def given_device(self, arg: bool, /) -> None: ...

    @property
    def given_size(self) -> bool: ...

    @given_size.setter
    def given_size(self, arg: bool, /) -> None: ...

    @property
    def given_direction(self) -> bool: ...

    @given_direction.setter
    def given_direction(self, arg: bool, /) -> None: ...

    @property
    def given_attrs(self) -> bool: ...

    @given_attrs.setter
    def given_attrs(self, arg: bool, /) -> None: ...

    @property
    def given_count(self) -> bool: ...

    @given_count.setter
    def given_count(self, arg: bool, /) -> None: ...

    @property
    def reuse_list(self) -> bool: ...

    @reuse_list.setter
    def reuse_list(self, arg: bool, /) -> None: ...

    @property
    def device(self) -> int: ...

    @device.setter
    def device(self, arg: int, /) -> None: ...

    @property
    def buffer(self) -> int: ...

    @buffer.setter
    def buffer(self, arg: int, /) -> None: ...

    @property
    def mapping(self) -> int: ...

    @mapping.setter
    def mapping(self, arg: int, /) -> None: ...

    @property
    def direction(self) -> Direction: ...

    @direction.setter
    def direction(self, arg: Direction, /) -> None: ...

    @property
    def attrs(self) -> int: ...

    @attrs.setter
    def attrs(self, arg: int, /) -> None: ...

    @property
    def buffer_kind(self) -> BufferKind: ...

    @buffer_kind.setter
    def buffer_kind(self, arg: BufferKind, /) -> None: ...

    @property
    def count(self) -> int: ...

    @count.setter
    def count(self, arg: int, /) -> None: ...

    @property
    def list(self) -> int: ...

    @list.setter
    def list(self, arg: int, /) -> None: ...

    @property
    def entry_count(self) -> int: ...

    @property
    def offset(self) -> int: ...

    @offset.setter
    def offset(self, arg: int, /) -> None: ...

    @property
    def size(self) -> int: ...

    @size.setter
    def size(self, arg: int, /) -> None: ...

    @property
    def cpu_offset(self) -> int: ...

    @cpu_offset.setter
    def cpu_offset(self, arg: int, /) -> None: ...

    @property
    def entries(self) -> builtins.list[Entry]: ...

    @entries.setter
    def entries(self, arg: Sequence[Entry], /) -> None: ...

    def __eq__(self, other: object, /) -> bool: ...

    __hash__: ClassVar[None]  # type: ignore[assignment]

ENTRIES_MAX: int = 4

class Problem:
    """What makes a program invalid: operation, field, and what was expected."""

    @property
    def op(self) -> int: ...

    @property
    def field(self) -> str: ...

    @property
    def expected(self) -> str: ...

    @property
    def entry(self) -> int:
        """scatterlist entry, or -1"""

def check(ops: Sequence[Op]) -> Problem | None:
    """The first problem of a program, or None."""

def clear_unused(op: Op) -> Op:
    """
    The operation with every field that does not count for its kind set to zero.
    """

def repair(ops: Sequence[Op]) -> list[Op]:
    """A valid program as close to `ops` as a line-by-line repair gets."""

def encode(ops: Sequence[Op]) -> bytes:
    """The records of a program, RECORD_BYTES each."""

def decode(data: bytes) -> list[Op]:
    """The valid program that any byte string stands for."""

class Maintenance(enum.Enum):
    """Cache maintenance of a range."""

    none = 0

    clean = 1

    invalidate = 2

    clean_invalidate = 3

class Edges(enum.Enum):
    """What an invalidate does on lines covered in part."""

    clean = 0

    drop = 1

    whole_range = 2

class Iommu(enum.Enum):
    """The IOMMU of a platform."""

    off = 0

    strict = 1

    lazy = 2

class IommuDriver(enum.Enum):
    """Whose page tables the IOMMU walks."""

    intel = 0

    smmu = 1

    amd = 2

class BounceCut(enum.Enum):
    """What the copies of a sync or an unmap are cut to."""

    never = 0

    mapping = 1

    wraps = 2

class Device:
    """What a platform says about one device."""

    def __init__(self) -> None: ...

    @property
    def coherent(self) -> bool:
        """its accesses look into the CPU's cache"""

    @coherent.setter
    def coherent(self, arg: bool, /) -> None: ...

    @property
    def mask_bits(self) -> int:
        """the DMA mask"""

    @mask_bits.setter
    def mask_bits(self, arg: int, /) -> None: ...

    @property
    def pci(self) -> bool:
        """the bus registered for dma-debug's leak check"""

    @pci.setter
    def pci(self, arg: bool, /) -> None: ...

    @property
    def iommu(self) -> bool:
        """behind the platform's IOMMU, if it has one"""

    @iommu.setter
    def iommu(self, arg: bool, /) -> None: ...

    @property
    def segment_max(self) -> int:
        """the maximal segment size, in bytes"""

    @segment_max.setter
    def segment_max(self, arg: int, /) -> None: ...

    @property
    def segment_boundary(self) -> int:
        """a mask: no segment may cross a multiple of it plus one"""

    @segment_boundary.setter
    def segment_boundary(self, arg: int, /) -> None: ...

    @property
    def truncates(self) -> bool:
        """does nothing beyond segment_max"""

    @truncates.setter
    def truncates(self, arg: bool, /) -> None: ...

    @property
    def wraps(self) -> bool:
        """wraps at segment_boundary"""

    @wraps.setter
    def wraps(self, arg: bool, /) -> None: ...

class Platform:
    """What a machine and its kernel do for the DMA API; sizes in bytes."""

    def __init__(self) -> None: ...

    @property
    def name(self) -> str: ...

    @name.setter
    def name(self, arg: str, /) -> None: ...

    @property
    def line(self) -> int:
        """the hardware's cacheline, in bytes"""

    @line.setter
    def line(self, arg: int, /) -> None: ...

    @property
    def l1_line(self) -> int:
        """the kernel's compile-time L1_CACHE_BYTES"""

    @l1_line.setter
    def l1_line(self, arg: int, /) -> None: ...

    @property
    def speculates(self) -> bool:
        """the hardware may fill any absent cacheable line at any time"""

    @speculates.setter
    def speculates(self, arg: bool, /) -> None: ...

    @property
    def dma_alignment(self) -> int:
        """dma_get_cache_alignment(), in bytes: 1 on fully coherent machines"""

    @dma_alignment.setter
    def dma_alignment(self, arg: int, /) -> None: ...

    @property
    def dma_alignment_min(self) -> int:
        """ARCH_DMA_MINALIGN, a compile-time constant, in bytes"""

    @dma_alignment_min.setter
    def dma_alignment_min(self, arg: int, /) -> None: ...

    @property
    def kmalloc_alignment(self) -> int:
        """the smallest kmalloc alignment, in bytes"""

    @kmalloc_alignment.setter
    def kmalloc_alignment(self, arg: int, /) -> None: ...

    @property
    def edges(self) -> Edges:
        """
        on lines that the range covers in part an invalidate is: `clean` (clean+invalidate), `drop` (an invalidate like on the others), or `whole_range` (if either end is unaligned, all lines are clean+invalidated)
        """

    @edges.setter
    def edges(self, arg: Edges, /) -> None: ...

    @property
    def for_device(self) -> list[Maintenance]:
        """cache maintenance of non-coherent devices at map and sync_for_device"""

    @for_device.setter
    def for_device(self, arg: Sequence[Maintenance], /) -> None: ...

    @property
    def for_cpu(self) -> list[Maintenance]:
        """cache maintenance of non-coherent devices at unmap and sync_for_cpu"""

    @for_cpu.setter
    def for_cpu(self, arg: Sequence[Maintenance], /) -> None: ...

    @property
    def bounce_pool(self) -> bool:
        """a pool exists; without one, a mapping that needs a slot fails"""

    @bounce_pool.setter
    def bounce_pool(self, arg: bool, /) -> None: ...

    @property
    def bounce_slots(self) -> int:
        """slots of 2 KiB; 0 in an existing pool: the pool is always full"""

    @bounce_slots.setter
    def bounce_slots(self, arg: int, /) -> None: ...

    @property
    def bounce_always(self) -> bool:
        """what goes past an IOMMU is bounced: swiotlb=force, memory encryption"""

    @bounce_always.setter
    def bounce_always(self, arg: bool, /) -> None: ...

    @property
    def bounce_unaligned(self) -> bool:
        """
        DMA_BOUNCE_UNALIGNED_KMALLOC: small buffers of non-coherent devices are bounced, except TO_DEVICE
        """

    @bounce_unaligned.setter
    def bounce_unaligned(self, arg: bool, /) -> None: ...

    @property
    def copy_in_from_device(self) -> bool:
        """map FROM_DEVICE copies the buffer into its slot (5.17 and later)"""

    @copy_in_from_device.setter
    def copy_in_from_device(self, arg: bool, /) -> None: ...

    @property
    def sync_from_device_copies_in(self) -> bool:
        """sync_for_device FROM_DEVICE does so too (5.17 only)"""

    @sync_from_device_copies_in.setter
    def sync_from_device_copies_in(self, arg: bool, /) -> None: ...

    @property
    def skip_sync_copies_in(self) -> bool:
        """
        map with DMA_ATTR_SKIP_CPU_SYNC copies the buffer into its slot (before 4.10, and from 5.17 on)
        """

    @skip_sync_copies_in.setter
    def skip_sync_copies_in(self, arg: bool, /) -> None: ...

    @property
    def bounce_areas(self) -> bool:
        """each CPU has an area of the pool of its own (6.0 and later)"""

    @bounce_areas.setter
    def bounce_areas(self, arg: bool, /) -> None: ...

    @property
    def bounce_gone_round(self) -> bool:
        """
        the pool has just gone round: the slot that was last given back comes next
        """

    @bounce_gone_round.setter
    def bounce_gone_round(self, arg: bool, /) -> None: ...

    @property
    def bounce_cut(self) -> BounceCut:
        """
        what the copies of a sync or an unmap are cut to: `never` (the call's length; before 5.12), the `mapping`, or `wraps` (the mapping, but a sync that begins beyond its end, inside of its last slot, has the call's length)
        """

    @bounce_cut.setter
    def bounce_cut(self, arg: BounceCut, /) -> None: ...

    @property
    def list_keeps_bounce_mark(self) -> bool:
        """
        a scatterlist that was bounced once keeps its mark when it is mapped again (6.5 and later)
        """

    @list_keeps_bounce_mark.setter
    def list_keeps_bounce_mark(self, arg: bool, /) -> None: ...

    @property
    def iommu(self) -> Iommu:
        """lazy: an unmapped IOVA stays usable until the flush"""

    @iommu.setter
    def iommu(self, arg: Iommu, /) -> None: ...

    @property
    def iommu_driver(self) -> IommuDriver:
        """
        whose page tables: what an unmap does across pages that are not mapped, and a map over pages that are
        """

    @iommu_driver.setter
    def iommu_driver(self, arg: IommuDriver, /) -> None: ...

    @property
    def iommu_looks_first(self) -> bool:
        """
        unmap_page and unmap_single do nothing where nothing is mapped (dma-iommu from 5.11 on)
        """

    @iommu_looks_first.setter
    def iommu_looks_first(self, arg: bool, /) -> None: ...

    @property
    def iommu_room_wraps(self) -> bool:
        """
        after an entry of a list that is longer than segment_max, all that follow join its segment (dma-iommu from 5.4 on)
        """

    @iommu_room_wraps.setter
    def iommu_room_wraps(self, arg: bool, /) -> None: ...

    @property
    def iommu_write_only(self) -> bool:
        """
        there are pages that a device may write and not read, those of FROM_DEVICE mappings (AMD; Intel before 5.12)
        """

    @iommu_write_only.setter
    def iommu_write_only(self, arg: bool, /) -> None: ...

    @property
    def iommu_ends_whole(self) -> bool:
        """
        an end takes the whole IOVA that holds its address, whatever its size (Intel's own code before 4.7)
        """

    @iommu_ends_whole.setter
    def iommu_ends_whole(self, arg: bool, /) -> None: ...

    @property
    def iommu_flushes(self) -> bool:
        """
        lazy: everything that was ended is flushed before each map or allocation; otherwise nothing is while a program runs. Which of the two it is is a choice of the run; the two extremes are two machines
        """

    @iommu_flushes.setter
    def iommu_flushes(self, arg: bool, /) -> None: ...

    @property
    def stacks_in_vmalloc(self) -> bool:
        """CONFIG_VMAP_STACK (4.9 and later, where configured)"""

    @stacks_in_vmalloc.setter
    def stacks_in_vmalloc(self, arg: bool, /) -> None: ...

    @property
    def map_single_vmalloc_fails(self) -> bool:
        """
        map_single of a vmalloc address fails (5.5 and later); before, the device gets unrelated memory
        """

    @map_single_vmalloc_fails.setter
    def map_single_vmalloc_fails(self, arg: bool, /) -> None: ...

    @property
    def text_in_linear_map(self) -> bool:
        """linear addresses of kernel text can be mapped: ARM32 only"""

    @text_in_linear_map.setter
    def text_in_linear_map(self, arg: bool, /) -> None: ...

    @property
    def image_in_vmalloc(self) -> bool:
        """
        the kernel's image lies in the vmalloc range (arm64), so that map_single of it is one of a vmalloc address
        """

    @image_in_vmalloc.setter
    def image_in_vmalloc(self, arg: bool, /) -> None: ...

    @property
    def image_read_only(self) -> bool:
        """
        the image is read-only in the linear map (x86-64, arm64): a CPU copy into it is an oops
        """

    @image_read_only.setter
    def image_read_only(self, arg: bool, /) -> None: ...

    @property
    def vmalloc_high(self) -> bool:
        """
        there is memory above the reach of a 32-bit mask, and vmalloc memory comes from there
        """

    @vmalloc_high.setter
    def vmalloc_high(self, arg: bool, /) -> None: ...

    @property
    def coherent_remaps(self) -> bool:
        """
        dma_alloc_coherent for non-coherent devices builds page tables for its uncached alias
        """

    @coherent_remaps.setter
    def coherent_remaps(self, arg: bool, /) -> None: ...

    @property
    def atomic_pool(self) -> bool:
        """
        without one, an allocation that remaps sleeps, with interrupts off as well
        """

    @atomic_pool.setter
    def atomic_pool(self, arg: bool, /) -> None: ...

    @property
    def mismatched_aliases_hit(self) -> bool:
        """
        an uncached read may be served from a line of the cacheable linear alias
        """

    @mismatched_aliases_hit.setter
    def mismatched_aliases_hit(self, arg: bool, /) -> None: ...

    @property
    def coherent_in_vmalloc(self) -> bool:
        """
        behind the IOMMU, what is allocated with interrupts on lies in vmalloc space (dma-iommu on x86: AMD from 5.5, Intel from 5.11)
        """

    @coherent_in_vmalloc.setter
    def coherent_in_vmalloc(self, arg: bool, /) -> None: ...

    @property
    def devices(self) -> list[Device]: ...

    @devices.setter
    def devices(self, arg: Sequence[Device], /) -> None: ...

class PlatformField:
    """A field that a platform, or a device of one, has."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def attribute(self) -> str:
        """of the Platform, or of the Device"""

    @property
    def key(self) -> str:
        """
        in a platform file: the section and the name in it; of a device only the name
        """

    @property
    def values(self) -> str:
        """
        that a file may give: "32 64 128", "0 to 512", "": all; after a "!" one has to be given
        """

    @property
    def meaning(self) -> str: ...

    @property
    def value(self) -> object:
        """where a file does not give one"""

PLATFORM_FIELDS: tuple[PlatformField, ...]

DEVICE_FIELDS: tuple[PlatformField, ...]

class Label(enum.StrEnum):
    """The label of a program on one platform."""

    TN = 'TN'

    TP = 'TP'

    FN = 'FN'

    FP = 'FP'

    hazard = 'hazard'

    bookkeeping = 'bookkeeping'

    broken = 'broken'

class Justification(enum.StrEnum):
    """The verdict on a warning on one platform."""

    justified = 'justified'

    hazard = 'hazard'

    bookkeeping = 'bookkeeping'

    false = 'false'

    broken = 'broken'

class WarningId(enum.StrEnum):
    """
    dma-debug's warnings, and the ways in which a kernel's own code can break down.
    """

    unknown = 'unknown'

    free_invalid = 'free-invalid'

    free_unallocated = 'free-unallocated'

    free_size = 'free-size'

    free_wrong_function = 'free-wrong-function'

    free_cpu_address = 'free-cpu-address'

    free_sg_count = 'free-sg-count'

    free_direction = 'free-direction'

    free_unchecked = 'free-unchecked'

    free_attributes = 'free-attributes'

    sync_unallocated = 'sync-unallocated'

    sync_range = 'sync-range'

    sync_direction = 'sync-direction'

    sync_read_only_for_cpu = 'sync-read-only-for-cpu'

    sync_write_only_for_device = 'sync-write-only-for-device'

    sync_sg_count = 'sync-sg-count'

    map_stack = 'map-stack'

    map_text_rodata = 'map-text-rodata'

    map_invalid_area = 'map-invalid-area'

    map_vmalloc = 'map-vmalloc'

    sg_too_long = 'sg-too-long'

    sg_boundary = 'sg-boundary'

    line_overlap = 'line-overlap'

    overlap_beyond_7 = 'overlap>7'

    line_enomem = 'line-enomem'

    assert_idle = 'assert-idle'

    leak = 'leak'

    resource_ram = 'resource-ram'

    crash = 'crash'

    hang = 'hang'

    deadlock = 'deadlock'

class CorruptionKind(enum.StrEnum):
    """How data can be lost or mixed up."""

    stale_cpu_data = 'stale-cpu-data'

    lost_cpu_write = 'lost-cpu-write'

    clobbered = 'clobbered'

    stale_device_data = 'stale-device-data'

    foreign_device_data = 'foreign-device-data'

    stale_cpu_read = 'stale-cpu-read'

class HarmKind(enum.StrEnum):
    """Harms that are no corruption."""

    exposure = 'exposure'

    leak = 'leak'

    fault = 'fault'

    sleep_in_atomic = 'sleep-in-atomic'

    oops = 'oops'

    wrong_free = 'wrong-free'

class Rule(enum.StrEnum):
    """The rules of the DMA API's contract."""

    no_stack = 'no-stack'

    no_vmalloc = 'no-vmalloc'

    no_kernel_image = 'no-kernel-image'

    mask = 'mask'

    whole_lines = 'whole-lines'

    contiguous = 'contiguous'

    no_end_during_call = 'no-end-during-call'

    no_sharing = 'no-sharing'

    hands_off = 'hands-off'

    sync_before_read = 'sync-before-read'

    sync_after_write = 'sync-after-write'

    from_device_read_only = 'from-device-read-only'

    to_device_read_only = 'to-device-read-only'

    same_size = 'same-size'

    same_direction = 'same-direction'

    same_function = 'same-function'

    same_device = 'same-device'

    same_nents = 'same-nents'

    no_remap = 'no-remap'

    check_error = 'check-error'

    same_address = 'same-address'

    unmap_all = 'unmap-all'

    unmap_once = 'unmap-once'

    inside = 'inside'

    free_with_irqs_on = 'free-with-irqs-on'

    no_streaming_of_coherent = 'no-streaming-of-coherent'

    resource_is_mmio = 'resource-is-mmio'

    segment_limits = 'segment-limits'

    skip_sync_by_hand = 'skip-sync-by-hand'

    no_conflicting_overlap = 'no-conflicting-overlap'

    page_owner = 'page-owner'

class Reason(enum.StrEnum):
    """Why a tracker says nothing, or what it looked at when it spoke."""

    departs = 'departs'

    other_entry = 'other-entry'

    error_elsewhere = 'error-elsewhere'

    unknown_list = 'unknown-list'

    saturated_counter = 'saturated-counter'

    flagged_exempt = 'flagged-exempt'

    skip_exempt = 'skip-exempt'

    legal_overlap = 'legal-overlap'

    merged_list = 'merged-list'

    to_device_untracked = 'to-device-untracked'

    first_line_only = 'first-line-only'

    l1_lines_only = 'l1-lines-only'

    bounce_exempt = 'bounce-exempt'

    coherent_exempt = 'coherent-exempt'

    overlaps_untold = 'overlaps-untold'

    overlaps_untracked = 'overlaps-untracked'

    resources_untracked = 'resources-untracked'

    bidirectional_syncs = 'bidirectional-syncs'

    skip_uncompared = 'skip-uncompared'

    attributes_uncompared = 'attributes-uncompared'

    errors_untracked = 'errors-untracked'

    page_start_only = 'page-start-only'

    copy_unchecked = 'copy-unchecked'

    once_per_boot = 'once-per-boot'

    reserved_pages = 'reserved-pages'

    resource_unchecked = 'resource-unchecked'

    image_unrecognised = 'image-unrecognised'

    stack_unrecognised = 'stack-unrecognised'

    area_unchecked = 'area-unchecked'

    segments_unchecked = 'segments-unchecked'

    bus_unregistered = 'bus-unregistered'

    leaks_unchecked = 'leaks-unchecked'

    ownership_untracked = 'ownership-untracked'

    not_looked_at = 'not-looked-at'

    unknown = 'unknown'

    same_mapping = 'same-mapping'

    live_mapping = 'live-mapping'

    stale_mapping = 'stale-mapping'

    no_entry = 'no-entry'

    missed_entry = 'missed-entry'

class Warning:
    """A tracker's warning, fired by an operation."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def id(self) -> WarningId: ...

    @property
    def op(self) -> int:
        """the operation, by its number from 0"""

    @property
    def justification(self) -> Justification:
        """the verdict on it on this platform"""

    @property
    def hurts(self) -> str | None:
        """of a hazard: the platform on which what it covers is corrupt"""

    @property
    def reason(self) -> Reason | None:
        """
        what the entry that it was held against has to do with the call; None of a tracker that crashed
        """

    @property
    def mappings(self) -> tuple[int, ...]:
        """named by the call, or owners of an entry it is about"""

    @property
    def counted(self) -> bool:
        """in dma-debug's error_count"""

    @property
    def printed(self) -> bool:
        """
        by a kernel as shipped: by default it prints the first counted error, and what is not counted
        """

    @property
    def stops(self) -> bool:
        """
        with panic_on_warn the machine stops there, and what follows never happens
        """

    @property
    def entry_op(self) -> int | None:
        """the operation that made the entry it is about"""

    @property
    def line(self) -> int | None:
        """physical address of the cacheline, or page, that it is about"""

    @property
    def line_size(self) -> int:
        """in bytes; 0 if it is about none"""

    @property
    def text(self) -> str | None:
        """of a kernel's own code: its message, as printk's format"""

class Corruption:
    """Corruption of some bytes of a buffer, possible from an operation on."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def kind(self) -> CorruptionKind: ...

    @property
    def op(self) -> int:
        """the operation, by its number from 0"""

    @property
    def buffer(self) -> str:
        """
        "b0" to "b15", or "stack" for the live data around a buffer on the stack
        """

    @property
    def offset(self) -> int:
        """in the buffer, in bytes"""

    @property
    def size(self) -> int:
        """in bytes"""

    @property
    def reader(self) -> int | None:
        """of what a device may read: the mapping through which it may"""

    @property
    def explained(self) -> bool:
        """a warning covers it"""

    @property
    def reason(self) -> Reason | None:
        """why the tracker says nothing of it; None where it does"""

    @property
    def mappings(self) -> tuple[int, ...]:
        """those that share its cachelines"""

    @property
    def index(self) -> int:
        """among the corruptions of its judgement"""

class Harm:
    """
    A harm that is no corruption. An exposure has a range of a buffer, others may have a mapping.
    """

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def kind(self) -> HarmKind: ...

    @property
    def op(self) -> int:
        """the operation, by its number from 0"""

    @property
    def mapping(self) -> int | None: ...

    @property
    def buffer(self) -> str | None: ...

    @property
    def offset(self) -> int | None:
        """in the buffer, in bytes"""

    @property
    def size(self) -> int | None:
        """in bytes"""

class Breach:
    """
    A rule of the contract that the program breaks: the first operation that does.
    """

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def rule(self) -> Rule: ...

    @property
    def op(self) -> int:
        """the operation, by its number from 0"""

    @property
    def mapping(self) -> int | None:
        """the mapping it is about, if it is about one"""

class Via(enum.StrEnum):
    """How a device reaches the memory that is mapped."""

    direct = 'direct'

    slot = 'slot'

    nothing = 'nothing'

class Mapping:
    """What a mapping of a program is on this platform."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def number(self) -> int: ...

    @property
    def device(self) -> int: ...

    @property
    def direction(self) -> Direction: ...

    @property
    def failed(self) -> bool:
        """its map fails"""

    @property
    def error_checked(self) -> bool:
        """
        dma_mapping_error() is called for it in time; of a list: that it has 0 segments is noticed
        """

    @property
    def via(self) -> Via:
        """a bounce slot for any part of it counts for all"""

    @property
    def iommu(self) -> bool:
        """its DMA addresses are an IOMMU's"""

class Cost:
    """
    What a tracker does: lock acquisitions by lock, entries looked at, operations on the tree of active cachelines.
    """

    def __init__(self, bucket_locks: int = 0, tree_locks: int = 0, pool_locks: int = 0, other_locks: int = 0, lookup_steps: int = 0, tree_operations: int = 0, lockless_operations: int = 0) -> None: ...

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def bucket_locks(self) -> int:
        """of the hash's buckets"""

    @property
    def tree_locks(self) -> int:
        """radix_lock, one for the whole machine"""

    @property
    def pool_locks(self) -> int:
        """free_entries_lock"""

    @property
    def other_locks(self) -> int: ...

    @property
    def lookup_steps(self) -> int:
        """entries looked at"""

    @property
    def tree_operations(self) -> int:
        """under a lock"""

    @property
    def lockless_operations(self) -> int:
        """on the tree, without a lock"""

    def __add__(self, arg: Cost, /) -> Cost: ...

class Judgement:
    """One program, one tracker, one platform."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def platform(self) -> str:
        """its name"""

    @property
    def labels(self) -> tuple[Label, ...]: ...

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """in order of operations, each rule's first only"""

    @property
    def warnings(self) -> tuple[Warning, ...]:
        """in the order in which they fire"""

    @property
    def corruptions(self) -> tuple[Corruption, ...]: ...

    @property
    def harms(self) -> tuple[Harm, ...]: ...

    @property
    def ops(self) -> tuple[Op, ...]:
        """as carried out: the program's own, then its tidy-up"""

    @property
    def program_ops(self) -> int:
        """how many of them are the program's own"""

    @property
    def failed(self) -> tuple[int, ...]:
        """the mappings whose map fails on this platform"""

    @property
    def mappings(self) -> tuple[Mapping, ...]:
        """that the program makes, by their numbers"""

    @property
    def cost(self) -> Cost | None:
        """what the tracker did, if it counts"""

class HookKind(enum.StrEnum):
    """What the DMA API tells a tracker."""

    map_single_area = 'map_single_area'

    map_page = 'map_page'

    map_resource = 'map_resource'

    map_sg = 'map_sg'

    alloc_coherent = 'alloc_coherent'

    alloc_pages = 'alloc_pages'

    mapping_error = 'mapping_error'

    sync_for_cpu = 'sync_for_cpu'

    sync_for_device = 'sync_for_device'

    sync_sg_for_cpu = 'sync_sg_for_cpu'

    sync_sg_for_device = 'sync_sg_for_device'

    unmap_page = 'unmap_page'

    unmap_resource = 'unmap_resource'

    unmap_sg = 'unmap_sg'

    free_coherent = 'free_coherent'

    free_pages = 'free_pages'

    unbind = 'unbind'

    cow = 'cow'

class HookEntry:
    """A scatterlist entry as it stands when the hook runs."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def phys(self) -> int:
        """physical address"""

    @property
    def size(self) -> int:
        """the CPU's length, in bytes"""

    @property
    def dma(self) -> int:
        """DMA address"""

    @property
    def dma_size(self) -> int:
        """the DMA length, in bytes"""

class HookCall:
    """One call of the DMA API to its tracker."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def hook(self) -> HookKind: ...

    @property
    def op(self) -> int:
        """the operation that it belongs to, by its number from 0"""

    @property
    def cpu(self) -> int: ...

    @property
    def device(self) -> int: ...

    @property
    def mapping(self) -> int | None:
        """the one that the program names"""

    @property
    def dma(self) -> int:
        """DMA address; 0: none"""

    @property
    def phys(self) -> int:
        """physical address; 0: none"""

    @property
    def size(self) -> int:
        """in bytes"""

    @property
    def direction(self) -> Direction: ...

    @property
    def attrs(self) -> int:
        """a bit for each of ATTRS"""

    @property
    def mapped(self) -> int:
        """of map_sg: the DMA segments made"""

    @property
    def entries(self) -> tuple[HookEntry, ...]:
        """of calls with a scatterlist"""

class WitnessEvent(enum.StrEnum):
    """What a step of a witness does to the data."""

    drop = 'drop'

    write_back = 'write-back'

    write_back_and_drop = 'write-back-and-drop'

    fill = 'fill'

    cpu_write = 'cpu-write'

    cpu_write_beside = 'cpu-write-beside'

    device_write = 'device-write'

    device_write_coherent = 'device-write-coherent'

    device_write_beside = 'device-write-beside'

    wild_write = 'wild-write'

    wild_write_coherent = 'wild-write-coherent'

    written_elsewhere = 'written-elsewhere'

    cpu_dirty = 'cpu-dirty'

    dirty_past_cache = 'dirty-past-cache'

    dirtied_elsewhere = 'dirtied-elsewhere'

    clean = 'clean'

    invalidate = 'invalidate'

    clean_invalidate = 'clean-invalidate'

    hand_over = 'hand-over'

    hand_over_coherent = 'hand-over-coherent'

    give_up = 'give-up'

    wild_copy = 'wild-copy'

    foreign_copy = 'foreign-copy'

    post = 'post'

    posted_elsewhere = 'posted-elsewhere'

    posts_due = 'posts-due'

    become_foreign = 'become-foreign'

    born = 'born'

    copied = 'copied'

class PlaceKind(enum.StrEnum):
    """
    Where data is; a page is old or new once copy-on-write has brought another one.
    """

    memory = 'memory'

    old_page = 'old-page'

    new_page = 'new-page'

    slot = 'slot'

class Place:
    """Where data is, as it is called after some operation."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def kind(self) -> PlaceKind: ...

    @property
    def mapping(self) -> int | None:
        """whose slot it is"""

class WitnessStep:
    """
    A step of one behaviour that reaches a corruption. Places are called as they are after its operation.
    """

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def op(self) -> int:
        """the operation that takes it, or after which it is taken"""

    @property
    def event(self) -> WitnessEvent: ...

    @property
    def asked(self) -> bool:
        """the operation does it; else hardware, a device or a CPU, unasked"""

    @property
    def implied(self) -> bool:
        """the next step implies it or undoes it: a story leaves it out"""

    @property
    def place(self) -> Place:
        """where the data is after the step"""

    @property
    def before(self) -> Place | None:
        """where it was after the step before; None: this is the first"""

    @property
    def writer(self) -> int | None:
        """the mapping through which a device writes"""

    @property
    def into(self) -> Place | None:
        """
        where that device writes instead, if it is memory or a slot of these bytes
        """

class Signature:
    """Something that a program shows, and where."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def label(self) -> Label:
        """FN, FP, hazard or broken"""

    @property
    def kind(self) -> str:
        """of the corruption of an FN, the warning of the others"""

    @property
    def reason(self) -> str:
        """the tracker's; "" of one that crashed"""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """of the contract, that the program breaks there"""

    @property
    def platforms(self) -> int:
        """by their places on the portfolio, a bit each"""

class Minimized:
    """A 1-minimal program."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def ops(self) -> tuple[Op, ...]: ...

    @property
    def reason(self) -> str:
        """the tracker's; "" of one that crashed"""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """of the contract, that the program breaks"""

    @property
    def tried(self) -> int:
        """programs judged on the way"""

class BuiltinTracker:
    """A tracker that is built in."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str:
        """"era", "proposal" or "canary\""""

    @property
    def year(self) -> int | None: ...

    @property
    def changed(self) -> str:
        """since the era before, or the era that it was made for"""

    @property
    def base(self) -> str:
        """of a proposal or a canary: the era that it changes; "" of others"""

    @property
    def vendor(self) -> bool:
        """of one distribution: its number stands for no other kernel"""

def trackers() -> list[BuiltinTracker]:
    """
    All trackers that are built in: newest era first, then proposals, then canaries.
    """

def newest_kernel() -> str:
    """The last kernel that the newest era is known to be right for."""

def what_ifs() -> list[tuple[str, str]]:
    """
    Changes of one rule that a tracker's name may ask for, as ERA+NAME: (name, what the tracker lacks without it).
    """

def reasons() -> list[tuple[Reason, str, str]]:
    """
    Why a tracker is silent, or which entry its check used: (name, sentence, the changed rule with which it would warn).
    """

def rules() -> list[tuple[Rule, str]]:
    """The contract's rules: id and text."""

class Judge:
    """Judges programs: one tracker, the platforms of a portfolio."""

    def __init__(self, tracker: str, portfolio: Sequence[Platform]) -> None: ...

    def judge_mapped_memory_only(self) -> None:
        """
        From the next program on: memory that nothing maps holds nothing that matters.
        """

    def judge(self, ops: Sequence[Op], platform: int) -> Judgement:
        """The judgement on the portfolio's platform of that index."""

    def judge_all(self, ops: Sequence[Op]) -> list[Judgement]:
        """
        The judgements on all platforms of the portfolio, in order: worked out together.
        """

    def signatures(self, ops: Sequence[Op]) -> list[Signature]:
        """What the program shows on the portfolio."""

    def signatures_on(self, ops: Sequence[Op], platform: int) -> list[tuple[Label, str, str]]:
        """What there is to find on one platform: (label, kind, reason) each."""

    def outcomes(self, ops: Sequence[Op]) -> list[tuple[list[Label], list[tuple[Label, str, str]]]]:
        """
        The program's result on each platform, in order, worked out together: its labels and signatures.
        """

    def platforms_with(self, ops: Sequence[Op], labels: Sequence[Label]) -> int:
        """
        Where the program has any of some labels: platforms by their places on the portfolio, a bit each.
        """

    def minimize(self, ops: Sequence[Op], platform: int, label: str, kind: str, reason: str | None = None, written: bool = False) -> Minimized:
        """
        The 1-minimal program that still shows it. `written`: a user's program, so that it keeps what it is about.
        """

    def witness(self, ops: Sequence[Op], platform: int, corruption: int) -> list[WitnessStep]:
        """One behaviour that reaches a corruption (its index in the judgement)."""

    def cost(self, ops: Sequence[Op], platform: int) -> Cost | None:
        """What the program costs the tracker there; None if it does not say."""

    def hooks(self, ops: Sequence[Op], platform: int) -> list[HookCall]:
        """The hook calls that the program makes there."""

class StepKind(enum.StrEnum):
    """What an operation does to memory and to ownership."""

    alloc = 'alloc'

    appear = 'appear'

    die = 'die'

    move = 'move'

    cpu_read = 'cpu-read'

    cpu_write = 'cpu-write'

    cpu_dirty = 'cpu-dirty'

    begin = 'begin'

    told = 'told'

    end = 'end'

    to_device = 'to-device'

    to_cpu = 'to-cpu'

    maintain = 'maintain'

    maintain_slot = 'maintain-slot'

    copy_in = 'copy-in'

    copy_back = 'copy-back'

    slot_gone = 'slot-gone'

    cut_off = 'cut-off'

    redirect = 'redirect'

    stray_copy = 'stray-copy'

    not_theirs = 'not-theirs'

    device_write = 'device-write'

    device_post = 'device-post'

    device_read = 'device-read'

    wild_memory = 'wild-memory'

    wild_slot = 'wild-slot'

    fault = 'fault'

    sleep = 'sleep'

    oops = 'oops'

    wrong_free = 'wrong-free'

    settle = 'settle'

class Extent:
    """Physical memory that holds part of a buffer, for a time."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def buffer(self) -> int: ...

    @property
    def offset(self) -> int:
        """in the buffer, in bytes"""

    @property
    def size(self) -> int:
        """in bytes"""

    @property
    def phys(self) -> int:
        """physical address"""

    @property
    def first(self) -> bool:
        """where it was born; False: moved there by copy-on-write"""

class Piece:
    """A contiguous part of a mapping: all of it, or one scatterlist entry."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def mapping(self) -> int: ...

    @property
    def buffer(self) -> int: ...

    @property
    def direction(self) -> Direction: ...

    @property
    def via(self) -> Via: ...

    @property
    def joint(self) -> bool:
        """of a coherent allocation: CPU and device own it together"""

    @property
    def offset(self) -> int:
        """in the buffer, in bytes"""

    @property
    def size(self) -> int:
        """in bytes"""

    @property
    def phys(self) -> int:
        """physical address of its first byte when it was mapped"""

class Step:
    """A step of an operation."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def kind(self) -> StepKind: ...

    @property
    def op(self) -> int:
        """the operation, by its number from 0"""

    @property
    def buffer(self) -> int: ...

    @property
    def piece(self) -> int:
        """its place among the pieces"""

    @property
    def offset(self) -> int:
        """in the buffer, or the piece, in bytes"""

    @property
    def size(self) -> int:
        """in bytes"""

class Run:
    """What a machine does with a program."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def ops(self) -> tuple[Op, ...]:
        """as carried out, tidy-up included"""

    @property
    def extents(self) -> tuple[Extent, ...]: ...

    @property
    def pieces(self) -> tuple[Piece, ...]: ...

    @property
    def steps(self) -> tuple[Step, ...]:
        """those that decide what memory should hold, and who may touch it"""

class Stretch:
    """Bytes that lie together."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def offset(self) -> int:
        """of the first"""

    @property
    def size(self) -> int:
        """in bytes"""

class DeviceView:
    """Bytes of a buffer that a device reaches through a mapping."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def mapping(self) -> int: ...

    @property
    def buffer(self) -> int: ...

    @property
    def start(self) -> int:
        """in the mapping, in bytes"""

    @property
    def offset(self) -> int:
        """in the buffer, in bytes"""

    @property
    def size(self) -> int:
        """in bytes"""

class IdealMemory:
    """
    What every byte of a program's buffers should hold on a machine that loses nothing, and who may look at it or write it: fed with a run's steps, one operation at a time. Offsets and sizes in bytes, of buffers unless it says otherwise; what is written are tags, from 0 to 255.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None: ...

    def born(self, buffer: int, content: bytes, image: bool = False) -> None:
        """
        A buffer that holds this from now on; image: of the kernel's text or rodata, which nobody writes.
        """

    def step(self, step: Step, tag: int) -> None:
        """A step of a run; tag: what its operation writes."""

    def write(self, buffer: int, offset: int, size: int, tag: int) -> None:
        """A CPU writes, unasked."""

    def device_write(self, mapping: int, buffer: int, offset: int, size: int, tag: int) -> list[Stretch]:
        """
        A well-behaved device writes what it owns of a range; what of its mapping that is.
        """

    def buffers(self) -> list[int]:
        """Those that live."""

    def content(self, buffer: int, offset: int, size: int) -> bytes: ...

    def expected(self, buffer: int, offset: int, size: int) -> list[Stretch]:
        """
        The parts of a range of which something in particular is expected, whoever looks.
        """

    def readable(self, buffer: int) -> list[Stretch]:
        """What the CPU may read, and of which something is expected."""

    def unmapped(self, buffer: int) -> list[Stretch]:
        """Where no live mapping is: the CPU may write there unasked."""

    def views(self, mapping: int, buffer: int, offset: int, size: int) -> list[DeviceView]:
        """What the device of a mapping may read of a range, and must see."""

    def may_read(self) -> list[DeviceView]:
        """What devices may read, and must see."""

    def may_write(self) -> list[DeviceView]:
        """What devices may write."""

    def asked(self, mapping: int, offset: int, size: int) -> DeviceView | None:
        """
        What a device's line that reads names of one entry, of the last one past the mapping's end too, up to the first byte that it need not see; None if its device may not read.
        """

class Layout:
    """Where kinds of memory begin: physical addresses."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def text(self) -> int: ...

    @property
    def rodata(self) -> int: ...

    @property
    def stacks(self) -> int: ...

    @property
    def stack_bytes(self) -> int:
        """of each CPU's stack"""

    @property
    def pages(self) -> int: ...

    @property
    def high(self) -> int: ...

LAYOUT: Layout = ...

def run(judge: Judge, ops: Sequence[Op], platform: int) -> Run:
    """What the machine does with the program there."""

class LineState(enum.StrEnum):
    """What is cached of a place."""

    absent = 'absent'

    clean = 'clean'

    dirty = 'dirty'

class Flag(enum.StrEnum):
    """What a copy's content is, beside what was last written."""

    fresh = 'fresh'

    lagging = 'lagging'

    stale = 'stale'

    foreign = 'foreign'

    wild = 'wild'

    posted = 'posted'

class Owner(enum.StrEnum):
    """Who owns the bytes of a mapping."""

    cpu = 'cpu'

    device = 'device'

    both = 'both'

class Actor(enum.StrEnum):
    """Who takes a step: an operation of the program, or somebody unasked."""

    program = 'program'

    hardware = 'hardware'

    cpu = 'cpu'

    device = 'device'

class CopyState:
    """
    A copy of the bytes at one moment: a place, with the cacheline over it.
    """

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def copy(self) -> int:
        """which one, the same at all moments"""

    @property
    def place(self) -> Place: ...

    @property
    def line(self) -> LineState | None:
        """None: a coherent device's slot, which is seen as one"""

    @property
    def memory(self) -> Flag:
        """what is in the place itself"""

    @property
    def cached(self) -> Flag | None:
        """what is in the cacheline, where it is present"""

class CopyChange:
    """What a step does to a copy."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def event(self) -> WitnessEvent: ...

    @property
    def copy(self) -> int: ...

    @property
    def place(self) -> Place: ...

    @property
    def source(self) -> Place | None:
        """of what is copied there"""

class Ownership:
    """Who owns the bytes, as far as one live mapping of them is concerned."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def mapping(self) -> int: ...

    @property
    def owner(self) -> Owner: ...

class Moment:
    """
    A step of a shortest behaviour that reaches a corruption, and the state of all copies of the bytes after it.
    """

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def op(self) -> int:
        """the operation that takes it, or after which it is taken"""

    @property
    def actor(self) -> Actor: ...

    @property
    def writer(self) -> int | None:
        """the mapping through which a device writes, unasked"""

    @property
    def changes(self) -> tuple[CopyChange, ...]:
        """what the step does to copies"""

    @property
    def copies(self) -> tuple[CopyState, ...]:
        """those that there are after it"""

    @property
    def given_up(self) -> bool:
        """no content is expected of the bytes"""

    @property
    def owners(self) -> tuple[Ownership, ...]:
        """by live mappings of the bytes"""

class TrackedEntry:
    """A live entry of dma-debug."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def mapping(self) -> int | None: ...

    @property
    def op(self) -> int:
        """the operation that made it"""

    @property
    def device(self) -> int: ...

    @property
    def dma(self) -> int:
        """DMA address"""

    @property
    def phys(self) -> int:
        """physical address"""

    @property
    def size(self) -> int:
        """in bytes"""

    @property
    def direction(self) -> Direction: ...

    @property
    def type(self) -> str: ...

    @property
    def active(self) -> bool:
        """its cachelines are among the active ones"""

    @property
    def unchecked(self) -> bool:
        """dma_mapping_error() is still to be called for it"""

def behaviour(judge: Judge, ops: Sequence[Op], platform: int, corruption: int) -> list[Moment]:
    """
    A shortest behaviour that reaches a corruption (its index in the judgement): fewest unasked steps. Empty if looking for one takes too long.
    """

def asked_course(judge: Judge, ops: Sequence[Op], platform: int, mapping: int) -> list[Moment]:
    """
    What the operations alone, tidy-up included, do to the first bytes of a mapping; empty if it covers none.
    """

def tracked_entries(judge: Judge, ops: Sequence[Op], platform: int) -> list[list[TrackedEntry]]:
    """
    The tracker's live entries after each operation; empty for a tracker that cannot be looked into.
    """

class AutomatonStats:
    """The automaton that all programs of a process share."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def states(self) -> int:
        """as of now"""

    @property
    def transitions(self) -> int:
        """as of now"""

    @property
    def hits(self) -> int:
        """look-ups that were known"""

    @property
    def misses(self) -> int:
        """look-ups that were not"""

    @property
    def drops(self) -> int:
        """how often all was forgotten, for want of room"""

    @property
    def bytes(self) -> int: ...

class WalkDifference:
    """A program on which two walks of the simulator differ."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def ops(self) -> tuple[Op, ...]: ...

    @property
    def platform(self) -> int:
        """by its place among the platforms"""

class WalkComparison:
    """What two walks of the simulator over the same programs found."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def programs(self) -> int: ...

    @property
    def corruptions(self) -> int:
        """that both found"""

    @property
    def harms(self) -> int:
        """that both found"""

    @property
    def transitions(self) -> int:
        """that both found"""

    @property
    def automaton(self) -> AutomatonStats: ...

    @property
    def differences(self) -> tuple[WalkDifference, ...]:
        """at most as many as asked for"""

class TrackerDifference:
    """A minimal program on which two trackers differ."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def ops(self) -> tuple[Op, ...]: ...

    @property
    def platform(self) -> int:
        """by its place among the platforms"""

class Given:
    """How often a warning was given of mappings that one call made."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def warning(self) -> WarningId: ...

    @property
    def made_by(self) -> str:
        """the call's name; "": the warning names no mapping"""

    @property
    def count(self) -> int: ...

class TrackerComparison:
    """What two trackers say of the same programs."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def programs(self) -> int: ...

    @property
    def differing(self) -> int:
        """programs on which they differ"""

    @property
    def warnings(self) -> int:
        """that both gave"""

    @property
    def by_map(self) -> tuple[Given, ...]:
        """of these, by the call that made the mapping"""

    @property
    def differences(self) -> tuple[TrackerDifference, ...]:
        """at most as many as asked for"""

class Finding:
    """A program that shows something, on the platform on which it was found."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def label(self) -> Label:
        """FN, FP, hazard or broken"""

    @property
    def kind(self) -> str:
        """of the corruption of an FN, the warning of the others"""

    @property
    def reason(self) -> str:
        """the tracker's; "" of one that crashed"""

    @property
    def platform(self) -> str:
        """its name"""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """of the contract, that the program breaks there"""

    @property
    def ops(self) -> tuple[Op, ...]:
        """minimal"""

    @property
    def original(self) -> tuple[Op, ...]:
        """the program in which it was found"""

class EngineStats:
    """How an engine is doing."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def programs(self) -> int:
        """judged"""

    @property
    def operations(self) -> int:
        """of all of them"""

    @property
    def repeated(self) -> int:
        """made once more, but for their names, and not judged again"""

    @property
    def novel(self) -> int: ...

    @property
    def minimized(self) -> int: ...

    @property
    def corpus(self) -> int: ...

    @property
    def coverage(self) -> int:
        """cells of the map that are not empty"""

    @property
    def waiting(self) -> int:
        """novel programs not yet judged on the whole portfolio"""

    @property
    def leads(self) -> int:
        """what short programs show and has not been followed"""

    @property
    def followed(self) -> int: ...

    @property
    def automaton(self) -> AutomatonStats: ...

WANTED_MAX: int = 64

class CauseProbe:
    """
    Looks for known causes while programs are judged; keeps what it counts and sees in a file.
    """

    def __init__(self, causes: Sequence[tuple[str, str, Sequence[str], Sequence[OpKind], Sequence[str]]], board: str, count_distinct: bool = False, signatures: str = '') -> None:
        """
        `count_distinct`: programs that differ after renaming, too. `signatures`: a file for the first programs that show each signature.
        """

def platform_of(program: bytes, platforms: int) -> int:
    """
    Where an engine judges a program first: the index of one of so many platforms.
    """

class Subject:
    """
    The core as others drive it: one program after the other, without feedback.
    """

    def __init__(self, tracker: str, portfolio: Sequence[Platform], probe: CauseProbe) -> None: ...

    def run(self, program: bytes) -> None: ...

    def roam(self, uniform: bool, seed: int, ops_limit: int, milliseconds: int) -> None:
        """
        Random programs for that long: uniform ones, or those of the engine's own generator.
        """

COVERAGE_CELLS: int = 65536

class Engine:
    """
    The native loop: a corpus of programs, mutation, judging, findings. Programs are records (bytes).
    """

    def __init__(self, tracker: str, portfolio: Sequence[Platform], seed: int = 0, ops_limit: int = 24, repeatable: bool = False, part: int = 0, parts: int = 1) -> None:
        """
        Repeatable: the same seed and calls give the same findings; the shares of its work are not timed. `part` of `parts` engines, which share the short programs that all of them would go through.
        """

    def record_to(self, path: bytes) -> None:
        """
        Keeps the current input in that file (os.fsencode of its path): a parent reads there which program a dead worker died on.
        """

    def add(self, program: bytes) -> bool:
        """True if the program shows anything new."""

    def run(self, program: bytes) -> bool:
        """Leaves the program's marks in the coverage map."""

    def burst(self, children: int, milliseconds: int = 50) -> int:
        """Up to so many mutants, for about so long; how many were novel."""

    def take_novel(self) -> list[bytes]:
        """The novel programs since the last call, but for those that were added."""

    def take_findings(self, finish: bool = False) -> list[Finding]:
        """Findings since the last call, minimized, one for each cause."""

    def stats(self) -> EngineStats: ...

    def look_with(self, probe: CauseProbe) -> None:
        """Shows all that is judged from now on to the probe."""

    def register_counters(self, module_path: str) -> None:
        """
        Registers the engine's coverage map with the libFuzzer in a loaded extension module.
        """

    def drive_libfuzzer(self, children: int, milliseconds: int) -> None:
        """Makes libFuzzer's custom mutator run bursts of this engine."""

def expose_mutator() -> None:
    """Shows libFuzzer the core's mutator; before atheris is imported."""

def seconds_a_program(tracker: str, platform: Platform, programs: Sequence[Sequence[Op]], rounds: int) -> float:
    """Seconds a program in the bare loop."""

def stage_costs(tracker: str, platform: Platform, ops: int, programs: int, seed: int) -> tuple[float, list[tuple[str, float]]]:
    """
    Operations of a program on average, and for each stage the seconds a program, with all stages before it.
    """

def clean_hooks_cost(tracker: str, platform: Platform, programs: int) -> float:
    """
    Seconds that a tracker alone takes for 24 hook calls that it has nothing to say about.
    """

def portfolio_costs(tracker: str, portfolio: Sequence[Platform], ops: int, programs: int, seed: int) -> tuple[float, float]:
    """
    Seconds a program: judged on one platform, on average over the portfolio, and on all of them.
    """

def automaton_stats() -> AutomatonStats:
    """Of the automaton that all programs of this process share."""

def random_program(seed: int, ops: int) -> list[Op]:
    """A valid random program of about that many operations."""

def mutant(ops: Sequence[Op], other: Sequence[Op], seed: int, ops_limit: int) -> list[Op]:
    """
    A valid program made of one by a few changes, some of them with lines of another one.
    """

def neighbours(ops: Sequence[Op], ops_limit: int) -> list[list[Op]]:
    """
    The valid programs one line or one argument away from a valid one, of at most `ops_limit` operations.
    """

def other_layouts(ops: Sequence[Op]) -> list[list[Op]]:
    """
    The same program with other sizes and offsets, and more room in its buffers.
    """

AUTOMATON_BYTES: int = 67108864

def departures(code: str, models: Sequence[str], platforms: Sequence[Platform], programs_each: int, seed: int = 0, ops: int = 24) -> tuple[int, list[int]]:
    """
    Random programs, as many on each platform: how many, and on how many the code warns otherwise than each of the models.
    """

def compare_walks(platforms: Sequence[Platform], programs: int, seed: int = 0, ops: int = 24, automaton_bytes: int = 67108864, differences_max: int = 10) -> WalkComparison:
    """
    The simulator's look-ups against the sets themselves on random programs.
    """

def compare_trackers(a: str, b: str, platforms: Sequence[Platform], programs: int, seed: int = 0, ops: int = 24, differences_max: int = 10, costs: bool = False, about: bool = False) -> TrackerComparison:
    """Two trackers on random programs."""

class RepairKind(enum.StrEnum):
    """
    What a step towards a right program changes, in the order in which repairs are shown.
    """

    check_error = 'check-error'

    arguments = 'arguments'

    function = 'function'

    narrow = 'narrow'

    insert = 'insert'

    around = 'around'

    no_skip = 'no-skip'

    move = 'move'

    apart = 'apart'

    enlarge = 'enlarge'

    memory = 'memory'

    widen = 'widen'

    remove = 'remove'

class RepairStep:
    """A program one change away from another one, towards what is right."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def kind(self) -> RepairKind: ...

    @property
    def line(self) -> int:
        """
        that is changed, moved or removed; of an insertion its number afterwards; from 0
        """

    @property
    def place(self) -> int:
        """of a move: its number afterwards; otherwise as `line`"""

    @property
    def ops(self) -> tuple[Op, ...]: ...

def repair_steps(ops: Sequence[Op]) -> list[RepairStep]:
    """
    What a driver's author may change about a program, one change at a time; whether it helps is not asked.
    """

def everyday_layouts(ops: Sequence[Op]) -> list[list[Op]]:
    """
    The same program with sizes and offsets that drivers use, those that change most of them first.
    """

class Threads:
    """What of a program runs by itself."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def names(self) -> tuple[str, ...]:
        """of its CPUs, and of the devices that have lines of their own"""

    @property
    def steps(self) -> int: ...

    @property
    def lines(self) -> int:
        """without split calls"""

    @property
    def calls(self) -> int:
        """that can be split"""

class ScheduleCount:
    """How many schedules a program has within a bound."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def complete(self) -> bool:
        """False where there are too many to count"""

    @property
    def schedules(self) -> tuple[int, ...]:
        """by the preemptions that they take, from 0"""

    @property
    def dropped(self) -> int:
        """
        orders that lead to a point where no thread can go on, say after a buffer was freed that another CPU still has to use
        """

    @property
    def total(self) -> int:
        """schedules, whatever preemptions they take"""

class Switch:
    """Where a schedule goes from one CPU or device to another."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def line(self) -> int:
        """of the schedule's program, from 0: the first one of the other"""

    @property
    def leaves(self) -> str: ...

    @property
    def enters(self) -> str: ...

    @property
    def preempts(self) -> bool:
        """the one it leaves could have gone on"""

    @property
    def inside_call(self) -> bool:
        """it is between the halves of a call"""

class Schedule:
    """
    One order of a program's steps, as a program: calls are split only where something runs in between.
    """

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def ops(self) -> tuple[Op, ...]: ...

    @property
    def preemptions(self) -> int: ...

    @property
    def switches(self) -> tuple[Switch, ...]: ...

class SightCounts:
    """
    A label, of one kind or of any, on one platform or on any of those asked about, over all schedules.
    """

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def platform(self) -> str | None:
        """its name; None: any"""

    @property
    def label(self) -> Label: ...

    @property
    def kind(self) -> str | None:
        """None: any"""

    @property
    def shown(self) -> tuple[int, ...]:
        """schedules within the bound that show it, by their preemptions"""

    @property
    def written(self) -> bool:
        """the order as written shows it"""

    @property
    def shows(self) -> Schedule | None:
        """
        the first schedule that does: by fewest preemptions, then switches, then split calls
        """

    @property
    def hides(self) -> Schedule | None:
        """the first schedule that does not"""

class Exploration:
    """What came of all schedules of a program within a bound."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def counted(self) -> ScheduleCount: ...

    @property
    def judged(self) -> int:
        """schedules that stood for all"""

    @property
    def written(self) -> Schedule:
        """the order as written, judged even where it is beyond the bound"""

    @property
    def counts_by_sight(self) -> tuple[SightCounts, ...]:
        """of what shows at all"""

def threads(ops: Sequence[Op]) -> Threads:
    """What of a program runs by itself."""

def count_schedules(ops: Sequence[Op], preemptions: int) -> ScheduleCount:
    """How many schedules there are, without judging any."""

def explore(judge: Judge, ops: Sequence[Op], preemptions: int, platforms: Sequence[int], merge_from: int = 16, progress: Callable[[int], object] | None = None) -> Exploration:
    """
    Judges every schedule within the bound. `progress` is called, now and then, with the number settled. Prefixes of the same state are taken for one where at least `merge_from` schedules go on from each; 0: nowhere.
    """

MERGE_FROM: int = 16

class SmallestProgram:
    """The smallest program that shows something on some platforms."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def order(self) -> tuple[int, ...]:
        """
        as `order_of` has it, then the letters, each by its place in `successors` (of the program as it is with d0 named first), then 1 if the devices are exchanged, else 0
        """

    @property
    def records(self) -> bytes:
        """the program, encoded"""

    @property
    def platforms(self) -> int:
        """by their places on the portfolio, a bit each"""

class Cause:
    """
    All programs that show the same, breaking the same rules, for the same reason of the tracker's.
    """

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def label(self) -> Label:
        """FN, FP, hazard or broken"""

    @property
    def kind(self) -> str:
        """of the corruption of an FN, the warning of the others"""

    @property
    def reason(self) -> str:
        """the tracker's; "" of one that crashed"""

    @property
    def rules(self) -> tuple[Rule, ...]: ...

    @property
    def platforms(self) -> int:
        """by their places on the portfolio, a bit each"""

    @property
    def count(self) -> int:
        """programs"""

    @property
    def on_platform(self) -> tuple[int, ...]:
        """of these, those that show it on each platform"""

    @property
    def smallest(self) -> tuple[SmallestProgram, ...]: ...

class Harvest:
    """What a part of the exhaustive search has found."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def programs(self) -> int: ...

    @property
    def labels(self) -> tuple[dict[Label, int], ...]:
        """by platform: how many programs have each label"""

    @property
    def causes(self) -> tuple[Cause, ...]: ...

class ChangedCause:
    """
    What programs show on one of two trackers alone; TP: a warning that is justified.
    """

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def gained(self) -> bool:
        """on the second tracker; else on the first"""

    @property
    def cause(self) -> Cause: ...

class SideBySide:
    """What a part of the exhaustive search has found on two trackers."""

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def first(self) -> Harvest: ...

    @property
    def second(self) -> Harvest: ...

    @property
    def changes(self) -> tuple[ChangedCause, ...]: ...

    @property
    def moves(self) -> tuple[dict[tuple[tuple[Label, ...], tuple[Label, ...]], int], ...]:
        """
        by platform: programs, by their labels on the first tracker and on the second
        """

def order_of(ops: Sequence[Op]) -> tuple[int, ...]:
    """
    What comes before the text in the order of programs: operations, CPUs, split calls, devices, buffers, sizes and offsets.
    """

ALPHABET: list[str]

def successors(ops: Sequence[Op], cpus: int, devices: int) -> list[Op]:
    """The operations of the alphabet that can follow a program of it."""

class Walk:
    """
    The walk through all programs up to some length; see core/exhaustive/walk.hpp.
    """

    def __init__(self, tracker: str, platforms: Sequence[Platform], cpus: int, devices: int, beside: str = '') -> None:
        """`beside`: a second tracker, walked with the first."""

    @property
    def length(self) -> int: ...

    @property
    def size(self) -> int: ...

    @property
    def merged(self) -> int: ...

    def pairs(self, start: int, stop: int) -> int:
        """
        How many pairs of a state and a letter there are in a part of the last layer.
        """

    def part(self, start: int, stop: int) -> Walk:
        """
        A walk that begins with a part of the last layer and goes on by itself. This one must not grow meanwhile.
        """

    def programs_after(self, start: int, stop: int) -> int:
        """
        How many programs of one more operation the states of a part stand for.
        """

    def program(self, index: int) -> list[Op]: ...

    def turn(self) -> None: ...

class Expander:
    """Carries out and judges what follows a part of a walk's last layer."""

    def __init__(self, walk: Walk) -> None: ...

    def survey(self, start: int, stop: int) -> None: ...

    def extend(self, walk: Walk, start: int, stop: int) -> None: ...

    @property
    def carried_out(self) -> int: ...

    def harvest(self) -> Harvest: ...

    def harvest_both(self) -> SideBySide:
        """Of a walk with a second tracker: what both have found."""

class Change:
    """
    What a program shows on one of two trackers alone. TP: a warning that is justified.
    """

    def __eq__(self, other: object, /) -> bool: ...

    def __hash__(self) -> int: ...

    def __repr__(self) -> str: ...

    @property
    def gained(self) -> bool:
        """on the second tracker; else on the first"""

    @property
    def label(self) -> Label: ...

    @property
    def kind(self) -> str:
        """of the corruption of an FN, the warning of the others"""

    @property
    def reason(self) -> str:
        """of the tracker that shows it; "": there is none"""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """of the contract, that the program breaks"""

    @property
    def platforms(self) -> int:
        """by their places on the portfolio, a bit each"""

    @property
    def ops(self) -> tuple[Op, ...]:
        """minimal, where that was asked for"""

    @property
    def original(self) -> tuple[Op, ...]:
        """what it was made of"""

class PairJudge:
    """
    Two trackers side by side, on one portfolio; machine and simulator run once.
    """

    def __init__(self, first: str, second: str, portfolio: Sequence[Platform]) -> None: ...

    def changes(self, ops: Sequence[Op]) -> list[Change]:
        """What one of the two shows alone; each once, with its platforms."""

    def minimize(self, ops: Sequence[Op], platform: int, gained: bool, label: str, kind: str, reason: str) -> Change:
        """
        The smallest program around that still shows that change on the platform, breaking no other rule.
        """

class Hunt:
    """
    Looks for programs on which two trackers differ; see core/review/hunt.hpp.
    """

    def __init__(self, first: str, second: str, portfolio: Sequence[Platform], seed: int = 0, ops_limit: int = 24) -> None: ...

    def add(self, ops: Sequence[Op]) -> None:
        """One program, on the whole portfolio."""

    def burst(self, milliseconds: int) -> None:
        """Mutants and random programs, for about so long."""

    def take(self) -> list[Change]:
        """
        Changes found since the last call: each signature once, with a minimal program.
        """

    @property
    def programs(self) -> int: ...

    @property
    def differing(self) -> int: ...

    @property
    def corpus(self) -> int: ...

def is_tracker(name: str) -> bool:
    """
    Whether the core knows a tracker of that name: ERA+CHANGE, say, with a change that changes anything.
    """

def call_costs(tracker: str, programs: Sequence[Sequence[Op]], platform: Platform) -> dict[HookKind, tuple[int, Cost]]:
    """
    By kind of call: how many the programs have on the platform, and what they cost the tracker in all.
    """
