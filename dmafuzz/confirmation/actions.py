# SPDX-License-Identifier: GPL-2.0-only
"""Operations as a guest's actions: every call with the arguments that the program gives it."""

from __future__ import annotations

from collections.abc import Sequence

from dmafuzz import _core
from dmafuzz._core import BufferKind, Extent, Op, OpKind
from dmafuzz.program.kinds import DEVICE_ACCESSES

PAGE_BYTES = _core.PAGE_BYTES
AS_MAPPED = -1

# Where the machine model has things.
_PAGE_BASE, _HIGH_BASE = _core.LAYOUT.pages, _core.LAYOUT.high
_STACK_BASE, _STACK_BYTES = _core.LAYOUT.stacks, _core.LAYOUT.stack_bytes
_TEXT_BASE, _RODATA_BASE = _core.LAYOUT.text, _core.LAYOUT.rodata
_ARENA_BYTES = 4 << 20  # of each of the guest's two
# Nothing answers there: between the guest's memory and the devices' registers.
_HIGH_REGISTERS = 0x8000000000
_REGISTERS, _REGISTERS_BYTES = 0x90000000, 0x100000

_SPLIT = 2  # among the flags of an action
_ARENA, _VMALLOC, _STACK, _IMAGE, _MMIO = range(5)
_SINGLE, _PAGE, _RESOURCE, _SG, _COHERENT, _NONCOHERENT, _NONCONTIGUOUS = range(7)

# include/linux/dma-mapping.h; those that a kernel does not have it does not look at.
_ATTRS = {
    "WEAK_ORDERING": 1 << 1,
    "SKIP_CPU_SYNC": 1 << 5,
    "NO_WARN": 1 << 8,
    "MMIO": 1 << 10,
    "IGNORE_CACHELINES": 1 << 11,
    "REQUIRE_COHERENT": 1 << 12,
}

_MAPS = {OpKind.map_single: _SINGLE, OpKind.map_page: _PAGE, OpKind.map_resource: _RESOURCE}
_UNMAPS = {OpKind.unmap_single: _SINGLE, OpKind.unmap_page: _PAGE, OpKind.unmap_resource: _RESOURCE}
_ALLOCATIONS = {
    OpKind.alloc_coherent: _COHERENT,
    OpKind.alloc_noncoherent: _NONCOHERENT,
    OpKind.alloc_noncontiguous: _NONCONTIGUOUS,
}
_FREES = {
    OpKind.free_coherent: _COHERENT,
    OpKind.free_noncoherent: _NONCOHERENT,
    OpKind.free_noncontiguous: _NONCONTIGUOUS,
}
_SYNCS = {  # kind: (for the device, of a range)
    OpKind.sync_single_for_cpu: (0, 0),
    OpKind.sync_single_for_device: (1, 0),
    OpKind.sync_range_for_cpu: (0, 1),
    OpKind.sync_range_for_device: (1, 1),
}
_LIST_SYNCS = {OpKind.sync_sg_for_cpu: 0, OpKind.sync_sg_for_device: 1}


class CannotSayError(Exception):
    """An operation that no guest can carry out; the message says why."""


def attributes(bits: int) -> int:
    """The kernel's bits for those of an operation."""
    return sum(_ATTRS[name] for number, name in enumerate(_core.ATTRS) if bits >> number & 1)


def _in_arena(phys: int) -> int:
    """Where the guest has a page of the model: in its arena or, behind that, in its high one."""
    return phys - _PAGE_BASE if phys < _HIGH_BASE else _ARENA_BYTES + phys - _HIGH_BASE


