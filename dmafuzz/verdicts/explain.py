"""Why a corruption is possible: a witness, in sentences.

Every sentence is rendered from a step of the core's witness; nothing is judged again here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dmafuzz._core import Op, OpKind, traits

from . import sentences
from .judgement import Corruption, Judgement, Step

SO = "so"
YET = "yet"
THEN = "then"

_DEVICE_KINDS = {OpKind.device_read: "read", OpKind.device_write: "write"}
_IMAGE = ("text", "rodata")


@dataclass(frozen=True)
class Sentence:
    """A sentence of an explanation and what stands in front of it: "op 3", "then", "after 1", "so", "yet"."""

    lead: str
    text: str


def explain(
    judgement: Judgement, corruption: Corruption, steps: Sequence[Step], bounced: frozenset[int]
) -> list[Sentence]:
    """The sentences for one corruption: how it comes about, what that means, and what the tracker says.

    ``steps`` is its witness; ``bounced`` are the mappings that have a bounce slot on the platform.
    """
    scene = _Scene(judgement, corruption, bounced)
    told = list(_told(scene, _relevant(steps)))
    failed = [
        Sentence("as", sentences.FAILED.format(mapping=f"m{m}")) for m in judgement.failed if m in corruption.mappings
    ]
    return [*failed, *told, Sentence(SO, scene.so(steps)), Sentence(YET, _yet(judgement, corruption))]


def _relevant(steps: Sequence[Step]) -> list[Step]:
    """The steps without those that another one says already, or undoes."""
    kept: list[Step] = []
    for step in steps:
        filled = _last_but_give_up(kept)
        if filled is not None and kept[filled].event == "fill" and step.event in ("copied", "drop"):
            del kept[filled]  # a copy reads its source through the cache; a line filled and dropped again is as before
            if step.event == "drop":
                continue
        kept.append(step)
    return kept


def _last_but_give_up(steps: Sequence[Step]) -> int | None:
    return next((i for i in range(len(steps) - 1, -1, -1) if steps[i].event != "give-up"), None)


def _told(scene: _Scene, steps: Sequence[Step]) -> Iterator[Sentence]:
    previous: Step | None = None
    for step in steps:
        if step.asked:
            lead = f"op {step.op}"
        else:
            lead = THEN if previous is not None and previous.op == step.op else f"after {step.op}"
        yield Sentence(lead, scene.tell(step, previous))
        previous = step


@dataclass(frozen=True)
class _Scene:
    """What sentences are filled in from."""

    judgement: Judgement
    corruption: Corruption
    bounced: frozenset[int]

    def tell(self, step: Step, previous: Step | None) -> str:
        template = self._born(step) if step.event == "born" else self._template(step, previous)
        return template.format_map(self._names(step, previous))

    def so(self, steps: Sequence[Step]) -> str:
        corruption = self.corruption
        names = {"bytes": self._bytes(), "call": self._call(corruption.op), "reader": self._reader(steps)}
        return sentences.SO[corruption.kind].format_map(names)

    def _template(self, step: Step, previous: Step | None) -> str:
        if step.asked:
            return sentences.ASKED[self._asked(step, previous)]
        if step.event == "written-elsewhere":
            into_slot = "written-into-slot" if step.writer in self.bounced else "written-elsewhere"
            return sentences.UNASKED["written-by-cpu" if step.writer is None else into_slot]
        if step.event == "device-write" and step.writer is None:
            return sentences.UNASKED["device-write-by-cpu"]
        return sentences.UNASKED[step.event]

    def _asked(self, step: Step, previous: Step | None) -> str:
        if step.event != "copied":
            return step.event
        if previous is None or previous.place == step.place:
            return "copied-over"
        return "copied-cow" if self._op(step.op).kind == OpKind.cow else "copied"

    def _born(self, step: Step) -> str:
        op = self._op(step.op)
        if step.place.startswith("slot "):
            return sentences.BORN["slot"]
        if self.corruption.buffer == "stack":
            return sentences.BORN["stack"]
        if op.kind != OpKind.alloc:
            return sentences.BORN["dma"]
        return sentences.BORN["image" if op.buffer_kind.name in _IMAGE else "alloc"]

    def _names(self, step: Step, previous: Step | None) -> Mapping[str, str]:
        op = self._op(step.op)
        device = f"d{self._device(step.writer) if step.writer is not None else self._device_of(op)}"
        return {
            "call": self._call(step.op),
            "cpu": f"cpu{op.cpu}",
            "device": device,
            "writer": f"m{step.writer}",
            "bytes": self._bytes(),
            "buffer": self.corruption.buffer,
            "place": _place(step.place),
            "source": _place(previous.place) if previous is not None else "",
            "slot": step.place.removeprefix("slot "),
        }

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
        return op.device if traits(op.kind).names_device or op.given_device else self._device(op.mapping)

    def _device(self, mapping: int) -> int:
        for op in self.judgement.ops:
            if traits(op.kind).defines_mapping and op.mapping == mapping:
                return int(op.device)
        return 0

    def _reader(self, steps: Sequence[Step]) -> str:
        """Who reads: certain if it is a slot's device, or if only one mapping comes into question."""
        last = steps[-1].place if steps else ""
        if last.startswith("slot m"):
            readers = [int(last.removeprefix("slot m"))]
        else:
            readers = [m for m in self.corruption.mappings if self._reads(m)]
        names = [f"d{self._device(m)} (through m{m})" for m in readers]
        return " or ".join(names) or "a device"

    def _reads(self, mapping: int) -> bool:
        maps = [op for op in self.judgement.ops if traits(op.kind).defines_mapping and op.mapping == mapping]
        return bool(maps) and (maps[0].kind == OpKind.alloc_coherent or maps[0].direction.name != "from_device")


def _place(place: str) -> str:
    if place.startswith("slot "):
        return sentences.SLOT.format(mapping=place.removeprefix("slot "))
    return sentences.OLD_PAGE if place == "old page" else sentences.MEMORY


def _yet(judgement: Judgement, corruption: Corruption) -> str:
    warnings = ", ".join(dict.fromkeys(f"{w.id} at op {w.op}" for w in judgement.warnings))
    if corruption.explained:
        template = sentences.YET_EXPLAINED
    else:
        template = sentences.YET_OTHERS if warnings else sentences.YET_SILENT
    return template.format(tracker=judgement.tracker, warnings=warnings)
