"""Where buffers live. coherency.md 1 and 2 ("Buffers: kinds and places"), ARCHITECTURE.md Choices ("Memory")."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from .inputs import GRANULE, PAGE, PAGE_GRANULES, Op, Platform

TEXT, RODATA, STACKS, STACK_SIZE = 0x8000, 0xC000, 0x10000, 0x4000
POOL, PAGES, HIGH_PAGES = 0x20000, 0x120000, 0x1_0000_0000
MMIO, HIGH_MMIO = 0xF000_0000, 0x100_0000_0000  # registers, away from all memory
BUCKETS = (16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192)


def round_up(value: int, unit: int) -> int:
    """The next multiple of unit."""
    return -(-value // unit) * unit


def kmalloc_bucket(size: int, alignment: int) -> int | None:
    """The bucket of an object of this size in bytes; None where it gets whole pages."""
    return next((bucket for bucket in BUCKETS if bucket >= size and bucket % alignment == 0), None)


@dataclass
class Run:
    """Granules of a buffer that are contiguous both where they were allocated and where they live now."""

    first: int
    count: int
    birth: int
    home: int


@dataclass
class Buffer:
    """A buffer: `home` is its pages now, `birth` its pages when allocated (or one address, if not whole pages)."""

    name: int
    kind: str
    size: int
    key: tuple[object, ...]
    home: list[int]
    paged: bool
    alive: bool = True
    vmalloc_address: bool = False
    birth: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.birth = list(self.home)

    def runs(self, first: int, count: int) -> list[Run]:
        """The range, cut where it is not contiguous."""
        if not self.paged:
            at = self.home[0] + first * GRANULE
            return [Run(first, count, at, at)]
        runs: list[Run] = []
        end = first + count
        while first < end:
            page, inside = divmod(first, PAGE_GRANULES)
            step = min(end - first, PAGE_GRANULES - inside)
            birth, home = self.birth[page] + inside * GRANULE, self.home[page] + inside * GRANULE
            last = runs[-1] if runs else None
            if last and last.birth + last.count * GRANULE == birth and last.home + last.count * GRANULE == home:
                last.count += step
            else:
                runs.append(Run(first, step, birth, home))
            first += step
        return runs


class Memory:
    """Hands out physical memory, the same for the same program."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.next_page = {False: PAGES, True: HIGH_PAGES}
        self.next_mmio = {False: MMIO, True: HIGH_MMIO}
        self.next_image = {"text": TEXT, "rodata": RODATA}
        self.next_stack: defaultdict[int, int] = defaultdict(int)
        self.slabs: dict[int, list[int]] = {}  # per bucket: the next object, the end of the slab
        self.freed: defaultdict[tuple[object, ...], list[list[int]]] = defaultdict(list)

    def pages(self, count: int, high: bool = False) -> int:
        """Contiguous pages from the bump pointer."""
        start = self.next_page[high]
        self.next_page[high] = start + count * PAGE
        return start

    def allocate(self, name: int, kind: str, op: Op) -> Buffer:
        """A new buffer of op.size granules. A freed area of the same kind and rounded size goes first."""
        count = round_up(op.size, PAGE_GRANULES) // PAGE_GRANULES
        bucket = kmalloc_bucket(op.size * GRANULE, self.platform.kmalloc_alignment) if kind == "kmalloc" else None
        high = op.high and kind in ("pages", "page_cache", "anonymous", "vmalloc", "mmio")
        key: tuple[object, ...] = (kind, high, "bucket", bucket) if bucket else (kind, high, "pages", count)
        paged = kind not in ("stack", "mmio") and bucket is None
        if kind == "stack":
            home = [self._stack(op.cpu, op.size)]
        elif self.freed[key]:
            home = self.freed[key].pop()
        elif bucket:
            home = [self._object(bucket)]
        elif kind in ("text", "rodata"):
            home = [self.next_image[kind] + page * PAGE for page in range(count)]
            self.next_image[kind] += count * PAGE
        elif kind == "mmio":
            home = [self.next_mmio[high]]
            self.next_mmio[high] += count * PAGE
        elif kind == "vmalloc":
            start = self.pages(2 * count - 1, high)
            home = [start + page * 2 * PAGE for page in range(count)]
        else:
            start = self.pages(count, high)
            home = [start + page * PAGE for page in range(count)]
        in_vmalloc = kind == "vmalloc" or (kind == "stack" and self.platform.stacks_in_vmalloc)
        return Buffer(name, kind, op.size, key, home, paged, vmalloc_address=in_vmalloc)

    def free(self, buffer: Buffer) -> None:
        """Its memory is the first to be handed out again; stack, kernel image and what copy-on-write tore never are."""
        buffer.alive = False
        if buffer.kind not in ("stack", "text", "rodata", "mmio") and buffer.home == buffer.birth:
            self.freed[buffer.key].append(list(buffer.home))

    def live_stack(self, buffer: Buffer) -> list[tuple[int, int]]:
        """The address ranges of live stack data on the first and last line of a stack buffer."""
        start, end = buffer.home[0], buffer.home[0] + buffer.size * GRANULE
        line = self.platform.line
        ranges = [(start // line * line, start), (end, round_up(end, line))]
        return [(first, last) for first, last in ranges if first < last]

    def _stack(self, cpu: int, size: int) -> int:
        line = self.next_stack[cpu]
        self.next_stack[cpu] = round_up(line + (1 + size) * GRANULE, self.platform.line)
        return STACKS + cpu * STACK_SIZE + line + GRANULE

    def _object(self, bucket: int) -> int:
        free, end = self.slabs.get(bucket, [0, 0])
        if free + bucket > end:
            size = max(bucket, PAGE)
            free = self.pages(size // PAGE)
            end = free + size
        self.slabs[bucket] = [free + bucket, end]
        return free
