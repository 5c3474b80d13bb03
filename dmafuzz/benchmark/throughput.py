# SPDX-License-Identifier: GPL-2.0-only
"""Programs a second: the bare loop stage by stage, every engine on the same core, whole runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dmafuzz import _core, platforms
from dmafuzz.benchmark.engines import ENGINES, EngineError
from dmafuzz.benchmark.harness import HarnessError
from dmafuzz.benchmark.statistics import Spread
from dmafuzz.benchmark.subject import Bench
from dmafuzz.benchmark.table import Table

_PROGRAMS = 3000
_BARE = "and judge (bare loop)"
_CLEAN_PROGRAMS = 200_000
_PORTFOLIO = 10
_CAMPAIGN_S_MIN = 4.0  # starting up is a second of it


@dataclass(frozen=True)
class Rate:
    """Programs a second, how long these were, and of them those that differ after renaming; 0: not known."""

    programs: float
    length: float
    distinct: float = 0.0

    @property
    def operations(self) -> float:
        return self.programs * self.length


Rates = Mapping[str, Sequence[Rate]]


def measure(bench: Bench, seconds: float, repeats: int) -> dict[str, list[Rate]]:
    """All rows once in each repeat, so that whatever else the machine does hits all of them alike."""
    ready = bench.usable(ENGINES, (bench.platform,), False)
    rates: dict[str, list[Rate]] = defaultdict(list)
    for repeat in range(repeats):
        bench.say(f"throughput: repeat {repeat + 1} of {repeats}")
        length, stages = _core.stage_costs(bench.core_tracker, bench.machine(), bench.ops, _PROGRAMS, repeat)
        for name, cost in stages:
            rates[name].append(Rate(1 / cost, length))
        for name, rate in _beside(bench, length, repeat):
            rates[name].append(rate)
        for engine in ready:
            try:
                board = bench.run(engine, (bench.platform,), False, repeat, seconds)
                counted = bench.run(engine, (bench.platform,), False, repeat, seconds, distinct=True)
            except (EngineError, HarnessError, OSError) as error:
                bench.say(f"{engine.title}: {error}")
                continue
            rates[f"({engine.letter}) {engine.title}"].append(
                Rate(board.rate, board.length, board.rate * counted.distinct_share)
            )
        for title, names in (("one platform", (bench.platform,)), (f"{len(bench.members)} platforms", bench.members)):
            try:
                summary = bench.campaign(names, max(seconds, _CAMPAIGN_S_MIN), 1)
            except (RuntimeError, OSError) as error:
                bench.say(f"dmafuzz fuzz, {title}: {error}")
                continue
            rates[f"dmafuzz fuzz, {title}"].append(Rate(summary.programs / summary.seconds, 0.0))
    # Ratios are of the same repeat: a row that lacks one has none.
    return {name: measured for name, measured in rates.items() if len(measured) == repeats}


def _beside(bench: Bench, length: float, repeat: int) -> Iterator[tuple[str, Rate]]:
    """The bare loop on a portfolio, and the tracker alone."""
    machines = [platforms.to_core(platforms.load(name)) for name in bench.members[:_PORTFOLIO]]
    one, every = _core.portfolio_costs(bench.core_tracker, machines, bench.ops, _PROGRAMS, repeat)
    yield "bare loop, on average over ten platforms", Rate(1 / one, length)
    yield "bare loop, on all ten of them", Rate(1 / every, length)
    clean = _core.clean_hooks_cost(bench.core_tracker, bench.machine(), _CLEAN_PROGRAMS)
    yield "tracker alone, 24 clean hook calls", Rate(1 / clean, 0.0)


def _automaton() -> str:
    stats = _core.automaton_stats()
    hits, misses = stats.hits, stats.misses
    return (
        f"The automaton: {stats.states:,} states, {stats.transitions:,} transitions, "
        f"{stats.bytes / 2**20:.1f} of {_core.AUTOMATON_BYTES / 2**20:.0f} MiB, "
        f"{hits / max(1, hits + misses):.3%} of {hits + misses:,} look-ups known, dropped "
        f"{stats.drops} times."
    )


def table(rates: Rates, seconds: float) -> Table:
    """Ratios are of the same repeat."""
    bare = rates[_BARE]
    rows = []
    for name, measured in rates.items():
        each = Spread.of([rate.programs for rate in measured])
        ratio = Spread.of([rate.programs / base.programs for rate, base in zip(measured, bare, strict=False)])
        by_length = "", ""
        if all(rate.length for rate in measured):
            work = Spread.of([rate.operations / base.operations for rate, base in zip(measured, bare, strict=False)])
            by_length = f"{Spread.of([rate.length for rate in measured]).median:.1f}", f"{work.median:.3f}"
        spread = f"{each.low:,.0f} to {each.high:,.0f}"
        title = f"(a) {name}" if name == _BARE else name
        distinct = Spread.of([rate.distinct for rate in measured]).median
        rows.append(
            (
                title,
                f"{each.median:,.0f}",
                spread,
                f"{distinct:,.0f}" if distinct else "",
                f"{ratio.median:.3f}",
                f"{ratio.low:.3f} to {ratio.high:.3f}",
                *by_length,
            )
        )
    header = (
        "",
        "programs/s",
        "spread",
        "distinct/s",
        "of the bare loop",
        "spread",
        "operations each",
        "of its operations",
    )
    notes = (
        f"Repeats: {len(bare)}, each of them all rows in turn; ratios are those of one repeat. Engines run programs of "
        "different lengths: the last column compares operations a second. Distinct: programs that differ after "
        "renaming buffers, mappings and CPUs, give or take 0.8 %; counted in another run of the same seed, since "
        "counting costs time. Engines count from their first program on; `dmafuzz fuzz` is a whole run with starting "
        "up, corpus and replayed findings. "
        f"libFuzzer and AFL++ get faster as their corpora settle; these are their first {seconds:g} seconds.",
        _automaton(),
    )
    return Table("Throughput", header, tuple(rows), notes)
