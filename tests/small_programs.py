# SPDX-License-Identifier: GPL-2.0-only
"""Small programs over the whole language: for holding the core against the naive simulator."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from dmafuzz import _core
from dmafuzz._core import BufferKind, Direction, Op, OpKind

_KINDS = (
    [OpKind.alloc] * 4
    + [OpKind.free, OpKind.write, OpKind.write, OpKind.read, OpKind.dirty, OpKind.cow]
    + [OpKind.map_single, OpKind.map_page] * 4
    + [OpKind.map_resource, OpKind.map_sg, OpKind.map_sg, OpKind.mapping_error]
    + [OpKind.alloc_coherent, OpKind.alloc_noncoherent, OpKind.alloc_noncontiguous]
    + [OpKind.sync_single_for_cpu, OpKind.sync_single_for_device] * 3
    + [OpKind.sync_sg_for_cpu, OpKind.sync_sg_for_device]
    + [OpKind.unmap_single, OpKind.unmap_page] * 2
    + [OpKind.unmap_resource, OpKind.unmap_sg, OpKind.free_coherent, OpKind.free_noncoherent]
    + [OpKind.free_noncontiguous, OpKind.device_read, OpKind.device_write, OpKind.irq_off, OpKind.unbind]
    + [OpKind.forget, OpKind.finish]
)
_BUFFERS = (
    [BufferKind.kmalloc] * 4
    + [BufferKind.pages, BufferKind.pages, BufferKind.page_cache, BufferKind.anonymous, BufferKind.anonymous]
    + [BufferKind.stack, BufferKind.vmalloc, BufferKind.text, BufferKind.mmio]
)
_DIRECTIONS = (Direction.bidirectional, Direction.to_device, Direction.from_device)


def _random_op(rng: random.Random) -> Op:
    op = Op()
    op.kind = rng.choice(_KINDS)
    op.cpu = rng.choice((0, 0, 0, 1))
    op.split, op.unchecked, op.high = rng.random() < 0.1, rng.random() < 0.15, rng.random() < 0.1
    op.given_device, op.given_size = rng.random() < 0.08, rng.random() < 0.2
    op.given_direction, op.given_attrs = rng.random() < 0.15, rng.random() < 0.1
    op.given_count, op.reuse_list = rng.random() < 0.2, rng.random() < 0.15
    op.device, op.buffer, op.mapping = rng.choice((0, 0, 1)), rng.randrange(4), rng.randrange(5)
    op.direction, op.attrs = rng.choice(_DIRECTIONS), rng.choice((0, 0, 0, 1))
    op.buffer_kind = rng.choice(_BUFFERS)
    op.count, op.list = rng.randrange(3), rng.randrange(5)
    op.offset, op.size = rng.choice((0, 0, 0, 0, 16, 32, 64)), rng.choice((16, 32, 32, 48, 64, 64, 96, 128))
    if rng.random() < 0.03:
        op.size = rng.choice((4096, 4160, 8192))
    if op.kind == OpKind.map_sg:
        count = rng.choice((1, 2, 2, 3))
        op.entries = [
            _core.Entry(rng.randrange(4), rng.choice((0, 0, 32)), rng.choice((16, 32, 64))) for _ in range(count)
        ]
    return op


def random_small(rng: random.Random, ops: int) -> list[Op]:
    """A valid program of at most ``ops`` operations, in ranges of a few lines."""
    return _core.repair([_random_op(rng) for _ in range(ops)])


def _op(kind: OpKind, **fields: object) -> Op:
    op = Op()
    op.kind = kind
    for name, value in fields.items():
        setattr(op, name, value)
    return _core.clear_unused(op)


def _alphabet() -> list[Op]:
    """The operations of the exhaustive check: two kmalloc buffers that can share a line, one device, one mapping at a
    time and a second one over the same or the neighbouring buffer."""
    ops = [_op(OpKind.alloc, buffer=1, buffer_kind=BufferKind.kmalloc, size=32)]
    for direction in _DIRECTIONS:
        ops.append(_op(OpKind.map_single, mapping=0, buffer=0, size=32, direction=direction))
        ops.append(_op(OpKind.map_single, mapping=1, buffer=0, size=32, direction=direction, device=1))
    ops.append(_op(OpKind.map_single, mapping=1, buffer=1, size=32, direction=Direction.from_device))
    ops.append(_op(OpKind.sync_single_for_cpu, mapping=0))
    ops.append(_op(OpKind.sync_single_for_device, mapping=0))
    ops.append(_op(OpKind.unmap_single, mapping=0))
    ops.append(_op(OpKind.unmap_single, mapping=0, given_size=True, size=64))
    ops.append(_op(OpKind.unmap_single, mapping=0, given_direction=True, direction=Direction.to_device))
    for kind in (OpKind.write, OpKind.dirty, OpKind.read):
        ops.append(_op(kind, buffer=0, size=32))
    ops.append(_op(OpKind.write, buffer=1, size=16))
    ops.append(_op(OpKind.free, buffer=0))
    ops.append(_op(OpKind.device_write, mapping=0, size=16))
    return ops


def every_small(ops: int) -> Iterator[list[Op]]:
    """Every valid program of exactly ``ops`` operations over the alphabet that begins with allocating b0."""
    first = _op(OpKind.alloc, buffer=0, buffer_kind=BufferKind.kmalloc, size=32)
    for rest in itertools.product(_alphabet(), repeat=ops - 1):
        program = [first, *rest]
        if _core.check(program) is None:
            yield program


def haunted() -> Iterator[list[Op]]:
    """A buffer dies under its mapping, another one gets its memory, and then the dead one's mapping changes hands."""
    rest = [
        _op(OpKind.sync_single_for_device, mapping=0),
        _op(OpKind.sync_single_for_cpu, mapping=0),
        _op(OpKind.unmap_single, mapping=0),
        _op(OpKind.write, buffer=1, size=16),
        _op(OpKind.map_single, mapping=1, buffer=1, size=32, direction=Direction.to_device),
        _op(OpKind.sync_single_for_cpu, mapping=1),
    ]
    for kind, size in itertools.product((BufferKind.kmalloc, BufferKind.pages), (32, 64, 96)):
        for tail in itertools.product(rest, repeat=3):
            program = [
                _op(OpKind.alloc, buffer=0, buffer_kind=kind, size=size),
                _op(OpKind.map_single, mapping=0, buffer=0, size=size, direction=Direction.bidirectional),
                _op(OpKind.sync_single_for_cpu, mapping=0),
                _op(OpKind.free, buffer=0),
                _op(OpKind.alloc, buffer=1, buffer_kind=kind, size=size),
                *tail,
            ]
            if _core.check(program) is None:
                yield program


def torn_and_haunted() -> Iterator[list[Op]]:
    """A mapping over a buffer that copy-on-write has torn apart: where address arithmetic from its first page leads,
    somebody else lives, before and after the buffer's death."""
    rest = [
        _op(OpKind.free, buffer=0),
        _op(OpKind.sync_single_for_cpu, mapping=0),
        _op(OpKind.sync_single_for_device, mapping=0),
        _op(OpKind.unmap_single, mapping=0),
        _op(OpKind.write, buffer=1, size=16),
        _op(OpKind.read, buffer=1, size=64),
    ]
    for direction, size in itertools.product(_DIRECTIONS, (4112, 4160, 8192)):
        for tail in itertools.product(rest, repeat=3):
            program = [
                _op(OpKind.alloc, buffer=0, buffer_kind=BufferKind.anonymous, size=8192),
                _op(OpKind.cow, buffer=0),
                _op(OpKind.alloc, buffer=1, buffer_kind=BufferKind.pages, size=64),
                _op(OpKind.map_single, mapping=0, buffer=0, size=size, direction=direction),
                *tail,
            ]
            if _core.check(program) is None:
                yield program
