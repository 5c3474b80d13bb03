# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz bench`: what judging costs on this machine, and how soon engines find known causes; all in one run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dmafuzz import platforms as platform_files
from dmafuzz.benchmark import against as other_build
from dmafuzz.benchmark import endurance as long_run
from dmafuzz.benchmark import exhaustive as search
from dmafuzz.benchmark import hunt, jobs, plots, report, scaling, throughput
from dmafuzz.benchmark import planted as planted_faults
from dmafuzz.benchmark import recall as recalls
from dmafuzz.benchmark.builds import Build, BuildError
from dmafuzz.benchmark.causes import PORTFOLIO, TRACKER
from dmafuzz.benchmark.engines import ENGINES
from dmafuzz.benchmark.goals import Goals, NoCatalogueError
from dmafuzz.benchmark.statistics import MissingPackageError, require
from dmafuzz.benchmark.subject import Bench
from dmafuzz.benchmark.table import Table
from dmafuzz.trackers import default_portfolio, resolve

from . import options
from .errors import BadInput, using_folder

OPS = 14
SEEDS = 10
PLANTED_SEEDS = 5


@click.command()
@options.tracker
@click.option("--platform", default="arm64-6.5", show_default=True, metavar="P", help="The one platform to judge on.")
@click.option("--ops", type=click.IntRange(2, 64), default=OPS, show_default=True, help="Operations of a program.")
@click.option(
    "--seconds", type=click.FloatRange(min=0.5), default=2.0, show_default=True, help="Each engine, each time."
)
@click.option("--repeats", type=click.IntRange(1, 100), default=3, show_default=True, help="Of each figure.")
@click.option("--throughput/--no-throughput", default=True, help="Programs a second, of every engine; on by default.")
@click.option("--find", is_flag=True, help="Time to find: how long each engine needs for known causes.")
@click.option("--recall", is_flag=True, help="Processor time to 50, 75 and 91 % of a complete catalogue's causes.")
@click.option("--planted", is_flag=True, help="Only: how soon planted faults of a tracker are found.")
@click.option(
    "--fault", "chosen", multiple=True, metavar="NAME", help="With --planted: only this one; can be repeated."
)
@click.option("--engine", "engines", multiple=True, metavar="NAME",
              help="With --find, --recall and --planted: only this engine; can be repeated.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(1, 1000), metavar="N",
              help="Runs of each engine. Default: 10; for planted faults 5, and 1 of other engines.")  # fmt: skip
@click.option(
    "--limit", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds of a run to find."
)
@click.option("--recall-limit", type=click.FloatRange(min=1), default=300.0, show_default=True,
              help="Seconds of a run for --recall, and of one job for --against.")  # fmt: skip
@click.option("--scaling", "scale", is_flag=True, help="Cost by operations, lines, mappings, platforms and jobs.")
@click.option("--run-seconds", type=click.FloatRange(min=2), default=10.0, show_default=True,
              help="Of each whole run for --scaling.")  # fmt: skip
@click.option("--jobs-seconds", type=click.FloatRange(min=2), default=120.0, show_default=True,
              help="Of each run with one or two jobs, for --scaling and --against.")  # fmt: skip
@click.option("--exhaustive", is_flag=True, help="The exhaustive search in core seconds: N = 4, and 5 by a share.")
@click.option("--share", type=click.FloatRange(min=0, max=1, min_open=True), default=search.SHARE, show_default=True,
              help="Of the parts of N = 5 that are gone through, drawn at random.")  # fmt: skip
@click.option("--against", type=click.Path(path_type=Path), metavar="DIR",
              help="Another build, measured in turn with this one: a checkout with a core built in place.")  # fmt: skip
@click.option("--endurance", type=click.FloatRange(min=1), metavar="MINUTES", help="One long run: speed and memory.")
@click.option("--report", "folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write benchmark.md, and a plot each for --scaling.")  # fmt: skip
def bench(tracker: str, platform: str, ops: int, folder: Path | None, planted: bool, **chosen: Any) -> None:
    """Measure speed and recall of dmafuzz and other fuzzers.

    Programs a second on one core: bare loop, atheris, libFuzzer, AFL++, Hypothesis, random.

    Medians over the repeats, with the smallest and the largest, and ratios to the bare loop in the same repeat. Raw
    libFuzzer and AFL++ are built from the sources of a checkout when first used. What is not installed is skipped.

    All that is measured stands in one report. With everything, against an older commit that is built in ../before:

    \b
      dmafuzz bench --find --recall --scaling --exhaustive \\
                    --endurance 10 --against ../before --report reports
    """
    wanted = Wanted(**chosen)
    _check(tracker, wanted, folder)
    load = os.getloadavg()[0]
    if planted:
        _planted(wanted, ops, folder)
        return
    subject = _subject(tracker, platform, ops)
    click.echo(f"tracker {tracker}, platform {platform}, at most {ops} operations; {report.machine()}")
    tables: list[Table] = []
    curves: list[scaling.Scaling] = []
    try:
        for table in _measured(subject, wanted, curves):
            tables.append(table)
            click.echo("\n".join(("", *table.text())))
    except (BuildError, NoCatalogueError) as error:
        raise BadInput(str(error)) from None
    if folder is not None:
        _write(folder, subject, load, tables, curves)


