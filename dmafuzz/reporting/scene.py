# SPDX-License-Identifier: GPL-2.0-only
"""What the sentences about one corruption are filled in from: who acts, on which bytes, and where they are.

Names and places come from the program and the witness; nothing is judged again here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dmafuzz._core import PAGE_BYTES, Direction, Op, OpKind, traits
from dmafuzz.verdicts.judgement import Corruption, Judgement, Step

from . import sentences

_DEVICE_KINDS = {OpKind.device_read: "read", OpKind.device_write: "write", OpKind.device_post: "write"}
_IMAGE = ("text", "rodata")
_SLOT = "slot "  # what the place of a bounce slot begins with
_WRITE_BACKS = ("write-back", "write-back-and-drop")


@dataclass(frozen=True)
class Scene:
    """A corruption of a judgement, told step by step; ``bounced`` are the mappings that have a bounce slot."""

    judgement: Judgement
    corruption: Corruption
    bounced: frozenset[int]

    def tell(self, steps: Sequence[Step], number: int) -> str:
        """The sentence of one of the steps, and of the next one too if it is one sentence with it."""
        step = steps[number]
        if step.event == "born":
            template = self._born(step, steps[number + 1] if number + 1 < len(steps) else None)
        elif step.asked:
            template = sentences.ASKED[self._asked(steps, number)]
        else:
            template = sentences.UNASKED[self._unasked(steps, number)]
        return template.format_map(self._names(steps, number))

    def so(self, steps: Sequence[Step]) -> str:
        """What has become possible."""
        op = self.corruption.op
        names = {"bytes": self._bytes(), "call": self._call(op), "reader": self._reader(steps)}
        after = "" if self.corruption.kind == "stale-cpu-read" else sentences.AFTER.format(op=op)
        return after + sentences.SO[self.corruption.kind].format_map(names)

    def cookies(self) -> list[int]:
        """The mappings in question whose map fails without anybody noticing."""
        ops = self.judgement.ops
        return [m for m in self.judgement.failed if m in self.corruption.mappings and ops[self._map_of(m)].unchecked]

    def is_one_sentence(self, born: Step, step: Step) -> bool:
        """Whether a step is told with the one before it: what a CPU has just filled is written back."""
        return born.event == "born" and step.event in _WRITE_BACKS and self._is_filled(born)

    def _born(self, step: Step, following: Step | None) -> str:
        if step.place.startswith(_SLOT):
            return sentences.BORN["slot"]
        if self.corruption.buffer == "stack":
            return sentences.BORN["stack"]
        if self._op(step.op).kind != OpKind.alloc:
            return sentences.BORN["dma"]
        if not self._is_filled(step):
            return sentences.BORN["image"]
        if following is not None and self.is_one_sentence(step, following):
            return sentences.BORN[f"alloc-and-{following.event}"]
        return sentences.BORN["alloc"]

    def _is_filled(self, born: Step) -> bool:
        op = self._op(born.op)
        ordinary = op.kind == OpKind.alloc and op.buffer_kind.name not in _IMAGE
        return ordinary and not born.place.startswith(_SLOT) and self.corruption.buffer != "stack"

    def _asked(self, steps: Sequence[Step], number: int) -> str:
        step = steps[number]
        if step.event != "copied":
            return step.event
        is_cow = self._op(step.op).kind == OpKind.cow
        came = steps[number - 1] if number else None
        if came is None or (came.event == "born" and came.op == step.op):
            return "copied-over"
        if came.place == step.place and not is_cow:
            return "copied-over"
        return "copied-cow" if is_cow else "copied"

    def _unasked(self, steps: Sequence[Step], number: int) -> str:
        step = steps[number]
        if step.event == "written-elsewhere":
            return self._written_elsewhere(steps, number)
        if step.event == "device-write" and step.writer is None:
            return "device-write-by-cpu"
        before = steps[number - 1] if number else None
        if step.event in _WRITE_BACKS and before is not None and before.event == "device-write":
            return "write-back-over" if before.writer is not None else step.event
        return step.event

    def _written_elsewhere(self, steps: Sequence[Step], number: int) -> str:
        step = steps[number]
        if step.writer is None:
            return "written-by-cpu"
        if step.writer in self.bounced:
            return "written-into-slot"
        if step.place.startswith(_SLOT):
            return "written-elsewhere"
        mapped = self._page_at(self._map_of(step.writer))
        return "written-into-old-page" if mapped < self._page_of(steps, number) else "written-elsewhere"

    def _names(self, steps: Sequence[Step], number: int) -> Mapping[str, str]:
        step = steps[number]
        op = self._op(step.op)
        writer = step.writer
        return {
            "call": self._call(step.op),
            "cpu": f"cpu{op.cpu}",
            "actor": f"d{self._device(op.mapping)}, through m{op.mapping},"
            if op.kind in _DEVICE_KINDS
            else f"cpu{op.cpu}",
            "device": f"d{self._device_of(op) if writer is None else self._device(writer)}",
            "writer": f"m{writer}",
            "bytes": self._bytes(),
            "buffer": self.corruption.buffer,
            "place": self._place(steps, number, step.op),
            "source": self._place(steps, number - 1, step.op) if number else "",
            "slot": step.place.removeprefix(_SLOT),
            "earlier": self._writer(steps[number - 1]) if number else "",
        }

    def _place(self, steps: Sequence[Step], number: int, now: int) -> str:
        """Where the data of a step is, called as it is after operation ``now``.

        A witness calls old what has become old by its end; a reader follows it from its beginning.
        """
        place = steps[number].place
        if place.startswith(_SLOT):
            return sentences.SLOT.format(mapping=place.removeprefix(_SLOT))
        newest = self._page_at(now + 1)
        if newest == 0:
            return sentences.MEMORY
        return sentences.OLD_PAGE if self._page_of(steps, number) < newest else sentences.NEW_PAGE

    def _page_of(self, steps: Sequence[Step], number: int) -> int:
        """Which page a step in memory is about: 0 is the first, and each copy-on-write brings the next."""
        if steps[number].place == "memory":
            return self._page_at(len(self.judgement.ops))
        for step in reversed(steps[: number + 1]):
            if step.event == "born" or (step.event == "copied" and self._op(step.op).kind == OpKind.cow):
                return self._page_at(step.op + 1)
            if step.event == "copied":  # back from a slot, to where it was mapped from
                return 0
        return 0

    def _page_at(self, op: int) -> int:
        """How often copy-on-write has moved the bytes in question before operation ``op``."""
        ops = self.judgement.ops
        page = self.corruption.offset // PAGE_BYTES
        allocs = [o for o in ops if o.kind == OpKind.alloc and f"b{o.buffer}" == self.corruption.buffer]
        if not allocs or allocs[0].buffer_kind.name != "anonymous":
            return 0
        return sum(
            o.kind == OpKind.cow and not o.private and o.buffer == allocs[0].buffer and o.offset // PAGE_BYTES == page
            for o in ops[:op]
        )

    def _writer(self, step: Step) -> str:
        return "" if step.writer is None else f"d{self._device(step.writer)}"

    def _bytes(self) -> str:
        first = self.corruption.offset
        return f"{self.corruption.buffer}[{first}..{first + self.corruption.size - 1}]"

    def _op(self, number: int) -> Op:
        """The operation of that number; for a second half, the call it belongs to."""
        op = self.judgement.ops[number]
        if op.kind != OpKind.finish:
            return op
        before = self.judgement.ops[:number]
        return next((split for split in reversed(before) if split.cpu == op.cpu and split.split), op)

    def _call(self, number: int) -> str:
        op = self._op(number)
        if op.kind in _DEVICE_KINDS:
            return f"d{self._device(op.mapping)}'s {_DEVICE_KINDS[op.kind]} through m{op.mapping}"
        return f"cpu{op.cpu}'s {op.kind.name}"

    def _device_of(self, op: Op) -> int:
        names_device = traits(op.kind).names_device or op.given_device
        return op.device if names_device else self._device(op.mapping)

    def _map_of(self, mapping: int) -> int:
        """The number of the operation that makes a mapping; the number of operations if there is none."""
        ops = self.judgement.ops
        makes = (i for i, op in enumerate(ops) if traits(op.kind).defines_mapping and op.mapping == mapping)
        return next(makes, len(ops))

    def _device(self, mapping: int) -> int:
        made = self._map_of(mapping)
        return self.judgement.ops[made].device if made < len(self.judgement.ops) else 0

    def _reader(self, steps: Sequence[Step]) -> str:
        """Who reads: known if it reads a slot, or if only one mapping comes into question."""
        last = steps[-1].place if steps else ""
        if last.startswith(_SLOT):
            readers = [int(last.removeprefix(f"{_SLOT}m"))]
        else:
            readers = [m for m in self.corruption.mappings if self._reads(m)]
        if len(readers) == 1:
            return f"d{self._device(readers[0])} (through m{readers[0]})"
        through = " or ".join(f"m{mapping}" for mapping in readers)
        return f"a device (through {through})" if through else "a device"

    def _reads(self, mapping: int) -> bool:
        """Whether a mapping made so far lets its device read."""
        made = self._map_of(mapping)
        if made > self.corruption.op:
            return False
        op = self.judgement.ops[made]
        return bool(op.kind == OpKind.alloc_coherent or op.direction != Direction.from_device)
