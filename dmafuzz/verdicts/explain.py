"""Why a corruption is possible: a witness, in sentences.

Every sentence is rendered from a step of the core's witness; nothing is judged again here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dmafuzz._core import GRANULE_BYTES, PAGE_BYTES, Op, OpKind, traits

from . import sentences
from .judgement import Corruption, Judgement, Step

# What stands in front of sentences. A step that nobody asked for happens meanwhile.
AS = "as"
MEANWHILE = "meanwhile"
SO = "so"
AND = "and"
YET = "yet"

_DEVICE_KINDS = {OpKind.device_read: "read", OpKind.device_write: "write"}
_IMAGE = ("text", "rodata")
_WRITE_BACKS = ("write-back", "write-back-and-drop")


@dataclass(frozen=True)
class Sentence:
    """A sentence of an explanation and what stands in front of it: "op 3", "after op 1" or one of the words above."""

    lead: str
    text: str


def course(
    judgement: Judgement, corruption: Corruption, steps: Sequence[Step], bounced: frozenset[int]
) -> list[Sentence]:
    """How a corruption comes about. ``steps`` is its witness; ``bounced`` are the mappings that have a bounce slot."""
    failed = [m for m in judgement.failed if m in corruption.mappings]
    causes = [Sentence(AS, sentences.FAILED.format(mapping=f"m{mapping}")) for mapping in failed]
    return [*causes, *_told(_Scene(judgement, corruption, bounced), _relevant(steps))]


def outcome(judgement: Judgement, corruption: Corruption, steps: Sequence[Step]) -> list[Sentence]:
    """What that means, and what the tracker says."""
    scene = _Scene(judgement, corruption, frozenset())
    return [Sentence(SO, scene.so(steps)), _said(judgement, corruption)]


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
    for number, step in enumerate(steps):
        following = steps[number + 1] if number + 1 < len(steps) else None
        if previous is not None and scene.is_one_sentence(previous, step):
            previous = step
            continue
        if step.asked:
            lead = f"op {step.op}"
        else:
            lead = MEANWHILE if previous is not None and previous.op == step.op else f"after op {step.op}"
        yield Sentence(lead, scene.tell(step, previous, following))
        previous = step


@dataclass(frozen=True)
class _Scene:
    """What sentences are filled in from."""

    judgement: Judgement
    corruption: Corruption
    bounced: frozenset[int]

    def tell(self, step: Step, previous: Step | None, following: Step | None) -> str:
        template = self._born(step, following) if step.event == "born" else self._template(step, previous)
        return template.format_map(self._names(step, previous))

    def so(self, steps: Sequence[Step]) -> str:
        op = self.corruption.op
        names = {"bytes": self._bytes(), "call": self._call(op), "reader": self._reader(steps)}
        after = "" if self.corruption.kind == "stale-cpu-read" else sentences.AFTER.format(op=op)
        return after + sentences.SO[self.corruption.kind].format_map(names)

    def is_one_sentence(self, born: Step, step: Step) -> bool:
        """Whether a step is told with the one before it: what a CPU has just filled is written back."""
        return born.event == "born" and step.event in _WRITE_BACKS and self._is_filled(born)

    def _template(self, step: Step, previous: Step | None) -> str:
        if step.asked:
            return sentences.ASKED[self._asked(step, previous)]
        return sentences.UNASKED[self._unasked(step, previous)]

    def _unasked(self, step: Step, previous: Step | None) -> str:
        if step.event == "written-elsewhere":
            if step.writer is None:
                return "written-by-cpu"
            if step.writer in self.bounced:
                return "written-into-slot"
            return "written-into-old-page" if self._is_new_page(step) else "written-elsewhere"
        if step.event == "device-write" and step.writer is None:
            return "device-write-by-cpu"
        overwrites = previous is not None and previous.event == "device-write" and previous.place == step.place
        if step.event in _WRITE_BACKS and overwrites and previous is not None and previous.writer is not None:
            return "write-back-over"
        return step.event

    def _asked(self, step: Step, previous: Step | None) -> str:
        if step.event != "copied":
            return step.event
        if previous is None or previous.place == step.place:
            return "copied-over"
        return "copied-cow" if self._op(step.op).kind == OpKind.cow else "copied"

    def _born(self, step: Step, following: Step | None) -> str:
        if step.place.startswith("slot "):
            return sentences.BORN["slot"]
        if self.corruption.buffer == "stack":
            return sentences.BORN["stack"]
        if self._op(step.op).kind != OpKind.alloc:
            return sentences.BORN["dma"]
        if not self._is_filled(step):
            return sentences.BORN["image"]
        written_back = following is not None and self.is_one_sentence(step, following)
        return sentences.BORN["alloc-and-write-back" if written_back else "alloc"]

    def _is_filled(self, born: Step) -> bool:
        op = self._op(born.op)
        ordinary = op.kind == OpKind.alloc and op.buffer_kind.name not in _IMAGE
        return ordinary and born.place in ("memory", "old page") and self.corruption.buffer != "stack"

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
            "place": self._place(step),
            "source": self._place(previous, step.op) if previous is not None else "",
            "slot": step.place.removeprefix("slot "),
            "earlier": self._writer(previous),
        }

    def _place(self, step: Step, now: int | None = None) -> str:
        """Where the data of a step is, called as it is after operation ``now`` (the step's own)."""
        if step.place.startswith("slot "):
            return sentences.SLOT.format(mapping=step.place.removeprefix("slot "))
        if step.place == "old page":
            # The witness knows it by what becomes of it; until then it is the only one.
            moved = self._moved_at() <= (step.op if now is None else now)
            return sentences.OLD_PAGE if moved else sentences.MEMORY
        return sentences.NEW_PAGE if self._is_new_page(step) else sentences.MEMORY

    def _is_new_page(self, step: Step) -> bool:
        return step.place == "memory" and step.op >= self._moved_at()

    def _moved_at(self) -> int:
        """The first copy-on-write of the page in question that moves its owner, or a number beyond all operations."""
        ops = self.judgement.ops
        kinds = {f"b{op.buffer}": op.buffer_kind.name for op in ops if op.kind == OpKind.alloc}
        page = self.corruption.offset // PAGE_BYTES
        for number, op in enumerate(ops):
            if op.kind != OpKind.cow or f"b{op.buffer}" != self.corruption.buffer:
                continue
            if kinds.get(self.corruption.buffer) == "anonymous" and op.offset * GRANULE_BYTES // PAGE_BYTES == page:
                return number
        return len(ops)

    def _writer(self, step: Step | None) -> str:
        return "" if step is None or step.writer is None else f"d{self._device(step.writer)}"

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


def _said(judgement: Judgement, corruption: Corruption) -> Sentence:
    warnings = ", ".join(dict.fromkeys(f"{w.id} at op {w.op}" for w in judgement.warnings))
    names = {"tracker": judgement.tracker, "warnings": warnings}
    if corruption.explained:
        return Sentence(AND, sentences.EXPLAINED.format_map(names))
    return Sentence(YET, (sentences.OTHERS if warnings else sentences.SILENT).format_map(names))
