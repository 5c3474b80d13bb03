# SPDX-License-Identifier: GPL-2.0-only
"""Recall: the processor time that each engine needs for shares of a complete catalogue's causes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from dmafuzz.benchmark import engines
from dmafuzz.benchmark.engines import ENGINES, Engine, EngineError
from dmafuzz.benchmark.goals import SHARES, Goals
from dmafuzz.benchmark.harness import HarnessError
from dmafuzz.benchmark.job import MINIMIZING
from dmafuzz.benchmark.processor_time import ProcessorClock
from dmafuzz.benchmark.signatures import Settling
from dmafuzz.benchmark.statistics import NEVER, Spread, median
from dmafuzz.benchmark.subject import Bench
from dmafuzz.benchmark.table import Table

USUAL = ("native", "atheris", "generator", "uniform", "libfuzzer", "afl")
AT_A_TIME = 2
_LOOK_EVERY_S = 2.0


@dataclass(frozen=True)
class Run:
    """``reached``: seconds to each share; ``for_nothing``: the same if settling what programs show took no time; both
    are one for an engine that settles it itself. ``found``: causes until the limit, or until the last share."""

    reached: tuple[float, ...]
    for_nothing: tuple[float, ...]
    found: int
    programs: int


Runs = Mapping[str, Sequence[Run]]  # by engine, a run for each seed


def measure(bench: Bench, goals: Goals, seeds: int, limit: float, only: Sequence[str]) -> dict[str, list[Run]]:
    """Two runs at a time."""
    bench = replace(bench, recall=True)
    chosen = tuple(engine for engine in ENGINES if engine.name in (only or USUAL))
    ready = bench.usable(chosen, bench.members, False)
    todo = [(engine, seed) for seed in range(seeds) for engine in ready]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        done = list(pool.map(partial(_run, bench, goals, limit), todo))
    runs: dict[str, list[Run]] = {}
    for (engine, _), run in zip(todo, done, strict=True):
        if run is not None:
            runs.setdefault(engine.name, []).append(run)
    return runs


def _run(bench: Bench, goals: Goals, limit: float, what: tuple[Engine, int]) -> Run | None:
    engine, seed = what
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        job = bench.job(engine, bench.members, False, seed, limit, folder)
        watch = _Watch(job.signatures, Settling(goals, job.core_tracker, job.platforms, engine.name not in MINIMIZING))
        try:
            board = engines.run(engine, job, partial(watch.is_enough, goals.counts[-1], engine.name in MINIMIZING))
        except (EngineError, HarnessError) as error:
            bench.say(str(error))
            return None
        own = engine.name in MINIMIZING
        reached, for_nothing = (watch.reached(goals.counts, limit, free) for free in (own, True))
        run = Run(reached, for_nothing, len(watch.settling.found), board.programs)
    bench.say(f"recall: {engine.name}, seed {seed}: {run.found:,} of {len(goals.causes):,} causes")
    return run


class _Watch:
    """A run's file as it grows. Settling it is another process's time."""

    def __init__(self, file: Path, settling: Settling) -> None:
        self.settling = settling
        self._file = file
        self._clock: ProcessorClock | None = None
        self._looked_at = 0.0

    def is_enough(self, goal: int, look: bool, clock: ProcessorClock) -> bool:
        """Of an engine that minimizes it is known soon how many causes there are."""
        self._clock = clock
        if not look or time.monotonic() - self._looked_at < _LOOK_EVERY_S:
            return False
        self._looked_at = time.monotonic()
        self.settling.take(self._file)
        return len(self.settling.found) >= goal

    def reached(self, counts: Sequence[int], limit: float, free: bool) -> tuple[float, ...]:
        """``free``: settling takes no time that counts."""
        self.settling.take(self._file)
        clock = self._clock
        if clock is None:
            return (NEVER,) * len(counts)
        shown = self.settling.found.values()
        times = sorted(clock.at(s.by.at) - s.by.aside + (0.0 if free else s.settling) for s in shown)
        times = [max(0.0, each) for each in times if each <= limit]
        return tuple(times[count - 1] if count <= len(times) else NEVER for count in counts)


def table(runs: Runs, goals: Goals, limit: float) -> Table:
    total = len(goals.causes)
    rows = []
    for name, of in runs.items():
        facts = f"{median([run.found for run in of]):,.0f}", f"{median([run.programs for run in of]):,.0f}"
        rows.append((name, *_cells([run.reached for run in of]), *facts))
        if name not in MINIMIZING:
            rows.append((f"{name}, settled for nothing", *_cells([run.for_nothing for run in of]), *facts))
    header = ("engine", *(f"{100 * share:.0f} %" for share in SHARES), "causes", "programs")
    seeds = max((len(of) for of in runs.values()), default=0)
    notes = (
        f"Seconds of processor time to so much of the {total:,} causes of programs of up to four operations "
        f"(`reports/catalogue/`): medians over {seeds} seeds, smallest to largest in brackets; -: not within "
        f"{limit:g} s. Causes and programs until then, or until {100 * SHARES[-1]:.0f} % were found.",
        "A cause is found when a program shows its signature (label, kind, rules broken, the tracker's reason) on one "
        "of its platforms, judged on the whole portfolio. Of engines that minimize these programs are their findings, "
        "and finding them out is in the time. Of the others they are the first program that shows each signature on "
        "the platform on which the engine judges it, and whatever that comes down to. Settling that, by minimizing and "
        "by judging on the whole portfolio, is in the time as well; the second row is what would be if it took none. "
        "Looking which programs show something new is not. Of programs that are alike as far as their own platform "
        "tells the first 64 are looked into, and none that breaks more rules than the catalogue's causes do.",
    )
    return Table("Recall: seconds to shares of a catalogue", header, tuple(rows), notes)


def _cells(reached: Sequence[tuple[float, ...]]) -> list[str]:
    return [_cell([each[at] for each in reached]) for at in range(len(SHARES))]


def _cell(values: Sequence[float]) -> str:
    spread = Spread.of(values)
    middle, low, high = ("-" if x == NEVER else f"{x:.1f}" for x in (spread.median, spread.low, spread.high))
    return f"{middle} ({low} to {high})"
