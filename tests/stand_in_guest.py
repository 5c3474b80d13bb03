# SPDX-License-Identifier: GPL-2.0-only
"""A guest without a kernel: memory, mappings and bounce slots in Python, with faults to order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dmafuzz.confirmation import building
from dmafuzz.confirmation.answer import Answer, read_answer
from dmafuzz.confirmation.errors import GuestDiedError

KERNEL = building.GuestKernel("mine", "6.12.117", "x86_64", "/tree", "2026-01-01T00:00:00+00:00", "0123abcd")

_TO_DEVICE, _FROM_DEVICE = 1, 2


@dataclass
class _Mapping:
    buffer: int
    offset: int
    size: int
    direction: int
    slot: bytearray | None = None


@dataclass
class StandInGuest:
    """``bounces``: every mapping has a slot. ``says``: messages by the beginning of an action. ``deaf``: device writes
    go nowhere. ``refuses``: why, by the beginning of an action. ``clobbers``: a CPU read finds this byte. ``dies_at``:
    the beginning of the action that kills it.
    """

    bounces: bool = False
    says: dict[str, str] = field(default_factory=dict)
    refuses: dict[str, str] = field(default_factory=dict)
    deaf: bool = False
    clobbers: int | None = None
    dies_at: str = ""
    left: int = 0
    homes: Iterator[int] = field(default_factory=lambda: iter(()))  # physical addresses of what is placed
    closed: bool = False
    restarts: int = 0
    actions: list[str] = field(default_factory=list)
    _buffers: dict[int, bytearray] = field(default_factory=dict)
    _mappings: dict[int, _Mapping] = field(default_factory=dict)

    def do(self, action: str) -> Answer:
        assert not self.closed
        self.actions.append(action)
        if self.dies_at and action.startswith(self.dies_at):
            raise GuestDiedError(action, "Kernel panic - not syncing")
        name, _, _, *words = action.split()
        refused = next((why for start, why in self.refuses.items() if action.startswith(start)), None)
        if refused:
            return read_answer([f"={name} refused={refused}"])
        said = getattr(self, f"_{name.replace('-', '_')}")(*map(int, words)) or ""
        messages = [f"! <4>{text}" for start, text in self.says.items() if action.startswith(start)]
        return read_answer([*messages, f"={name} {said}"])

    def do_all(self, actions: Sequence[str]) -> Iterator[Answer]:
        return map(self.do, actions)

    def restart(self) -> bool:
        self.restarts += 1
        self._reset()
        return True

    def close(self) -> None:
        self.closed = True

    def _finish(self) -> None:
        pass

    def _dare(self, yes: int) -> None:
        pass

    def _reset(self) -> str:
        self._buffers.clear()
        self._mappings.clear()
        return f"left={self.left}"

    def _place(self, buffer: int, kind: int, size: int, where: int, tag: int) -> str:
        self._buffers[buffer] = bytearray([tag]) * size
        home = next(self.homes, None)
        return "" if home is None else f"phys={home:x}"

    def _free(self, buffer: int) -> None:
        pass

    def _write(self, buffer: int, offset: int, size: int, tag: int) -> None:
        self._buffers[buffer][offset : offset + size] = bytes([tag]) * size

    def _read(self, buffer: int, offset: int, size: int) -> str:
        found = bytes(self._buffers[buffer][offset : offset + size])
        return _bytes(found if self.clobbers is None else bytes([self.clobbers]) * size)

    def _map(
        self, m: int, device: int, how: int, buffer: int, offset: int, size: int, direction: int, attrs: int
    ) -> str:
        mapping = _Mapping(buffer, offset, size, direction, bytearray(size) if self.bounces else None)
        self._mappings[m] = mapping
        self._copy_in(mapping, 0, size)
        return f"dma=1000:{size}"

    def _error(self, m: int, late: int) -> str:
        return "error=0"

    def _sync(self, m: int, device: int, offset: int, size: int, direction: int, to_device: int, by_range: int) -> None:
        mapping = self._mappings[m]
        size = mapping.size if size < 0 else size
        if not to_device:
            self._copy_back(mapping, offset, size, direction)
        elif direction != _FROM_DEVICE:
            self._copy_in(mapping, offset, size)

    def _unmap(self, m: int, device: int, how: int, offset: int, size: int, direction: int, attrs: int) -> None:
        mapping = self._mappings[m]
        self._copy_back(mapping, offset, mapping.size if size < 0 else size, direction)

    def _unbind(self, device: int) -> None:
        pass

    def _device_write(self, m: int, offset: int, size: int, tag: int) -> None:
        mapping = self._mappings[m]
        if self.deaf:
            return
        if mapping.slot is not None:
            mapping.slot[offset : offset + size] = bytes([tag]) * size
        else:
            self._write(mapping.buffer, mapping.offset + offset, size, tag)

    def _device_read(self, m: int, offset: int, size: int) -> str:
        mapping = self._mappings[m]
        memory = self._buffers[mapping.buffer] if mapping.slot is None else mapping.slot
        start = offset + (mapping.offset if mapping.slot is None else 0)
        return _bytes(bytes(memory[start : start + size]))

    def _copy_in(self, mapping: _Mapping, offset: int, size: int) -> None:
        if mapping.slot is not None:
            start = mapping.offset + offset
            mapping.slot[offset : offset + size] = self._buffers[mapping.buffer][start : start + size]

    def _copy_back(self, mapping: _Mapping, offset: int, size: int, direction: int) -> None:
        if mapping.slot is not None and direction != _TO_DEVICE:
            start = mapping.offset + offset
            self._buffers[mapping.buffer][start : start + size] = mapping.slot[offset : offset + size]


def _bytes(data: bytes) -> str:
    return "bytes=" + ",".join(f"{byte}*1" for byte in data)
