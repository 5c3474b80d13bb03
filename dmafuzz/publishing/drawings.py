# SPDX-License-Identifier: GPL-2.0-only
"""Drawings: a behaviour of the core, moment by moment, as lanes and steps. States and owners are the core's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dmafuzz._core import (
    Actor,
    CopyChange,
    CopyState,
    Corruption,
    Moment,
    Owner,
    Place,
    PlaceKind,
    TrackedEntry,
)
from dmafuzz.program import render_op
from dmafuzz.program.kinds import DEVICE_ACCESSES
from dmafuzz.verdicts.judgement import Judgement

from .content import Cell, Chip, Drawing, Lane, Step
from .words import CACHE, EFFECTS, OUTCOMES, PLACES, READ, READS, UNASKED, UNASKED_CPU

_UNFOLDED_MAX = 12  # steps of a drawing that shows each by itself
_FOLDED_MIN = 3  # operations in a row
_DIRECTIONS = {"bidirectional": "BIDI", "to_device": "TO_DEV", "from_device": "FROM_DEV"}


@dataclass(frozen=True)
class Scene:
    """What a drawing is made of: a judgement, a behaviour on its platform, and the tracker's entries after each
    operation (empty: it cannot be looked into). ``corruption``: where the behaviour leads; None: nowhere."""

    judgement: Judgement
    moments: Sequence[Moment]
    entries: Sequence[Sequence[TrackedEntry]]
    corruption: Corruption | None
    facts: str

    def drawing(self) -> Drawing:
        lanes = list(self._lanes())
        steps = _folded([self._step(number, lanes) for number in range(len(self.moments))])
        return Drawing(
            title=self._title(),
            aside=self._aside(),
            tone="warning" if self.corruption is None or self.corruption.explained else "loss",
            lanes=tuple(lane for lane, _, _ in lanes),
            steps=(*steps, *self._reading(lanes)),
            outcome=self._outcome(),
            verdict=self._verdict(),
            platform=self.judgement.platform,
            facts=self.facts,
        )

    # Lanes

    def _lanes(self) -> Iterator[tuple[Lane, str, int]]:
        """Each lane with what it is about: a CPU or device by number, a copy by its own."""
        last = self.moments[-1].op
        for cpu in sorted({op.cpu for op in self.judgement.ops[: last + 1] if op.kind not in DEVICE_ACCESSES}):
            yield Lane("cpu", f"cpu{cpu}"), "cpu", cpu
        seen: dict[int, CopyState] = {copy.copy: copy for moment in self.moments for copy in moment.copies}
        for number, (copy, state) in enumerate(sorted(seen.items())):
            if number == 0:
                yield Lane(CACHE, "CPU cache"), CACHE, copy
                yield Lane("memory", _place_title(state.place)), "memory", copy
            else:
                yield Lane("copy", _place_title(state.place)), "copy", copy
        for device in sorted({made.device for made in self.judgement.mappings}):
            yield Lane("device", f"d{device}"), "device", device
        if self.entries:
            yield Lane("tracker", "dma-debug", self.judgement.tracker), "tracker", 0

    # Steps

    def _step(self, number: int, lanes: Sequence[tuple[Lane, str, int]]) -> Step:
        moment = self.moments[number]
        asked = moment.actor == Actor.program
        breaches = [b.rule for b in self.judgement.contract if asked and b.op == moment.op]
        warns = [w.id for w in self.judgement.warnings if asked and w.op == moment.op]
        return Step(
            lead=f"op {moment.op}" if asked else "meanwhile",
            text=render_op(self.judgement.ops[moment.op]) if asked else self._unasked(moment),
            asked=asked,
            cells=tuple(self._cell(number, what, which) for _, what, which in lanes),
            rules=tuple(breaches),
            warns=tuple(dict.fromkeys(warns)),
        )

    def _cell(self, number: int, what: str, which: int) -> Cell:
        moment = self.moments[number]
        if what == "cpu":
            return Cell(acts=self._cpu_acts(moment, which))
        if what == "device":
            return self._device_cell(number, which)
        if what == "tracker":
            return self._tracker_cell(number)
        return self._copy_cell(number, what, which)

    def _cpu_acts(self, moment: Moment, cpu: int) -> bool:
        if moment.actor == Actor.cpu:
            return cpu == min(op.cpu for op in self.judgement.ops)
        op = self.judgement.ops[moment.op]
        return moment.actor == Actor.program and op.cpu == cpu and op.kind not in DEVICE_ACCESSES

    def _device_cell(self, number: int, device: int) -> Cell:
        moment = self.moments[number]
        op = self.judgement.ops[moment.op]
        asked = moment.actor == Actor.program and op.kind in DEVICE_ACCESSES and self._device(op.mapping) == device
        acts = asked or (moment.writer is not None and self._device(moment.writer) == device)
        owned = [o for o in moment.owners if self._device(o.mapping) == device]
        before = self.moments[number - 1].owners if number else ()
        chips = [
            Chip("owner", _OWNS[o.owner].format(device=f"d{device}"), f"m{o.mapping}", o not in before) for o in owned
        ]
        return Cell(tuple(chips), acts=acts, band=any(o.owner != Owner.cpu for o in owned))

    def _tracker_cell(self, number: int) -> Cell:
        moment = self.moments[number]
        if moment.actor != Actor.program:
            return Cell()  # the tracker does not see unasked steps
        entries = self.entries[moment.op]
        before = self.entries[moment.op - 1] if moment.op else []
        added = [not any(_same(e, other) for other in before) for e in entries]
        chips = [
            Chip("entry", _name(e), _entry_detail(e) if new else "", new) for e, new in zip(entries, added, strict=True)
        ]
        gone = [e for e in before if not any(_same(e, other) for other in entries)]
        chips += [Chip("gone", _name(e), "removed", True) for e in gone]
        fired = dict.fromkeys(w.id for w in self.judgement.warnings if w.op == moment.op)
        chips += [Chip("warning", f"warns: {name}", "", True) for name in fired]
        return Cell(tuple(chips))

    def _copy_cell(self, number: int, what: str, which: int) -> Cell:
        now = _copy_of(self.moments[number], which)
        before = _copy_of(self.moments[number - 1], which) if number else None
        changes = [c for c in self.moments[number].changes if c.copy == which]
        if now is None:
            return Cell()
        chips: list[Chip] = []
        if what != "memory" and now.line is not None:
            chips.append(_cached_chip(now, before))
        if what != CACHE:
            word = f"memory: {now.memory}" if what == "copy" and now.line is not None else str(now.memory)
            chips.append(Chip(str(now.memory), word, "", before is None or before.memory != now.memory))
        notes = [effect for change in changes for effect in self._effects(self.moments[number], change, what)]
        arrow = next((arrow for arrow, _ in notes if arrow), "") if what != "copy" else ""
        return Cell(tuple(chips), ", ".join(dict.fromkeys(words for _, words in notes)), arrow)

    def _effects(self, moment: Moment, change: CopyChange, what: str) -> Iterator[tuple[str, str]]:
        where, arrow, words = EFFECTS[change.event]
        if what in ("copy", where):
            writer = self._writer(moment)
            source = "" if change.source is None else _place_words(change.source)
            yield arrow, words.format(writer=writer, source=source)

    def _writer(self, moment: Moment) -> str:
        op = self.judgement.ops[moment.op]
        mapping = op.mapping if moment.actor == Actor.program and op.kind in DEVICE_ACCESSES else moment.writer
        return "the CPU" if mapping is None else f"d{self._device(mapping)}"

    def _unasked(self, moment: Moment) -> str:
        if not moment.changes:
            event, place = "written-elsewhere", "memory"
        else:
            event, place = str(moment.changes[0].event), _place_words(moment.changes[0].place)
        if event == "device-write" and moment.writer is None:
            return UNASKED_CPU
        mapping = "a mapping" if moment.writer is None else f"m{moment.writer}"
        writer = "a device" if moment.writer is None else f"d{self._device(moment.writer)}"
        return UNASKED[event].format(writer=writer, mapping=mapping, place=place)

    def _device(self, mapping: int) -> int:
        return next((made.device for made in self.judgement.mappings if made.number == mapping), 0)

    def _reading(self, lanes: Sequence[tuple[Lane, str, int]]) -> Iterator[Step]:
        """The row in which the reader gets what is wrong."""
        if self.corruption is None:
            return
        c = self.corruption
        tone, word = READ[c.kind]
        device = None if c.reader is None else self._device(c.reader)
        at = ("device", device) if c.kind not in READS else ("cache", None)
        reads = [what == at[0] and at[1] in (None, which) for _, what, which in lanes]
        chip = Cell((Chip(tone, f"reads {word}", "", True),), acts=c.kind not in READS)
        cells = tuple(chip if here else Cell() for here in reads)
        yield Step("so", self._sentence(), False, cells)

    # Around the lanes

    def _title(self) -> str:
        if self.corruption is None:
            names = dict.fromkeys(f"{w.id} at op {w.op}" for w in self.judgement.warnings)
            return f"{', '.join(names)}: no data is lost" if names else "No data is lost"
        return f"{self._sentence()} after op {self.corruption.op}"

    def _aside(self) -> str:
        if self.corruption is None:
            return "what the operations do; nothing that may happen meanwhile makes a difference"
        c = self.corruption
        unasked = sum(moment.actor != Actor.program for moment in self.moments)
        steps = {0: "no unasked step: the program alone is enough", 1: "1 unasked step"}
        bytes_of = f"{c.buffer}[{c.offset}..{c.offset + c.size - 1}]"
        return f"{c.kind} of {bytes_of}; {steps.get(unasked, f'{unasked} unasked steps')}"

    def _sentence(self) -> str:
        assert self.corruption is not None
        reader = self.corruption.reader
        device = "a device" if reader is None else f"d{self._device(reader)}"
        return OUTCOMES[self.corruption.kind].format(reader=device)

    def _outcome(self) -> str:
        return "every copy that is read is the newest" if self.corruption is None else self._sentence()

    def _verdict(self) -> str:
        if self.judgement.labels and "broken" in self.judgement.labels:
            return "dma-debug itself fails"
        fired = ", ".join(dict.fromkeys(w.id for w in self.judgement.warnings))
        if self.corruption is None:
            return f"dma-debug warns: {fired}" if fired else "dma-debug is silent"
        if self.corruption.explained:
            return f"dma-debug warns of it: {fired}"
        return "dma-debug is silent about it" if fired else "dma-debug is silent"


def _folded(steps: Sequence[Step]) -> list[Step]:
    """The steps; of many, runs of operations that leave the bytes and their owners as they are become one row."""
    if len(steps) <= _UNFOLDED_MAX:
        return list(steps)
    folded: list[Step] = []
    run: list[Step] = []
    for step in [*steps, None]:
        if step is not None and _is_quiet(step) and step is not steps[-1]:
            run.append(step)
            continue
        folded += run if len(run) < _FOLDED_MIN else [_as_one(run)]
        folded += [] if step is None else [step]
        run = []
    return folded


def _is_quiet(step: Step) -> bool:
    of_bytes = [chip for cell in step.cells for chip in cell.chips if chip.tone not in ("entry", "gone")]
    return step.asked and not step.rules and not step.warns and not any(chip.changed for chip in of_bytes)


def _as_one(run: Sequence[Step]) -> Step:
    last = run[-1]
    cells = tuple(Cell(cell.chips, acts=False, band=cell.band) for cell in last.cells)
    return Step(
        f"{run[0].lead} to {last.lead.removeprefix('op ')}", "leave these bytes as they are", True, cells, said=True
    )


_OWNS = {Owner.device: "{device} owns", Owner.cpu: "CPU owns", Owner.both: "both own"}


def _copy_of(moment: Moment, copy: int) -> CopyState | None:
    return next((state for state in moment.copies if state.copy == copy), None)


def _cached_chip(now: CopyState, before: CopyState | None) -> Chip:
    same = before is not None and (before.line, before.cached) == (now.line, now.cached)
    if now.cached is None:
        return Chip("absent", "not cached", "", before is not None and not same)
    return Chip(str(now.cached), str(now.cached), str(now.line), not same)


def _place_title(place: Place) -> str:
    return f"slot of m{place.mapping}" if place.kind == PlaceKind.slot else str(place.kind).replace("-", " ")


def _place_words(place: Place) -> str:
    return PLACES[place.kind].format(mapping=f"m{place.mapping}")


def _name(entry: TrackedEntry) -> str:
    return f"d{entry.device}" if entry.mapping is None else f"m{entry.mapping}"


def _entry_detail(entry: TrackedEntry) -> str:
    parts = [_DIRECTIONS[entry.direction.name], f"{entry.size} bytes"]
    if not entry.active:
        parts.append("no active cacheline")
    if entry.unchecked:
        parts.append("map error unchecked")
    return ", ".join(parts)


def _same(one: TrackedEntry, other: TrackedEntry) -> bool:
    """Whether both are one entry, whatever has changed in it."""
    return (one.op, one.mapping, one.dma, one.phys) == (other.op, other.mapping, other.dma, other.phys)
