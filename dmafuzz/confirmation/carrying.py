# SPDX-License-Identifier: GPL-2.0-only
"""Carries one program out on a guest, operation by operation, beside the ideal memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dmafuzz import _core
from dmafuzz._core import BufferKind, IdealMemory, Op, OpKind, Run, Step, StepKind

from .actions import PAGE_BYTES, CannotSayError, Writer
from .answer import Answer
from .guest import Guest
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
    homes: dict[int, int] = field(default_factory=dict)  # buffer: physical address as the kernel has it
    scattered: set[int] = field(default_factory=set)  # buffers in several pieces of memory, which are one in the model
    elsewhere: set[int] = field(
        default_factory=set
    )  # buffers that share memory in the model and not here, or here only
    oops: int | None = None  # the operation in which the kernel is said to fault
    actions: int = 0


@dataclass(frozen=True)
class _Wanted:
    """What a read of a buffer has to find: ``parts`` are (offset in the buffer, content), where any is expected."""

    buffer: int
    offset: int
    by: str
    parts: tuple[tuple[int, bytes], ...]


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
    last = next((step.op for step in facts.steps if step.kind == StepKind.oops), len(facts.ops))
    for op in facts.ops[: last + 1]:
        if op.kind == OpKind.alloc and op.buffer_kind == BufferKind.mmio and op.high and mask_bits > _MASK_BITS:
            raise CannotSayError("registers above the guest's mask, and not above the platform's")
        writer.write(op, 0)


def _is_scattered(op: Op, fields: Mapping[str, str]) -> bool:
    """Whether an allocation may lie in pages that do not adjoin, or that do by chance: behind an IOMMU each comes by
    itself, and entries are made of those that adjoin."""
    translated = fields["dma"].partition(":")[0] != fields["phys"]
    return fields["entries"] != "1" or (translated and op.size > PAGE_BYTES)


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
            # Which mapping an answer is of, its first half says.
            about = self._held.pop(op.cpu, op) if op.kind == OpKind.finish else op
            for action in self._writer.write(op, tag):
                self._do(action, about)
            if op.split:
                self._held[op.cpu] = op
            for step in self._steps.get(number, []):
                self._apply(step, op, tag)
            if self.seen.oops is not None:
                break  # and it did not fault: what comes then is not said
            after(self, number)
        self._ask()
        self.seen.elsewhere = self.seen.scattered | self._elsewhere()
        return self.seen

    def _elsewhere(self) -> set[int]:
        """The buffers that share pages with another one here and not there, or the other way round.

        The kernel's allocator gives what it likes.
        """
        home, model, there = {e.buffer: e.phys for e in reversed(self._extents) if e.first}, {}, {}
        for buffer, phys in self.seen.homes.items():
            if buffer in home:
                shift = phys // PAGE_BYTES - home[buffer] // PAGE_BYTES
                model[buffer] = self._pages_of(buffer)
                there[buffer] = {page + shift for page in model[buffer]}
        found: set[int] = set()
        for a, b in itertools.combinations(model, 2):
            if model[a].isdisjoint(model[b]) != there[a].isdisjoint(there[b]):
                found |= {a, b}
        return found

    def _pages_of(self, buffer: int) -> set[int]:
        """The pages that a buffer has in the model, at one time or another."""
        held = [e for e in self._extents if e.buffer == buffer]
        return {page for e in held for page in range(e.phys // PAGE_BYTES, (e.phys + e.size - 1) // PAGE_BYTES + 1)}

    def next_tag(self) -> int:
        """What the next write writes. Zero is left to fresh memory."""
        self.tag = self.tag % _TAGS + 1
        return self.tag

    def cpu_write(self, buffer: int, offset: int, size: int) -> None:
        """An unasked write of a CPU, where it may."""
        tag = self.next_tag()
        self._do(self._writer.cpu_write(self._idle, buffer, offset, size, tag), None)
        self.ideal.write(buffer, offset, size, tag)

    def device_write(self, mapping: int, buffer: int, offset: int, size: int, one_view: bool = False) -> None:
        """An unasked write of a mapping's device, of what it owns of a range of a buffer; ``one_view``: where several
        entries of the mapping have it, by the first of them only."""
        if self._is_untold(mapping):
            return
        tag = self.next_tag()
        views = self.ideal.device_write(mapping, buffer, offset, size, tag)
        for done in views[:1] if one_view else views:
            self._do(f"device-write {self._idle} 0 {mapping} {done.offset} {done.size} {tag}", None)

    def wild_write(self, mapping: int, buffer: int, offset: int, size: int) -> None:
        """A mapping's device writes where a range of a buffer lies, by address: it owns its mapping, not the buffer.

        Where its addresses should not lead there, it writes all that it owns.
        """
        start, actions = 0, len(self._asked)
        pieces = [piece for piece in self._pieces if piece.mapping == mapping]
        for piece in pieces:
            for phys, length in self._places(buffer, offset, size):
                begin, end = max(phys, piece.phys), min(phys + length, piece.phys + piece.size)
                if begin < end:
                    where = start + begin - piece.phys
                    self._do(f"device-write {self._idle} 0 {mapping} {where} {end - begin} {self.next_tag()}", None)
            start += piece.size
        for piece in pieces if len(self._asked) == actions else ():
            self.device_write(mapping, piece.buffer, piece.offset, piece.size)

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
        for reads, views in ((True, self.ideal.may_read()), (False, self.ideal.may_write())):
            for view in views:
                for end in range(view.offset + view.size, view.offset, -PAGE_BYTES):
                    if view.mapping == mapping and reads:
                        self.device_look([mapping], view.buffer, end - 1, 1)
                    elif view.mapping == mapping:
                        self.device_write(mapping, view.buffer, end - 1, 1)

    def look(self, buffer: int, offset: int, size: int) -> None:
        """The CPU reads what it may of a range, and compares."""
        for part in self.ideal.readable(buffer):
            start, end = max(part.offset, offset), min(part.offset + part.size, offset + size)
            if start < end:
                self._read(f"read {self._idle} 0 {buffer} {start} {end - start}", buffer, start, end - start, "cpu")

    def look_at_all(self) -> None:
        """The CPU reads all that it may."""
        for buffer in self.ideal.buffers():
            self.look(buffer, 0, 1 << 20)

    def device_look(self, mappings: Sequence[int], buffer: int, offset: int, size: int) -> None:
        """The devices of some mappings read what they may of a range."""
        for mapping in mappings:
            if self._is_untold(mapping):
                continue
            for view in self.ideal.views(mapping, buffer, offset, size):
                action = f"device-read {self._idle} 0 {mapping} {view.start} {view.size}"
                self._read(action, buffer, view.offset, view.size, f"m{mapping}")

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
        if op is not None and "phys" in answer.fields:
            self._placed(now, op, int(answer.fields["phys"], 16))
        if op is not None and "entries" in answer.fields and _is_scattered(op, answer.fields):
            self.seen.scattered.add(op.buffer)
        if asked.wanted is not None:
            self._compare(now, asked.wanted, answer.data)

    def _placed(self, now: int, op: Op, phys: int) -> None:
        self.seen.homes[op.buffer] = phys
        home = next((e.phys for e in self._extents if e.buffer == op.buffer and e.first), phys)
        # Where the kernel has its stacks is its own business, and whether a device reaches them makes another program.
        if op.kind == OpKind.alloc and phys >> _MASK_BITS != home >> _MASK_BITS:
            self.seen.refused.append((now, "memory on the other side of the devices' mask"))

    def _apply(self, step: Step, op: Op, tag: int) -> None:
        if step.kind == StepKind.alloc:
            self.ideal.born(step.buffer, bytes([tag]) * op.size)
        elif step.kind == StepKind.oops:
            self.seen.oops = step.op
        elif step.kind == StepKind.appear:
            self._do(f"read {self._idle} 0 {step.buffer} 0 {op.size}", None)
            answer = self._ask()
            content = answer.data if answer else b""
            self.ideal.born(step.buffer, content, self._kinds.get(step.buffer) in _IMAGES)
        else:
            self.ideal.step(step, tag)

    def _wanted_of_device(self, op: Op) -> _Wanted | None:
        """What a device line of the program reads, past the end of its mapping too, unless an IOMMU refuses it."""
        if any(step.kind == StepKind.fault for step in self._steps.get(self._number, [])):
            return None
        found = self.ideal.asked(op.mapping, op.offset, op.size)
        return None if found is None else self._wanted(found.buffer, found.offset, found.size, f"m{op.mapping}")

    def _wanted(self, buffer: int, offset: int, size: int, by: str) -> _Wanted:
        """What a read has to find, as things are now."""
        parts = [
            (p.offset, self.ideal.content(buffer, p.offset, p.size)) for p in self.ideal.expected(buffer, offset, size)
        ]
        return _Wanted(buffer, offset, by, tuple(parts))

    def _compare(self, now: int, wanted: _Wanted, data: bytes) -> None:
        for offset, expected in wanted.parts:
            found = data[offset - wanted.offset :][: len(expected)]
            if found == expected[: len(found)]:
                continue
            wrong = [at for at, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b]
            for _, run in itertools.groupby(enumerate(wrong), lambda pair: pair[1] - pair[0]):
                places = [at for _, at in run]
                first, size = places[0], len(places)
                where = (wanted.buffer, offset + first, size)
                self.seen.lost.append(Lost(now, *where, wanted.by, found[first], expected[first]))
