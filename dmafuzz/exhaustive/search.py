# SPDX-License-Identifier: GPL-2.0-only
"""One run of the exhaustive search: whole layers one after the other, then the parts of what is left."""

from __future__ import annotations

import time
from typing import Protocol

from dmafuzz import _core
from dmafuzz.exhaustive.carrying_out import Carrier, uninterrupted
from dmafuzz.exhaustive.kept import KeptParts
from dmafuzz.exhaustive.layers import Part, grow, parts_of, whole_layers
from dmafuzz.exhaustive.parts import PartResult
from dmafuzz.exhaustive.plan import SearchPlan
from dmafuzz.exhaustive.result import Result


class Watcher(Protocol):
    """The listener of a search's progress."""

    def layer(self, length: int, pairs: int, done: int = 0) -> None:
        """Programs of ``length`` operations come next: so many pairs of a state and an operation are to be seen, of
        which ``done`` were seen before the search was cut off. The last two lengths come as one."""

    def pairs(self, done: int, result: Result) -> None:
        """So many more are done."""


class Unwatched:
    """Nobody is told."""

    def layer(self, length: int, pairs: int, done: int = 0) -> None:
        pass

    def pairs(self, done: int, result: Result) -> None:
        pass


def walk_whole_layers(plan: SearchPlan, walk: _core.Walk, result: Result, watcher: Watcher) -> None:
    """Walks to where parts begin, and adds to the result what programs up to there show."""
    for length in whole_layers(plan.ops):
        watcher.layer(length, walk.pairs(0, walk.size))
        harvest = grow(walk, _core.Expander.harvest, lambda done: watcher.pairs(done, result))
        with uninterrupted():
            result.add(length, harvest)
            result.lengths[length - 1].states = walk.size
            result.lengths[length - 1].merged = walk.merged


class Search:
    """All programs of up to ``plan.ops`` operations. Raises ValueError for a tracker that the core does not know."""

    def __init__(self, plan: SearchPlan) -> None:
        self.plan = plan
        self.result = plan.empty_result()
        self.interrupted = self.resumed = False
        self.seconds = 0.0
        self._walk = plan.walk()
        self._last = plan.empty_result()  # of the parts that are done
        self._kept: KeptParts | None = None

    def run(self, watcher: Watcher) -> Result:
        """Goes through all of them; after an interruption (`interrupted`) what is done has been kept, if `plan.out`.

        It stays kept until `forget`.
        """
        start = time.monotonic()
        try:
            self._kept = KeptParts(self.plan) if self.plan.out else None
            walk_whole_layers(self.plan, self._walk, self.result, watcher)
            self._survey(watcher)
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            if self._kept:
                self._kept.close()
        self.seconds = time.monotonic() - start
        return self.result

    @property
    def kept(self) -> bool:
        """Is there anything on disk to go on from?"""
        return self._kept is not None and bool(self._kept.filed())

    def forget(self) -> None:
        """Removes what has been kept to continue from: the search's result is used."""
        if self._kept:
            self._kept.forget()

    def _survey(self, watcher: Watcher) -> None:
        """Programs of the last two lengths."""
        seen = 0
        known = True

        def take(done: PartResult) -> None:
            nonlocal seen
            self._last.add_result(done.result)
            pairs = self._pairs(done.part)
            if known:
                seen += pairs
            else:
                watcher.pairs(pairs, self._last)

        carrier = Carrier(self.plan, self._walk, parts_of(self._walk), self._kept, take)
        carrier.take_known()
        self.resumed, known = seen > 0, False
        watcher.layer(self.plan.ops, self._walk.pairs(0, self._walk.size), seen)
        carrier.run()
        with uninterrupted():
            self.result.add_result(self._last)

    def _pairs(self, part: Part) -> int:
        return self._walk.pairs(part.first, part.last)