@dataclass(frozen=True)
class Wanted:
    """What is to be measured, and for how long, by the names of the options."""

    seconds: float
    repeats: int
    throughput: bool
    find: bool
    recall: bool
    chosen: tuple[str, ...]
    engines: tuple[str, ...]
    seeds: int | None
    limit: float
    recall_limit: float
    scale: bool
    run_seconds: float
    jobs_seconds: float
    exhaustive: bool
    share: float
    against: Path | None
    endurance: float | None


def _measured(subject: Bench, wanted: Wanted, curves: list[scaling.Scaling]) -> Iterator[Table]:
    """Each table when it is measured. Raises BuildError, NoCatalogueError."""
    seeds = wanted.seeds or SEEDS
    if wanted.throughput:
        yield throughput.table(throughput.measure(subject, wanted.seconds, wanted.repeats), wanted.seconds)
    if wanted.find:
        yield from hunt.tables(hunt.measure(subject, seeds, wanted.limit, wanted.engines), wanted.limit)
    if wanted.recall:
        goals = Goals.of(subject.tracker)
        runs = recalls.measure(subject, goals, seeds, wanted.recall_limit, wanted.engines)
        yield recalls.table(runs, goals, wanted.recall_limit)
    if wanted.scale:
        curves += scaling.measure(subject, wanted.run_seconds, wanted.repeats)
        yield scaling.table(curves)
        yield jobs.table(jobs.measure(subject, wanted.jobs_seconds, wanted.repeats), wanted.jobs_seconds)
    if wanted.exhaustive:
        yield search.table(subject, search.measure(subject, wanted.share))
    if wanted.against is not None:
        yield _against(subject, wanted, wanted.against)
    if wanted.endurance is not None:
        yield long_run.table(long_run.measure(subject, wanted.endurance), wanted.endurance)


def _against(subject: Bench, wanted: Wanted, folder: Path) -> Table:
    other = Build.at(folder)
    try:
        goals = Goals.of(subject.tracker)
    except NoCatalogueError as error:
        subject.say(str(error))
        goals = None
    budget = other_build.Budget(wanted.repeats, wanted.share, wanted.jobs_seconds, wanted.recall_limit)
    rows, load = other_build.measure(subject, other, goals, budget)
    return other_build.table(rows, other, load)


def _planted(wanted: Wanted, ops: int, folder: Path | None) -> None:
    known = {fault.name: fault for fault in planted_faults.faults()}
    if unknown := [name for name in wanted.chosen if name not in known]:
        raise BadInput(f"--fault {unknown[0]}: no planted fault; there are {', '.join(known)}")
    faults = [known[name] for name in wanted.chosen or known]
    seeds, limit = wanted.seeds or PLANTED_SEEDS, wanted.limit
    load = os.getloadavg()[0]

    def say(line: str) -> None:
        click.echo(line, err=True)

    measured = planted_faults.measure(faults, seeds, limit, ops, say, wanted.engines)
    tables = planted_faults.tables(faults, measured, seeds, limit)
    for table in tables:
        click.echo("\n".join(("", *table.text())))
    if folder is not None:
        _write(folder, _subject(TRACKER, "arm64-6.5", ops), load, tables, [], "planted.md")


def _check(tracker: str, wanted: Wanted, folder: Path | None) -> None:
    """Checks at the start what would otherwise fail after an hour."""
    if wanted.find and resolve(tracker).core != TRACKER:
        raise BadInput(f"--find: the known causes are those of tracker {TRACKER}, not of {tracker}")
    names = [engine.name for engine in ENGINES]
    if unknown := [name for name in wanted.engines if name not in names]:
        raise BadInput(f"--engine {unknown[0]}: expected some of {', '.join(names)}")
    try:
        if wanted.find:
            require("scipy")
        if wanted.scale and folder is not None:
            require("matplotlib")
        if wanted.recall:
            Goals.of(tracker)
        if wanted.against is not None:
            Build.at(wanted.against)
    except MissingPackageError as error:
        raise BadInput(f"{'--find' if 'scipy' in str(error) else '--report with --scaling'} {error}") from None
    except NoCatalogueError as error:
        raise BadInput(f"--recall: {error}") from None
    except BuildError as error:
        raise BadInput(f"--against {error}") from None
    if folder is not None:
        with using_folder(folder):
            folder.mkdir(parents=True, exist_ok=True)


def _subject(tracker: str, platform: str, ops: int) -> Bench:
    core_tracker = resolve(tracker).core
    portfolio = PORTFOLIO if core_tracker == TRACKER else default_portfolio(tracker)
    # A path is one of this folder, and engines work elsewhere.
    if platform.endswith(".toml"):
        platform = str(Path(platform).resolve())
    platform_files.load(platform)
    return Bench(tracker, core_tracker, portfolio, platform, ops, lambda line: click.echo(line, err=True))


def _write(
    folder: Path,
    subject: Bench,
    load: float,
    tables: list[Table],
    curves: list[scaling.Scaling],
    name: str = report.NAME,
) -> None:
    try:
        drawn = plots.draw(curves, folder) if curves else []
        path = report.write(folder, subject, " ".join(_command(folder)), load, tables, drawn, name)
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written: {error.strerror}") from None
    click.echo(f"\n{path}")


def _command(folder: Path) -> Iterator[str]:
    """As it was given, but for where this machine keeps its reports."""
    yield "dmafuzz"
    yield from (argument.replace(str(folder), folder.name or ".") for argument in sys.argv[1:])
