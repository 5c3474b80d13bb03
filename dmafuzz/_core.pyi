# The native core's interface, as nanobind's stubgen writes it, with the element types that it cannot know.
import builtins
from typing import Any, ClassVar
"""
The core of dmafuzz: programs, machine, simulator, tracker, judge, search and schedules.
"""

from collections.abc import Callable, Sequence
import enum


BUFFER_BYTES_MAX: int = 524288

PAGE_BYTES: int = 4096

CPUS_MAX: int = 4

DEVICES_MAX: int = 4

BUFFERS_MAX: int = 16

MAPPINGS_MAX: int = 32

OPS_MAX: int = 64

RECORD_BYTES: int = 64

ATTRS: tuple[str, ...] = ...

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
    """One scatter list entry; offset and size in bytes."""

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

    def __eq__(self, arg: object, /) -> bool: ...

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

    def __eq__(self, arg: object, /) -> bool: ...

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
        """scatter list entry, or -1"""

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
    def coherent(self) -> bool: ...

    @coherent.setter
    def coherent(self, arg: bool, /) -> None: ...

    @property
    def mask_bits(self) -> int: ...

    @mask_bits.setter
    def mask_bits(self, arg: int, /) -> None: ...

    @property
    def pci(self) -> bool: ...

    @pci.setter
    def pci(self, arg: bool, /) -> None: ...

    @property
    def iommu(self) -> bool: ...

    @iommu.setter
    def iommu(self, arg: bool, /) -> None: ...

    @property
    def segment_max(self) -> int: ...

    @segment_max.setter
    def segment_max(self, arg: int, /) -> None: ...

    @property
    def segment_boundary(self) -> int: ...

    @segment_boundary.setter
    def segment_boundary(self, arg: int, /) -> None: ...

    @property
    def truncates(self) -> bool: ...

    @truncates.setter
    def truncates(self, arg: bool, /) -> None: ...

    @property
    def wraps(self) -> bool: ...

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
    def line(self) -> int: ...

    @line.setter
    def line(self, arg: int, /) -> None: ...

    @property
    def l1_line(self) -> int: ...

    @l1_line.setter
    def l1_line(self, arg: int, /) -> None: ...

    @property
    def dma_alignment(self) -> int: ...

    @dma_alignment.setter
    def dma_alignment(self, arg: int, /) -> None: ...

    @property
    def dma_alignment_min(self) -> int: ...

    @dma_alignment_min.setter
    def dma_alignment_min(self, arg: int, /) -> None: ...

    @property
    def kmalloc_alignment(self) -> int: ...

    @kmalloc_alignment.setter
    def kmalloc_alignment(self, arg: int, /) -> None: ...

    @property
    def speculates(self) -> bool: ...

    @speculates.setter
    def speculates(self, arg: bool, /) -> None: ...

    @property
    def edges(self) -> Edges: ...

    @edges.setter
    def edges(self, arg: Edges, /) -> None: ...

    @property
    def for_device(self) -> list[Maintenance]: ...

    @for_device.setter
    def for_device(self, arg: Sequence[Maintenance], /) -> None: ...

    @property
    def for_cpu(self) -> list[Maintenance]: ...

    @for_cpu.setter
    def for_cpu(self, arg: Sequence[Maintenance], /) -> None: ...

    @property
    def bounce_slots(self) -> int: ...

    @bounce_slots.setter
    def bounce_slots(self, arg: int, /) -> None: ...

    @property
    def bounce_pool(self) -> bool: ...

    @bounce_pool.setter
    def bounce_pool(self, arg: bool, /) -> None: ...

    @property
    def bounce_always(self) -> bool: ...

    @bounce_always.setter
    def bounce_always(self, arg: bool, /) -> None: ...

    @property
    def bounce_unaligned(self) -> bool: ...

    @bounce_unaligned.setter
    def bounce_unaligned(self, arg: bool, /) -> None: ...

    @property
    def copy_in_from_device(self) -> bool: ...

    @copy_in_from_device.setter
    def copy_in_from_device(self, arg: bool, /) -> None: ...

    @property
    def sync_from_device_copies_in(self) -> bool: ...

    @sync_from_device_copies_in.setter
    def sync_from_device_copies_in(self, arg: bool, /) -> None: ...

    @property
    def skip_sync_copies_in(self) -> bool: ...

    @skip_sync_copies_in.setter
    def skip_sync_copies_in(self, arg: bool, /) -> None: ...

    @property
    def bounce_areas(self) -> bool: ...

    @bounce_areas.setter
    def bounce_areas(self, arg: bool, /) -> None: ...

    @property
    def bounce_gone_round(self) -> bool: ...

    @bounce_gone_round.setter
    def bounce_gone_round(self, arg: bool, /) -> None: ...

    @property
    def bounce_cut(self) -> BounceCut: ...

    @bounce_cut.setter
    def bounce_cut(self, arg: BounceCut, /) -> None: ...

    @property
    def list_keeps_bounce_mark(self) -> bool: ...

    @list_keeps_bounce_mark.setter
    def list_keeps_bounce_mark(self, arg: bool, /) -> None: ...

    @property
    def iommu(self) -> Iommu: ...

    @iommu.setter
    def iommu(self, arg: Iommu, /) -> None: ...

    @property
    def iommu_driver(self) -> IommuDriver: ...

    @iommu_driver.setter
    def iommu_driver(self, arg: IommuDriver, /) -> None: ...

    @property
    def iommu_looks_first(self) -> bool: ...

    @iommu_looks_first.setter
    def iommu_looks_first(self, arg: bool, /) -> None: ...

    @property
    def iommu_write_only(self) -> bool: ...

    @iommu_write_only.setter
    def iommu_write_only(self, arg: bool, /) -> None: ...

    @property
    def iommu_ends_whole(self) -> bool: ...

    @iommu_ends_whole.setter
    def iommu_ends_whole(self, arg: bool, /) -> None: ...

    @property
    def iommu_flushes(self) -> bool: ...

    @iommu_flushes.setter
    def iommu_flushes(self, arg: bool, /) -> None: ...

    @property
    def stacks_in_vmalloc(self) -> bool: ...

    @stacks_in_vmalloc.setter
    def stacks_in_vmalloc(self, arg: bool, /) -> None: ...

    @property
    def map_single_vmalloc_fails(self) -> bool: ...

    @map_single_vmalloc_fails.setter
    def map_single_vmalloc_fails(self, arg: bool, /) -> None: ...

    @property
    def text_in_linear_map(self) -> bool: ...

    @text_in_linear_map.setter
    def text_in_linear_map(self, arg: bool, /) -> None: ...

    @property
    def image_in_vmalloc(self) -> bool: ...

    @image_in_vmalloc.setter
    def image_in_vmalloc(self, arg: bool, /) -> None: ...

    @property
    def image_read_only(self) -> bool: ...

    @image_read_only.setter
    def image_read_only(self, arg: bool, /) -> None: ...

    @property
    def vmalloc_high(self) -> bool: ...

    @vmalloc_high.setter
    def vmalloc_high(self, arg: bool, /) -> None: ...

    @property
    def coherent_in_vmalloc(self) -> bool: ...

    @coherent_in_vmalloc.setter
    def coherent_in_vmalloc(self, arg: bool, /) -> None: ...

    @property
    def coherent_remaps(self) -> bool: ...

    @coherent_remaps.setter
    def coherent_remaps(self, arg: bool, /) -> None: ...

    @property
    def atomic_pool(self) -> bool: ...

    @atomic_pool.setter
    def atomic_pool(self, arg: bool, /) -> None: ...

    @property
    def mismatched_aliases_hit(self) -> bool: ...

    @mismatched_aliases_hit.setter
    def mismatched_aliases_hit(self, arg: bool, /) -> None: ...

    @property
    def devices(self) -> list[Device]: ...

    @devices.setter
    def devices(self, arg: Sequence[Device], /) -> None: ...

