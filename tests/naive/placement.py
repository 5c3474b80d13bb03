# SPDX-License-Identifier: GPL-2.0-only
"""Where buffers live. docs/spec/coherency.md §1 and §2 ("Buffers: kinds and places"), docs/spec Choices ("Memory")."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from .inputs import PAGE, Op, Platform

TEXT, RODATA, STACKS, STACK_SIZE = 0x8000, 0xC000, 0x10000, 0x4000
STACK_DATA_BEFORE = 16  # bytes of live stack data before each stack buffer
POOL, PAGES, HIGH_PAGES = 0x20000, 0x120000, 0x1_0000_0000
MMIO, HIGH_MMIO = 0xF000_0000, 0x100_0000_0000  # registers, away from all memory
BUCKETS = (16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192)
USERS = ("page_cache", "anonymous")


def round_up(value: int, unit: int) -> int:
    """The next multiple of unit."""
    return -(-value // unit) * unit


def order_of(pages: int) -> int:
    """The smallest power of two that holds so many."""
    return max(pages - 1, 0).bit_length()


def kmalloc_bucket(size: int, alignment: int) -> int | None:
    """The bucket of an object of this size in bytes; None where it gets whole pages."""
    return next((bucket for bucket in BUCKETS if bucket >= size and bucket % alignment == 0), None)


@dataclass
class Run:
    """Bytes of a buffer that are contiguous both where they were allocated and where they live now."""

    first: int
    count: int
    birth: int
    home: int


@dataclass
class Buffer:
    """A buffer: `home` is its pages now, `birth` its pages when allocated (or one address, if not whole pages).

    `blocks` are the areas it took from the page allocator (address, order); `listed`: given back out of
    a list of its own, which holds single pages.
    """

    name: int
    kind: str
    size: int
    group: tuple[str, bool]
    home: list[int]
    paged: bool
    blocks: list[tuple[int, int]]
    bucket: int | None = None
    listed: bool = False
    alive: bool = True
    vmalloc_address: bool = False
    birth: list[int] = field(default_factory=list)
    old: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.birth = list(self.home)

    def runs(self, first: int, count: int) -> list[Run]:
        """The range, cut where it is not contiguous."""
        if not self.paged:
            at = self.home[0] + first
            return [Run(first, count, at, at)]
        runs: list[Run] = []
        end = first + count
        while first < end:
            page, inside = divmod(first, PAGE)
            step = min(end - first, PAGE - inside)
            birth, home = self.birth[page] + inside, self.home[page] + inside
            last = runs[-1] if runs else None
            if last and last.birth + last.count == birth and last.home + last.count == home:
                last.count += step
            else:
                runs.append(Run(first, step, birth, home))
            first += step
        return runs

    def lives_on(self, page: int) -> bool:
        """Whether any byte of it lives on a page."""
        if not self.alive or self.kind == "mmio":
            return False
        if self.paged:
            return page in self.home
        return self.home[0] < page + PAGE and page < self.home[0] + self.size

    def holds(self, address: int) -> bool:
        """Whether a copy of one of its bytes lives at an address."""
        if not self.alive:
            return False
        if not self.paged:
            return self.home[0] <= address < self.home[0] + self.size
        page, inside = address // PAGE * PAGE, address % PAGE
        if page in self.old:
            return True
        return page in self.home and self.home.index(page) * PAGE + inside < self.size


class Memory:
    """Hands out physical memory, the same for the same program."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.next_page = {False: PAGES, True: HIGH_PAGES}
        self.next_mmio = {False: MMIO, True: HIGH_MMIO}
        self.next_image = {"text": TEXT, "rodata": RODATA}
        self.next_stack: defaultdict[int, int] = defaultdict(int)
        self.slabs: dict[int, list[int]] = {}  # per bucket: the next object, the end of the slab
        self.freed: defaultdict[tuple[str, bool, int], list[int]] = defaultdict(list)  # by order: latest last
        self.objects: defaultdict[int, list[int]] = defaultdict(list)  # slab objects given back, by bucket
        self.buffers: list[Buffer] = []

    def fresh(self, order: int, high: bool = False) -> int:
        """2^order pages that nobody has had, aligned to their size."""
        size = PAGE << order
        start = round_up(self.next_page[high], size)
        self.next_page[high] = start + size
        return start

    def take(self, group: tuple[str, bool], order: int) -> int:
        """2^order pages: the ones that were given back last, or fresh ones."""
        freed = self.freed[*group, order]
        return freed.pop() if freed else self.fresh(order, group[1])

    def give_back(self, group: tuple[str, bool], start: int, order: int) -> None:
        """2^order pages are free for the next taker."""
        self.freed[*group, order].append(start)

    def allocate(self, name: int, kind: str, op: Op, listed: bool = False) -> Buffer:
        """A new buffer of op.size bytes; `listed`: it keeps a list of its pages."""
        count = round_up(op.size, PAGE) // PAGE
        bucket = kmalloc_bucket(op.size, self.platform.kmalloc_alignment) if kind == "kmalloc" else None
        high = (op.high and kind in ("pages", *USERS, "vmalloc", "mmio")) or (
            kind == "vmalloc" and self.platform.vmalloc_high
        )
        group = ("user" if kind in USERS else "kernel", high)
        blocks: list[tuple[int, int]] = []
        if kind == "stack":
            home = [self._stack(op.cpu, op.size)]
        elif bucket:
            home = [self.objects[bucket].pop() if self.objects[bucket] else self._object(bucket)]
        elif kind in ("text", "rodata"):
            home = [self.next_image[kind] + page * PAGE for page in range(count)]
            self.next_image[kind] += count * PAGE
        elif kind == "mmio":
            home = [self.next_mmio[high]]
            self.next_mmio[high] += count * PAGE
        elif kind == "vmalloc":
            home = self._single_pages(group, count)
            blocks = [(page, 0) for page in home]
        else:
            start = self.take(group, order_of(count))
            home = [start + page * PAGE for page in range(count)]
            blocks = [(start, order_of(count))]
        in_vmalloc = kind == "vmalloc" or (kind == "stack" and self.platform.stacks_in_vmalloc)
        buffer = Buffer(name, kind, op.size, group, home, kind not in ("stack", "mmio") and bucket is None, blocks,
                        bucket, listed=listed, vmalloc_address=in_vmalloc)  # fmt: skip
        self.buffers.append(buffer)
        return buffer

    def _single_pages(self, group: tuple[str, bool], count: int) -> list[int]:
        """Pages one by one; fresh ones are not adjacent."""
        home: list[int] = []
        for _ in range(count):
            fresh = not self.freed[*group, 0]
            home.append(self.take(group, 0))
            if fresh:
                self.fresh(0, group[1])
        return home

    def free(self, buffer: Buffer) -> None:
        """The next allocation of its order gets its memory. Stacks, the kernel's image, registers and what
        copy-on-write tore are never handed out again."""
        buffer.alive = False
        if buffer.bucket:
            self.objects[buffer.bucket].append(buffer.home[0])
        elif not buffer.old:
            for start, order in buffer.blocks:
                self.give_back(buffer.group, start, order)

    def living_on(self, page: int) -> list[Buffer]:
        """The live buffers with bytes on a page."""
        return [buffer for buffer in self.buffers if buffer.lives_on(page)]

    def tenant(self, address: int) -> int | None:
        """The name of the buffer of which a byte lives at an address."""
        return next((buffer.name for buffer in self.buffers if buffer.holds(address)), None)

    def live_stack(self, buffer: Buffer) -> list[tuple[int, int]]:
        """The address ranges of live stack data on the first and last line of a stack buffer."""
        start, end = buffer.home[0], buffer.home[0] + buffer.size
        line = self.platform.line
        ranges = [(start // line * line, start), (end, round_up(end, line))]
        return [(first, last) for first, last in ranges if first < last]

    def _stack(self, cpu: int, size: int) -> int:
        line = self.next_stack[cpu]
        self.next_stack[cpu] = round_up(line + STACK_DATA_BEFORE + size, self.platform.line)
        return STACKS + cpu * STACK_SIZE + line + STACK_DATA_BEFORE

    def _object(self, bucket: int) -> int:
        free, end = self.slabs.get(bucket, [0, 0])
        if free + bucket > end:
            size = max(bucket, PAGE)
            free = self.take(("kernel", False), order_of(size // PAGE))
            end = free + size
        self.slabs[bucket] = [free + bucket, end]
        return free
