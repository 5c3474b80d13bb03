# SPDX-License-Identifier: GPL-2.0-only
"""The alphabet of the exhaustive search, written a second time from its statement (core/alphabet/alphabet.hpp).

What can come after a program is read off the program itself, from its first operation on, each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dmafuzz import _core
from dmafuzz._core import BufferKind, Direction, Entry, Op, OpKind

BOTH, TO, FROM = Direction.bidirectional, Direction.to_device, Direction.from_device
DIRECTIONS = (BOTH, TO, FROM)
SKIP_CPU_SYNC, IGNORE_CACHELINES = 1 << 0, 1 << 4

SMALL, LARGE, LONG = 32, 128, 128 * 1024  # bytes of buffers
FIRST, SECOND, MOST, BEFORE, TAIL = (0, 64), (64, 64), (0, 96), (64, 32), (96, 32)
PAGE, NEXT_PAGE, FAR_IN = (0, 4096), (4096, 4096), (96 * 1024, 32)

SINGLE_SYNCS = OpKind.sync_single_for_cpu, OpKind.sync_single_for_device
SG_SYNCS = OpKind.sync_sg_for_cpu, OpKind.sync_sg_for_device
ACCESSES = OpKind.device_read, OpKind.device_write
RIGHT_END = {
    OpKind.map_single: OpKind.unmap_single,
    OpKind.map_page: OpKind.unmap_page,
    OpKind.map_resource: OpKind.unmap_resource,
    OpKind.map_sg: OpKind.unmap_sg,
    OpKind.alloc_coherent: OpKind.free_coherent,
}
OTHER_END = {
    OpKind.map_single: OpKind.unmap_page,
    OpKind.map_page: OpKind.unmap_single,
    OpKind.map_resource: OpKind.unmap_page,
    OpKind.map_sg: OpKind.unmap_single,
    OpKind.alloc_coherent: OpKind.unmap_single,
}
WRITABLE = set(BufferKind) - {BufferKind.text}


def op(kind: OpKind, **fields: object) -> Op:
    made = Op()
    made.kind = kind
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@dataclass
class Buffer:
    kind: BufferKind
    size: int
    high: bool
    live: bool = True

    @property
    def has_parts(self) -> bool:
        return self.kind == BufferKind.pages and self.size == LARGE and not self.high

    @property
    def is_long(self) -> bool:
        return self.size == LONG


@dataclass
class Mapping:
    made: Op
    size: int
    returned: bool = True
    checked: bool = True
    forgotten: bool = False
    ended: bool = False


@dataclass
class Story:
    """What a program has come to, as far as names go."""

    buffers: list[Buffer] = field(default_factory=list)
    mappings: list[Mapping] = field(default_factory=list)
    busy: dict[int, Op] = field(default_factory=dict)  # by CPU: the call that it is in the middle of
    cpus: set[int] = field(default_factory=set)
    devices: set[int] = field(default_factory=set)


def tell(program: Sequence[Op]) -> Story:
    story = Story()
    for line in program:
        _add(story, line)
    return story


def _add(story: Story, line: Op) -> None:
    traits = _core.traits(line.kind)
    if line.kind not in ACCESSES:
        story.cpus.add(line.cpu)
    if traits.names_device or line.given_device:
        story.devices.add(line.device)
    if line.kind == OpKind.finish:
        _come_back(story, story.busy.pop(line.cpu))
        return
    if line.split:
        story.busy[line.cpu] = line
    if traits.defines_buffer:
        story.buffers.append(Buffer(line.buffer_kind, line.size, line.high, not line.split))
    if traits.defines_mapping:
        story.mappings.append(Mapping(line, _size(story, line), not line.split, not line.unchecked))
    elif line.kind == OpKind.free:
        story.buffers[line.buffer].live = False
    elif line.kind == OpKind.forget:
        story.mappings[line.mapping].forgotten = True
    elif line.kind in RIGHT_END.values():
        mapping = story.mappings[line.mapping]
        mapping.ended = True
        if line.kind == OpKind.free_coherent:
            story.buffers[mapping.made.buffer].live = False


def _size(story: Story, line: Op) -> int:
    if line.kind != OpKind.map_sg:
        return line.size
    if line.reuse_list:
        return story.mappings[line.list].size
    return sum(entry.size for entry in line.entries)


def _come_back(story: Story, call: Op) -> None:
    if _core.traits(call.kind).defines_mapping:
        story.mappings[call.mapping].returned = True
    if call.kind == OpKind.alloc_coherent:
        story.buffers[call.buffer].live = True


def successors(program: Sequence[Op], cpus: int, devices: int, devices_alike: bool) -> list[Op]:
    """All operations of the alphabet that can follow a program of it."""
    story = tell(program)
    named = range(min(devices, len(story.devices) + 1) if devices_alike else devices)
    able = [cpu for cpu in range(min(cpus, len(story.cpus) + 1)) if cpu not in story.busy]
    following = [op(OpKind.finish, cpu=cpu) for cpu in story.busy]
    for plain in _everything(story, named, devices):
        if plain.kind in ACCESSES:
            following.append(plain)
            continue
        for cpu in able:
            for split in (False, True) if cpus > 1 and _core.traits(plain.kind).is_call else (False,):
                line = plain.__copy__()
                line.cpu, line.split = cpu, split
                following.append(line)
    return [line for line in following if _core.check([*program, line]) is None]


def _everything(story: Story, named: range, devices: int) -> Iterator[Op]:
    yield from _allocations(story, named)
    for b, buffer in enumerate(story.buffers):
        if buffer.live:
            yield from _by_cpu(b, buffer)
            yield from _maps(story, b, buffer, named)
    for m, mapping in enumerate(story.mappings):
        if not mapping.returned:
            continue
        if mapping.ended:
            yield from _too_late(m, mapping)
        elif mapping.made.kind == OpKind.map_sg:
            yield from _on_list(story, m, mapping, devices)
        elif mapping.made.kind == OpKind.map_resource:
            yield from _on_resource(m, mapping)
        elif mapping.made.kind == OpKind.alloc_coherent:
            yield from _on_coherent(m, mapping)
        elif story.buffers[mapping.made.buffer].is_long:
            yield from _on_long(m, mapping)
        else:
            yield from _on_mapping(m, mapping, devices)


def _allocations(story: Story, named: range) -> Iterator[Op]:
    b = len(story.buffers)
    kinds = [BufferKind.pages, BufferKind.page_cache, BufferKind.anonymous, BufferKind.stack, BufferKind.vmalloc]
    for kind in (*kinds, BufferKind.text):
        yield op(OpKind.alloc, buffer=b, buffer_kind=kind, size=LARGE)
    yield op(OpKind.alloc, buffer=b, buffer_kind=BufferKind.pages, size=LARGE, high=True)
    yield op(OpKind.alloc, buffer=b, buffer_kind=BufferKind.kmalloc, size=SMALL)
    yield op(OpKind.alloc, buffer=b, buffer_kind=BufferKind.pages, size=LONG)
    m = len(story.mappings)
    for d in named:
        kind = BufferKind.coherent
        yield op(OpKind.alloc_coherent, buffer=b, mapping=m, buffer_kind=kind, size=LARGE, device=d)


def _by_cpu(b: int, buffer: Buffer) -> Iterator[Op]:
    yield op(OpKind.read, buffer=b, size=buffer.size)
    if buffer.kind in WRITABLE:
        yield op(OpKind.write, buffer=b, size=buffer.size)
    if buffer.has_parts:
        yield op(OpKind.write, buffer=b, offset=TAIL[0], size=TAIL[1])
    if buffer.kind in (BufferKind.page_cache, BufferKind.anonymous):
        yield op(OpKind.dirty, buffer=b, size=buffer.size)
        yield op(OpKind.cow, buffer=b)
    if buffer.kind not in (BufferKind.text, BufferKind.coherent):
        yield op(OpKind.free, buffer=b)


def _maps(story: Story, b: int, buffer: Buffer, named: range) -> Iterator[Op]:
    def on_whole(kind: OpKind, direction: Direction, **fields: object) -> Op:
        return op(kind, mapping=m, buffer=b, size=buffer.size, direction=direction, device=d, **fields)

    m = len(story.mappings)
    for d in named:
        if buffer.kind == BufferKind.coherent:
            yield on_whole(OpKind.map_single, BOTH)
            continue
        for direction in DIRECTIONS:
            yield on_whole(OpKind.map_single, direction)
        if buffer.is_long:
            yield op(OpKind.map_single, mapping=m, buffer=b, direction=FROM, device=d, **_place(NEXT_PAGE))
            yield from _map_lists(m, b, PAGE, NEXT_PAGE, d)
        if buffer.kind == BufferKind.vmalloc:
            yield on_whole(OpKind.map_page, FROM)
        if not buffer.has_parts:
            continue
        for part in (FIRST, SECOND, MOST, TAIL):
            for direction in DIRECTIONS:
                yield op(OpKind.map_single, mapping=m, buffer=b, direction=direction, device=d, **_place(part))
        yield on_whole(OpKind.map_page, FROM)
        yield on_whole(OpKind.map_single, FROM, unchecked=True)
        yield on_whole(OpKind.map_resource, BOTH)
        for direction in DIRECTIONS:
            yield on_whole(OpKind.map_single, direction, attrs=SKIP_CPU_SYNC)
        flagged = {"direction": FROM, "attrs": IGNORE_CACHELINES, "device": d}
        for part in ((0, buffer.size), BEFORE, TAIL):
            yield op(OpKind.map_single, mapping=m, buffer=b, **_place(part), **flagged)
        yield from _map_lists(m, b, FIRST, SECOND, d)


def _place(part: tuple[int, int]) -> dict[str, int]:
    return {"offset": part[0], "size": part[1]}


def _map_lists(m: int, b: int, first: tuple[int, int], second: tuple[int, int], device: int) -> Iterator[Op]:
    entries = [Entry(b, *first), Entry(b, *second)]
    for direction in DIRECTIONS:
        yield op(OpKind.map_sg, mapping=m, entries=entries, direction=direction, device=device)


def _on_device(m: int, mapping: Mapping) -> Iterator[Op]:
    for kind in ACCESSES:
        yield op(kind, mapping=m, size=mapping.size)


def _on_any(m: int, mapping: Mapping) -> Iterator[Op]:
    yield from _on_device(m, mapping)
    if not mapping.forgotten:
        yield op(OpKind.forget, mapping=m)
    if not mapping.checked:
        yield op(OpKind.mapping_error, mapping=m)


def _by_other_devices(m: int, made: Op, devices: int) -> Iterator[Op]:
    for d in range(devices):
        if d != made.device:
            yield op(RIGHT_END[made.kind], mapping=m, given_device=True, device=d)


def _on_resource(m: int, mapping: Mapping) -> Iterator[Op]:
    for end in (RIGHT_END, OTHER_END):
        yield op(end[mapping.made.kind], mapping=m)
    yield from _on_any(m, mapping)


def _on_long(m: int, mapping: Mapping) -> Iterator[Op]:
    for kind in SINGLE_SYNCS:
        yield op(kind, mapping=m)
        if mapping.size == LONG:
            yield op(kind, mapping=m, given_size=True, **_place(FAR_IN))
    yield op(OpKind.unmap_single, mapping=m)
    yield from _on_any(m, mapping)


def _on_mapping(m: int, mapping: Mapping, devices: int) -> Iterator[Op]:
    made = mapping.made
    others = [direction for direction in DIRECTIONS if direction != made.direction]
    for kind in SINGLE_SYNCS:
        yield op(kind, mapping=m)
        yield op(kind, mapping=m, given_size=True, size=made.size // 2)
        for direction in others:
            yield op(kind, mapping=m, given_direction=True, direction=direction)
    yield op(OpKind.sync_single_for_cpu, mapping=m, given_size=True, size=2 * made.size)
    end = RIGHT_END[made.kind]
    yield op(end, mapping=m)
    yield op(end, mapping=m, given_size=True, size=made.size // 2)
    for direction in others:
        yield op(end, mapping=m, given_direction=True, direction=direction)
    yield op(OTHER_END[made.kind], mapping=m)
    yield op(OpKind.unmap_sg, mapping=m)
    yield from _by_other_devices(m, made, devices)
    yield op(end, mapping=m, offset=made.size // 2)
    yield op(end, mapping=m, given_attrs=True, attrs=made.attrs ^ SKIP_CPU_SYNC)
    yield op(OpKind.start, mapping=m)
    yield from _on_any(m, mapping)


def _on_list(story: Story, m: int, mapping: Mapping, devices: int) -> Iterator[Op]:
    for kind in (*SG_SYNCS, OpKind.unmap_sg):
        yield op(kind, mapping=m)
        yield op(kind, mapping=m, given_count=True, count=1)
    made = mapping.made
    for direction in DIRECTIONS:
        if direction != made.direction:
            yield op(OpKind.unmap_sg, mapping=m, given_direction=True, direction=direction)
    yield op(OTHER_END[made.kind], mapping=m)
    yield from _by_other_devices(m, made, devices)
    yield op(OpKind.start, mapping=m)
    again = {"reuse_list": True, "list": m, "direction": made.direction, "device": made.device}
    yield op(OpKind.map_sg, mapping=len(story.mappings), **again)
    yield from _on_any(m, mapping)


def _on_coherent(m: int, mapping: Mapping) -> Iterator[Op]:
    yield op(OpKind.free_coherent, mapping=m)
    yield op(OpKind.free_coherent, mapping=m, given_size=True, size=mapping.size // 2)
    yield op(OpKind.free_coherent, mapping=m, cpu_offset=16)
    yield op(OTHER_END[mapping.made.kind], mapping=m)
    yield from _on_any(m, mapping)


def _too_late(m: int, mapping: Mapping) -> Iterator[Op]:
    yield op(RIGHT_END[mapping.made.kind], mapping=m)
    for kind in SG_SYNCS if mapping.made.kind == OpKind.map_sg else SINGLE_SYNCS:
        yield op(kind, mapping=m)
    yield from _on_device(m, mapping)
