# SPDX-License-Identifier: GPL-2.0-only
"""Random programs rich in what is rare elsewhere: copy-on-write, lists mapped again, split calls, SKIP_CPU_SYNC, sizes
that are no multiples of anything, wrong end calls, posts, `start`, accesses past the end."""

from __future__ import annotations

import random

from dmafuzz import _core
from dmafuzz._core import BufferKind, Direction, Op, OpKind

_SIZES = (1, 8, 16, 42, 48, 64, 64, 100, 110, 128, 192, 256)
_LONG = (1534, 2048, 2049, 4000, 4096, 4096, 4096, 4112, 6726, 8192, 8192)
_OFFSETS = (0, 0, 0, 0, 0, 8, 16, 32, 42, 64, 128)
_FAR = (0, 0, 0, 64, 2048, 4000, 4096)
_DIRECTIONS = (Direction.bidirectional, Direction.to_device, Direction.from_device)
_KINDS = (
    [BufferKind.anonymous] * 5
    + [BufferKind.kmalloc] * 4
    + [BufferKind.pages] * 3
    + [BufferKind.page_cache, BufferKind.vmalloc, BufferKind.stack, BufferKind.text, BufferKind.rodata, BufferKind.mmio]
)
_MAPS = (
    [OpKind.map_single, OpKind.map_page, OpKind.map_sg] * 3
    + [OpKind.map_resource, OpKind.alloc_coherent, OpKind.alloc_noncoherent, OpKind.alloc_noncontiguous]
)  # fmt: skip
_RIGHT = {
    OpKind.map_single: OpKind.unmap_single,
    OpKind.map_page: OpKind.unmap_page,
    OpKind.map_resource: OpKind.unmap_resource,
    OpKind.map_sg: OpKind.unmap_sg,
    OpKind.alloc_coherent: OpKind.free_coherent,
    OpKind.alloc_noncoherent: OpKind.free_noncoherent,
    OpKind.alloc_noncontiguous: OpKind.free_noncontiguous,
}
_ENDS = tuple(_RIGHT.values())
_SYNCS = (
    [OpKind.sync_single_for_cpu, OpKind.sync_single_for_device] * 2
    + [OpKind.sync_range_for_cpu, OpKind.sync_range_for_device, OpKind.sync_sg_for_cpu, OpKind.sync_sg_for_device]
)  # fmt: skip
_LISTS = (OpKind.sync_sg_for_cpu, OpKind.sync_sg_for_device, OpKind.unmap_sg)


