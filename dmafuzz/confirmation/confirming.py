# SPDX-License-Identifier: GPL-2.0-only
"""One program on one machine: the core's verdict compared with what a guest shows."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from functools import cached_property

from dmafuzz import _core, platforms
from dmafuzz._core import HookCall, Iommu, OpKind, Run, StepKind
from dmafuzz.program import Program
from dmafuzz.verdicts import Corruption, Judgement, Judging, WitnessStep

from .actions import CannotSayError
from .answer import Answer as Said
from .carrying import Carrying, Seen, can_be_said
from .comparing import DEVICE_KINDS, about, answer_of, impossible, meets, placed_otherwise
from .confirmation import Answer, Confirmation, Tried
from .errors import GuestDiedError
from .guest import Guest

_WITNESSES_MAX = 12  # of one program: corruptions beyond are counted, and not tried
_READ_ALL_BYTES = 1 << 16


class Confirming:
    """Confirms programs on one machine. ``boot`` gives a guest; ``again``: whether wrong calls spoil it."""

    def __init__(
        self, judging: Judging, platform: str, machine: str, kernel: str, boot: Callable[[], Guest], again: bool = False
    ) -> None:
        self._judging, self._platform = judging, platform
        self._machine, self._kernel = machine, kernel
        self._boot, self._again = boot, again
        self._guest: Guest | None = None
        self._tag = 0
        self._now = 0
        self._exchange = hashlib.sha256()
        self._hooks: list[HookCall] = []  # of the program at work
        self._spoils = False  # the program at work, by calls that are wrong
        self._spoilt = False  # the guest, by what the last run may have left behind an IOMMU

    def close(self) -> None:
        """Ends the guest, if one is up."""
        if self._guest is not None:
            self._guest.close()
        self._guest = None

    def confirm(self, program: Program, name: str, runs: int = 0, seed: int = 0) -> Confirmation:
        """Runs the program bare, with the witness of each corruption, and ``runs`` times with random neighbours."""
        done = self._confirm(program, name, runs, seed)
        done.exchange = self._exchange.hexdigest()
        return done

    def _confirm(self, program: Program, name: str, runs: int, seed: int) -> Confirmation:
        judgement = self._judging.judge(program, self._platform, name)
        done = Confirmation(name, self._machine, self._platform, self._kernel)
        self._exchange = hashlib.sha256()
        done.expected = sorted((w.op, w.id) for w in judgement.warnings)
        facts = self._facts(program)
        self._hooks = self._judging.hooks(program, self._platform)
        done.oops = _fault(facts)
        self._spoils = bool(judgement.contract or judgement.warnings or judgement.harms)
        try:
            can_be_said(facts, self._judging.machine(self._platform).core.devices[0].mask_bits)
            self._bare(done, facts, judgement)
            emulated = self._as_emulated.judge(program.ops, 0).corruptions if self._as_emulated else []
            for corruption in judgement.corruptions[:_WITNESSES_MAX]:
                self._witness(done, facts, *self._best_witness(program, corruption, emulated))
            for number in range(runs):
                self._random(done, facts, judgement, random.Random(f"{seed} {number}"))
        except CannotSayError as why:
            done.refused.append((0, str(why)))
            done.answer = Answer.REFUSED
            return done
        except GuestDiedError as death:
            self.close()
            done.answer, done.log = Answer.DIED, f"{death.action}\n{death.log}"
            if done.oops is not None and self._now == done.oops:
                done.answer = Answer.CONFIRMED
            return done
        done.answer = answer_of(done, facts.ops)
        return done

    def faults_in(self, program: Program) -> int | None:
        """The operation in which the kernel is said to fault, which takes the guest with it."""
        return _fault(self._facts(program))

    def _heard(self, action: str, answer: Said) -> None:
        self._exchange.update(f"{action}\n{answer}\n".encode())

    def _facts(self, program: Program) -> Run:
        judge, places = self._judging.judge_for(self._platform)
        return _core.run(judge, program.ops, places[0])

    def _carry_out(self, done: Confirmation, facts: Run, after: Callable[[Carrying, int], None]) -> Seen:
        if self._guest is None or (self._spoilt and not self._guest.restart()):
            self.close()
            self._guest = self._boot()
        self._spoilt = self._again and self._spoils
        if done.oops is not None:
            # What is to end the guest may harm it; it is not used again.
            self._guest.do("dare 0 0 1")
            self._spoilt = True
        run = Carrying(self._guest, facts, self._tag, self._heard)
        try:
            seen = run.run(after)
        finally:
            self._now, self._tag = run.now, run.tag
        done.runs += 1
        if done.oops is not None:
            self.close()
        elif self._guest.do("reset 0 0").fields.get("left") != "0":
            self._spoilt = True
        return seen

    def _bare(self, done: Confirmation, facts: Run, judgement: Judgement) -> None:
        small = sum(e.size for e in facts.extents) <= _READ_ALL_BYTES

        def look(run: Carrying, op: int) -> None:
            if small or op + 1 == len(run.ops):
                run.look_at_all()

        seen = self._carry_out(done, facts, look)
        done.seen = sorted(seen.warnings)
        done.messages = seen.messages
        done.refused = sorted(set(seen.refused))
        done.failed = {"model": sorted(judgement.failed), "kernel": sorted(seen.failed)}
        # Addresses come again with the flush, and what the guest has not given back does not.
        by_chance = self._is_lazy or any(why == "give-back" for _, why in seen.refused)
        otherwise = placed_otherwise(self._hooks, seen.placed) if by_chance else set()
        otherwise |= set(judgement.failed) ^ seen.failed if by_chance else set()
        done.reason = _OTHER_MEMORY if seen.elsewhere else _OTHER_ADDRESSES if otherwise else ""
        done.excused = sorted(about(facts.ops, seen.elsewhere, otherwise))
        done.impossible += impossible(seen, judgement)

    def _witness(
        self, done: Confirmation, facts: Run, corruption: Corruption, steps: tuple[WitnessStep, ...], unseen: bool
    ) -> None:
        """``unseen``: it takes what QEMU does not model."""
        buffer = int(corruption.buffer[1:]) if corruption.buffer.startswith("b") else None
        shown = (corruption.kind, corruption.op, corruption.buffer, corruption.offset, corruption.size)
        if buffer is None:
            done.tried.append(Tried(*shown, False, "live stack data is not read"))
            return
        span = (buffer, corruption.offset, corruption.size)
        unasked = [s for s in steps if not s.asked and s.event in _UNASKED_WRITES]
        one_view = any(not s.asked and s.event == "written-elsewhere" for s in steps)
        wild = [s for s in steps if not s.asked and s.event in _WILD_WRITES]

        def after(run: Carrying, op: int) -> None:
            if self._is_lazy and _core.traits(run.ops[op].kind).defines_mapping:
                run.warm(run.ops[op].mapping)
            for step in unasked:
                if step.op == op and step.writer is not None:
                    run.device_write(step.writer, *span, one_view)
                elif step.op == op:
                    run.cpu_write(*span)
            for step in wild:
                if step.op == op and step.writer is not None:
                    run.wild_write(step.writer, *span)
            if op != corruption.op:
                return
            if corruption.kind in DEVICE_KINDS:
                run.device_look(corruption.mappings, *span)
            else:
                run.look(*span)

        seen = self._carry_out(done, facts, after)
        hit = [lost for lost in seen.lost if lost.op == corruption.op and meets(lost, corruption)]
        missing = _NO_LAZY_FLUSH if self._is_lazy else _NO_CACHE
        reason = missing if unseen else self._reason(seen, facts, done.failed["model"], corruption)
        done.tried.append(Tried(*shown, bool(hit), "" if hit else reason))

    def _random(self, done: Confirmation, facts: Run, judgement: Judgement, chance: random.Random) -> None:
        def after(run: Carrying, op: int) -> None:
            if chance.random() < _WRITES_SHARE:
                _write_somewhere(run, chance)
            run.look_at_all()
            if chance.random() < _READS_SHARE:
                _read_somewhere(run, chance)

        seen = self._carry_out(done, facts, after)
        done.impossible += impossible(seen, judgement)

    def _reason(self, seen: Seen, facts: Run, failed: list[int], corruption: Corruption) -> str:
        theirs = {piece.buffer for piece in facts.pieces if piece.mapping in corruption.mappings}
        if seen.elsewhere & (theirs | {int(corruption.buffer[1:])}):
            return _OTHER_MEMORY
        if seen.refused:
            return f"the guest refuses: {seen.refused[0][1]} (operation {seen.refused[0][0]})"
        if self._is_lazy and placed_otherwise(self._hooks, seen.placed):
            return _OTHER_ADDRESSES
        if set(corruption.mappings) & set(failed):
            return "goes through DMA_MAPPING_ERROR"
        if any(
            op.kind == OpKind.free and f"b{op.buffer}" == corruption.buffer for op in facts.ops[: corruption.op + 1]
        ):
            return "of memory that has been freed by then, which is nobody's to access"
        gone = [s.piece for s in facts.steps if s.kind == StepKind.slot_gone and s.op <= corruption.op]
        if any(facts.pieces[piece].mapping in corruption.mappings for piece in gone):
            return "needs another mapping that gets the released slot"
        return ""

    def _best_witness(
        self, program: Program, corruption: Corruption, emulated: Sequence[Corruption]
    ) -> tuple[Corruption, tuple[WitnessStep, ...], bool]:
        """A behaviour that a guest can show, and the corruption as it has it: without CPU caches and late flushes,
        where it is possible without them; whether it is not. ``emulated``: all that are."""
        judge = self._as_emulated
        if judge is None:
            return corruption, self._judging.witness(program, self._platform, corruption), False
        for each in emulated:
            if _is_of_the_same(each, corruption):
                return each, tuple(judge.witness(program.ops, 0, each.index)), False
        return corruption, self._judging.witness(program, self._platform, corruption), True

    @cached_property
    def _is_lazy(self) -> bool:
        return bool(self._judging.machine(self._platform).core.iommu == Iommu.lazy)

    @cached_property
    def _as_emulated(self) -> _core.Judge | None:
        """Of the same machine as QEMU is: with devices that are all coherent, and with every flush at once, since a
        guest's time passes while it waits for its host; None where it is so anyway."""
        machine = platforms.to_core(self._judging.machine(self._platform))
        devices = machine.devices
        if all(device.coherent for device in devices) and not self._is_lazy:
            return None
        for device in devices:
            device.coherent = True
        machine.devices = devices
        if self._is_lazy:
            machine.iommu = Iommu.strict
        return _core.Judge(self._judging.tracker.core, [machine])


