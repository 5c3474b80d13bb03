# SPDX-License-Identifier: GPL-2.0-only
"""This build and another one, each figure measured on both in turn: the ratios are the result."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dmafuzz import _core
from dmafuzz.benchmark import exhaustive
from dmafuzz.benchmark.builds import Build, BuildError
from dmafuzz.benchmark.goals import Goals
from dmafuzz.benchmark.statistics import NEVER, Spread
from dmafuzz.benchmark.subject import Bench
from dmafuzz.benchmark.table import Table

_PROGRAMS = 3_000
_SHORT_OPS = range(2, 6)
_LOOP_ROUNDS = 30
_PORTFOLIO_ROUNDS = 10
_QUICK_REPEATS = 7  # of what takes some seconds

Ask = Callable[[Build, int], float]  # of a repeat


@dataclass(frozen=True)
class Budget:
    """``repeats`` of what takes long, ``share`` of a layer's parts; seconds of each run to compare jobs, and of one to
    find causes at most."""

    repeats: int
    share: float
    jobs_seconds: float
    limit: float


@dataclass(frozen=True)
class Figure:
    """``more``: more of it is better; ``show`` writes one value; ``repeats`` of it are asked for by ``ask``."""

    title: str
    unit: str
    repeats: int
    ask: Ask
    more: bool = False


@dataclass
class Row:
    """A figure and its values, by repeat: of this build, and of the other one. ``missing``: why there are none."""

    figure: Figure
    here: list[float]
    there: list[float]
    missing: str = ""

    @property
    def ratios(self) -> list[float]:
        """How many times better this build is, by repeat; without those in which either did not get there."""
        pairs = [(x, y) for x, y in zip(self.here, self.there, strict=True) if NEVER not in (x, y)]
        return [x / y if self.figure.more else y / x for x, y in pairs]


def measure(bench: Bench, other: Build, goals: Goals | None, budget: Budget) -> tuple[list[Row], float]:
    """All rows, and the load at its highest. ``goals``: of the tracker's catalogue, if it has one."""
    here, load = Build.here(), os.getloadavg()[0]
    rows = []
    with _programs_of(bench) as (long, short), TemporaryDirectory() as folder:
        causes = Path(folder) / "causes.json"
        causes.write_text(json.dumps([] if goals is None else goals.causes))
        for figure in _figures(bench, str(long), str(short), str(causes), goals, budget):
            row = Row(figure, [], [])
            rows.append(row)
            for repeat in range(figure.repeats):
                bench.say(f"against: {figure.title}: {repeat + 1} of {figure.repeats}")
                try:
                    _measure_once(row, here, other, repeat)
                except BuildError as error:
                    row.missing = str(error)
                    bench.say(f"against: {figure.title}: {error}")
                    break
                load = max(load, os.getloadavg()[0])
    return rows, load


def _measure_once(row: Row, here: Build, other: Build, repeat: int) -> None:
    """Both, the one or the other first."""
    order = (here, other) if repeat % 2 == 0 else (other, here)
    values = {build.name: row.figure.ask(build, repeat) for build in order}
    row.here.append(values[here.name])
    row.there.append(values[other.name])


@contextmanager
def _programs_of(bench: Bench) -> Iterator[tuple[Path, Path]]:
    """Files of the same programs for both builds: of the usual length, and short ones."""
    with TemporaryDirectory() as folder:
        long, short = Path(folder) / "long", Path(folder) / "short"
        long.write_text(_hex(_core.random_program(seed, bench.ops) for seed in range(_PROGRAMS)))
        lengths = (_SHORT_OPS[seed % len(_SHORT_OPS)] for seed in range(_PROGRAMS))
        short.write_text(_hex(_core.random_program(seed, ops) for seed, ops in enumerate(lengths)))
        yield long, short


def _hex(programs: Iterator[list[_core.Op]]) -> str:
    return "\n".join(_core.encode(ops).hex() for ops in programs)


