# SPDX-License-Identifier: GPL-2.0-only
"""One run of the exhaustive search: the walk's layers one after the other, the last one in parts, by threads."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dmafuzz import _core
from dmafuzz.exhaustive.checkpoint import Checkpoint, Part, core_digest
from dmafuzz.exhaustive.result import Result
from dmafuzz.platforms import PlatformFile, to_core

PART_PAIRS = 100_000  # pairs of a state and an operation in a part: two seconds or so
SAVE_EVERY_S = 20.0
LOOK_EVERY_S = 0.2


class Watcher(Protocol):
    """The listener of a search's progress."""

    def layer(self, length: int, pairs: int, done: int = 0) -> None:
        """Programs of ``length`` operations come next: so many pairs of a state and an operation are to be seen, of
        which ``done`` were seen before the search was cut off."""

    def pairs(self, done: int, result: Result) -> None:
        """So many more are done."""


class Unwatched:
    """Nobody is told."""

    def layer(self, length: int, pairs: int, done: int = 0) -> None:
        pass

    def pairs(self, done: int, result: Result) -> None:
        pass


@dataclass(frozen=True)
class SearchPlan:
    """``core_tracker`` is what the core calls the tracker; ``out`` None: nothing is kept, nothing can be resumed."""

    tracker: str
    core_tracker: str
    portfolio: str
    members: tuple[PlatformFile, ...]
    ops: int
    cpus: int = 1
    devices: int = 2
    jobs: int = 1
    out: Path | None = None

    def identity(self) -> dict[str, Any]:
        """What has to be the same for parts of two runs to belong to one search."""
        return {
            "tracker": self.core_tracker,  # of a kernel, which build of its code
            "portfolio": self.portfolio,
            "platforms": {member.name: member.model_dump(mode="json") for member in self.members},
            "ops": self.ops,
            "cpus": self.cpus,
            "devices": self.devices,
            "core": core_digest(),
        }


class Search:
    """All programs of up to ``plan.ops`` operations. Raises ValueError for a tracker that the core does not know."""

    def __init__(self, plan: SearchPlan) -> None:
        self.plan = plan
        self._names = tuple(member.name for member in plan.members)
        self.result = self._empty()
        self.interrupted = self.resumed = False
        self.seconds = 0.0
        self._walk = _core.Walk(plan.core_tracker, [to_core(m) for m in plan.members], plan.cpus, plan.devices)
        self._done: set[Part] = set()
        self._last = self._empty()
        self._kept: Checkpoint | None = None

    def _empty(self) -> Result:
        plan = self.plan
        return Result(plan.tracker, plan.portfolio, self._names, plan.cpus, plan.devices)

    def run(self, watcher: Watcher) -> Result:
        """Goes through all of them; after an interruption (`interrupted`) what is done has been kept, if `plan.out`.

        It stays kept until `forget`.
        """
        start = time.monotonic()
        try:
            for length in range(1, self.plan.ops):
                self._extend(length, watcher)
            self._survey(watcher)
        except KeyboardInterrupt:
            self.interrupted = True
        self.seconds = time.monotonic() - start
        return self.result

    @property
    def kept(self) -> bool:
        """Is there anything on disk to go on from?"""
        return self._kept is not None and bool(self._done)

    def forget(self) -> None:
        """Removes what has been kept to continue from: the search's result is used."""
        if self._kept:
            self._kept.clear()

    def _extend(self, length: int, watcher: Watcher) -> None:
        """Programs of a length that others go on from."""
        expander = _core.Expander(self._walk)
        watcher.layer(length, self._walk.pairs(0, self._walk.size))
        for first, last in parts_of(self._walk):
            expander.extend(self._walk, first, last)
            watcher.pairs(self._walk.pairs(first, last), self.result)
        self.result.add(length, expander.harvest())
        self._walk.turn()
        self.result.lengths[length - 1].states = self._walk.size
        self.result.lengths[length - 1].merged = self._walk.merged

    def _survey(self, watcher: Watcher) -> None:
        """Programs of the last length."""
        plan = self.plan
        parts = list(parts_of(self._walk))
        self._kept = Checkpoint(plan.out, plan.identity()) if plan.out else None
        known = self._kept.load() if self._kept else None
        # Not cut in other pieces, and with the platforms in the same order.
        if known and known[0].issubset(parts) and known[1].platforms == self._names:
            self._done, self._last = known
            self.resumed = True
        seen = sum(self._walk.pairs(*part) for part in self._done)
        watcher.layer(plan.ops, self._walk.pairs(0, self._walk.size), seen)
        try:
            self._survey_parts(watcher, deque(part for part in parts if part not in self._done))
        finally:
            self._save()
        with _uninterrupted():
            self.result.add_longer(self._last)

    def _save(self) -> None:
        if self._kept:
            with _uninterrupted():
                self._kept.save(self._done, self._last)

    def _survey_parts(self, watcher: Watcher, todo: deque[Part]) -> None:
        saved_at = time.monotonic()
        running: dict[Future[_core.Harvest], Part] = {}
        with ThreadPoolExecutor(self.plan.jobs) as pool:
            try:
                while todo or running:
                    while todo and len(running) < 2 * self.plan.jobs:
                        part = todo.popleft()
                        running[pool.submit(self._part, part)] = part
                    for future in wait(running, LOOK_EVERY_S, FIRST_COMPLETED).done:
                        self._settle(running.pop(future), future.result(), watcher)
                    if time.monotonic() - saved_at > SAVE_EVERY_S:
                        self._save()
                        saved_at = time.monotonic()
            except KeyboardInterrupt:
                # What runs is waited for, and kept; what has not begun is dropped.
                begun = [future for future in running if not future.cancel()]
                for future in wait(begun).done:
                    self._settle(running[future], future.result(), watcher)
                raise

    def _settle(self, part: Part, harvest: _core.Harvest, watcher: Watcher) -> None:
        with _uninterrupted():  # a part that counts as done is in the result, whole
            self._done.add(part)
            self._last.add(self.plan.ops, harvest)
        watcher.pairs(self._walk.pairs(*part), self._last)

    def _part(self, part: Part) -> _core.Harvest:
        # One of its own for each part: what it remembers does not pile up, and nothing of one part is in another.
        expander = _core.Expander(self._walk)
        expander.survey(*part)
        return expander.harvest()


def parts_of(walk: _core.Walk) -> Iterator[Part]:
    """A walk's last layer in pieces of about as much work each."""
    first, size = 0, walk.size
    while first < size:
        last, pairs = first, 0
        while last < size and pairs < PART_PAIRS:
            pairs += walk.pairs(last, last + 1)
            last += 1
        yield first, last
        first = last


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """An interruption that comes meanwhile waits until the end."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield
        return
    come = False

    def later(*_: object) -> None:
        nonlocal come
        come = True

    signal.signal(signal.SIGINT, later)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if come:
        raise KeyboardInterrupt
