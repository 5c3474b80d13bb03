# SPDX-License-Identifier: GPL-2.0-only
"""A window of a group as the lines of a program: equal windows, up to renaming, place and time, have equal shapes.

What is renamed: devices, CPUs, mappings and pages, each by its first appearance. What stays: where in its pages memory
lies, sizes, order.
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from collections.abc import Sequence
from typing import Any, NamedTuple

from dmafuzz import _core
from dmafuzz._core import Direction, Entry, Op, OpKind

from .event import Call, Where
from .mapping import PAGE, PAGE_SHIFT, Mapping, Step
from .names import SKIP_CPU_SYNC

DEVICES_MAX = _core.DEVICES_MAX
ENTRIES_MAX = 4
BYTES_MAX = _core.BUFFER_BYTES_MAX

_MAPS = {
    Call.MAP: OpKind.map_page,
    Call.MAP_RESOURCE: OpKind.map_resource,
    Call.MAP_SG: OpKind.map_sg,
    Call.ALLOC: OpKind.alloc_coherent,
    Call.ALLOC_PAGES: OpKind.alloc_noncoherent,
    Call.ALLOC_SGT: OpKind.alloc_noncontiguous,
}
_OTHERS = {
    Call.UNMAP: OpKind.unmap_page,
    Call.UNMAP_RESOURCE: OpKind.unmap_resource,
    Call.UNMAP_SG: OpKind.unmap_sg,
    Call.FREE: OpKind.free_coherent,
    Call.FREE_PAGES: OpKind.free_noncoherent,
    Call.FREE_SGT: OpKind.free_noncontiguous,
    Call.SYNC_FOR_CPU: OpKind.sync_single_for_cpu,
    Call.SYNC_FOR_DEVICE: OpKind.sync_single_for_device,
    Call.SYNC_SG_FOR_CPU: OpKind.sync_sg_for_cpu,
    Call.SYNC_SG_FOR_DEVICE: OpKind.sync_sg_for_device,
}
_WITHOUT_DIRECTION = (OpKind.free_coherent,)
_WITH_ATTRS = (Call.UNMAP, Call.UNMAP_RESOURCE, Call.UNMAP_SG, Call.FREE)
_SG = (OpKind.unmap_sg, OpKind.sync_sg_for_cpu, OpKind.sync_sg_for_device)

Line = tuple[Any, ...]
Chosen = Table[int, Sequence[int]]
"""Of lists that are looked at in part: by the id of the mapping, the entries."""


class Origin(NamedTuple):
    """Whose mapping it is, and what made it; the direction as the kernel numbers it."""

    device: str
    call: Call
    direction: int
    attrs: int


class Shape(NamedTuple):
    """The lines of a program, each (operation, CPU, mapping, ...), which are also what makes two equal.

    ``sources`` are the places in the trace, a line each; None for what the trace does not have. ``origins`` are those
    of its mappings, by number. ``clipped``: something is larger than a program may be, and only its beginning is in it.
    """

    lines: tuple[Line, ...]
    sources: tuple[Where | None, ...]
    origins: tuple[Origin, ...]
    clipped: bool


class _Area:
    """Pages that lie together and are mapped: a buffer of the program, up to the last byte that is mapped."""

    __slots__ = ("base", "end", "mapped_to", "number")

    def __init__(self, base: int, end: int) -> None:
        self.base, self.end, self.number = base, end, -1
        self.mapped_to = end  # behind ``end`` where there is more than a buffer has room for


class _Shaper:
    """One window on its way to a shape."""

    def __init__(self, steps: Sequence[Step], chosen: Chosen) -> None:
        self.steps, self.chosen = steps, chosen
        self.lines: list[Line] = []
        self.sources: list[Where | None] = []
        self.cpus: dict[int, int] = {}
        self.devices: dict[str, int] = {}
        self.numbers: dict[int, int] = {}
        self.origins: list[Origin] = []
        self.buffers = 0
        self.clipped = False
        self.areas = self._areas()

    def entries(self, mapping: Mapping) -> Sequence[int]:
        return self.chosen.get(id(mapping), range(len(mapping.sizes)))

    def _areas(self) -> list[_Area]:
        """The memory of all streaming mappings, in order; what shares a page is one."""
        ranges = []
        for step in self.steps:
            mapping = step.mapping
            if step.call is mapping.call and mapping.cached:
                ranges += [(mapping.phys[i], mapping.phys[i] + mapping.sizes[i]) for i in self.entries(mapping)]
        areas: list[_Area] = []
        if len(ranges) > 1:
            ranges.sort()
        for start, end in ranges:
            if areas and start >> PAGE_SHIFT <= areas[-1].end - 1 >> PAGE_SHIFT:
                areas[-1].end = areas[-1].mapped_to = max(areas[-1].end, end)
            else:
                areas.append(_Area(start & -PAGE, end))
        for area in areas:
            if area.end - area.base > BYTES_MAX:
                area.end, self.clipped = area.base + BYTES_MAX, True
        return areas

    def shape(self) -> Shape:
        for step in self.steps:
            cpu = self.cpus.setdefault(step.where.cpu, min(len(self.cpus), _core.CPUS_MAX - 1))
            if step.call is step.mapping.call:
                self._map(step, cpu)
            elif id(step.mapping) in self.numbers:
                self._other(step, cpu)
        return Shape(tuple(self.lines), tuple(self.sources), tuple(self.origins), self.clipped)

    def _line(self, line: Line, where: Where | None) -> None:
        self.lines.append(line)
        self.sources.append(where)

    def _map(self, step: Step, cpu: int) -> None:
        mapping = step.mapping
        device = self.devices.setdefault(mapping.device, len(self.devices))
        kind, number = _MAPS[mapping.call], len(self.origins)
        if mapping.cached:
            pieces = [piece for i in self.entries(mapping) if (piece := self._piece(mapping, i, cpu))]
            if not pieces:
                return
            if kind is OpKind.map_sg:
                line: Line = (kind, cpu, number, device, mapping.direction, mapping.attrs, tuple(pieces))
            else:
                line = (kind, cpu, number, device, mapping.direction, mapping.attrs, *pieces[0])
        elif mapping.call is Call.MAP_RESOURCE:
            line = (kind, cpu, number, device, mapping.direction, mapping.attrs, *self._registers(mapping, cpu))
        else:
            size = self._clip(mapping.sizes[0])
            # The hooks of the other allocations have no attributes.
            attrs = mapping.attrs if mapping.call is Call.ALLOC else 0
            line = (kind, cpu, number, device, mapping.direction, attrs, self.buffers, 0, size)
            self.buffers += 1
        self.numbers[id(mapping)] = number
        self.origins.append(Origin(mapping.device, mapping.call, mapping.direction, mapping.attrs))
        self._line(line, step.where)
        if mapping.attrs & SKIP_CPU_SYNC and mapping.cached and not (mapping.given_to_device or mapping.live):
            self._line((OpKind.start, cpu, number), None)

    def _clip(self, size: int) -> int:
        self.clipped |= size > BYTES_MAX
        return min(size, BYTES_MAX)

    def _piece(self, mapping: Mapping, entry: int, cpu: int) -> tuple[int, int, int] | None:
        """Buffer, offset and size of an entry; its buffer is allocated before it is first mapped."""
        start, size = mapping.phys[entry], mapping.sizes[entry]
        area = next(each for each in self.areas if each.base <= start < each.mapped_to)
        offset = start - area.base
        if offset >= BYTES_MAX:
            self.clipped = True
            return None
        if area.number < 0:
            area.number, self.buffers = self.buffers, self.buffers + 1
            self._line((OpKind.alloc, cpu, area.number, _core.BufferKind.pages, area.end - area.base), None)
        return area.number, offset, min(size, area.end - start)

    def _registers(self, mapping: Mapping, cpu: int) -> tuple[int, int, int]:
        offset = mapping.phys[0] % PAGE
        size = self._clip(offset + mapping.sizes[0]) - offset
        number, self.buffers = self.buffers, self.buffers + 1
        self._line((OpKind.alloc, cpu, number, _core.BufferKind.mmio, offset + size), None)
        return number, offset, size

    def _other(self, step: Step, cpu: int) -> None:
        mapping = step.mapping
        kind = _OTHERS[step.call]
        differs = step.direction if step.direction != mapping.direction and kind not in _WITHOUT_DIRECTION else -1
        attrs = step.attrs if step.call in _WITH_ATTRS and step.attrs != mapping.attrs else -1
        number = self.numbers[id(mapping)]
        if kind in _SG:
            count = self._count(step, mapping)
            if count:
                self._line((kind, cpu, number, differs, attrs, count), step.where)
            return
        if mapping.is_list and self.entries(mapping)[0]:
            return  # a call on the first entry, which this window does not have
        whole = self._mapped_bytes(mapping)
        offset, size = step.offset, step.size
        if offset == 0 and size == mapping.dma_sizes[0]:
            size = whole
        elif offset + size > whole and whole < mapping.dma_sizes[0]:
            self.clipped = True
            if offset >= whole:
                return
            size = whole - offset
        most = 2 * BYTES_MAX
        if offset > most or size > most:
            self.clipped = True
            return
        self._line((kind, cpu, number, differs, attrs, offset, -1 if size == whole else size), step.where)

    def _mapped_bytes(self, mapping: Mapping) -> int:
        """What a call on it without a size is about: of a list, its first entry."""
        if mapping.cached:
            first = self.entries(mapping)[0]
            area = next(each for each in self.areas if each.base <= mapping.phys[first] < each.end)
            return min(
                mapping.dma_sizes[first] if mapping.is_list else mapping.sizes[first], area.end - mapping.phys[first]
            )
        if mapping.call is Call.MAP_RESOURCE:
            offset = mapping.phys[0] % PAGE
            return min(offset + mapping.sizes[0], BYTES_MAX) - offset
        return min(mapping.sizes[0], BYTES_MAX)

    def _count(self, step: Step, mapping: Mapping) -> int:
        """Entries of the program's list that a call with so many entries of the trace's reaches; -1: all, 0: none.

        Syncs name DMA addresses, which an IOMMU may have made fewer of.
        """
        total = len(mapping.phys if step.call is Call.UNMAP_SG else mapping.dma)
        if step.entries >= total or mapping.call is not Call.MAP_SG:
            return -1
        entries = self.entries(mapping)
        reached = sum(1 for i in entries if i < step.entries)
        return -1 if reached == len(entries) else reached


def plain_key(steps: Sequence[Step]) -> Line | None:
    """The same for equal shapes, of calls on one streaming mapping alone, which most groups are; None for others. It
    takes a fourth of the time that the shape takes."""
    first, mapping = steps[0], steps[0].mapping
    if mapping.call is not Call.MAP or mapping.attrs or len(steps) > _PLAIN_STEPS_MAX:
        return None
    offset, size, cpu = mapping.phys[0] % PAGE, mapping.sizes[0], first.where.cpu
    if offset + size > BYTES_MAX:
        return None
    key: list[Any] = [offset, size, mapping.direction]
    cpus = [cpu]
    for step in steps[1:]:
        if step.mapping is not mapping:
            return None
        if step.where.cpu not in cpus:
            cpus.append(step.where.cpu)
        key += (step.call, cpus.index(step.where.cpu), step.offset, step.size, step.direction, step.attrs)
    return tuple(key) if len(cpus) <= _core.CPUS_MAX else None


_PLAIN_STEPS_MAX = 6


def shape_of(steps: Sequence[Step], chosen: Chosen) -> Shape:
    """The shape of a window; a mapping of ``chosen`` has only those of its entries."""
    return _Shaper(steps, chosen).shape()


def operations(lines: Sequence[Line]) -> list[Op]:
    """The program of a shape."""
    return [_op(line) for line in lines]


def _op(line: Line) -> Op:
    op = Op()
    op.kind, op.cpu = line[0], line[1]
    if op.kind is OpKind.alloc:
        op.buffer, op.buffer_kind, op.size = line[2:]
        return op
    op.mapping = line[2]
    if op.kind is OpKind.start:
        return op
    if op.kind in _MAPS.values():
        op.device, op.direction, op.attrs = line[3], Direction(line[4]), line[5]
        if op.kind is OpKind.map_sg:
            op.entries = [Entry(*piece) for piece in line[6]]
        else:
            op.buffer, op.offset, op.size = line[6:9]
        return _core.clear_unused(op)
    op.given_direction, op.given_attrs = line[3] >= 0, line[4] >= 0
    op.direction, op.attrs = Direction(max(line[3], 0)), max(line[4], 0)
    if op.kind in _SG:
        op.given_count, op.count = line[5] >= 0, max(line[5], 0)
    else:
        op.offset, op.given_size, op.size = line[5], line[6] >= 0, max(line[6], 0)
    return _core.clear_unused(op)