def _figures(bench: Bench, long: str, short: str, causes: str, goals: Goals | None, budget: Budget) -> Iterator[Figure]:
    tracker, members = bench.core_tracker, list(bench.members)

    def loop(build: Build, _: int) -> float:
        about: dict[str, Any] = {"tracker": tracker, "platform": bench.platform, "programs": long}
        return 1e6 * float(build.ask("loop", rounds=_LOOP_ROUNDS, **about)["seconds"])

    def portfolio(build: Build, _: int) -> float:
        about: dict[str, Any] = {"tracker": tracker, "names": members, "programs": short}
        return 1e6 * float(build.ask("portfolio", rounds=_PORTFOLIO_ROUNDS, **about)["seconds"])

    def search(ops: int, share: float) -> Ask:
        return lambda build, repeat: exhaustive.ask(bench, build, ops, share, repeat).whole.value

    run = Runs(bench, causes, goals, budget)
    quick, often = max(_QUICK_REPEATS, budget.repeats), budget.repeats
    yield Figure(f"bare loop, {bench.ops} operations", "us a program", quick, loop)
    yield Figure(f"{len(members)} platforms, up to {max(_SHORT_OPS)} operations", "us a program", quick, portfolio)
    yield Figure(f"exhaustive search, N = {exhaustive.COMPLETE_OPS}", "s", often, search(exhaustive.COMPLETE_OPS, 1.0))
    drawn = f"exhaustive search, N = {exhaustive.DRAWN_OPS}, by {100 * budget.share:g} % of its parts"
    yield Figure(drawn, "s", often, search(exhaustive.DRAWN_OPS, budget.share))
    if goals is not None:
        yield Figure(f"one job: to {goals.title}", "s", often, run.to_last_goal)
    yield Figure("one job: programs a second by the clock", "1/s", often, run.rate_of(1), True)
    yield Figure("two jobs: programs a second by the clock", "1/s", often, run.rate_of(2), True)
    yield Figure("two jobs against one: programs", "times", often, run.two_jobs, True)
    yield Figure("two jobs: causes a second", "1/s", often, run.causes_of(2), True)


class Runs:
    """Whole runs of both builds; what one run answers twice is asked once."""

    def __init__(self, bench: Bench, causes: str, goals: Goals | None, budget: Budget) -> None:
        self._bench, self._causes, self._goals, self._budget = bench, causes, goals, budget
        self._known: dict[tuple[str, int, int], dict[str, Any]] = {}

    def to_last_goal(self, build: Build, repeat: int) -> float:
        assert self._goals is not None
        reached = self._ask(build, 1, self._budget.limit, repeat, list(self._goals.counts))["reached"][-1]
        return NEVER if reached is None else float(reached)

    def rate_of(self, jobs: int) -> Ask:
        return lambda build, repeat: self._rate(build, jobs, repeat)

    def causes_of(self, jobs: int) -> Ask:
        def ask(build: Build, repeat: int) -> float:
            answer = self._run(build, jobs, repeat)
            return float(answer["causes"]) / float(answer["used"])

        return ask

    def two_jobs(self, build: Build, repeat: int) -> float:
        return self._rate(build, 2, repeat) / self._rate(build, 1, repeat)

    def _rate(self, build: Build, jobs: int, repeat: int) -> float:
        answer = self._run(build, jobs, repeat)
        return float(answer["programs"]) / float(answer["searched"])

    def _run(self, build: Build, jobs: int, repeat: int) -> dict[str, Any]:
        key = build.name, jobs, repeat
        if key not in self._known:
            self._known[key] = self._ask(build, jobs, self._budget.jobs_seconds, repeat, [])
        return self._known[key]

    def _ask(self, build: Build, jobs: int, seconds: float, seed: int, goals: list[int]) -> dict[str, Any]:
        bench = self._bench
        about: dict[str, Any] = {"tracker": bench.core_tracker, "portfolio": bench.portfolio, "ops": bench.ops}
        how: dict[str, Any] = {"jobs": jobs, "seconds": seconds, "seed": seed, "causes": self._causes, "goals": goals}
        return build.ask("run", **about, **how)


def table(rows: Sequence[Row], other: Build, load: float) -> Table:
    header = ("", "unit", "this build", "spread", "the other", "spread", "times better", "spread")
    cells = tuple((row.figure.title, row.figure.unit, *_cells(row)) for row in rows)
    notes = (
        f"This build is at commit {Build.here().commit}, the other one at {other.commit}. Medians, smallest to largest "
        "beside them; each repeat measures both builds, one after the other in fresh processes, and a ratio is that of "
        "one repeat. Seconds and costs are of processor time, of whole runs that of all their processes; programs a "
        f"second are by the clock. -: not within the limit. Load at most {load:.1f}, with what was measured.",
        *(f"{row.figure.title}: not measured: {row.missing}." for row in rows if row.missing),
    )
    return Table("Against another build", header, cells, notes)


def _cells(row: Row) -> Iterator[str]:
    for values in (row.here, row.there, row.ratios):
        spread = Spread.of(values) if values else None
        yield _number(spread.median) if spread else "-"
        yield f"{_number(spread.low)} to {_number(spread.high)}" if spread else "-"


def _number(value: float) -> str:
    if value == NEVER:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
