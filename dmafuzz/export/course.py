# SPDX-License-Identifier: GPL-2.0-only
"""What an exported program does, in order: its operations, the accesses of a witness, and what is looked at.

Ownership and content are the core's steps, kept by its ideal memory; no machine is worked out here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from dmafuzz import _core
from dmafuzz._core import (
    BufferKind,
    Corruption,
    CorruptionKind,
    IdealMemory,
    Op,
    OpKind,
    Run,
    StepKind,
    WitnessEvent,
    WitnessStep,
)
from dmafuzz.program.kinds import FREES

_TAGS = 255
_BY_DEVICE = (CorruptionKind.stale_device_data, CorruptionKind.foreign_device_data)
# A device's or CPU's write that no operation asks for: where it is entitled, and where it is not.
_WRITES = (
    WitnessEvent.cpu_write,
    WitnessEvent.device_write,
    WitnessEvent.device_write_coherent,
    WitnessEvent.written_elsewhere,
)
_WILD = (WitnessEvent.wild_write, WitnessEvent.wild_write_coherent)


class Act(Enum):
    """What happens."""

    OPERATION = "operation"
    CPU_WRITE = "cpu-write"
    DEVICE_WRITE = "device-write"
    CPU_READ = "cpu-read"
    DEVICE_READ = "device-read"


@dataclass(frozen=True)
class Event:
    """``op``: the operation, or the one that it comes after. ``tag``: what is written, or has to be found.

    ``offset`` and ``size`` are bytes: of a mapping for a device's accesses, else of a buffer.
    """

    act: Act
    op: int
    tag: int
    mapping: int = 0
    buffer: int = 0
    offset: int = 0
    size: int = 0


class Course:
    """The events of one run. ``corruption`` and ``steps``, its witness: what is to be shown, if anything is."""

    def __init__(self, facts: Run, corruption: Corruption | None, steps: Sequence[WitnessStep]) -> None:
        self._facts, self._corruption = facts, corruption
        self._unasked = [s for s in steps if not s.asked and s.event in _WRITES]
        self._ideal = IdealMemory(facts.pieces)
        self._tag = 0
        self._kinds = {op.buffer: op.buffer_kind for op in facts.ops if op.kind == OpKind.alloc}
        self.events: list[Event] = []
        for number, op in enumerate(facts.ops):
            self._carry_out(number, op)
        for buffer in self._ideal.buffers():
            self._look_at_all(len(facts.ops), buffer)

    def _carry_out(self, number: int, op: Op) -> None:
        if op.kind in FREES:
            self._look_at_all(number, self._freed(op))
        tag = self._next_tag()
        self.events.append(Event(Act.OPERATION, number, tag, op.mapping, op.buffer, op.offset, op.size))
        if op.kind == OpKind.read:
            self._look(number, op.buffer, op.offset, op.size)
        if op.kind == OpKind.device_read:
            self._device_looks_as_asked(number, op)
        for step in self._facts.steps:
            if step.op != number:
                continue
            if step.kind in (StepKind.alloc, StepKind.appear):
                self._ideal.born(step.buffer, bytes([tag]) * op.size)
            else:
                self._ideal.step(step, tag)
        self._meanwhile(number)

    def _meanwhile(self, number: int) -> None:
        """After an operation: what the witness adds, and where it is to be seen."""
        c = self._corruption
        if c is None or not c.buffer.startswith("b"):
            return
        buffer = int(c.buffer[1:])
        for step in self._unasked:
            if step.op != number:
                continue
            tag = self._next_tag()
            if step.writer is None:
                self._ideal.write(buffer, c.offset, c.size, tag)
                self.events.append(Event(Act.CPU_WRITE, number, tag, 0, buffer, c.offset, c.size))
                continue
            for done in self._ideal.device_write(step.writer, buffer, c.offset, c.size, tag):
                self.events.append(Event(Act.DEVICE_WRITE, number, tag, step.writer, buffer, done.offset, done.size))
        if number != c.op:
            return
        if c.kind not in _BY_DEVICE:
            self._look(number, buffer, c.offset, c.size)
            return
        for mapping in c.mappings:
            for view in self._ideal.views(mapping, buffer, c.offset, c.size):
                self._add_reads(Act.DEVICE_READ, number, mapping, buffer, view.start, view.offset, view.size)

    def _next_tag(self) -> int:
        self._tag = self._tag % _TAGS + 1
        return self._tag

    def _freed(self, op: Op) -> int | None:
        if op.kind == OpKind.free:
            return op.buffer
        made = (o for o in self._facts.ops if _core.traits(o.kind).defines_mapping and o.mapping == op.mapping)
        return next((o.buffer for o in made if _core.traits(o.kind).defines_buffer), None)

    def _look_at_all(self, number: int, buffer: int | None) -> None:
        if buffer is None or self._kinds.get(buffer) == BufferKind.mmio:
            return
        for part in self._ideal.readable(buffer):
            self._add_reads(Act.CPU_READ, number - 1, 0, buffer, part.offset, part.offset, part.size)

    def _look(self, number: int, buffer: int, offset: int, size: int) -> None:
        """A CPU's look at a range: what is given up, or may be old, shows nothing."""
        for part in self._ideal.expected(buffer, offset, size):
            self._add_reads(Act.CPU_READ, number, 0, buffer, part.offset, part.offset, part.size)

    def _device_looks_as_asked(self, number: int, op: Op) -> None:
        found = self._ideal.asked(op.mapping, op.offset, op.size)
        if found is not None:
            self._add_reads(Act.DEVICE_READ, number, op.mapping, found.buffer, op.offset, found.offset, found.size)

    def _add_reads(self, act: Act, number: int, mapping: int, buffer: int, start: int, at: int, size: int) -> None:
        """One event for each run of one tag. ``start``: where the reader has it; ``at``: where the buffer does."""
        content = self._ideal.content(buffer, at, size)
        done = 0
        while done < size:
            tag = content[done]
            length = len(content[done:]) - len(content[done:].lstrip(bytes([tag])))
            event = Event(act, number, tag, mapping, buffer, start + done, length)
            if event != self.events[-1]:
                self.events.append(event)
            done += length


def is_wild(steps: Sequence[WitnessStep]) -> int | None:
    """The operation after which a witness needs a device to write what is not its own; None if it does not."""
    return next((s.op for s in steps if not s.asked and s.event in _WILD), None)
