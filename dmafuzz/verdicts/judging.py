# SPDX-License-Identifier: GPL-2.0-only
"""Judging: programs are handed to the native core, and what it says comes back as data."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dmafuzz import _core, platforms
from dmafuzz._core import Corruption, Cost, HookCall, Label, Moment, TrackedEntry, WitnessStep
from dmafuzz.platforms import PlatformFile
from dmafuzz.program import Program
from dmafuzz.trackers import DEFAULT_TRACKER, Tracker, default_portfolio, kernel_of, resolve

from .errors import VerdictError
from .judgement import Judgement


@dataclass(frozen=True)
class Minimized:
    """A 1-minimal program that shows ``label`` and ``kind`` on ``platform`` for the tracker's ``reason``; ``tried``:
    programs judged on the way."""

    program: Program
    platform: str
    label: str
    kind: str
    reason: str
    rules: tuple[str, ...]
    tried: int


class Judge:
    """One tracker and one portfolio, ready to judge programs on any platform.

    ``tracker`` is any name that the commands take with --tracker: an era, a kernel version ("4.19"), a proposal,
    "kernel:NAME" or "kernel:PATH". Without a ``portfolio`` it is the tracker's own.

    A platform outside the portfolio can be judged too: its own corruption then counts for its own judgement, and no
    other's. Raises TrackerError for an unknown tracker, PlatformError for an unknown portfolio.
    """

    def __init__(self, tracker: str = DEFAULT_TRACKER, portfolio: str | None = None) -> None:
        self.tracker: Tracker = resolve(tracker)
        self.portfolio = default_portfolio(tracker) if portfolio is None else portfolio
        self._version = kernel_of(tracker)
        self._members: list[PlatformFile] = platforms.portfolio(self.portfolio)
        self._benches: dict[str, _Bench] = {}

    @property
    def members(self) -> tuple[str, ...]:
        """The names of the portfolio's platforms, in its order."""
        return tuple(member.name for member in self._members)

    def machine(self, platform: str) -> PlatformFile:
        """What a platform says. Raises PlatformError for an unknown one."""
        return self._bench(platform).machine

    def judge(self, program: Program, platform: str, name: str = "") -> Judgement:
        """The judgement of one program, which is to be called ``name`` in it. Raises PlatformError."""
        bench = self._bench(platform)
        found = bench.judge.judge(program.ops, bench.index)
        return Judgement(
            program=name,
            tracker=self.tracker.name,
            platform=platform,
            portfolio=self.portfolio,
            labels=found.labels,
            contract=found.breaches,
            warnings=found.warnings,
            corruptions=found.corruptions,
            harms=found.harms,
            ops=found.ops,
            program_ops=found.program_ops,
            failed=found.failed,
            mappings=found.mappings,
            cost=found.cost,
            kernel=self._version,
        )

    def witness(self, program: Program, platform: str, corruption: Corruption) -> tuple[WitnessStep, ...]:
        """One behaviour that reaches a corruption of the judgement of the same program and platform."""
        bench = self._bench(platform)
        return tuple(bench.judge.witness(program.ops, bench.index, corruption.index))

    def behaviour(self, program: Program, platform: str, corruption: Corruption) -> tuple[Moment, ...]:
        """A behaviour with the fewest unasked steps that reaches a corruption of the judgement of the same program and
        platform, with the joint state of all copies of its bytes after each step. Empty if looking for one takes too
        long."""
        bench = self._bench(platform)
        return tuple(_core.behaviour(bench.judge, program.ops, bench.index, corruption.index))

    def asked_course(self, program: Program, platform: str, mapping: int) -> tuple[Moment, ...]:
        """What the operations alone do to the first bytes of a mapping; empty if it covers none."""
        bench = self._bench(platform)
        return tuple(_core.asked_course(bench.judge, program.ops, bench.index, mapping))

    def tracked_entries(self, program: Program, platform: str) -> list[list[TrackedEntry]]:
        """The tracker's live entries after each operation; empty for a tracker that cannot be looked into."""
        bench = self._bench(platform)
        return _core.tracked_entries(bench.judge, program.ops, bench.index)

    def cost(self, program: Program, platform: str) -> Cost | None:
        """What the program costs the tracker on one platform; None if the tracker does not count."""
        bench = self._bench(platform)
        return bench.judge.cost(program.ops, bench.index)

    def hooks(self, program: Program, platform: str) -> list[HookCall]:
        """The hook calls that the tracker sees: addresses and sizes in bytes."""
        bench = self._bench(platform)
        return bench.judge.hooks(program.ops, bench.index)

    def signatures_on(self, program: Program, platform: str) -> list[tuple[Label, str, str]]:
        """What there is to minimize for: label, one of broken, FN, FP and hazard, kind and the tracker's reason."""
        bench = self._bench(platform)
        return bench.judge.signatures_on(program.ops, bench.index)

    def minimize(
        self, program: Program, platform: str, label: str, kind: str, reason: str | None = None, written: bool = False
    ) -> Minimized:
        """The smallest program around that still shows a target; of several reasons the first, if none is asked for.

        A user's program (``written``) keeps what it is about: how many mappings lose data, the operation that
        loses it, and the reason. Raises VerdictError if the program does not show the target.
        """
        if not any(
            (label, kind, reason or why) == (what, which, why)
            for what, which, why in self.signatures_on(program, platform)
        ):
            raise VerdictError(f"the program shows no {label} of kind {kind} on {platform}")
        bench = self._bench(platform)
        found = bench.judge.minimize(program.ops, bench.index, label, kind, reason, written)
        return Minimized(Program(found.ops), platform, label, kind, found.reason, found.rules, found.tried)

    def judge_for(self, platform: str | None) -> tuple[_core.Judge, tuple[int, ...]]:
        """The core's judge of one platform, or of all members, and where on its portfolio they stand."""
        if platform is not None:
            bench = self._bench(platform)
            return bench.judge, (bench.index,)
        benches = [self._bench(member) for member in self.members]
        return benches[0].judge, tuple(bench.index for bench in benches)

    def _bench(self, platform: str) -> _Bench:
        if platform not in self._benches:
            self._seat(platform)
        return self._benches[platform]

    def _seat(self, platform: str) -> None:
        names = self.members
        if platform in names:
            judge = self._core_judge(self._members)
            for index, member in enumerate(self._members):
                self._benches[member.name] = _Bench(judge, index, member)
        else:
            guest = platforms.load(platform)
            self._benches[platform] = _Bench(self._core_judge([*self._members, guest]), len(names), guest)

    def _core_judge(self, machines: Sequence[PlatformFile]) -> _core.Judge:
        try:
            return _core.Judge(self.tracker.core, [platforms.to_core(machine) for machine in machines])
        except (ValueError, RuntimeError) as error:  # a library that cannot be loaded
            raise VerdictError(f"{self.tracker.name}: {error}") from None


@dataclass(frozen=True)
class _Bench:
    """A judge of the core, and where on its portfolio a platform stands."""

    judge: _core.Judge
    index: int
    machine: PlatformFile


Judging = Judge  # the name in signatures of this package


@functools.cache
def judging(tracker: str, portfolio: str) -> Judging:
    """The Judge of a tracker and a portfolio, made once. Raises as its constructor does."""
    return Judging(tracker, portfolio)


def judge(
    program: Program, tracker: str, platform_names: Iterable[str], portfolio: str, name: str = ""
) -> list[Judgement]:
    """Judges a program on platforms, in their order.

    ``portfolio`` decides what is a hazard and what an FP. Raises TrackerError for an unknown tracker, PlatformError for
    an unknown platform or portfolio.
    """
    bench = judging(tracker, portfolio)
    return [bench.judge(program, platform, name) for platform in platform_names]
