# SPDX-License-Identifier: GPL-2.0-only
"""A program's operations and its tidy-up. docs/spec/verdicts.md ("What is run", "Concurrency")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from .accesses import Accesses
from .addresses import NOWHERE
from .calls import Arguments, Calls, arguments
from .events import Event, Log
from .inputs import PAGE, SKIP_CPU_SYNC, Op, Outcome, Platform
from .machine import Oops
from .mappings import Area, Mapping, ScatterList, area_of
from .placement import STACKS, Buffer, Memory, order_of, round_up
from .project import STACK_DATA, TOGETHER, corruptions

MAPS = ("map_single", "map_page", "map_resource", "map_sg")
ALLOCATIONS = {
    "alloc_coherent": "free_coherent",
    "alloc_noncoherent": "free_noncoherent",
    "alloc_noncontiguous": "free_noncontiguous",
}

# Buffers whose pages __free_pages() really frees: nobody else has a reference, and no flag or page table forbids it.
FREED_FOR_GOOD = ("pages", "vmalloc", "stack", "coherent", "noncoherent")
ENDS = {
    "map_single": "unmap_single",
    "map_page": "unmap_page",
    "map_resource": "unmap_resource",
    "map_sg": "unmap_sg",
    **ALLOCATIONS,
}
SYNCS = tuple(f"sync_{what}_for_{who}" for what in ("single", "range", "sg") for who in ("cpu", "device"))
ACCESSES = ("device_read", "device_write", "device_post")
HOOK_FIRST = ("unmap_sg", *ALLOCATIONS.values())
"""Calls whose tracker hook comes first: split, they act at `finish`. docs/spec/trackers.md §2."""


class Walk(Accesses):
    """One program on one platform: writes the log of events, and notes the harms that need no states."""

    def __init__(self, platform: Platform, flushes: bool = False) -> None:
        self.platform = platform
        self.log: Log = []
        self.op_of: list[int] = []  # per entry of the log: the operation
        self.op = -1
        self.memory = Memory(platform)
        self.calls = Calls(platform, lambda event: self.log[-1].append(event))
        self.calls.flushes = flushes
        self.mappings = self.calls.mappings
        self.buffers: dict[int, Buffer] = {}
        self.allocated: dict[int, Buffer] = {}  # per mapping of an allocation call
        self.irqs_off: set[int] = set()
        self.open: dict[int, Callable[[], None]] = {}  # per CPU: the second half of a split call
        self.mapping_half: set[int] = set()  # CPUs of which that is the second half of a map
        self.harms: set[tuple[str, int, int]] = set()

    # Operations.

    def run(self, ops: Sequence[Op], together: int = TOGETHER) -> Outcome:
        """The program, then its tidy-up."""
        with suppress(Oops):
            self._run(ops)
        chains = list(dict.fromkeys(self.calls.chain_of.values()))
        found = corruptions(
            self.log, self.op_of, chains, self.platform, together, len(self.log) - 1 if self.dead else -1
        )
        exposures = {result for result in found if result[0] == "exposure"}
        return Outcome(frozenset(found - exposures), frozenset(self.harms | exposures))

    def _run(self, ops: Sequence[Op]) -> None:
        for op in ops:
            self.operation(op)
        for cpu in list(self.open):
            if cpu not in self.mapping_half:
                self.settle_all()
            self.step(partial(self.finish, cpu))
        for index in list(self.mappings):
            mapping = self.mappings[index]
            if mapping.live and not mapping.forgotten:
                self.settle_all()
                self.step(partial(self.end, mapping, arguments(mapping), ENDS[mapping.kind]))
        for device in named_devices(ops):
            self.settle_all()
            self.step(partial(self.unbind, device))

    def step(self, act: Callable[[], None], half: bool = False) -> None:
        """One operation, and the faults that come unasked after it; `half`: something before it, of the same number."""
        if not self.settled:
            self.op += 1
        self.settled = half
        self.log.append([])
        self.op_of.append(self.op)
        try:
            act()
        except Oops as oops:
            self.oops(oops)
            raise
        self.calls.refresh()
        for mapping in self.mappings.values():
            if mapping.live and self.calls.addresses.behind_iommu(mapping.device) and self.refused(mapping):
                self.fault(mapping)

    settled = False
    dead = False
    at_work: Mapping | None = None

    def oops(self, oops: Oops) -> None:
        """The kernel faults."""
        self.dead = True
        hit = self.mappings.get(oops.mapping, self.at_work)
        if hit:
            self.harm("oops", hit)

    def refused(self, mapping: Mapping) -> bool:
        """Whether something that the device owns is out of its reach."""
        for piece in mapping.pieces:
            end = piece.first + piece.count
            if mapping.inside or not mapping.owned.within(piece.first, end):
                continue
            for spot in self.calls.spots(mapping, piece):
                first = piece.first + spot.offset
                if mapping.owned.within(first, first + spot.size) and (
                    spot.fault
                    or (mapping.device_reads and not spot.reads)
                    or (mapping.device_writes and not spot.writes)
                ):
                    return True
        return False

    def fault(self, mapping: Mapping) -> None:
        """A device access is refused: each mapping's first fault is noted."""
        if not mapping.faulted:
            mapping.faulted = True
            self.harm("fault", mapping)

    def harm(self, kind: str, mapping: Mapping) -> None:
        """Note a harm at the current operation: each kind's first of a mapping."""
        if not any(known == kind and index == mapping.index for known, _, index in self.harms):
            self.harms.add((kind, self.op, mapping.index))

    def settle(self, cpu: int, finishing: bool = False) -> None:
        """Hand over what the CPU has mapped unchecked, before it does something else."""
        if not (finishing and cpu in self.mapping_half):
            self._settle([m for m in self.mappings.values() if m.live and m.pending == cpu])

    def settle_all(self) -> None:
        """The tidy-up is the next operation of all CPUs."""
        self._settle([m for m in self.mappings.values() if m.live and m.pending is not None])

    def _settle(self, waiting: list[Mapping]) -> None:
        def act() -> None:
            for mapping in waiting:
                self.hand_over(mapping)

        if waiting:
            self.step(act, half=True)

    def hand_over(self, mapping: Mapping) -> None:
        """The whole mapping is the device's."""
        mapping.pending = None
        self.calls.hand_over(mapping, 0, mapping.size)

    def operation(self, op: Op) -> None:
        """One line of the program."""
        kind = op.kind.name
        if kind not in (*MAPS, "mapping_error", *ACCESSES):
            self.settle(op.cpu, finishing=kind == "finish")
        self.step(partial(self.line, op, kind))

    def line(self, op: Op, kind: str) -> None:
        """What a line does."""
        if kind in ("alloc", "free", "write", "dirty", "read", "cow"):
            self.on_buffer(op, kind)
        elif kind in ("irq_off", "irq_on"):
            (self.irqs_off.add if kind == "irq_off" else self.irqs_off.discard)(op.cpu)
        elif kind == "unbind":
            self.unbind(op.device)
        elif kind == "finish":
            self.finish(op.cpu)
        elif kind in MAPS or kind in ALLOCATIONS:
            if kind == "map_sg" and op.reuse_list and self.skipped(op.list):
                return
            self.call(op, lambda: self.map(op, kind))
        elif not self.skipped(op.mapping):
            self.on_mapping(op, kind, self.mappings[op.mapping])

    def on_mapping(self, op: Op, kind: str, mapping: Mapping) -> None:
        """A line that names a mapping."""
        if kind in SYNCS:
            self.call(op, lambda: self.sync(mapping, arguments(mapping, op), kind))
        elif kind in ACCESSES:
            self.device_access(op, mapping, kind)
        elif kind == "forget":
            mapping.forgotten = True
        elif kind == "start":
            self.hand_over(mapping)
        elif kind == "mapping_error":
            self.mapping_error(mapping)
        else:
            args = self.begun(mapping, arguments(mapping, op), kind)
            self.call(op, lambda: self.end(mapping, args, kind))

    def begun(self, mapping: Mapping, args: Arguments, kind: str) -> Arguments:
        """The arguments of an end call as they are when it begins; a list goes by reference, and is read later."""
        if kind in ("unmap_sg", "free_noncontiguous"):
            return args
        address, size = self.calls.call_address(mapping, args), self.calls.call_size(mapping, args)
        return replace(args, address=address, size=size)

    def call(self, op: Op, act: Callable[[], None]) -> None:
        """A call; a split one leaves its second half to `finish`."""
        if op.split and op.kind.name in HOOK_FIRST:
            self.open[op.cpu] = act
            return
        act()
        if op.split:
            self.open[op.cpu] = partial(self.come_back, op.mapping)
            if op.kind.name in (*MAPS, *ALLOCATIONS):
                self.go_in(op.mapping)
            if op.kind.name in MAPS:
                self.mapping_half.add(op.cpu)

    def finish(self, cpu: int) -> None:
        """The second half of a call."""
        self.mapping_half.discard(cpu)
        self.open.pop(cpu, lambda: None)()

    def go_in(self, index: int) -> None:
        """A call that makes a mapping has done its work, but nobody knows the address before it returns."""
        mapping = self.mappings[index]
        if mapping.live:
            mapping.inside = True
            self.log[-1] += mapping.events("called", 0, mapping.size)

    def come_back(self, index: int) -> None:
        """A call returns."""
        mapping = self.mappings.get(index)
        if mapping and mapping.inside:
            mapping.inside = False
            self.log[-1] += mapping.events("returned", 0, mapping.size)

    def skipped(self, index: int) -> bool:
        """Whether the driver has abandoned a mapping that failed (or never tried it)."""
        mapping = self.mappings.get(index)
        return mapping is None or mapping.abandoned

    # Buffers.

    def on_buffer(self, op: Op, kind: str) -> None:
        """CPU operations on a buffer: docs/spec/coherency.md §2"""
        if kind == "alloc":
            buffer = self.memory.allocate(op.buffer, op.buffer_kind.name, op)
            image = buffer.kind in ("text", "rodata")
            self.birth(buffer, "memory" if image else "cache", cached=True, image=image)
            return
        buffer = self.buffers[op.buffer]
        if kind == "free":
            self.death(buffer)
        elif kind == "cow":
            self.cow(buffer, op.offset // PAGE, op.private)
        elif kind == "read":
            self.emit("read", buffer, op.offset, op.size)
        else:
            self.emit("written", buffer, op.offset, op.size, (kind == "write",))

    def emit(self, name: str, buffer: Buffer, first: int, count: int, args: tuple[bool, ...] = ()) -> None:
        """An event for a range of a buffer."""
        if buffer.kind != "mmio":
            for run in buffer.runs(first, count):
                self.log[-1].append(Event(name, run.birth, run.birth + run.count, args, buffer=buffer.name))

    def birth(self, buffer: Buffer, how: str, cached: bool, image: bool) -> None:
        """A buffer, and the live stack data beside it."""
        self.buffers[buffer.name] = buffer
        if buffer.kind == "mmio":
            return
        for run in buffer.runs(0, buffer.size):
            args = (how, cached, image)
            self.log[-1].append(
                Event("born", run.birth, run.birth + run.count, args, buffer=buffer.name, offset=run.first)
            )
        if buffer.kind == "stack":
            for start, end in self.memory.live_stack(buffer):
                args, at = ("stack", True, False), start - STACKS
                self.log[-1].append(Event("born", start, end, args, buffer=STACK_DATA, offset=at))

    def death(self, buffer: Buffer) -> None:
        """A buffer is freed."""
        if buffer.alive:
            self.memory.free(buffer)
            self.emit("died", buffer, 0, buffer.size)

    def cow(self, buffer: Buffer, page: int, private: bool) -> None:
        """A copy-on-write break of one page."""
        first = page * PAGE
        count = min(PAGE, buffer.size - first)
        if buffer.kind != "anonymous" or private:
            self.emit("read", buffer, first, count)
            return
        (run,) = buffer.runs(first, count)
        old, new = buffer.home[page], self.memory.fresh(0)
        chain = (*self.calls.chain_of.get(old, (old,)), new)
        self.calls.chain_of.update(dict.fromkeys(chain, chain))
        self.log[-1].append(Event("moved", run.birth, run.birth + count, other=new, buffer=buffer.name))
        buffer.home[page] = new
        buffer.old.append(old)

    # Mappings.

    def map(self, op: Op, kind: str) -> None:
        """Map calls and allocation calls."""
        direction = "bidirectional" if kind == "alloc_coherent" else op.direction.name
        if kind in ALLOCATIONS:
            areas = ScatterList([self.allocate(op, kind)])
        elif kind == "map_sg":
            areas = self.list_of(op)
        else:
            areas = ScatterList([self.area(op.buffer, op.offset, op.size, single=kind == "map_single")])
        is_list, joint = kind in ("map_sg", "alloc_noncontiguous"), kind == "alloc_coherent"
        mapping = Mapping(op.mapping, kind, op.device, direction, op.attrs, areas, is_list=is_list, joint=joint)
        args = Arguments(op.device, direction, op.attrs, cpu=op.cpu)
        mapped = self.calls.map(mapping, args, fails=kind == "map_single" and self.refuses(op.buffer))
        if not mapped:
            mapping.failed = True
            mapping.live = op.unchecked
            mapping.abandoned = not op.unchecked
            if op.unchecked:
                self.calls.void(mapping)
        waits = kind in ("alloc_noncoherent", "alloc_noncontiguous") or (
            kind in MAPS and bool(op.attrs & SKIP_CPU_SYNC)
        )
        if mapping.live and not joint and not waits:
            if op.unchecked:
                mapping.pending = op.cpu
                if mapped:
                    self.log[-1] += mapping.events("waits", 0, mapping.size)
            else:
                self.hand_over(mapping)
        if joint and mapping.live:
            mapping.owned.add(0, mapping.size)
        if kind == "alloc_coherent" and not self.platform.devices[op.device].coherent:
            remaps = self.platform.coherent_remaps and not self.platform.atomic_pool
            if remaps and op.cpu in self.irqs_off:
                self.harm("sleep-in-atomic", mapping)

    def refuses(self, name: int) -> bool:
        """Whether map_single refuses a buffer's address."""
        buffer = self.buffers[name]
        image = buffer.kind in ("text", "rodata") and self.platform.image_in_vmalloc
        return self.platform.map_single_vmalloc_fails and (buffer.vmalloc_address or image)

    def allocate(self, op: Op, kind: str) -> Area:
        """The buffer of an allocation call."""
        coherent = self.platform.devices[op.device].coherent
        uncached = kind == "alloc_coherent" and not coherent
        iommu = self.calls.addresses.behind_iommu(op.device)
        irqs_on = op.cpu not in self.irqs_off
        remapped = uncached and self.platform.coherent_remaps
        in_vmalloc = kind == "alloc_coherent" and (
            remapped or (iommu and irqs_on and self.platform.coherent_in_vmalloc)
        )
        listed = iommu and (kind == "alloc_noncontiguous" or (in_vmalloc and irqs_on))
        buffer = self.memory.allocate(op.buffer, "coherent" if kind == "alloc_coherent" else "noncoherent", op, listed)
        buffer.vmalloc_address = in_vmalloc
        self.birth(buffer, "memory" if uncached else "cache", cached=not uncached, image=False)
        self.allocated[op.mapping] = buffer
        area = area_of(buffer, 0, buffer.size)
        if kind == "alloc_noncontiguous":
            area.length = round_up(area.length, PAGE)
        return area

    def area(self, name: int, first: int, count: int, single: bool = False) -> Area:
        """A range of a buffer; map_single cannot name vmalloc memory."""
        buffer = self.buffers[name]
        return area_of(buffer, first, count, somewhere=not (single and buffer.vmalloc_address))

    def list_of(self, op: Op) -> ScatterList:
        """A scatterlist: a new one, or that of another mapping."""
        if op.reuse_list:
            return self.mappings[op.list].scatter
        return ScatterList([self.area(e.buffer, e.offset, e.size) for e in op.entries[: op.entry_count]])

    def sync(self, mapping: Mapping, args: Arguments, kind: str) -> None:
        """A sync."""
        self.at_work = mapping
        self.calls.sync(mapping, args, kind)

    def end(self, mapping: Mapping, args: Arguments, kind: str) -> None:
        """Unmap and free calls."""
        self.at_work = mapping
        was_live = mapping.live
        self.calls.end(mapping, args, kind)
        own = self.allocated.get(mapping.index)
        if ALLOCATIONS.get(mapping.kind) == kind and own:
            self.give_back(mapping, own, args, kind)
        elif own and was_live:
            mapping.lost = True  # ended by a wrong function
        elif own is None and kind in ALLOCATIONS.values() and mapping.areas[0].buffer.kind in FREED_FOR_GOOD:
            self.free_no_allocation(mapping, args, kind)

    # Freed pages.

    def give_back(self, mapping: Mapping, own: Buffer, args: Arguments, kind: str) -> None:
        """The page allocator's part of dma_free_*: by the address and the order of the call.

        Freed a second time, pages that are nobody's stay so: their reference count is none (__free_pages()).
        """
        size = mapping.size if args.size is None else args.size
        iommu = self.calls.addresses.behind_iommu(args.device)
        if own.listed and kind != "free_noncoherent":
            self.give_back_list(mapping, own, args, size)
            return
        start = self.freed_address(mapping, args, kind, iommu)
        alive = own.alive
        if alive:
            own.alive = False
            self.emit("died", own, 0, own.size)
        order = order_of(round_up(size, PAGE) // PAGE)
        if start is None or size == 0:
            mapping.lost |= alive
            return
        start = start // PAGE * PAGE
        mine = own.blocks[0]
        if alive and start == own.home[0] and order <= mine[1]:
            self.memory.give_back(own.group, start, order)
            mapping.lost |= order < mine[1]
            return
        pages = range(start, start + (PAGE << order), PAGE)
        own_pages = range(mine[0], mine[0] + (PAGE << mine[1]), PAGE)
        mapping.lost |= alive and any(page not in pages for page in own_pages)
        for page in pages if not alive else ():
            if page in own_pages and self.memory.living_on(page):
                self.log[-1].append(Event("overwritten", page, page + PAGE))
        self.free_wrongly(mapping, [page for page in pages if page not in own_pages])

    def free_no_allocation(self, mapping: Mapping, args: Arguments, kind: str) -> None:
        """A free function on what was never allocated: the page allocator takes what lies there, whoever lives in it.

        Slabs, the image, the bounce pool, page cache and mapped pages it refuses ("bad page": free_pages_prepare()).
        """
        size = self.calls.call_size(mapping, args)
        start = self.freed_address(mapping, args, kind, self.calls.addresses.behind_iommu(args.device))
        if start is None or size == 0 or mapping.failed or self.calls.addresses.pool.holds(start):
            return
        start = start // PAGE * PAGE
        self.free_wrongly(mapping, list(range(start, start + (PAGE << order_of(round_up(size, PAGE) // PAGE)), PAGE)))

    def freed_address(self, mapping: Mapping, args: Arguments, kind: str, iommu: bool) -> int | None:
        """Of which page a free starts: the DMA address's (direct, coherent), else the CPU address's."""
        if kind == "free_coherent" and not iommu:
            address = self.calls.call_address(mapping, args)
            return address if address < NOWHERE else None
        area = mapping.areas[0]
        address = area.cpu_address if kind == "free_noncontiguous" else area.cpu_address + args.cpu_offset
        return address if address < NOWHERE else None

    def give_back_list(self, mapping: Mapping, own: Buffer, args: Arguments, size: int) -> None:
        """Pages of a list of its own: as many as the call says, the last one first; more than there are is an oops."""
        pages = round_up(size, PAGE) // PAGE
        if not own.alive:
            return
        own.alive = False
        self.emit("died", own, 0, own.size)
        if args.cpu_offset >= round_up(own.size, PAGE):
            mapping.lost = True  # dma_common_find_pages() finds nothing
            return
        if pages > len(own.home):
            raise Oops
        if pages == len(own.home):
            self.memory.give_back(own.group, own.home[0], order_of(pages))
            return
        for page in reversed(own.home[:pages]):
            self.memory.give_back(own.group, page, 0)
        mapping.lost = True

    def free_wrongly(self, mapping: Mapping, pages: list[int]) -> None:
        """Pages that are not the allocation's: whoever lives there loses them, or somebody outside the program."""
        outside = False
        for page in pages:
            living = self.memory.living_on(page)
            outside |= not living
            if living:
                self.log[-1].append(Event("overwritten", page, page + PAGE))
        if outside:
            self.harm("wrong-free", mapping)

    def mapping_error(self, mapping: Mapping) -> None:
        """The driver checks late: from here on it abandons a mapping that failed."""
        if mapping.failed:
            mapping.abandoned = True
            self.calls.finish(mapping, noticed=False)
        elif mapping.live and mapping.pending is not None:
            self.hand_over(mapping)

    def unbind(self, device: int) -> None:
        """Whatever is still live has leaked, and what was lost for good."""
        for mapping in self.mappings.values():
            if (
                mapping.device == device
                and not mapping.failed
                and not mapping.leaked
                and (mapping.live or mapping.lost)
            ):
                mapping.leaked = True
                self.harm("leak", mapping)


def named_devices(ops: Sequence[Op]) -> dict[int, None]:
    """The devices that a program names, in the order in which it does."""
    return {
        op.device: None
        for op in ops
        if op.given_device or op.kind.name in MAPS or op.kind.name in ALLOCATIONS or op.kind.name == "unbind"
    }


def simulate(ops: Sequence[Op], platform: Platform, together: int = TOGETHER) -> Outcome:
    """All corruption and other harm that a program and its tidy-up can come to on a platform.

    A lazy IOMMU is flushed before each map, or never, as the platform has it.
    """
    return Walk(platform, flushes=platform.iommu_flushes).run(ops, together)
