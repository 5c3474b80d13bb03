"""`dmafuzz bench`: what judging costs on this machine, all of it measured in one go."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from dmafuzz import _core
from dmafuzz import platforms as platform_files
from dmafuzz.search import ENGINES, Campaign, Plan, atheris_available
from dmafuzz.search.progress import Progress
from dmafuzz.trackers import default_portfolio, resolve

from . import options

PROGRAMS = 3000
CLEAN_PROGRAMS = 200_000
REPEATS = 5
OPS = 14
PORTFOLIO = 10


class _Quiet(Progress):
    """The figures are printed at the end."""

    def update(self, seconds: float, summary: object) -> None:
        pass

    def start(self, seconds: float | None) -> None:
        pass


@click.command()
@options.tracker
@click.option("--platform", default="arm64-6.5", show_default=True, metavar="P", help="The platform to judge on.")
@click.option("--ops", type=click.IntRange(2, 64), default=OPS, show_default=True, help="Operations of a program.")
@click.option("--seconds", type=click.FloatRange(min=1), default=10.0, show_default=True, help="For each engine.")
@click.option("--repeats", type=click.IntRange(1, 100), default=REPEATS, show_default=True, help="Of each figure.")
def bench(tracker: str, platform: str, ops: int, seconds: float, repeats: int) -> None:
    """Programs a second: the stages of the bare loop, then whole engines with feedback, corpus and findings.

    Medians over the repeats, with the smallest and the largest. One process each.
    """
    core_tracker = resolve(tracker).core
    machine = platform_files.to_core(platform_files.load(platform))
    click.echo(f"tracker {tracker}, platform {platform}, {repeats} repeats: median (smallest to largest)")
    runs = [_core.stage_costs(core_tracker, machine, ops, PROGRAMS, seed) for seed in range(repeats)]
    click.echo(f"{statistics.mean(operations for operations, _ in runs):.1f} operations a program on average")
    for index, (stage, _) in enumerate(runs[0][1]):
        _row(stage, [1 / stages[index][1] for _, stages in runs])
    _row("tracker alone, 24 clean hook calls", clean_rates(core_tracker, machine, repeats))
    _portfolio(tracker, core_tracker, ops, repeats)
    _automaton()
    for engine in ENGINES:
        if engine == "atheris" and not atheris_available():
            click.echo("atheris: not installed, skipped")
            continue
        portfolio = tuple(model.name for model in platform_files.portfolio(default_portfolio(tracker)))
        one = _rates(partial(_plan, engine, tracker, core_tracker, (platform,), seconds, ops), repeats)
        _row(f"{engine} engine, this platform", one)
        all_ = _rates(partial(_plan, engine, tracker, core_tracker, portfolio, seconds, ops), repeats)
        _row(f"{engine} engine, portfolio of {len(portfolio)}", all_)


def _portfolio(tracker: str, core_tracker: str, ops: int, repeats: int) -> None:
    """A portfolio of ten against one platform of it, in the bare loop."""
    models = platform_files.portfolio(default_portfolio(tracker))[:PORTFOLIO]
    machines = [platform_files.to_core(model) for model in models]
    costs = [_core.portfolio_costs(core_tracker, machines, ops, PROGRAMS, seed) for seed in range(repeats)]
    _row(f"bare loop, portfolio of {len(machines)}", [1 / all_ for _, all_ in costs])
    click.echo(f"{'costs, one platform being 1':36} {statistics.median(all_ / one for one, all_ in costs):>12.1f}")


def _automaton() -> None:
    stats = _core.automaton_stats()
    hits, misses = stats["automaton_hits"], stats["automaton_misses"]
    click.echo(
        f"automaton: {stats['automaton_states']:,} states, {stats['automaton_transitions']:,} transitions, "
        f"{stats['automaton_bytes'] / 2**20:.1f} of {_core.AUTOMATON_BYTES / 2**20:.0f} MiB, "
        f"{hits / max(1, hits + misses):.3%} of {hits + misses:,} look-ups known, "
        f"dropped {stats['automaton_drops']} times"
    )


def _plan(
    engine: str, tracker: str, core_tracker: str, names: tuple[str, ...], seconds: float, ops: int, out: Path
) -> Plan:
    return Plan(tracker, core_tracker, names, None, out, engine, seconds, 1, 0, ops)


def _rates(plan: Callable[[Path], Plan], repeats: int) -> list[float]:
    """Programs a second of whole runs: starting up, files and minimising included."""
    rates = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            summary = Campaign(plan(Path(folder)), _Quiet()).run()
            rates.append(summary.programs / summary.seconds)
    return rates


def clean_rates(core_tracker: str, machine: _core.Platform, repeats: int) -> list[float]:
    """Programs of 24 hook calls a second that a tracker alone takes, where it has nothing to say."""
    return [1 / _core.clean_hooks_cost(core_tracker, machine, CLEAN_PROGRAMS) for _ in range(repeats)]


def _row(name: str, rates: list[float]) -> None:
    click.echo(f"{name:36} {statistics.median(rates):>10,.0f}/s  ({min(rates):,.0f} to {max(rates):,.0f})")
