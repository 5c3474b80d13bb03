# SPDX-License-Identifier: GPL-2.0-only
"""Exploring the schedules of a program within a bound on preemptions: counted first, then judged by the core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dmafuzz import _core
from dmafuzz._core import Op, Schedule, ScheduleCount

from .errors import ScheduleError
from .modality import Sight, preemptions

DEFAULT_PREEMPTIONS = 2
DEFAULT_LIMIT = 1_000_000
LABELS = ("broken", "FN", "FP", "hazard")


@dataclass(frozen=True)
class Exploration:
    """What came of all schedules of a program within ``bound`` preemptions.

    ``judged`` of them stood for all, the others differ from these in nothing that counts. ``sights`` are those that
    show at all, in any schedule or in the order as ``written``, which is judged even where it is beyond the bound.
    """

    threads: tuple[str, ...]
    bound: int
    counted: ScheduleCount
    judged: int
    written: Schedule
    sights: tuple[Sight, ...]

    @property
    def written_within(self) -> bool:
        """Whether the order as written is one of the schedules within the bound."""
        return self.written.preemptions <= self.bound

    def sight(self, label: str, kind: str | None = None, platform: str | None = None) -> Sight:
        """One that may never show."""
        for sight in self.sights:
            if (sight.label, sight.kind, sight.platform) == (label, kind, platform):
                return sight
        return Sight(platform, label, kind, (0,) * len(self.counted.schedules), False, None, self.written)

    def kinds(self) -> list[Sight]:
        """Each label with each kind that shows anywhere, in the order in which verdicts are shown."""
        found = [sight for sight in self.sights if sight.platform is None and sight.kind is not None]
        return sorted(found, key=lambda sight: LABELS.index(sight.label))


def threads(ops: Sequence[Op]) -> tuple[str, ...]:
    """What of a program runs by itself: its CPUs, and the devices that have lines of their own."""
    return _core.threads(ops).names


def count(ops: Sequence[Op], bound: int) -> ScheduleCount:
    """How many schedules there are, without judging any."""
    return _core.count_schedules(ops, bound)


def explore(
    judge: _core.Judge,
    platforms: Sequence[int],
    ops: Sequence[Op],
    bound: int = DEFAULT_PREEMPTIONS,
    limit: int = DEFAULT_LIMIT,
    prune: bool = True,
    progress: Callable[[int], object] | None = None,
) -> Exploration:
    """Judges every schedule on those platforms, by their places on the judge's portfolio.

    ``prune`` merges equivalent beginnings of schedules; the result is the same without. ``progress``
    is called, now and then, with the number of schedules settled. Raises ScheduleError if there are more than
    ``limit``.
    """
    check_size(ops, bound, limit)
    found = _core.explore(judge, ops, bound, platforms, _core.MERGE_FROM if prune else 0, progress)
    sights = tuple(Sight.of(counts) for counts in found.counts_by_sight)
    return Exploration(threads(ops), bound, found.counted, found.judged, found.written, sights)


def modality_of(judge: _core.Judge, platforms: Sequence[int], ops: Sequence[Op], label: str, limit: int) -> str | None:
    """In how many of its schedules a program shows a label anywhere, in a phrase; None where it has one schedule.

    The bound on preemptions is the usual one, or as many fewer as ``limit`` asks for.
    """
    if len(threads(ops)) < 2:
        return None
    for bound in range(DEFAULT_PREEMPTIONS, -1, -1):
        try:
            found = explore(judge, platforms, ops, bound, limit, prune=False)
        except ScheduleError:
            continue
        sight = found.sight(label)
        needs = f", {preemptions(sight.shows.preemptions)}" if sight.shows and sight.hides else ""
        total = f"{found.counted.total:,} schedules within {preemptions(bound)}"
        return f"{sight.modality.value}{needs}; {sight.count:,} of {total}"
    return "not explored"


def check_size(ops: Sequence[Op], bound: int, limit: int) -> ScheduleCount:
    """The count of what is to be explored. Raises ScheduleError if it is too much, with the bound that would fit."""
    running = _core.threads(ops)
    split = min(bound, running.calls)
    if len(running.names) > 1 and running.lines + split > _core.OPS_MAX:
        raise ScheduleError(
            f"a program has at most {_core.OPS_MAX} lines; this one has {running.lines}, and up to {split} more where "
            f"preemptions split calls: explore fewer preemptions, at most {_core.OPS_MAX - running.lines}"
        )
    counted = count(ops, bound)
    if counted.complete and counted.total <= limit:
        return counted
    number = f"{counted.total:,}" if counted.complete else f"more than {limit:,}"
    raise ScheduleError(
        f"{number} schedules within {preemptions(bound)}, the limit is {limit:,}; {_what_fits(ops, bound, limit)}"
    )


def _what_fits(ops: Sequence[Op], bound: int, limit: int) -> str:
    fitting = None
    for fewer in range(bound):
        counted = count(ops, fewer)
        if not counted.complete or counted.total > limit:
            break
        fitting = (fewer, counted.total)
    if fitting is None:
        return "there are too many even without preemptions"
    return f"within {preemptions(fitting[0])} there are {fitting[1]:,}"