class Author:
    """Writes one program, knowing what it has made so far."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.ops: list[Op] = []
        self.buffers: list[tuple[int, BufferKind, int]] = []  # name, kind, size
        self.mappings: list[tuple[int, OpKind, int]] = []  # name, kind, size
        self.long = rng.random() < 0.5  # a program of pages, or one of lines
        self.cpus = (0,) if rng.random() < 0.6 else (0, 0, 0, 1)
        self.devices = (0,) if rng.random() < 0.7 else (0, 0, 1)

    def size(self) -> int:
        return self.rng.choice(_LONG if self.long and self.rng.random() < 0.8 else _SIZES)

    def offset(self) -> int:
        return self.rng.choice(_FAR if self.long and self.rng.random() < 0.6 else _OFFSETS)

    def add(self, kind: OpKind, **fields: object) -> None:
        """An operation; what does not fit is left out by the repair at the end."""
        op = Op()
        op.kind, op.cpu = kind, self.rng.choice(self.cpus)
        for name, value in fields.items():
            setattr(op, name, value)
        self.ops.append(op)

    def part(self, size: int) -> tuple[int, int]:
        """A part of so many bytes: mostly all."""
        if self.rng.random() < 0.6:
            return 0, size
        offset = min(self.offset(), size - 1)
        return offset, min(self.size(), size - offset)

    def allocate(self) -> None:
        name, kind, size = len(self.buffers), self.rng.choice(_KINDS), self.size()
        self.add(OpKind.alloc, buffer=name, buffer_kind=kind, size=size, high=self.rng.random() < 0.15)
        self.buffers.append((name, kind, size))

    def map(self) -> None:
        kind = self.rng.choice(_MAPS)
        name, chance = len(self.mappings), self.rng.random
        fields: dict[str, object] = {
            "mapping": name,
            "device": self.rng.choice(self.devices),
            "direction": self.rng.choice(_DIRECTIONS),
            "attrs": int(chance() < 0.25),
            "split": chance() < 0.1,
            "unchecked": chance() < 0.15,
        }
        lists = [known for known, what, _ in self.mappings if what == OpKind.map_sg]
        if kind in (OpKind.alloc_coherent, OpKind.alloc_noncoherent, OpKind.alloc_noncontiguous):
            size = self.size()
            fields |= {"buffer": len(self.buffers), "size": size}
            self.buffers.append((len(self.buffers), BufferKind.coherent, size))
        elif kind == OpKind.map_sg and lists and chance() < 0.5:
            fields |= {"reuse_list": True, "list": self.rng.choice(lists)}
            size = 4096
        elif kind == OpKind.map_sg:
            entries = []
            for _ in range(self.rng.choice((1, 1, 2, 2, 3))):
                buffer, _, whole = self.rng.choice(self.buffers)
                entries.append(_core.Entry(buffer, *self.part(whole)))
            fields["entries"] = entries
            size = sum(entry.size for entry in entries)
        else:
            buffer, _, whole = self.rng.choice(self.buffers)
            offset, size = self.part(whole)
            fields |= {"buffer": buffer, "offset": offset, "size": size}
        self.add(kind, **fields)
        self.mappings.append((name, kind, size))

    def arguments(self, kind: OpKind) -> dict[str, object]:
        """Wrong arguments of a call, now and then."""
        chance = self.rng.random
        fields: dict[str, object] = {"split": chance() < 0.08}
        if chance() < 0.15:
            fields |= {"given_direction": True, "direction": self.rng.choice(_DIRECTIONS)}
        if chance() < 0.1:
            fields |= {"given_attrs": True, "attrs": self.rng.randrange(2)}
        if chance() < 0.06:
            fields |= {"given_device": True, "device": self.rng.randrange(2)}
        if kind in _LISTS and chance() < 0.25:
            fields |= {"given_count": True, "count": self.rng.randrange(3)}
        if chance() < 0.3:
            fields |= {"given_size": True, "size": self.rng.choice((0, self.size(), self.size(), self.size()))}
        if chance() < 0.25:
            fields["offset"] = self.offset()
        if kind in (OpKind.free_coherent, OpKind.free_noncoherent) and chance() < 0.2:
            fields["cpu_offset"] = self.rng.choice((64, 4096, 8192))
        return fields

    def call(self) -> None:
        """A sync or an end: mostly the right function."""
        mapping, made, _ = self.rng.choice(self.mappings)
        if self.rng.random() < 0.5:
            kind = self.rng.choice(_SYNCS)
        else:
            kind = _RIGHT[made] if self.rng.random() < 0.7 else self.rng.choice(_ENDS)
        self.add(kind, mapping=mapping, **self.arguments(kind))

    def access(self) -> None:
        """A CPU or a device access, a copy-on-write."""
        which = self.rng.random()
        if self.mappings and which < 0.35:
            mapping, _, size = self.rng.choice(self.mappings)
            kind = self.rng.choice((OpKind.device_read, OpKind.device_write, OpKind.device_post))
            offset = self.rng.choice((self.offset(), self.offset(), max(size - 8, 0), size))
            self.add(kind, mapping=mapping, offset=offset, size=self.size())
            return
        buffer, _, size = self.rng.choice(self.buffers)
        anonymous = [known for known in self.buffers if known[1] in (BufferKind.anonymous, BufferKind.page_cache)]
        if anonymous and which < 0.6:
            buffer, _, size = self.rng.choice(anonymous)
            page = self.rng.randrange(-(-size // 4096)) * 4096
            self.add(OpKind.cow, buffer=buffer, offset=page, private=self.rng.random() < 0.15)
            return
        offset, length = self.part(size)
        kind = self.rng.choice((OpKind.write, OpKind.write, OpKind.read, OpKind.dirty, OpKind.dirty))
        self.add(kind, buffer=buffer, offset=offset, size=length)

    def other(self) -> None:
        kind = self.rng.choice(
            (OpKind.free, OpKind.start, OpKind.start, OpKind.mapping_error, OpKind.irq_off, OpKind.irq_on,
             OpKind.finish, OpKind.unbind, OpKind.forget)
        )  # fmt: skip
        fields = {"buffer": self.rng.choice(self.buffers)[0], "device": self.rng.choice(self.devices)}
        if self.mappings:
            fields["mapping"] = self.rng.choice(self.mappings)[0]
        self.add(kind, **fields)


def random_rich(rng: random.Random, ops: int) -> list[Op]:
    """A valid program of at most about ``ops`` operations."""
    author = Author(rng)
    author.allocate()
    while len(author.ops) < ops:
        which = rng.random()
        if which < 0.1 and len(author.buffers) < 5:
            author.allocate()
        elif which < 0.35 and len(author.mappings) < 6:
            author.map()
        elif which < 0.65 and author.mappings:
            author.call()
        elif which < 0.9:
            author.access()
        else:
            author.other()
    return _core.repair(author.ops)
