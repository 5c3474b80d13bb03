# SPDX-License-Identifier: GPL-2.0-only
"""All programs of the exhaustive search, one by one: each judged from its first operation on, and counted.

Nothing is merged, and nothing is looked up. The letters are `successors.py`'s; the verdicts are those of the judge that
everybody else uses, on one program at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dmafuzz import _core
from dmafuzz._core import Op, Platform

from .successors import successors

Order = tuple[int, ...]
Rules = tuple[str, ...]  # in alphabetical order
Cause = tuple[str, str, Rules, str]  # label, kind, rules broken where it shows, the tracker's reason
Shown = dict[Cause, int]  # platforms, a bit each

LABELS = {"false": "FP", "hazard": "hazard"}


@dataclass
class Found:
    count: int = 0
    platforms: int = 0
    order: Order = ()
    smallest: set[bytes] = field(default_factory=set)  # all programs of that order
    on: dict[int, tuple[Order, set[bytes]]] = field(default_factory=dict)  # the same for each platform

    def add(self, ops: Sequence[Op], platforms: int, order: Order) -> None:
        self.count += 1
        self.platforms |= platforms
        records = _core.encode(ops)
        if not self.smallest or order < self.order:
            self.order, self.smallest = order, set()
        if order == self.order:
            self.smallest.add(records)
        for platform in (i for i in range(platforms.bit_length()) if platforms >> i & 1):
            known, programs_of = self.on.get(platform, (order, set()))
            if order <= known:
                self.on[platform] = order, (programs_of if order == known else set()) | {records}


@dataclass
class Totals:
    """What programs of one length come to."""

    programs: int
    labels: list[Counter[str]]  # by platform: how many programs have it
    causes: dict[Cause, Found]


@dataclass(frozen=True)
class Question:
    """Which programs, judged on what."""

    tracker: str
    platforms: tuple[Platform, ...]
    cpus: int = 1
    devices: int = 1

    @property
    def devices_alike(self) -> bool:
        return all(len({_facts(device) for device in p.devices[: self.devices]}) == 1 for p in self.platforms)

    def successors(self, program: Sequence[Op]) -> list[Op]:
        return successors(program, self.cpus, self.devices, self.devices_alike)

    def judge(self) -> _core.Judge:
        return _core.Judge(self.tracker, self.platforms)


def _facts(device: _core.Device) -> tuple[object, ...]:
    return tuple(getattr(device, name) for name in dir(type(device)) if not name.startswith("_"))


def programs(question: Question, length: int, beginning: Sequence[Op] = ()) -> Iterator[list[Op]]:
    """All programs of so many operations that begin like that."""
    if length == len(beginning):
        yield list(beginning)
        return
    for letter in question.successors(beginning):
        if length == len(beginning) + 1:
            yield [*beginning, letter]
        else:
            yield from programs(question, length, [*beginning, letter])


def totals(question: Question, length: int, beginning: Sequence[Op] = ()) -> Totals:
    judge = question.judge()
    done = Totals(0, [Counter() for _ in question.platforms], {})
    for ops in programs(question, length, beginning):
        judgements = judge.judge_all(ops)
        done.programs += 1
        for labels, judgement in zip(done.labels, judgements, strict=True):
            labels.update(judgement.labels)
        causes = shown(judgements)
        if not causes:
            continue
        order = _core.order_of(ops)
        for cause, platforms in causes.items():
            done.causes.setdefault(cause, Found()).add(ops, platforms, order)
    return done


def shown(judgements: Sequence[_core.Judgement]) -> Shown:
    """The causes that one program shows, and where."""
    causes: Shown = {}
    for i, judgement in enumerate(judgements):
        rules = tuple(sorted({str(breach.rule) for breach in judgement.breaches}))
        for label, kind, reason in _kinds(judgement):
            cause = label, kind, rules, reason
            causes[cause] = causes.get(cause, 0) | 1 << i
    return causes


def _kinds(judgement: _core.Judgement) -> set[tuple[str, str, str]]:
    warnings = judgement.warnings
    if any(warning.justification == "broken" for warning in warnings):
        return {("broken", str(warning.id), "") for warning in warnings if warning.justification == "broken"}
    silent = {("FN", str(c.kind), str(c.reason)) for c in judgement.corruptions if not c.explained}
    return silent | {(LABELS[w.justification], str(w.id), str(w.reason)) for w in warnings if w.justification in LABELS}
