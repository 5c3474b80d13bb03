# SPDX-License-Identifier: GPL-2.0-only
"""Schedules once more, by listing them: every order of all steps, each looked at by itself.

Whether a line is possible is asked of the language (`_core.check`), what a schedule shows of the judge. Nothing else is
shared with the core.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dmafuzz import _core
from dmafuzz._core import Op, OpKind

Order = tuple[int, ...]


def threads_of(ops: Sequence[Op]) -> list[list[Op]]:
    """The steps of each CPU, by number, then of each device; a call is two steps."""
    devices: dict[int, int] = {}
    steps: dict[tuple[str, int], list[Op]] = defaultdict(list)
    for op in ops:
        if _core.traits(op.kind).defines_mapping:
            devices[op.mapping] = op.device
        if op.kind in (OpKind.device_read, OpKind.device_write, OpKind.device_post):
            steps["device", devices[op.mapping]].append(op)
            continue
        first = op.__copy__()
        steps["cpu", op.cpu].append(first)
        if _core.traits(op.kind).is_call and not op.split:
            first.split = True
            second = Op()
            second.kind, second.cpu = OpKind.finish, op.cpu
            steps["cpu", op.cpu].append(second)
    return [steps[name] for name in sorted(steps)]


def orders(lengths: Sequence[int]) -> Iterator[Order]:
    """Every order of so many steps of each thread."""
    for places in _orders(0, tuple(lengths), tuple(range(sum(lengths)))):
        yield tuple(thread for _, thread in sorted(places))


def _orders(thread: int, lengths: tuple[int, ...], free: tuple[int, ...]) -> Iterator[list[tuple[int, int]]]:
    if thread == len(lengths):
        yield []
        return
    for mine in itertools.combinations(free, lengths[thread]):
        left = tuple(place for place in free if place not in mine)
        for others in _orders(thread + 1, lengths, left):
            yield [(place, thread) for place in mine] + others


class Naive:
    """All orders of a program's steps, sorted into schedules by the preemptions they take, and dead ends."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self.threads = threads_of(ops)
        self.schedules: list[tuple[tuple[int, int, int, Order], list[Op]]] = []
        self._valid: dict[Order, bool] = {(): True}
        stuck: set[Order] = set()
        for order in orders([len(steps) for steps in self.threads]):
            end = next((i for i in range(1, len(order) + 1) if not self._possible(order[:i])), None)
            if end is None:
                self.schedules.append((self._cost(order), self._program(order)))
            elif not any(self._goes_on(order[: end - 1], thread) for thread in range(len(self.threads))):
                stuck.add(order[: end - 1])
        self.schedules.sort(key=lambda schedule: schedule[0])
        self.stuck = Counter(self._cost(order)[0] for order in stuck)

    def _steps(self, order: Order) -> list[Op]:
        taken = [iter(steps) for steps in self.threads]
        return [next(taken[thread]) for thread in order]

    def _possible(self, order: Order) -> bool:
        if order not in self._valid:
            self._valid[order] = self._possible(order[:-1]) and _core.check(self._steps(order)) is None
        return self._valid[order]

    def _goes_on(self, order: Order, thread: int) -> bool:
        return order.count(thread) < len(self.threads[thread]) and self._possible((*order, thread))

    def _cost(self, order: Order) -> tuple[int, int, int, Order]:
        """Preemptions, switches, calls that something interrupts; then the order itself."""
        preemptions = switches = interrupted = 0
        for i in range(1, len(order)):
            before = order[i - 1]
            if before == order[i]:
                continue
            switches += 1
            preemptions += self._goes_on(order[:i], before)
            rest = self.threads[before][order[:i].count(before) :]
            interrupted += bool(rest) and rest[0].kind == OpKind.finish
        return preemptions, switches, interrupted, order

    def _program(self, order: Order) -> list[Op]:
        """Whole calls where nothing comes between their halves."""
        program: list[Op] = []
        for op in self._steps(order):
            if op.kind == OpKind.finish and program[-1].split and program[-1].cpu == op.cpu:
                whole = program[-1].__copy__()
                whole.split = False
                program[-1] = whole
            else:
                program.append(op)
        return program


@dataclass
class Sighting:
    """How often something shows, by preemptions, and the first programs that show it and that do not."""

    shown: list[int]
    shows: tuple[int, list[Op]] | None = None
    hides: tuple[int, list[Op]] | None = None


@dataclass
class Explored:
    """What all schedules within a bound come to."""

    schedules: list[int]
    dropped: int
    sights: dict[tuple[int | None, str, str | None], Sighting] = field(default_factory=dict)


def explored(ops: Sequence[Op], bound: int, judge: Any, platforms: int) -> Explored:
    """Every schedule of a program, judged on so many platforms; without the order as written."""
    naive = Naive(ops)
    within = [schedule for schedule in naive.schedules if schedule[0][0] <= bound]
    counts = Counter(cost[0] for cost, _ in within)
    found = Explored(
        [counts[number] for number in range(bound + 1)],
        sum(number for preemptions, number in naive.stuck.items() if preemptions <= bound),
    )
    seen = [_seen(program, judge, platforms) for _, program in within]
    for sight in set().union(*seen):
        sighting = found.sights[sight] = Sighting([0] * (bound + 1))
        for ((preemptions, *_), program), shown in zip(within, seen, strict=True):
            if sight in shown:
                sighting.shown[preemptions] += 1
                sighting.shows = sighting.shows or (preemptions, program)
            else:
                sighting.hides = sighting.hides or (preemptions, program)
    return found


def _seen(program: Sequence[Op], judge: Any, platforms: int) -> set[tuple[int | None, str, str | None]]:
    return {
        (where, label, which)
        for platform in range(platforms)
        for label, kind, _ in judge.signatures_on(program, platform)
        for where in (None, platform)
        for which in (None, kind)
    }
