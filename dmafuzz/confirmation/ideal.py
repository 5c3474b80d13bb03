# SPDX-License-Identifier: GPL-2.0-only
"""The ideal memory: what every byte should hold, and who may look. Fed with the core's steps, one operation at a time.

Nothing of a machine is worked out here: which mapping covers what, and when it is whose, is the core's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from dmafuzz._core import Direction, Piece, Step

_WRITES = (Direction.from_device, Direction.bidirectional)
_READS = (Direction.to_device, Direction.bidirectional)


@dataclass
class _Piece:
    """A contiguous part of a mapping. ``owned``: by byte, whether the device owns it."""

    mapping: int
    buffer: int
    direction: Direction
    joint: bool
    offset: int
    size: int
    start: int  # in its mapping
    live: bool = False
    handed: bool = False  # it has been the device's at some time: after an unchecked map the CPU may not look before
    owned: bytearray = field(default_factory=bytearray)

    def device_owns(self, at: int) -> bool:
        """``at``: in the buffer."""
        if not self.live or not self.offset <= at < self.offset + self.size:
            return False
        return self.joint or bool(self.owned[at - self.offset])


@dataclass
class _Buffer:
    content: bytearray
    given_up: bytearray
    lagging: bytearray  # an unordered write since the last hand-over: a device may see old bytes or new ones
    posted: bytearray  # a device has written while the CPU looks: the CPU need not have seen it yet
    live: bool = True
    image: bool = False  # the kernel's own: never given up


class IdealMemory:
    """Offsets are bytes, of buffers unless it says otherwise."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = []
        starts: dict[int, int] = {}
        for p in pieces:
            start = starts.get(p.mapping, 0)
            starts[p.mapping] = start + p.size
            where = (p.mapping, p.buffer, p.direction, p.joint, p.offset, p.size, start)
            self._pieces.append(_Piece(*where, owned=bytearray(p.size)))
        self._buffers: dict[int, _Buffer] = {}

    def born(self, buffer: int, content: bytes, image: bool = False) -> None:
        """A buffer that holds this from now on; ``image``: of the kernel's text or rodata."""
        given_up, lagging, posted = (bytearray(len(content)) for _ in range(3))
        self._buffers[buffer] = _Buffer(bytearray(content), given_up, lagging, posted, image=image)

    def step(self, step: Step, tag: int) -> None:
        """One of the core's steps; ``tag`` is what its operation writes."""
        kind, piece = step.kind, step.piece
        if kind == "die":
            self._buffers[step.buffer].live = False
        elif kind in ("cpu-write", "cpu-dirty"):
            self.write(step.buffer, step.offset, step.size, tag, lags=kind == "cpu-dirty")
        elif kind == "begin":
            self._pieces[piece].live, self._pieces[piece].handed = True, False
        elif kind == "end":
            self._pieces[piece].live = False
            self._seen_by_cpu(self._pieces[piece], 0, self._pieces[piece].size)
        elif kind in ("to-device", "to-cpu"):
            self._hand_over(self._pieces[piece], step.offset, step.size, kind == "to-device")
        elif kind in ("device-write", "device-post"):
            p = self._pieces[piece]
            self._device_write(p, p.offset + step.offset, step.size, tag, kind == "device-post")

    def write(self, buffer: int, offset: int, size: int, tag: int, lags: bool = False) -> None:
        """A CPU's write; ``lags``: no sync orders it against the devices."""
        b = self._buffers[buffer]
        b.content[offset : offset + size] = bytes([tag]) * size
        b.given_up[offset : offset + size] = bytes(size)
        b.posted[offset : offset + size] = bytes(size)
        b.lagging[offset : offset + size] = bytes([lags]) * size

    def device_write(self, mapping: int, buffer: int, offset: int, size: int, tag: int) -> list[tuple[int, int]]:
        """A well-behaved device's write of what it owns of a range; (offset in the mapping, size) of what that is."""
        done = []
        for p in self._pieces:
            if p.mapping == mapping and p.buffer == buffer:
                for start, length in self._device_write(p, offset, size, tag):
                    done.append((p.start + start - p.offset, length))
        return done

    def readable(self, buffer: int) -> list[tuple[int, int]]:
        """The ranges (offset, size) that the CPU may read and of which something is expected."""
        b = self._buffers.get(buffer)
        if b is None or not b.live:
            return []
        barred = bytearray(_either(b.given_up, b.posted))
        for p in self._pieces:
            if p.buffer == buffer and p.live and not p.joint and p.direction in _WRITES:
                covered = slice(p.offset, p.offset + p.size)
                barred[covered] = _either(barred[covered], p.owned if p.handed else b"\1" * p.size)
        return _ranges(barred)

    def content(self, buffer: int, offset: int, size: int) -> bytes:
        return bytes(self._buffers[buffer].content[offset : offset + size])

    def open_ones(self, buffer: int, offset: int, size: int) -> bytes:
        """1 for each byte of which nothing is expected: given up, or written by a device while the CPU looks."""
        b, part = self._buffers[buffer], slice(offset, offset + size)
        return _either(b.given_up[part], b.posted[part])

    def buffers(self) -> list[int]:
        return [number for number, b in self._buffers.items() if b.live]

    def views(self, mappings: Sequence[int], buffer: int, offset: int, size: int) -> list[tuple[int, int, int, int]]:
        """Through which mappings a device may read a range: (mapping, offset in it, offset, size)."""
        out = []
        for p in self._pieces:
            if p.mapping not in mappings or p.buffer != buffer or not p.live or p.direction not in _READS:
                continue
            b = self._buffers[buffer]
            start, end = max(offset, p.offset), min(offset + size, p.offset + p.size)
            owned = [at for at in range(start, end) if p.device_owns(at) and not b.given_up[at] | b.lagging[at]]
            for start, length in _runs(owned):
                out.append((p.mapping, p.start + start - p.offset, start, length))
        return out

    def asked(self, mapping: int, offset: int) -> tuple[int, int] | None:
        """What a device line of a mapping that its device may read names: (buffer, offset in it). Past its end, too."""
        last = None
        for p in self._pieces:
            if p.mapping == mapping and p.live and p.direction in _READS:
                last = p
                if p.start <= offset < p.start + p.size:
                    break
        if last is None or last.buffer not in self._buffers:
            return None
        return last.buffer, last.offset + offset - last.start

    def is_expected(self, buffer: int, at: int) -> bool:
        """Whether a device that reads a byte must see what the ideal memory has."""
        b = self._buffers[buffer]
        return b.live and at < len(b.content) and not b.given_up[at] | b.lagging[at]

    def may_read(self) -> list[tuple[int, int, int, int]]:
        """What devices may read, of all mappings: (mapping, buffer, offset, size)."""
        out = []
        for p in self._pieces:
            if p.live and p.direction in _READS and p.buffer in self._buffers and self._buffers[p.buffer].live:
                views = self.views([p.mapping], p.buffer, p.offset, p.size)
                out += [(p.mapping, p.buffer, at, length) for _, _, at, length in views]
        return out

    def may_write(self) -> list[tuple[int, int, int, int]]:
        """What devices may write: (mapping, buffer, offset, size)."""
        out = []
        for p in self._pieces:
            b = self._buffers.get(p.buffer)
            if p.live and p.direction in _WRITES and b is not None and b.live and not b.image:
                owned = [at for at in range(p.offset, p.offset + p.size) if p.device_owns(at)]
                out += [(p.mapping, p.buffer, start, length) for start, length in _runs(owned)]
        return out

    def unmapped(self, buffer: int) -> list[tuple[int, int]]:
        """The ranges that no live mapping covers: the CPU may write there unasked."""
        b = self._buffers[buffer]
        if not b.live or b.image:
            return []
        barred = bytearray(len(b.content))
        for p in self._pieces:
            if p.buffer == buffer and p.live:
                barred[p.offset : p.offset + p.size] = b"\1" * p.size
        return _ranges(barred)

    def _device_write(self, p: _Piece, offset: int, size: int, tag: int, posts: bool = False) -> list[tuple[int, int]]:
        """``posts``: a write that may happen whichever side owns the bytes, as long as the mapping lives."""
        b = self._buffers.get(p.buffer)
        if b is None or not b.live or b.image or not p.live or p.direction not in _WRITES:
            return []
        start, end = max(offset, p.offset), min(offset + size, p.offset + p.size)
        entitled = [at for at in range(start, end) if posts or p.device_owns(at)]
        for at in entitled:
            b.content[at] = tag
            b.given_up[at] = 0
            b.posted[at] = posts
            b.lagging[at] = 0
        return _runs(entitled)

    def _seen_by_cpu(self, p: _Piece, offset: int, size: int) -> None:
        b = self._buffers.get(p.buffer)
        if b is not None:
            b.posted[p.offset + offset : p.offset + offset + size] = bytes(size)

    def _hand_over(self, p: _Piece, offset: int, size: int, to_device: bool) -> None:
        p.owned[offset : offset + size] = bytes([to_device]) * size
        p.handed = p.handed or to_device
        b = self._buffers.get(p.buffer)
        if b is not None and to_device:
            b.lagging[p.offset + offset : p.offset + offset + size] = bytes(size)
        if not to_device:
            self._seen_by_cpu(p, offset, size)
        elif p.direction == Direction.from_device and b is not None and not b.image:
            start = p.offset + offset
            posted = b.posted[start : start + size]
            b.given_up[start : start + size] = bytes(not post for post in posted)


def _either(a: bytes | bytearray, b: bytes | bytearray) -> bytes:
    """Byte by byte, for marks that are 0 or 1."""
    return (int.from_bytes(a, "big") | int.from_bytes(b, "big")).to_bytes(len(a), "big")


def _ranges(barred: bytearray) -> list[tuple[int, int]]:
    return [(free.start(), free.end() - free.start()) for free in re.finditer(rb"\0+", barred)]


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Numbers in ascending order as (first, how many)."""
    out: list[tuple[int, int]] = []
    for at in places:
        if out and sum(out[-1]) == at:
            out[-1] = (out[-1][0], out[-1][1] + 1)
        else:
            out.append((at, 1))
    return out
