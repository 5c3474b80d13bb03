# SPDX-License-Identifier: GPL-2.0-only
"""A tracker and the platforms that causes are shown on, ready to judge variants of their programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from dmafuzz import _core, platforms
from dmafuzz.trackers import resolve
from dmafuzz.verdicts.judging import Judging

from .cause import Cause

Ops = Sequence[_core.Op]


class Bench:
    """A core's judge, and the names of its platforms."""

    def __init__(self, tracker: str, names: Iterable[str]) -> None:
        """``tracker`` is any name that the commands take, ``names`` are platforms or paths of platform files."""
        self.tracker = tracker
        self.names = tuple(names)

    @classmethod
    def of(cls, judging: Judging) -> Bench:
        """On all members of the portfolio that ``judging`` judges by."""
        bench = cls(judging.tracker.name, judging.members)
        bench.judge = judging.judge_for(None)[0]
        return bench

    @cached_property
    def judge(self) -> _core.Judge:
        """Raises TrackerError and PlatformError."""
        return _core.Judge(resolve(self.tracker).core, [platforms.to_core(platforms.load(name)) for name in self.names])

    @cached_property
    def runs_kernel_code(self) -> bool:
        """A kernel's own code may hang or fail on a program that nobody has judged before."""
        return resolve(self.tracker).kernel

    def shown_on(self, ops: Ops, cause: Cause) -> tuple[str, ...]:
        """The platforms on which a program shows all that makes that cause, but for its program: label, kinds, rules
        and reason; none where it does not show all of the kinds."""
        kinds: set[str] = set()
        places = 0
        for shown in self.judge.signatures(ops):
            if (shown.label, tuple(shown.rules), shown.reason) == (cause.label, cause.rules, cause.reason):
                kinds.add(shown.kind)
                places |= shown.platforms
        if not kinds >= set(cause.kinds):
            return ()
        return tuple(name for at, name in enumerate(self.names) if places >> at & 1)
