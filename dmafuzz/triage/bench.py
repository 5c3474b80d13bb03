# SPDX-License-Identifier: GPL-2.0-only
"""A tracker and the platforms that causes are shown on, ready to judge variants of their programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from dmafuzz import _core, platforms
from dmafuzz.trackers import resolve

from .cause import Cause

Ops = Sequence[_core.Op]


class Bench:
    """``tracker`` is any name that the commands take, ``names`` those of platforms or paths of platform files."""

    def __init__(self, tracker: str, names: Iterable[str]) -> None:
        self.tracker = tracker
        self.names = tuple(names)

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