def reasons() -> list[tuple[str, str, str]]:
    """
    Why a tracker says nothing, or what it looked at when it spoke: (name, words, the change of a rule that would make it speak).
    """

def trackers() -> list[dict[str, Any]]:
    """All trackers that are built in: newest era first, then proposals, then canaries."""

def newest_kernel() -> str:
    """The last kernel that the newest era is known to be right for."""

def rules() -> list[tuple[str, str]]:
    """The contract's rules: id and text."""

class Judge:
    """Judges programs: one tracker, the platforms of a portfolio."""

    def __init__(self, tracker: str, portfolio: Sequence[Platform]) -> None: ...

    def judge(self, ops: Sequence[Op], platform: int) -> dict[str, Any]:
        """The judgement on the portfolio's platform of that index, as a dict."""

    def judge_all(self, ops: Sequence[Op]) -> list[dict[str, Any]]:
        """
        The judgements on all platforms of the portfolio, in order: worked out together.
        """

    def shown(self, ops: Sequence[Op]) -> list[tuple[str, str, str, list[str], int]]:
        """
        What the program shows on the portfolio: (label, kind, reason, the rules it breaks there, platforms: a bit each).
        """

    def targets(self, ops: Sequence[Op], platform: int) -> list[Any]:
        """What there is to find on one platform: (label, kind, reason) each."""

    def outcomes(self, ops: Sequence[Op]) -> list[tuple[list[str], list[tuple[str, str, str]]]]:
        """
        What the program comes to on each platform, in order, worked out together: its labels, and its targets.
        """

    def minimise(self, ops: Sequence[Op], platform: int, label: str, kind: str, reason: str | None = None, written: bool = False) -> dict[str, Any]:
        """
        The 1-minimal program that still shows it: ops, reason, rules, tried. `written`: by somebody, so that it keeps what it is about.
        """

    def witness(self, ops: Sequence[Op], platform: int, corruption: int) -> list[Any]:
        """One behaviour that reaches a corruption (its index in the judgement)."""

    def cost(self, ops: Sequence[Op], platform: int) -> dict[str, int] | None:
        """What the program costs the tracker there; None if it does not say."""

    def hooks(self, ops: Sequence[Op], platform: int) -> list[Any]:
        """The hook calls that the program makes there."""

