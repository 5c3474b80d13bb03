# SPDX-License-Identifier: GPL-2.0-only
"""What two trackers cost, beside each other: in all, and by kind of call where it differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dmafuzz import _core
from dmafuzz._core import Cost, HookKind
from dmafuzz.platforms import PlatformFile, load, to_core
from dmafuzz.trackers import COSTS, Workload

PROGRAMS = 300
_OPS = 24


@dataclass(frozen=True)
class CallCost:
    """What ``calls`` calls of one kind cost the two trackers, in all."""

    call: HookKind
    calls: int
    first: Cost
    second: Cost

    @property
    def differs(self) -> bool:
        return self.first != self.second


@dataclass(frozen=True)
class Costs:
    """Of the same programs on one platform. Unbinds do not count: they lock every bucket, once in a device's life."""

    platform: str
    first: Workload
    second: Workload
    by_call: tuple[CallCost, ...]

    @property
    def changed(self) -> dict[str, float]:
        """By figure, how many times as much the second one has; infinite where the first one has none."""
        pairs = {name: (_figure(self.first, name), _figure(self.second, name)) for name in COSTS}
        return {
            name: after / before if before else float("inf")
            for name, (before, after) in pairs.items()
            if before != after
        }


def costs(trackers: tuple[str, str], machine: PlatformFile) -> Costs | None:
    """Of random programs. None where one of the trackers does not count."""
    return costs_of(trackers, [_core.random_program(seed, _OPS) for seed in range(PROGRAMS)], machine)


def costs_of(
    trackers: tuple[str, str], programs: Sequence[Sequence[_core.Op]], machine: PlatformFile | str
) -> Costs | None:
    """The same of given programs; a platform may be named."""
    machine = load(machine) if isinstance(machine, str) else machine
    first, second = (_core.call_costs(tracker, programs, to_core(machine)) for tracker in trackers)
    kinds = [kind for kind in first if kind in second and kind != HookKind.unbind]
    if not kinds:
        return None
    rows = tuple(CallCost(kind, first[kind][0], first[kind][1], second[kind][1]) for kind in kinds)
    # A tracker that has crashed counts no further; where their calls differ, nothing can be compared.
    if any(first[kind][0] != second[kind][0] for kind in kinds):
        return None
    before, after = (_workload(rows, len(programs), first) for first in (True, False))
    return Costs(machine.name, before, after, rows)


def _workload(rows: Sequence[CallCost], programs: int, first: bool) -> Workload:
    calls = sum(row.calls for row in rows)
    copies = sum(row.calls for row in rows if row.call == HookKind.cow)
    total = sum((row.first if first else row.second for row in rows), Cost())
    return Workload(programs, calls, copies, total)


def _figure(workload: Workload, name: str) -> int:
    value: int = getattr(workload.cost, name)
    return value
