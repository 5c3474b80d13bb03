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

    def pairs(self, done: int) -> None:
        """So many more are done."""


class Unwatched:
    """Nobody is told."""

    def layer(self, length: int, pairs: int, done: int = 0) -> None:
        pass

    def pairs(self, done: int) -> None:
        pass


def walk_whole_layers(plan: SearchPlan, walk: _core.Walk, result: Result, watcher: Watcher) -> None:
    """Walks to where parts begin, and adds to the result what programs up to there show."""
    for length in whole_layers(plan.ops):
        watcher.layer(length, walk.pairs(0, walk.size))
        harvest = grow(walk, _core.Expander.harvest, watcher.pairs)
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
        self.seconds = self.processor_seconds = 0.0  # the latter: of all processes that were at it
        self._walk = plan.walk()
        self._kept: KeptParts | None = None

    def run(self, watcher: Watcher) -> Result:
        """Goes through all of them; after an interruption (`interrupted`) what is done has been kept, if `plan.out`.

        It stays kept until `forget`.
        """
        start = time.monotonic()
        try:
            began = time.process_time()
            walk_whole_layers(self.plan, self._walk, self.result, watcher)
            self.processor_seconds = time.process_time() - began
            self._go_on_in_parts(watcher)
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

    def _go_on_in_parts(self, watcher: Watcher) -> None:
        """Programs of the last two lengths."""
        parts = parts_of(self._walk)
        self._kept = KeptParts(self.plan, parts) if self.plan.out else None
        known = self._kept.filed() if self._kept else set()
        self.resumed = bool(known)
        seen = sum(self._pairs(parts[number]) for number in known)
        watcher.layer(self.plan.ops, self._walk.pairs(0, self._walk.size), seen)
        together = self._in_memory(parts, watcher) if self._kept is None else self._on_disk(self._kept, parts, watcher)
        with uninterrupted():
            self.result.add_result(together.result)
            self.processor_seconds += together.seconds

    def _in_memory(self, parts: list[Part], watcher: Watcher) -> PartResult:
        result, seconds = self.plan.empty_result(), 0.0

        def done(part: Part, found: PartResult | None) -> None:
            nonlocal seconds
            assert found is not None
            result.add_result(found.result)
            seconds += found.seconds
            watcher.pairs(self._pairs(part))

        Carrier(self.plan, self._walk, parts, None, done).run()
        return PartResult(Part(0, 0, self._walk.size), result, seconds)

    def _on_disk(self, kept: KeptParts, parts: list[Part], watcher: Watcher) -> PartResult:
        """Nothing counts but what is in files in the end: each part once, whoever has done it."""
        told = kept.filed()

        def done(part: Part, _: PartResult | None) -> None:
            if part.number not in told:
                told.add(part.number)
                watcher.pairs(self._pairs(part))

        while True:
            filed = kept.filed()
            Carrier(self.plan, self._walk, [part for part in parts if part.number not in filed], kept, done).run()
            if (together := kept.assembled()) is not None:
                return together

    def _pairs(self, part: Part) -> int:
        return self._walk.pairs(part.first, part.last)
