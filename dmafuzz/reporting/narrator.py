# SPDX-License-Identifier: GPL-2.0-only
"""What the sentences about one corruption are filled in from: who acts, on which bytes, and where they are.

Names and places come from the program and the witness; nothing is judged again here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dmafuzz._core import Corruption, Op, OpKind, Place, PlaceKind, WitnessStep, traits
from dmafuzz.verdicts.judgement import Judgement

from . import sentences

_DEVICE_KINDS = {OpKind.device_read: "read", OpKind.device_write: "write", OpKind.device_post: "write"}
_IMAGE = ("text", "rodata")
_WRITE_BACKS = ("write-back", "write-back-and-drop")


@dataclass(frozen=True)
class Narrator:
    """A corruption of a judgement, told step by step."""

    judgement: Judgement
    corruption: Corruption

    def sentence(self, steps: Sequence[WitnessStep], number: int) -> str:
        """The sentence of one of the steps, and of the next one too if it is one sentence with it."""
        step = steps[number]
        if step.event == "born":
            template = self._born(step, steps[number + 1] if number + 1 < len(steps) else None)
        elif step.asked:
            template = sentences.ASKED[self._asked(steps, number)]
        else:
            template = sentences.UNASKED[self._unasked(steps, number)]
        return template.format_map(self._names(steps, number))

    def outcome_sentence(self) -> str:
        """What has become possible."""
        op = self.corruption.op
        names = {"bytes": self._bytes(), "call": self._call(op), "reader": self._reader()}
        after = "" if self.corruption.kind == "stale-cpu-read" else sentences.AFTER.format(op=op)
        return after + sentences.SO[self.corruption.kind].format_map(names)

    def failures(self) -> list[str]:
        """A sentence for each mapping in question whose map fails without the driver knowing it in time."""
        failed = (m for m in self.judgement.mappings if m.failed and m.number in self.corruption.mappings)
        unchecked = [m.number for m in failed if not m.error_checked]
        return [sentences.FAILED.format(mapping=f"m{number}", checked=self._checked(number)) for number in unchecked]

    def _checked(self, mapping: int) -> str:
        """How dma_mapping_error() is called for a mapping that is not asked about in time: too late, or never."""
        own = enumerate(self.judgement.ops[: self.judgement.program_ops])
        late = (i for i, op in own if op.kind == OpKind.mapping_error and op.mapping == mapping)
        op = next(late, None)
        return sentences.UNCHECKED if op is None else sentences.CHECKED_LATE.format(op=op)

    def is_one_sentence(self, born: WitnessStep, step: WitnessStep) -> bool:
        """Whether a step is one sentence with the one before it: what a CPU has just filled is written back."""
        return born.event == "born" and step.event in _WRITE_BACKS and self._is_filled(born)

    def _born(self, step: WitnessStep, following: WitnessStep | None) -> str:
        if step.place.kind == PlaceKind.slot:
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

    def _is_filled(self, born: WitnessStep) -> bool:
        op = self._op(born.op)
        ordinary = op.kind == OpKind.alloc and op.buffer_kind.name not in _IMAGE
        return ordinary and born.place.kind != PlaceKind.slot and self.corruption.buffer != "stack"

    def _asked(self, steps: Sequence[WitnessStep], number: int) -> str:
        step = steps[number]
        if step.event != "copied":
            return step.event
        is_cow = self._op(step.op).kind == OpKind.cow
        came = steps[number - 1] if number else None
        if came is None or (came.event == "born" and came.op == step.op):
            return "copied-over"
        if step.before == step.place and not is_cow:
            return "copied-over"
        return "copied-cow" if is_cow else "copied"

    def _unasked(self, steps: Sequence[WitnessStep], number: int) -> str:
        step = steps[number]
        if step.event == "written-elsewhere":
            return self._written_elsewhere(step)
        if step.event == "device-write" and step.writer is None:
            return "device-write-by-cpu"
        before = steps[number - 1] if number else None
        if step.event in _WRITE_BACKS and before is not None and before.event == "device-write":
            return "write-back-over" if before.writer is not None else step.event
        return step.event

    def _written_elsewhere(self, step: WitnessStep) -> str:
        if step.writer is None:
            return "written-by-cpu"
        into = None if step.into is None else step.into.kind
        if into == PlaceKind.slot:
            return "written-into-slot"
        return "written-into-old-page" if into == PlaceKind.old_page else "written-elsewhere"

    def _names(self, steps: Sequence[WitnessStep], number: int) -> Mapping[str, str]:
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
            "place": _place(step.place),
            "source": "" if step.before is None else _place(step.before),
            "slot": f"m{step.place.mapping}",
            "earlier": self._writer(steps[number - 1]) if number else "",
        }

    def _writer(self, step: WitnessStep) -> str:
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

    def _device(self, mapping: int) -> int:
        return next((made.device for made in self.judgement.mappings if made.number == mapping), 0)

    def _reader(self) -> str:
        """Which device reads, and through which mapping."""
        reader = self.corruption.reader
        return "a device" if reader is None else f"d{self._device(reader)} (through m{reader})"


def _place(place: Place) -> str:
    return sentences.PLACES[place.kind].format(mapping=f"m{place.mapping}")
