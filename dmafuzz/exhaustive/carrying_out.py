# SPDX-License-Identifier: GPL-2.0-only
"""Parts carried out by threads of this process, beside other processes that are at the same search."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from dmafuzz import _core
from dmafuzz.exhaustive.kept import KeptParts
from dmafuzz.exhaustive.layers import Part
from dmafuzz.exhaustive.parts import PartResult, carry_out
from dmafuzz.exhaustive.plan import SearchPlan

_LOOK_EVERY_S = 0.2

Running = dict[Future[PartResult], Part]


class Carrier:
    """Sees to it that ``parts`` get done: each is told of by ``done`` once, with its result where this process has done
    it. ``walk`` has gone through the whole layers of the plan."""

    def __init__(
        self,
        plan: SearchPlan,
        walk: _core.Walk,
        parts: Sequence[Part],
        kept: KeptParts | None,
        done: Callable[[Part, PartResult | None], None],
    ) -> None:
        self._plan, self._walk, self._kept, self._done = plan, walk, kept, done
        self._left = {part.number: part for part in parts}

    def run(self) -> None:
        """First those that nobody else is at. Raises OSError, and KeyboardInterrupt when what ran has been kept."""
        self._go_through(leased_too=False)
        self._go_through(leased_too=True)

    def _go_through(self, leased_too: bool) -> None:
        todo = self._claimed(leased_too)
        running: Running = {}
        with ThreadPoolExecutor(self._plan.jobs) as pool:
            try:
                while True:
                    while len(running) < self._plan.jobs and (part := next(todo, None)) is not None:
                        running[pool.submit(carry_out, self._plan, self._walk, part)] = part
                    if not running:
                        return
                    self._settle(running, wait(running, _LOOK_EVERY_S, FIRST_COMPLETED).done)
            except KeyboardInterrupt:
                self._settle(running, wait(running).done)
                raise

    def _claimed(self, leased_too: bool) -> Iterator[Part]:
        """Those that are ours to do, one after the other."""
        for part in list(self._left.values()):
            if self._kept is None:
                yield part
            elif part.number in self._kept.filed():
                self._end(part, None)
            elif self._kept.lease(part) or leased_too:
                yield part

    def _settle(self, running: Running, ended: set[Future[PartResult]]) -> None:
        for future in ended:
            part = running.pop(future)
            result = future.result()
            with uninterrupted():
                if self._kept is not None:
                    self._kept.file(result)
                self._end(part, result)

    def _end(self, part: Part, result: PartResult | None) -> None:
        with uninterrupted():
            del self._left[part.number]
            self._done(part, result)


@contextmanager
def uninterrupted() -> Iterator[None]:
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
