# SPDX-License-Identifier: GPL-2.0-only
"""A share of a search's parts, drawn at random: what the whole search would cost, and what it might find.

It is no search: that something is not among what it has seen says nothing.
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from dmafuzz.estimates import Estimate, Unseen, total, unseen_in_sample
from dmafuzz.exhaustive.carrying_out import Carrier
from dmafuzz.exhaustive.kept import KeptParts
from dmafuzz.exhaustive.layers import Part, parts_of
from dmafuzz.exhaustive.parts import PartResult
from dmafuzz.exhaustive.plan import SearchPlan
from dmafuzz.exhaustive.result import Result, Signature
from dmafuzz.exhaustive.search import Watcher, walk_whole_layers


@dataclass(frozen=True)
class Drawn:
    """One part that was done. ``pairs`` of a state and an operation that it begins with; ``before`` and ``programs``:
    programs with one operation less than the search's, and with as many; ``seconds`` of processor time."""

    pairs: int
    before: int
    programs: int
    seconds: float


@dataclass
class Sample:
    """Of ``parts`` parts those that were ``drawn``; ``pairs`` and ``before`` of all parts, as `Drawn` has them.

    ``seen``: what the programs of the parts drawn show; ``met``: each signature, by how many of them.
    ``first_seconds``: processor time of what comes before all parts.
    """

    ops: int
    seed: int
    parts: int
    pairs: int
    before: int
    first_seconds: float
    seen: Result
    drawn: list[Drawn] = field(default_factory=list)
    met: Counter[Signature] = field(default_factory=Counter)

    @property
    def programs(self) -> int:
        """Of the search's length."""
        return sum(drawn.programs for drawn in self.drawn)

    @property
    def seconds(self) -> float:
        return self.first_seconds + sum(drawn.seconds for drawn in self.drawn)

    def whole_seconds(self) -> Estimate:
        """Processor time of the whole search."""
        sizes = [float(drawn.pairs) for drawn in self.drawn]
        spent = [drawn.seconds for drawn in self.drawn]
        return total(spent, sizes, self.parts, self.pairs).plus(self.first_seconds)

    def whole_programs(self) -> Estimate:
        """Programs of the search's length."""
        sizes = [float(drawn.before) for drawn in self.drawn]
        return total([float(drawn.programs) for drawn in self.drawn], sizes, self.parts, self.before)

    def new(self, known: Result) -> Result:
        """What is seen and is not in a complete result of all shorter programs; no tables: they would be a sample's."""
        found = {signature: found for signature, found in self.seen.found.items() if signature not in known.found}
        seen, empty = self.seen, {name: Counter[str]() for name in self.seen.platforms}
        return Result(seen.tracker, seen.portfolio, seen.platforms, seen.cpus, seen.devices, [], empty, found)

    def unseen(self, new: Result) -> Unseen:
        """How many more are new in the whole search, at least."""
        return unseen_in_sample([self.met[signature] for signature in new.found], len(self.drawn), self.parts)


class Sampling:
    """``share`` of the plan's parts, at least one, drawn with ``seed``. The same seed draws the same parts first, so
    that a larger share goes on where a smaller one was. Raises ValueError for a tracker that the core does not know."""

    def __init__(self, plan: SearchPlan, share: float, seed: int) -> None:
        self.plan = plan
        self._share, self._seed = share, seed
        self._walk = plan.walk()

    def run(self, watcher: Watcher) -> Sample:
        """Raises OSError; KeyboardInterrupt when what is done has been kept, if `plan.out`. It stays kept."""
        walk, plan = self._walk, self.plan
        started = time.process_time()
        walk_whole_layers(plan, walk, plan.empty_result(), watcher)
        parts = parts_of(walk)
        pairs, before = walk.pairs(0, walk.size), walk.programs_after(0, walk.size)
        first = time.process_time() - started
        sample = Sample(plan.ops, self._seed, len(parts), pairs, before, first, plan.empty_result())
        kept = KeptParts(plan, parts, what="sample", blocks=False) if plan.out else None
        try:
            self._draw(sample, parts, kept, watcher)
        finally:
            if kept:
                kept.close()
        return sample

    def _draw(self, sample: Sample, parts: list[Part], kept: KeptParts | None, watcher: Watcher) -> None:
        order = random.Random(self._seed).sample(parts, len(parts))
        drawn = order[: max(1, math.ceil(self._share * len(parts)))]
        todo = []
        for part in drawn:
            known = kept.read(part) if kept else None
            if known is None:
                todo.append(part)
            else:
                self._add(sample, known)
        watcher.layer(sample.ops, sum(map(self._pairs, drawn)), sum(each.pairs for each in sample.drawn))

        def done(part: Part, found: PartResult | None) -> None:
            found = found or (kept.read(part) if kept else None)
            if found is not None:  # else another process's is damaged: one part less was drawn
                self._add(sample, found)
            watcher.pairs(self._pairs(part))

        Carrier(self.plan, self._walk, todo, kept, done).run()

    def _add(self, sample: Sample, done: PartResult) -> None:
        part, result = done.part, done.result
        before = self._walk.programs_after(part.first, part.last)
        sample.drawn.append(Drawn(self._pairs(part), before, result.lengths[-1].programs, done.seconds))
        sample.met.update(result.found.keys())
        sample.seen.add_result(result)

    def _pairs(self, part: Part) -> int:
        return self._walk.pairs(part.first, part.last)