LAYOUT: dict[str, int] = ...

def run(judge: Judge, ops: Sequence[Op], platform: int) -> dict[str, Any]:
    """
    What the program comes to there: ops (tidy-up included), extents, pieces, steps; offsets and sizes in bytes.
    """

class Lookout:
    """
    Looks for known causes while programs are judged; keeps what it counts and sees in a file.
    """

    def __init__(self, causes: Sequence[tuple[str, str, Sequence[str], Sequence[OpKind], Sequence[str]]], board: str) -> None: ...

def platform_of(program: bytes, platforms: int) -> int:
    """
    Where an engine judges a program first: the index of one of so many platforms.
    """

class Subject:
    """
    The core as others drive it: one program after the other, without feedback.
    """

    def __init__(self, tracker: str, portfolio: Sequence[Platform], lookout: Lookout) -> None: ...

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

    def __init__(self, tracker: str, portfolio: Sequence[Platform], seed: int = 0, ops_limit: int = 24) -> None: ...

    def record_to(self, path: str) -> None:
        """
        Keeps the program at work in that file, for whoever asks what a dead worker died on.
        """

    def add(self, program: bytes) -> bool:
        """True if the program shows anything new."""

    def run(self, program: bytes) -> bool:
        """Leaves the program's marks in the coverage map."""

    def burst(self, children: int, milliseconds: int = 50) -> int:
        """Up to so many mutants, for about so long; how many were novel."""

    def take_novel(self) -> list[bytes]:
        """The novel programs since the last call, but for those that were added."""

    def take_findings(self, finish: bool = False) -> list[dict[str, Any]]:
        """Findings since the last call, minimised, one for each cause."""

    def stats(self) -> dict[str, int]: ...

    def look_with(self, lookout: Lookout) -> None:
        """Shows all that is judged from now on to the lookout."""

    def register_counters(self, module_path: str) -> None:
        """
        Registers the engine's coverage map with the libFuzzer in a loaded extension module.
        """

    def drive_libfuzzer(self, children: int, milliseconds: int) -> None:
        """Makes libFuzzer's custom mutator run bursts of this engine."""

def expose_mutator() -> None:
    """Shows libFuzzer the core's mutator; before atheris is imported."""

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

def automaton_stats() -> dict[str, int]:
    """
    The automaton that all programs of this process share: sizes, hits, misses, and how often it was dropped.
    """

