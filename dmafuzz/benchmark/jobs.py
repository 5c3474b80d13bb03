# SPDX-License-Identifier: GPL-2.0-only
"""Whole runs with one job and with two, so long that starting up does not count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dmafuzz.benchmark.builds import Build
from dmafuzz.benchmark.statistics import Spread
from dmafuzz.benchmark.subject import Bench
from dmafuzz.benchmark.table import Table

JOBS = (1, 2)
AIM = 1.8  # times as many programs by two jobs

Runs = Mapping[int, Sequence[dict[str, Any]]]  # by jobs, an answer of `dmafuzz.benchmark.driver.run` for each repeat


def measure(bench: Bench, seconds: float, repeats: int) -> dict[int, list[dict[str, Any]]]:
    """Each once in each repeat. Raises BuildError."""
    runs: dict[int, list[dict[str, Any]]] = {jobs: [] for jobs in JOBS}
    about = {"tracker": bench.core_tracker, "portfolio": bench.portfolio, "ops": bench.ops, "causes": "", "goals": []}
    for repeat in range(repeats):
        for jobs in JOBS:
            bench.say(f"jobs: {jobs}, repeat {repeat + 1} of {repeats}")
            runs[jobs].append(Build.here().ask("run", jobs=jobs, seconds=seconds, seed=repeat, **about))
    return runs


_COLUMNS: Sequence[tuple[str, Callable[[dict[str, Any]], float]]] = (
    ("programs/s", lambda run: run["programs"] / run["searched"]),
    ("causes", lambda run: run["causes"]),
    ("causes/s of processor time", lambda run: run["causes"] / run["used"]),
    ("processor seconds", lambda run: run["used"]),
)


def table(runs: Runs, seconds: float) -> Table:
    """By jobs, and two against one in the same repeat."""
    rows = [(str(jobs), *(_shown([of(run) for run in runs[jobs]]) for _, of in _COLUMNS)) for jobs in runs]
    first, last = (runs[jobs] for jobs in (JOBS[0], JOBS[-1]))
    ratios = [[of(x) / of(y) for x, y in zip(last, first, strict=True)] for _, of in _COLUMNS]
    rows.append(("ratio", *map(_shown, ratios)))
    note = (
        f"Runs of {seconds:g} s on the whole portfolio, {len(first)} of each in turn: medians, smallest to largest in "
        "brackets. Processor time is that of all processes of a run, with replaying and filing; programs are by the "
        f"clock. The aim is {AIM:g} times the programs by two jobs."
    )
    return Table("Jobs", ("jobs", *(name for name, _ in _COLUMNS)), tuple(rows), (note,))


def _shown(values: Sequence[float]) -> str:
    spread = Spread.of(values)
    middle, low, high = (f"{x:,.0f}" if x >= 100 else f"{x:.2f}" for x in (spread.median, spread.low, spread.high))
    return f"{middle} ({low} to {high})"
