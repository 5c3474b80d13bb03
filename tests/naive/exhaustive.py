# SPDX-License-Identifier: GPL-2.0-only
"""The core's exhaustive search, in the terms of the naive enumerator (totals.py), and its golden files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dmafuzz import _core, platforms
from dmafuzz._core import Op
from dmafuzz.platforms import to_core
from dmafuzz.trackers import default_portfolio

from .totals import Cause, Found, Question, Totals


def whole_portfolio(tracker: str, cpus: int = 1, devices: int = 2) -> Question:
    machines = platforms.portfolio(default_portfolio(tracker))
    return Question(tracker, tuple(to_core(machine) for machine in machines), cpus, devices)


def some_platforms(tracker: str, *names: str, cpus: int = 1, devices: int = 1) -> Question:
    return Question(tracker, tuple(to_core(platforms.load(name)) for name in names), cpus, devices)


class Search:
    """A walk, layer by layer."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.walk = _core.Walk(question.tracker, list(question.platforms), question.cpus, question.devices)

    @property
    def states(self) -> int:
        return int(self.walk.size)

    def step(self, state: int | None = None) -> Totals:
        """What all programs of one more operation come to, or those that go on from one state. The walk goes there."""
        start, stop = (0, self.states) if state is None else (state, state + 1)
        expander = _core.Expander(self.walk)
        expander.extend(self.walk, start, stop)
        harvest = expander.harvest()
        self.walk.turn()
        return _totals(harvest)

    def survey(self) -> Totals:
        """What all programs of one more operation come to; the walk stays where it is."""
        expander = _core.Expander(self.walk)
        expander.survey(0, self.states)
        return _totals(expander.harvest())

    def program(self, state: int) -> list[Op]:
        """The smallest program that leads to a state of the last layer."""
        return list(self.walk.program(state))

    def find(self, ops: Sequence[Op]) -> int:
        """The state of the last layer whose smallest program that is."""
        wanted = _core.encode(ops)
        return next(state for state in range(self.states) if _core.encode(self.program(state)) == wanted)


def search(question: Question, length: int) -> Iterator[Totals]:
    """What all programs of one operation come to, of two operations, and so on."""
    walked = Search(question)
    for _ in range(length - 1):
        yield walked.step()
    yield walked.survey()


def _totals(harvest: _core.Harvest) -> Totals:
    causes: dict[Cause, Found] = {}
    for cause in harvest.causes:
        key = cause.label, cause.kind, tuple(sorted(cause.rules)), cause.reason
        assert key not in causes
        smallest = [(small.order[:6], small.records, small.platforms) for small in cause.smallest]
        order = min(order for order, _, _ in smallest)
        found = Found(cause.count, 0, order, {records for each, records, _ in smallest if each == order})
        for each, records, platforms_of in smallest:
            found.platforms |= platforms_of
            found.on |= {i: (each, {records}) for i in range(platforms_of.bit_length()) if platforms_of >> i & 1}
        causes[key] = found
    return Totals(harvest.programs, [Counter(labels) for labels in harvest.labels], causes)


@dataclass(frozen=True)
class Difference:
    what: object
    searched: object
    enumerated: object


def differences(searched: Totals, enumerated: Totals, times: int = 1) -> list[Difference]:
    """Where the two disagree; `times`: each program enumerated stands for so many."""

    def facts(found: Found | None, each: int) -> object:
        return (found.count * each, found.platforms, found.order) if found else None

    out = []
    if searched.programs != enumerated.programs * times:
        out.append(Difference("programs", searched.programs, enumerated.programs * times))
    for i, (labels, each) in enumerate(zip(searched.labels, enumerated.labels, strict=True)):
        expected = {label: count * times for label, count in each.items()}
        if labels != expected:
            out.append(Difference(f"labels on platform {i}", dict(labels), expected))
    for cause in sorted(searched.causes.keys() | enumerated.causes.keys()):
        one, other = searched.causes.get(cause), enumerated.causes.get(cause)
        if facts(one, 1) != facts(other, times):
            out.append(Difference(cause, facts(one, 1), facts(other, times)))
        elif one and other:
            out += _differences_on_platforms(cause, one, other)
    return out


def _differences_on_platforms(cause: Cause, one: Found, other: Found) -> Iterator[Difference]:
    """The search names one of the smallest programs for each platform."""
    if not one.smallest <= other.smallest:
        yield Difference(cause, _decoded(one.smallest), _decoded(other.smallest))
    for platform in sorted(one.on.keys() | other.on.keys()):
        (order, found), (wanted, all_of_them) = one.on[platform], other.on[platform]
        if order != wanted or not found <= all_of_them:
            yield Difference((cause, platform), (order, _decoded(found)), (wanted, _decoded(all_of_them)))


def _decoded(found: set[bytes]) -> list[list[Op]]:
    return [_core.decode(records) for records in found]


def golden(question: Question, totals: Totals) -> str:
    """A tally as a golden file: a line for each platform and each cause."""
    rows: dict[str, list[dict[str, object]]] = {
        "platforms": [
            {"name": platform.name, "labels": dict(sorted(labels.items()))}
            for platform, labels in zip(question.platforms, totals.labels, strict=True)
        ],
        "causes": [
            {
                "label": label,
                "kind": kind,
                "rules": rules,
                "reason": reason,
                "count": found.count,
                "platforms": _columns(found.platforms, len(question.platforms)),
                "order": found.order,
            }
            for (label, kind, rules, reason), found in sorted(totals.causes.items())
        ],
    }
    head = {
        "tracker": question.tracker,
        "cpus": question.cpus,
        "devices": question.devices,
        "programs": totals.programs,
        "number_of_causes": len(totals.causes),
    }
    parts = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    parts += [f'  "{key}": {_one_a_line(value)}' for key, value in rows.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _one_a_line(values: Sequence[object]) -> str:
    if not values:
        return "[]"
    return "[\n" + ",\n".join(f"    {json.dumps(value)}" for value in values) + "\n  ]"


def _columns(platforms: int, count: int) -> str:
    """A column for each platform of the list: x where it shows."""
    return "".join("x" if platforms >> i & 1 else "." for i in range(count))
