# SPDX-License-Identifier: GPL-2.0-only
"""One walk with two trackers: every program of the alphabet under both, and what changes between them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from dmafuzz import _core
from dmafuzz._core import Label
from dmafuzz.exhaustive.layers import Part, follow, grow, parts_of, whole_layers
from dmafuzz.exhaustive.result import Found, Result, Signature, places, smallest_of
from dmafuzz.exhaustive.search import Watcher
from dmafuzz.platforms import PlatformFile, to_core

Moves = Counter[tuple[tuple[Label, ...], tuple[Label, ...]]]


@dataclass(frozen=True)
class PairPlan:
    """Two trackers, as the core calls them, on one portfolio; all programs of up to ``ops`` operations."""

    first: str
    second: str
    portfolio: str
    members: tuple[PlatformFile, ...]
    ops: int
    cpus: int = 1
    devices: int = 2
    jobs: int = 1


@dataclass
class Changed:
    """All programs that show a signature under one tracker alone. ``on_platform``: how many of them do there."""

    found: Found
    on_platform: Counter[str] = field(default_factory=Counter)


@dataclass
class SideBySide:
    """What the walk has seen. ``moves``: by platform, programs by their labels under the first tracker and under the
    second. ``gained``, ``ended``: what programs show under the second alone, and under the first alone; of label TP
    there are warnings that are justified, of bookkeeping those that another harm justifies."""

    first: Result
    second: Result
    moves: dict[str, Moves] = field(default_factory=dict)
    gained: dict[Signature, Changed] = field(default_factory=dict)
    ended: dict[Signature, Changed] = field(default_factory=dict)

    def add(self, length: int, harvest: _core.SideBySide) -> None:
        """Takes in what the core found among programs of ``length`` operations."""
        self.first.add(length, harvest.first)
        self.second.add(length, harvest.second)
        names = self.first.platforms
        for name, moved in zip(names, harvest.moves, strict=True):
            self.moves.setdefault(name, Counter()).update(moved)
        for change in harvest.changes:
            self._add_change(self.gained if change.gained else self.ended, change.cause)

    def _add_change(self, changed: dict[Signature, Changed], cause: _core.Cause) -> None:
        signature = Signature.of(cause)
        found = Found(signature, cause.count, smallest_of(cause))
        known = changed.get(signature)
        if known is None:
            known = changed[signature] = Changed(found)
        else:
            known.found.add(found)
        names = self.first.platforms
        known.on_platform.update({names[i]: cause.on_platform[i] for i in places(cause.platforms)})


class PairSearch:
    """All programs of the plan. Raises ValueError for a tracker that the core does not know."""

    def __init__(self, plan: PairPlan) -> None:
        self.plan = plan
        machines = [to_core(member) for member in plan.members]
        self._walk = _core.Walk(plan.first, machines, plan.cpus, plan.devices, plan.second)

    def run(self, watcher: Watcher) -> SideBySide:
        plan, walk = self.plan, self._walk
        names = tuple(member.name for member in plan.members)
        about = (plan.portfolio, names, plan.cpus, plan.devices)
        out = SideBySide(Result(plan.first, *about), Result(plan.second, *about))
        for length in whole_layers(plan.ops):
            watcher.layer(length, walk.pairs(0, walk.size))
            out.add(length, grow(walk, _core.Expander.harvest_both, watcher.pairs))
        watcher.layer(plan.ops, walk.pairs(0, walk.size))
        self._survey(parts_of(walk), out, watcher)
        return out

    def _survey(self, parts: Iterable[Part], out: SideBySide, watcher: Watcher) -> None:
        """The last two lengths, in parts, by threads; taken in in their order."""
        with ThreadPoolExecutor(self.plan.jobs) as pool:
            todo = deque(parts)
            running = deque((part, pool.submit(self._part, part)) for part in _first(todo, 2 * self.plan.jobs))
            try:
                while running:
                    part, future = running.popleft()
                    for length, harvest in future.result():
                        out.add(length, harvest)
                    watcher.pairs(self._walk.pairs(part.first, part.last))
                    running.extend((part, pool.submit(self._part, part)) for part in _first(todo, 1))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _part(self, part: Part) -> list[tuple[int, _core.SideBySide]]:
        return follow(self._walk, part, self.plan.ops, _core.Expander.harvest_both)


def _first(todo: deque[Part], count: int) -> list[Part]:
    return [todo.popleft() for _ in range(min(count, len(todo)))]