class Writer:
    """Writes the actions of one program. ``extents`` are the core's: where it has each buffer."""

    def __init__(self, extents: Sequence[Extent]) -> None:
        self._homes = {e.buffer: e.phys for e in reversed(extents) if e.first}
        self._moved = [(e.buffer, e.offset, e.phys) for e in extents if not e.first]
        self._sizes: dict[int, int] = {}
        self._irqs_off: set[int] = set()
        self._inside: set[int] = set()  # CPUs between the halves of a call
        self._facts: dict[int, Op] = {}  # the line that made a mapping
        self._open: dict[int, Op] = {}  # maps whose second half is to come, by CPU

    def write(self, op: Op, tag: int) -> list[str]:
        """The actions of an operation; ``tag`` is what is written by it, if it writes. Raises CannotSayError."""
        kind = op.kind
        if op.split:
            self._inside.add(op.cpu)
        if kind == OpKind.finish:
            self._inside.discard(op.cpu)
            return self._finish(op)
        if op.split and op.cpu in self._irqs_off:
            raise CannotSayError("a call in two halves with interrupts off")
        if kind in (OpKind.irq_off, OpKind.irq_on):
            (self._irqs_off.add if kind == OpKind.irq_off else self._irqs_off.discard)(op.cpu)
            return []
        if kind in (OpKind.read, OpKind.write, OpKind.dirty, OpKind.cow, OpKind.alloc, OpKind.free):
            return self._memory(op, tag)
        if kind in DEVICE_ACCESSES:
            word = "device-read" if kind == OpKind.device_read else "device-write"
            last = () if kind == OpKind.device_read else (tag,)
            return [f"{word} {self._idle()} 0 " + " ".join(map(str, (op.mapping, op.offset, op.size, *last)))]
        if kind in (OpKind.forget, OpKind.start):
            return []  # nothing that a kernel hears of
        if kind == OpKind.unbind:
            return [self._line(op, "unbind", op.device)]
        return self._call(op, tag)

    def cpu_write(self, cpu: int, buffer: int, offset: int, size: int, tag: int) -> str:
        """An unasked write by a CPU; bytes."""
        return f"write {cpu} 0 {buffer} {offset} {size} {tag}"

    def _idle(self) -> int:
        """A CPU that is not inside a call: one of them has to serve the device."""
        return next((cpu for cpu in range(_core.CPUS_MAX) if cpu not in self._inside), 0)

    def _line(self, op: Op, word: str, *words: int) -> str:
        flags = int(op.cpu in self._irqs_off) + _SPLIT * op.split
        return " ".join(map(str, (word, op.cpu, flags, *words)))

    def _memory(self, op: Op, tag: int) -> list[str]:
        offset, size = op.offset, op.size
        if op.kind == OpKind.alloc:
            self._sizes[op.buffer] = size
            return [self._line(op, "place", op.buffer, *self._place(op, size), tag)]
        if op.kind == OpKind.free:
            return [self._line(op, "free", op.buffer)]
        if op.kind == OpKind.read:
            return [self._line(op, "read", op.buffer, offset, size)]
        if op.kind == OpKind.cow:
            return self._cow(op, offset)
        return [self._line(op, "write", op.buffer, offset, size, tag)]

    def _cow(self, op: Op, offset: int) -> list[str]:
        """The CPU reads the page; then the owner moves to the copy, where it is the owner that does."""
        read = self._line(op, "read", op.buffer, offset, min(PAGE_BYTES, self._sizes[op.buffer] - offset))
        for number, (buffer, moved, phys) in enumerate(self._moved):
            if buffer == op.buffer and moved == offset:
                del self._moved[number]
                return [read, self._line(op, "move", op.buffer, offset // PAGE_BYTES, _in_arena(phys))]
        return [read]  # of page cache, or private: the page stays

    def _place(self, op: Op, size: int) -> tuple[int, int, int]:
        kind = op.buffer_kind
        if kind == BufferKind.mmio:
            return _MMIO, size, (_HIGH_REGISTERS if op.high else _REGISTERS) + op.buffer * _REGISTERS_BYTES
        home = self._homes[op.buffer]
        if kind == BufferKind.stack:
            return _STACK, size, home - _STACK_BASE - op.cpu * _STACK_BYTES
        if kind == BufferKind.vmalloc:
            return _VMALLOC, size, _in_arena(home)
        if kind in (BufferKind.text, BufferKind.rodata):
            return _IMAGE, size, home - (_TEXT_BASE if kind == BufferKind.text else _RODATA_BASE)
        return _ARENA, size, _in_arena(home)

    def _call(self, op: Op, tag: int) -> list[str]:
        kind = op.kind
        if kind in _MAPS or kind in _ALLOCATIONS or kind == OpKind.map_sg:
            self._facts[op.mapping] = op
            lines = [self._make(op, tag)]
            if op.split:
                self._open[op.cpu] = op
                return lines
            return [*lines, *self._ask(op)]
        if kind == OpKind.mapping_error:
            return [self._line(op, "error", op.mapping, 1)]
        return [self._on_mapping(op)]

    def _ask(self, op: Op) -> list[str]:
        """dma_mapping_error() at once, of a map that is checked; nobody asks it of an allocation."""
        if op.unchecked or op.kind in _ALLOCATIONS:
            return []
        return [f"error {op.cpu} {int(op.cpu in self._irqs_off)} {op.mapping} 0"]

    def _finish(self, op: Op) -> list[str]:
        """The second half of a call; a map is checked after it."""
        lines = [f"finish {op.cpu} 0"]
        made = self._open.pop(op.cpu, None)
        return lines if made is None else [*lines, *self._ask(made)]

    def _make(self, op: Op, tag: int) -> str:
        offset, size, attrs = op.offset, op.size, attributes(op.attrs)
        direction = op.direction.value
        if op.kind in _MAPS:
            where = (op.mapping, op.device, _MAPS[op.kind], op.buffer, offset, size, direction, attrs)
            return self._line(op, "map", *where)
        if op.kind in _ALLOCATIONS:
            attrs = attrs if op.kind == OpKind.alloc_coherent else 0
            where = (op.mapping, op.device, _ALLOCATIONS[op.kind], op.buffer, size, direction, attrs, tag)
            return self._line(op, "allocate", *where)
        entries = [] if op.reuse_list else op.entries
        words = [n for e in entries for n in (e.buffer, e.offset, e.size)]
        again = op.list if op.reuse_list else -1
        return self._line(op, "map-list", op.mapping, op.device, direction, attrs, again, len(entries), *words)

    def _on_mapping(self, op: Op) -> str:
        made = self._facts[op.mapping]
        device = op.device if op.given_device else made.device
        size = op.size if op.given_size else AS_MAPPED
        offset = op.offset
        attrs = attributes(op.attrs if op.given_attrs else made.attrs)
        direction = (op.direction if op.given_direction else made.direction).value
        if made.kind == OpKind.alloc_coherent and not op.given_direction:
            direction = _core.Direction.bidirectional.value
        nents = op.count if op.given_count else AS_MAPPED
        if op.kind in _SYNCS:
            return self._line(op, "sync", op.mapping, device, offset, size, direction, *_SYNCS[op.kind])
        if op.kind in _LIST_SYNCS:
            return self._line(op, "sync-list", op.mapping, device, nents, direction, _LIST_SYNCS[op.kind])
        if op.kind in _UNMAPS:
            return self._line(op, "unmap", op.mapping, device, _UNMAPS[op.kind], offset, size, direction, attrs)
        if op.kind == OpKind.unmap_sg:
            return self._line(op, "unmap-list", op.mapping, device, nents, direction, attrs)
        if op.kind in _FREES:
            attrs = attrs if op.kind == OpKind.free_coherent else 0
            where = (op.mapping, device, _FREES[op.kind], offset, size, direction, attrs, op.cpu_offset)
            return self._line(op, "give-back", *where)
        raise CannotSayError(f"{op.kind.name}: not known to the guest")
