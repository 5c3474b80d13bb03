# SPDX-License-Identifier: GPL-2.0-only
"""Carries one program out on a guest, operation by operation, beside the ideal memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dmafuzz import _core
from dmafuzz._core import BufferKind, Op, OpKind, Run, Step

from .actions import PAGE_BYTES, CannotSayError, Writer
from .answer import Answer
from .guest import Guest
from .ideal import IdealMemory
from .messages import other_messages, warnings_in

_TAGS = 255
_ASKED_MAX = 200  # actions that a guest is given in one go
_MASK_BITS = 32
_IMAGES = (BufferKind.text, BufferKind.rodata)


@dataclass(frozen=True)
class Lost:
    """Bytes that are not what they should be, first seen after operation ``op``. ``by``: "cpu", or a mapping "mN"."""

    op: int
    buffer: int
    offset: int
    size: int
    by: str
    found: int  # the first wrong byte, and what it should have been
    expected: int


@dataclass
class Seen:
    """What a guest showed of one run."""

    warnings: list[tuple[int, str]] = field(default_factory=list)  # (operation, id)
    messages: list[tuple[int, str]] = field(default_factory=list)  # of the kernel, but for dma-debug's
    refused: list[tuple[int, str]] = field(default_factory=list)
    failed: set[int] = field(default_factory=set)  # mappings
    placed: dict[int, str] = field(default_factory=dict)  # mapping: DMA addresses as the kernel gave them
    lost: list[Lost] = field(default_factory=list)
    oops: int | None = None  # the operation in which the kernel is said to fault
    actions: int = 0


@dataclass(frozen=True)
class _Wanted:
    """What a read of a buffer has to find; ``open`` marks the bytes of which nothing in particular is expected."""

    buffer: int
    offset: int
    by: str
    content: bytes
    open: bytes


@dataclass(frozen=True)
class _Asked:
    """An action whose answer is due, and the operation that it belongs to; ``op`` if it is the operation itself."""

    action: str
    number: int
    op: Op | None
    wanted: _Wanted | None = None


def can_be_said(facts: Run, mask_bits: int) -> None:
    """Raises CannotSayError for a program that no guest can carry out, before any of it is carried out.

    ``mask_bits``: of the platform's devices; the guest's have 32.
    """
    writer = Writer(facts.extents)
    for op in facts.ops:
        if op.kind == OpKind.alloc and op.buffer_kind == BufferKind.mmio and op.high and mask_bits > _MASK_BITS:
            raise CannotSayError("registers above the guest's mask, and not above the platform's")
        writer.write(op, 0)


class Carrying:
    """One run. ``facts`` are the core's of the program on the platform (`_core.run`). Raises GuestDiedError.

    ``tag`` is the last one that this guest has seen: so that data an earlier run has left in a bounce buffer is
    recognised.
    """

    def __init__(
        self, guest: Guest, facts: Run, tag: int = 0, heard: Callable[[str, Answer], None] = lambda action, answer: None
    ) -> None:
        self.ops: Sequence[Op] = facts.ops
        self.ideal = IdealMemory(facts.pieces)
        self.seen = Seen()
        self._guest = guest
        self._heard = heard  # is called with each action and its answer
        self._held: dict[int, Op] = {}  # CPUs between the halves of a call, and the call
        self._pieces, self._extents = facts.pieces, facts.extents
        self._writer = Writer(facts.extents)
        self._kinds = {op.buffer: op.buffer_kind for op in self.ops if op.kind == OpKind.alloc}
        self._steps: dict[int, list[Step]] = {}
        for step in facts.steps:
            self._steps.setdefault(step.op, []).append(step)
        self._asked: list[_Asked] = []
        self._number = 0
        self.tag = tag
        self.now = 0

    def run(self, after: Callable[[Carrying, int], None]) -> Seen:
        """All operations; ``after`` each one that is called, for unasked steps and for looks.

        What no answer is needed for is asked for in one go at the end: that a guest and its host take turns costs more
        than what either does. ``now`` is then the operation whose answer is due.
        """
        for number, op in enumerate(self.ops):
            self._number = number
            tag = self.next_tag()
            for action in self._writer.write(op, tag):
                self._do(action, op)
            if op.split:
                self._held[op.cpu] = op
            elif op.kind == OpKind.finish:
                self._held.pop(op.cpu, None)
            for step in self._steps.get(number, []):
                self._apply(step, op, tag)
            if self.seen.oops is not None:
                break  # and it did not fault: what comes then is not said
            after(self, number)
        self._ask()
        return self.seen

    def next_tag(self) -> int:
        """What the next write writes. Zero is left to fresh memory."""
        self.tag = self.tag % _TAGS + 1
        return self.tag

    def cpu_write(self, buffer: int, offset: int, size: int) -> None:
        """An unasked write of a CPU, where it may."""
        tag = self.next_tag()
        self._do(self._writer.cpu_write(self._idle, buffer, offset, size, tag), None)
        self.ideal.write(buffer, offset, size, tag)

    def device_write(self, mapping: int, buffer: int, offset: int, size: int) -> None:
        """An unasked write of a mapping's device, of what it owns of a range of a buffer."""
        if self._is_untold(mapping):
            return
        tag = self.next_tag()
        for start, length in self.ideal.device_write(mapping, buffer, offset, size, tag):
            self._do(f"device-write {self._idle} 0 {mapping} {start} {length} {tag}", None)

    def wild_write(self, mapping: int, buffer: int, offset: int, size: int) -> None:
        """A mapping's device writes where a range of a buffer lies, by address: it owns its mapping, not the buffer."""
        start = 0
        for piece in self._pieces:
            if piece.mapping != mapping:
                continue
            for phys, length in self._places(buffer, offset, size):
                begin, end = max(phys, piece.phys), min(phys + length, piece.phys + piece.size)
                if begin < end:
                    where = start + begin - piece.phys
                    self._do(f"device-write {self._idle} 0 {mapping} {where} {end - begin} {self.next_tag()}", None)
            start += piece.size

    def _places(self, buffer: int, offset: int, size: int) -> list[tuple[int, int]]:
        """Where a range of a buffer lies: (physical address, size)."""
        out = []
        for e in self._extents:
            start, end = max(offset, e.offset), min(offset + size, e.offset + e.size)
            if e.buffer == buffer and start < end:
                out.append((e.phys + start - e.offset, end - start))
        return out

    def warm(self, mapping: int) -> None:
        """A mapping's device touches the last byte of each page, so that a lazy IOMMU remembers the translation."""
        for reads, places in ((True, self.ideal.may_read()), (False, self.ideal.may_write())):
            for m, buffer, offset, size in places:
                for end in range(offset + size, offset, -PAGE_BYTES):
                    if m == mapping and reads:
                        self.device_look([m], buffer, end - 1, 1)
                    elif m == mapping:
                        self.device_write(m, buffer, end - 1, 1)

    def look(self, buffer: int, offset: int, size: int) -> None:
        """The CPU reads what it may of a range, and compares."""
        for start, length in self.ideal.readable(buffer):
            start, end = max(start, offset), min(start + length, offset + size)
            if start < end:
                self._read(f"read {self._idle} 0 {buffer} {start} {end - start}", buffer, start, end - start, "cpu")

    def look_at_all(self) -> None:
        """The CPU reads all that it may."""
        for buffer in self.ideal.buffers():
            self.look(buffer, 0, 1 << 20)

    def device_look(self, mappings: Sequence[int], buffer: int, offset: int, size: int) -> None:
        """The devices of some mappings read what they may of a range."""
        for mapping, start, at, length in self.ideal.views(mappings, buffer, offset, size):
            if self._is_untold(mapping):
                continue
            self._read(f"device-read {self._idle} 0 {mapping} {start} {length}", buffer, at, length, f"m{mapping}")

    def _is_untold(self, mapping: int) -> bool:
        """Whether the call that makes a mapping has not returned: its device cannot know of it."""
        return any(_core.traits(op.kind).defines_mapping and op.mapping == mapping for op in self._held.values())

    @property
    def _idle(self) -> int:
        """A CPU that is not inside a call, for accesses that no operation names."""
        return next((cpu for cpu in range(_core.CPUS_MAX) if cpu not in self._held), 0)

    def _do(self, action: str, op: Op | None) -> None:
        """Has an action done when the guest is next asked."""
        if op is not None and op.kind == OpKind.device_read:
            self._asked.append(_Asked(action, self._number, op, self._wanted_of_device(op)))
        elif op is not None and op.kind in (OpKind.read, OpKind.cow) and action.startswith("read "):
            size = int(action.split()[-1])
            self._asked.append(_Asked(action, self._number, op, self._wanted(op.buffer, op.offset, size, "cpu")))
        else:
            self._asked.append(_Asked(action, self._number, op))
        if len(self._asked) >= _ASKED_MAX:
            self._ask()

    def _read(self, action: str, buffer: int, offset: int, size: int, by: str) -> None:
        self._asked.append(_Asked(action, self._number, None, self._wanted(buffer, offset, size, by)))

    def _ask(self) -> Answer | None:
        """Everything that is still to be done; the last answer."""
        asked, self._asked = self._asked, []
        answer = None
        if asked:
            self.now = asked[0].number
        for number, answer in enumerate(self._guest.do_all([one.action for one in asked])):
            self._take(asked[number], answer)
            self.now = asked[min(number + 1, len(asked) - 1)].number
        return answer

    def _take(self, asked: _Asked, answer: Answer) -> None:
        now, op = asked.number, asked.op
        self._heard(asked.action, answer)
        self.seen.actions += 1
        self.seen.warnings += [(now, name) for name in warnings_in(answer.messages)]
        self.seen.messages += [(now, text) for text in other_messages(answer.messages)]
        if answer.refused:
            self.seen.refused.append((now, answer.refused))
        if "hook" in answer.fields:
            self.seen.refused.append((now, "give-back"))
        if op is not None and "failed" in answer.fields:
            self.seen.failed.add(op.mapping)
        if op is not None and "dma" in answer.fields:
            self.seen.placed[op.mapping] = answer.fields["dma"]
        if asked.wanted is not None:
            self._compare(now, asked.wanted, answer.data)

    def _apply(self, step: Step, op: Op, tag: int) -> None:
        if step.kind == "alloc":
            self.ideal.born(step.buffer, bytes([tag]) * op.size)
        elif step.kind == "oops":
            self.seen.oops = step.op
        elif step.kind == "appear":
            self._do(f"read {self._idle} 0 {step.buffer} 0 {op.size}", None)
            answer = self._ask()
            content = answer.data if answer else b""
            self.ideal.born(step.buffer, content, image=self._kinds[step.buffer] in _IMAGES)
        else:
            self.ideal.step(step, tag)

    def _wanted_of_device(self, op: Op) -> _Wanted | None:
        """What a device line of the program reads, past the end of its mapping too."""
        found = self.ideal.asked(op.mapping, op.offset)
        if found is None:
            return None
        buffer, start = found
        size = 0
        while size < op.size and self.ideal.is_expected(buffer, start + size):
            size += 1
        return self._wanted(buffer, start, size, f"m{op.mapping}")

    def _wanted(self, buffer: int, offset: int, size: int, by: str) -> _Wanted:
        """What a read has to find, as things are now."""
        content = self.ideal.content(buffer, offset, size)
        return _Wanted(buffer, offset, by, content, self.ideal.open_ones(buffer, offset, size))

    def _compare(self, now: int, wanted: _Wanted, data: bytes) -> None:
        expected = wanted.content
        if data[: len(expected)] == expected[: len(data)]:
            return
        wrong = [at for at, (a, b) in enumerate(zip(data, expected, strict=False)) if a != b and not wanted.open[at]]
        at = 0
        while at < len(wrong):
            size = 1
            while at + size < len(wrong) and wrong[at + size] == wrong[at] + size:
                size += 1
            first = wrong[at]
            where = (wanted.buffer, wanted.offset + first, size)
            self.seen.lost.append(Lost(now, *where, wanted.by, data[first], expected[first]))
            at += size