def seconds_a_program(tracker: str, platform: Platform, programs: Sequence[Sequence[Op]], rounds: int) -> float:
    """Seconds a program in the bare loop."""

def random_program(seed: int, ops: int) -> list[Op]:
    """A valid random program of about that many operations."""

def mutant(ops: Sequence[Op], other: Sequence[Op], seed: int, ops_limit: int) -> list[Op]:
    """A valid program made of one by a few changes, some of them with lines of another one."""

def neighbours(ops: Sequence[Op], ops_limit: int) -> list[list[Op]]:
    """The valid programs one line or one argument away from a valid one, of at most `ops_limit` operations."""

def other_layouts(ops: Sequence[Op]) -> list[list[Op]]:
    """The same program with other sizes and offsets, and more room in its buffers."""

AUTOMATON_BYTES: int = 67108864

def compare_walks(platforms: Sequence[Platform], programs: int, seed: int = 0, ops: int = 24, automaton_bytes: int = 67108864, differences_max: int = 10) -> dict[str, Any]:
    """
    The simulator's look-ups against the sets themselves on random programs: programs, what both found, programs on which they differ.
    """

def departures(code: str, models: Sequence[str], platforms: Sequence[Platform], programs_each: int, seed: int = 0, ops: int = 24) -> tuple[int, list[int]]:
    """
    Random programs, as many on each platform: how many, and on how many the code warns otherwise than each of the models.
    """

def compare_trackers(a: str, b: str, platforms: Sequence[Platform], programs: int, seed: int = 0, ops: int = 24, differences_max: int = 10, costs: bool = False, about: bool = False) -> dict[str, Any]:
    """
    Two trackers on random programs: programs, warnings, how many of each kind by the call that made the mapping, and minimal programs on which they differ.
    """

def what_ifs() -> list[tuple[str, str]]:
    """
    Changes of one rule that a tracker's name may ask for, as ERA+NAME: (name, what the tracker lacks without it).
    """

def order_of(ops: Sequence[Op]) -> tuple[int, int, int, int, int, int]:
    """
    What comes before the text in the order of programs: operations, CPUs, split calls, devices, buffers, sizes and offsets.
    """

ALPHABET: list[str] = ...

def letters(ops: Sequence[Op], cpus: int, devices: int) -> list[Op]:
    """The operations of the alphabet that can follow a program of it."""

class Walk:
    """
    The walk through all programs up to some length; see core/exhaustive/walk.hpp.
    """

    def __init__(self, tracker: str, platforms: Sequence[Platform], cpus: int, devices: int) -> None: ...

    @property
    def length(self) -> int: ...

    @property
    def size(self) -> int: ...

    @property
    def merged(self) -> int: ...

    def pairs(self, start: int, stop: int) -> int:
        """How many pairs of a state and a letter there are in a part of the last layer."""

    def states(self, platform: int) -> int: ...

    def program(self, index: int) -> list[Op]: ...

    def turn(self) -> None: ...

class Expander:
    """Carries out and judges what follows a part of a walk's last layer."""

    def __init__(self, walk: Walk) -> None: ...

    def survey(self, start: int, stop: int) -> None: ...

    def extend(self, walk: Walk, start: int, stop: int) -> None: ...

    @property
    def carried_out(self) -> int: ...

    def harvest(self) -> dict[str, Any]: ...
def threads(ops: Sequence[Op]) -> dict[str, Any]:
    """
    What of a program runs by itself: names of CPUs and devices; steps, lines without split calls, calls that can be split.
    """

def count_schedules(ops: Sequence[Op], preemptions: int) -> dict[str, Any]:
    """
    How many schedules there are: by preemptions; dropped orders; not complete where there are too many to count.
    """

def explore(judge: Judge, ops: Sequence[Op], preemptions: int, platforms: Sequence[int], merge_from: int = 16, progress: Callable[[int], object] | None = None) -> dict[str, Any]:
    """
    Judges every schedule within the bound: the counts, and for each label and kind that shows with which schedules it does. Prefixes of the same state are taken for one where at least `merge_from` schedules go on from each; 0: nowhere.
    """

MERGE_FROM: int = 16
