"""The walk over a program's operations and its tidy-up. verdicts.md ("What is run", "Concurrency")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from .addresses import NOWHERE, SLOT
from .calls import Arguments, Calls, arguments
from .events import Event, Log
from .inputs import GRANULE, PAGE, PAGE_GRANULES, Op, Outcome, Platform
from .mappings import Area, Mapping, area_of
from .placement import POOL, STACKS, Buffer, Memory, round_up
from .project import STACK_DATA, corruptions

MAPS = ("map_single", "map_page", "map_resource", "map_sg")
ALLOCATIONS = {
    "alloc_coherent": "free_coherent",
    "alloc_noncoherent": "free_noncoherent",
    "alloc_noncontiguous": "free_noncontiguous",
}
ENDS = {
    "map_single": "unmap_single",
    "map_page": "unmap_page",
    "map_resource": "unmap_resource",
    "map_sg": "unmap_sg",
    **ALLOCATIONS,
}
SYNCS = tuple(f"sync_{what}_for_{who}" for what in ("single", "range", "sg") for who in ("cpu", "device"))
HOOK_FIRST = ("unmap_sg", *ALLOCATIONS.values())
"""Calls whose tracker hook comes first (trackers.md, "Order of operation and hook"): split, they act at `finish`."""


class Walk:
    """One program on one platform: writes the log of events, and notes the harms that need no states."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.log: Log = []
        self.memory = Memory(platform)
        self.calls = Calls(platform, lambda event: self.log[-1].append(event))
        self.mappings = self.calls.mappings
        self.buffers: dict[int, Buffer] = {}
        self.allocated: dict[int, Buffer] = {}  # per mapping of an allocation call
        self.irqs_off: set[int] = set()
        self.open: dict[int, Callable[[], None]] = {}  # per CPU: the second half of a split call
        self.chains: dict[int, list[int]] = {}  # per page: the pages linked to it by copy-on-write
        self.harms: set[tuple[str, int, str, int] | tuple[str, int, int]] = set()

    # Operations.

    def run(self, ops: Sequence[Op]) -> Outcome:
        """The program, then its tidy-up."""
        for op in ops:
            self.step(partial(self.operation, op))
        for cpu in list(self.open):
            self.step(self.open.pop(cpu))
        for index in list(self.mappings):
            mapping = self.mappings[index]
            if mapping.live and not mapping.forgotten:
                self.step(partial(self.end, mapping, arguments(mapping), ENDS[mapping.kind]))
        for device in named_devices(ops):
            self.step(partial(self.unbind, device))
        found = corruptions(self.log, [tuple(chain) for chain in self.chains.values()], self.platform)
        exposures = {result for result in found if result[0] == "exposure"}
        return Outcome(frozenset(found - exposures), frozenset(self.harms | exposures))

    def step(self, act: Callable[[], None]) -> None:
        """One operation, and the faults that come unasked after it."""
        self.log.append([])
        act()
        for mapping in self.mappings.values():
            if mapping.live and self.calls.addresses.behind_iommu(mapping.device) and mapping.owns_void():
                self.fault(mapping)

    def fault(self, mapping: Mapping) -> None:
        """A device access is refused: each mapping's first fault is noted."""
        if not mapping.faulted:
            mapping.faulted = True
            self.harm("fault", mapping)

    def harm(self, kind: str, mapping: Mapping) -> None:
        """Note a harm at the current operation."""
        self.harms.add((kind, len(self.log) - 1, mapping.index))

    def operation(self, op: Op) -> None:
        """One line of the program."""
        kind = op.kind.name
        if kind in ("alloc", "free", "write", "dirty", "read", "cow"):
            self.on_buffer(op, kind)
        elif kind in ("irq_off", "irq_on"):
            (self.irqs_off.add if kind == "irq_off" else self.irqs_off.discard)(op.cpu)
        elif kind == "unbind":
            self.unbind(op.device)
        elif kind == "finish":
            self.open.pop(op.cpu, lambda: None)()
        elif kind in MAPS or kind in ALLOCATIONS:
            if kind == "map_sg" and op.reuse_list and self.skipped(op.list):
                return
            self.start(op, lambda: self.map(op, kind))
        elif not self.skipped(op.mapping):
            mapping = self.mappings[op.mapping]
            if kind in SYNCS:
                self.start(op, lambda: self.calls.sync(mapping, arguments(mapping, op), kind))
            elif kind in ("device_read", "device_write"):
                self.device_access(op, mapping, kind == "device_write")
            elif kind == "forget":
                mapping.forgotten = True
            elif kind == "mapping_error":
                self.mapping_error(mapping)
            else:
                self.start(op, lambda: self.end(mapping, arguments(mapping, op), kind))

    def start(self, op: Op, act: Callable[[], None]) -> None:
        """A call; a split one leaves its second half to `finish`."""
        if op.split and op.kind.name in HOOK_FIRST:
            self.open[op.cpu] = act
            return
        act()
        if op.split:
            self.open[op.cpu] = lambda: None

    def skipped(self, index: int) -> bool:
        """Whether the driver has abandoned a mapping that failed (or never tried it)."""
        mapping = self.mappings.get(index)
        return mapping is None or mapping.abandoned

    # Buffers.

    def on_buffer(self, op: Op, kind: str) -> None:
        """CPU operations on a buffer: coherency.md 2."""
        if kind == "alloc":
            buffer = self.memory.allocate(op.buffer, op.buffer_kind.name, op)
            image = buffer.kind in ("text", "rodata")
            self.birth(buffer, "memory" if image else "cache", cached=True, image=image)
            return
        buffer = self.buffers[op.buffer]
        if kind == "free":
            self.death(buffer)
        elif kind == "cow":
            self.cow(buffer, op.offset // PAGE_GRANULES)
        elif kind == "read":
            self.emit("read", buffer, op.offset, op.size)
        else:
            self.emit("written", buffer, op.offset, op.size, (kind == "write",))

    def emit(self, name: str, buffer: Buffer, first: int, count: int, args: tuple[bool, ...] = ()) -> None:
        """An event for a range of a buffer."""
        if buffer.kind != "mmio":
            for run in buffer.runs(first, count):
                end = run.birth + run.count * GRANULE
                self.log[-1].append(Event(name, run.birth, end, args, buffer=buffer.name))

    def birth(self, buffer: Buffer, how: str, cached: bool, image: bool) -> None:
        """A buffer, and the live stack data beside it."""
        self.buffers[buffer.name] = buffer
        if buffer.kind == "mmio":
            return
        for run in buffer.runs(0, buffer.size):
            end, args, at = run.birth + run.count * GRANULE, (how, cached, image), run.first * GRANULE
            self.log[-1].append(Event("born", run.birth, end, args, buffer=buffer.name, offset=at))
        if buffer.kind == "stack":
            for start, end in self.memory.live_stack(buffer):
                args, at = ("stack", True, False), start - STACKS
                self.log[-1].append(Event("born", start, end, args, buffer=STACK_DATA, offset=at))

    def death(self, buffer: Buffer) -> None:
        """A buffer is freed."""
        if buffer.alive:
            self.memory.free(buffer)
            self.emit("died", buffer, 0, buffer.size)

    def cow(self, buffer: Buffer, page: int) -> None:
        """A copy-on-write break of one page."""
        first = page * PAGE_GRANULES
        count = min(PAGE_GRANULES, buffer.size - first)
        if buffer.kind != "anonymous":
            self.emit("read", buffer, first, count)
            return
        (run,) = buffer.runs(first, count)
        old, new = buffer.home[page], self.memory.pages(1)
        chain = self.chains.pop(old, [old])
        self.chains[new] = [*chain, new]
        end = run.birth + count * GRANULE
        self.log[-1].append(Event("moved", run.birth, end, other=new, buffer=buffer.name))
        buffer.home[page] = new

    # Mappings.

    def map(self, op: Op, kind: str) -> None:
        """Map calls and allocation calls."""
        direction = "bidirectional" if kind == "alloc_coherent" else op.direction.name
        if kind in ALLOCATIONS:
            areas = [self.allocate(op, kind)]
        elif kind == "map_sg":
            areas = self.list_of(op)
        else:
            areas = [self.area(op.buffer, op.offset, op.size, single=kind == "map_single")]
        is_list, joint = kind in ("map_sg", "alloc_noncontiguous"), kind == "alloc_coherent"
        mapping = Mapping(op.mapping, kind, op.device, direction, op.attrs, areas, is_list=is_list, joint=joint)
        lost = areas[0].cpu_address >= NOWHERE
        if kind == "map_single" and lost and self.platform.map_single_vmalloc_fails:
            self.calls.fail(mapping, op.unchecked)
            return
        streaming = kind in ("map_single", "map_page", "map_sg")
        owned = kind not in ("alloc_noncoherent", "alloc_noncontiguous")
        self.calls.map(mapping, bounces=streaming, maintains=streaming, owned=owned, unchecked=op.unchecked)
        if kind == "alloc_coherent" and not self.platform.devices[op.device].coherent:
            remaps = self.platform.coherent_remaps and not self.platform.atomic_pool
            if remaps and op.cpu in self.irqs_off:
                self.harm("sleep-in-atomic", mapping)

    def allocate(self, op: Op, kind: str) -> Area:
        """The buffer of an allocation call."""
        uncached = kind == "alloc_coherent" and not self.platform.devices[op.device].coherent
        buffer = self.memory.allocate(op.buffer, "coherent" if kind == "alloc_coherent" else "noncoherent", op)
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

    def list_of(self, op: Op) -> list[Area]:
        """A scatter list: a new one, or that of another mapping."""
        if op.reuse_list:
            return self.mappings[op.list].areas
        return [self.area(e.buffer, e.offset, e.size) for e in op.entries[: op.entry_count]]

    def end(self, mapping: Mapping, args: Arguments, kind: str) -> None:
        """Unmap and free calls; the right function frees the buffer of an allocation."""
        self.calls.end(mapping, args, kind)
        if ALLOCATIONS.get(mapping.kind) == kind:
            self.death(self.allocated[mapping.index])

    def mapping_error(self, mapping: Mapping) -> None:
        """The driver checks late: from here on it abandons a mapping that failed."""
        if mapping.failed:
            self.calls.abandon(mapping)

    def unbind(self, device: int) -> None:
        """Whatever is still live has leaked."""
        for mapping in self.mappings.values():
            if mapping.device == device and mapping.live and not mapping.failed and not mapping.leaked:
                mapping.leaked = True
                self.harm("leak", mapping)

    # Device accesses that the program names.

    def device_access(self, op: Op, mapping: Mapping, write: bool) -> None:
        """Through the mapping's DMA address as it was handed out; entitled or not."""
        permitted = mapping.device_writes if write else mapping.device_reads
        events: list[Event] = []
        for granule in range(op.offset, op.offset + op.size):
            if mapping.live and permitted and granule < mapping.size and mapping.owned[granule]:
                if write:
                    events += mapping.events("device_wrote", granule, granule + 1)
            elif not any(first <= granule < end for first, end in mapping.cut_off):
                landing = self.landing(mapping, mapping.dma_address(granule), write)
                if write and landing:
                    events.append(landing)
        self.log[-1] += joined(events)

    def landing(self, mapping: Mapping, address: int, write: bool) -> Event | None:
        """Where an access that nobody is entitled to lands; a fault is noted."""
        addresses = self.calls.addresses
        perhaps = False
        physical = address
        if addresses.behind_iommu(mapping.device):
            translation = addresses.find(mapping.device, address)
            if translation is None:
                self.fault(mapping)
                if self.platform.iommu.name == "lazy":
                    translation, perhaps = addresses.find(mapping.device, address, live=False), True
            if translation is None:
                return None
            if translation.direction == ("to_device" if write else "from_device"):
                self.fault(mapping)
                return None
            physical = translation.physical(address)
        args = (self.platform.devices[mapping.device].coherent, perhaps)
        slot = addresses.slot_at(physical)
        if slot:
            at = slot.origin + physical - slot.address
            return Event("wild", at, at + GRANULE, args, slot=slot.serial)
        if POOL <= physical < POOL + self.platform.bounce_slots * SLOT or physical >= NOWHERE:
            return None
        return Event("wild", physical, physical + GRANULE, args)


def joined(events: list[Event]) -> list[Event]:
    """Neighbouring events of one kind made one."""
    out: list[Event] = []
    for event in events:
        last = out[-1] if out else None
        if last and last.end == event.start and (last.name, last.args, last.slot, last.reach) == (
            event.name, event.args, event.slot, event.reach,
        ):  # fmt: skip
            out[-1] = Event(last.name, last.start, event.end, last.args, buffer=last.buffer, reach=last.reach,
                            slot=last.slot)  # fmt: skip
        else:
            out.append(event)
    return out


def named_devices(ops: Sequence[Op]) -> dict[int, None]:
    """The devices that a program names, in the order in which it does."""
    return {
        op.device: None
        for op in ops
        if op.given_device or op.kind.name in MAPS or op.kind.name in ALLOCATIONS or op.kind.name == "unbind"
    }


def simulate(ops: Sequence[Op], platform: Platform) -> Outcome:
    """All corruption and other harm that a program and its tidy-up can come to on a platform."""
    return Walk(platform).run(ops)