def _is_of_the_same(one: Corruption, other: Corruption) -> bool:
    """Whether two corruptions are one on two machines: one kind, operation, and some bytes."""
    if (one.kind, one.op, one.buffer) != (other.kind, other.op, other.buffer):
        return False
    return one.offset < other.offset + other.size and other.offset < one.offset + one.size


def _fault(facts: Run) -> int | None:
    return next((step.op for step in facts.steps if step.kind == StepKind.oops), None)


_NO_CACHE = "takes a cache, which QEMU does not model"
_NO_LAZY_FLUSH = "takes a flush that comes late, and a guest's time passes while it waits for its host"
_OTHER_ADDRESSES = "needs the model's IOVAs, and the kernel's allocator gives others"
_OTHER_MEMORY = "needs the model's memory, and the kernel's allocator gives other memory"
_WRITES_SHARE, _READS_SHARE = 0.6, 0.4  # of the operations after which a random run does something unasked
_UNASKED_BYTES_MAX = 512
_WILD_WRITES = ("wild-write", "wild-write-coherent")
_UNASKED_WRITES = ("cpu-write", "device-write", "device-write-coherent", "written-elsewhere")


def _write_somewhere(run: Carrying, chance: random.Random) -> None:
    places = [("device", v.mapping, v.buffer, v.offset, v.size) for v in run.ideal.may_write()]
    places += [("cpu", 0, b, part.offset, part.size) for b in run.ideal.buffers() for part in run.ideal.unmapped(b)]
    if not places:
        return
    who, mapping, buffer, offset, size = chance.choice(places)
    start = chance.randrange(size)
    length = chance.randint(1, min(size - start, _UNASKED_BYTES_MAX))
    if who == "device":
        run.device_write(mapping, buffer, offset + start, length)
    else:
        run.cpu_write(buffer, offset + start, length)


def _read_somewhere(run: Carrying, chance: random.Random) -> None:
    places = run.ideal.may_read()
    if places:
        view = chance.choice(places)
        start = chance.randrange(view.size)
        length = min(view.size - start, _UNASKED_BYTES_MAX)
        run.device_look([view.mapping], view.buffer, view.offset + start, length)
