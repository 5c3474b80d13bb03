# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz bench`: what judging costs on this machine, and how soon engines find known causes; all in one run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from dmafuzz import platforms as platform_files
from dmafuzz.benchmark import endurance as long_run
from dmafuzz.benchmark import hunt, plots, report, scaling, throughput
from dmafuzz.benchmark import planted as planted_faults
from dmafuzz.benchmark.causes import PORTFOLIO, TRACKER
from dmafuzz.benchmark.engines import ENGINES
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
@click.option("--find", is_flag=True, help="Time to find: how long each engine needs for known causes.")
@click.option("--planted", is_flag=True, help="Only: how soon planted faults of a tracker are found.")
@click.option(
    "--fault", "chosen", multiple=True, metavar="NAME", help="With --planted: only this one; can be repeated."
)
@click.option("--engine", "engines", multiple=True, metavar="NAME",
              help="With --planted: only this engine; can be repeated.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(1, 1000), metavar="N",
              help="Runs to find, each engine. Default: 10; of planted faults 5, and 1 of other engines.")  # fmt: skip
@click.option(
    "--limit", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds of a run to find."
)
@click.option("--scaling", "scale", is_flag=True, help="Cost by operations, lines, mappings, jobs and platforms.")
@click.option("--run-seconds", type=click.FloatRange(min=2), default=10.0, show_default=True,
              help="Of each whole run for --scaling.")  # fmt: skip
@click.option("--endurance", type=click.FloatRange(min=1), metavar="MINUTES", help="One long run: speed and memory.")
@click.option("--report", "folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write benchmark.md, and a plot each for --scaling.")  # fmt: skip
def bench(
    tracker: str,
    platform: str,
    ops: int,
    seconds: float,
    repeats: int,
    find: bool,
    planted: bool,
    chosen: tuple[str, ...],
    engines: tuple[str, ...],
    seeds: int | None,
    limit: float,
    scale: bool,
    run_seconds: float,
    endurance: float | None,
    folder: Path | None,
) -> None:
    """Measure speed and recall of dmafuzz and other fuzzers.

    Programs a second on one core: bare loop, atheris, libFuzzer, AFL++, Hypothesis, random.

    Medians over the repeats, with the smallest and the largest, and ratios to the bare loop in the same repeat. Raw
    libFuzzer and AFL++ are built from the sources of a checkout when first used. What is not installed is skipped.
    """
    _check(tracker, find, scale, folder)
    load = os.getloadavg()[0]
    if planted:
        _planted(chosen, engines, seeds or PLANTED_SEEDS, limit, ops, folder)
        return
    subject = _subject(tracker, platform, ops)
    tables: list[Table] = []
    curves: list[scaling.Scaling] = []

    def show(*made: Table) -> None:
        for table in made:
            tables.append(table)
            click.echo("\n".join(("", *table.text())))

    click.echo(f"tracker {tracker}, platform {platform}, at most {ops} operations; {report.machine()}")
    show(throughput.table(throughput.measure(subject, seconds, repeats), seconds))
    if find:
        show(*hunt.tables(hunt.measure(subject, seeds or SEEDS, limit), limit))
    if scale:
        curves = scaling.measure(subject, run_seconds, repeats)
        show(scaling.table(curves))
    if endurance is not None:
        show(long_run.table(long_run.measure(subject, endurance), endurance))
    if folder is not None:
        _write(folder, subject, load, tables, curves)


def _planted(
    names: tuple[str, ...], engines: tuple[str, ...], seeds: int, limit: float, ops: int, folder: Path | None
) -> None:
    known = {fault.name: fault for fault in planted_faults.faults()}
    if unknown := [name for name in names if name not in known]:
        raise BadInput(f"--fault {unknown[0]}: no planted fault; there are {', '.join(known)}")
    if unknown := [name for name in engines if name not in {engine.name for engine in ENGINES}]:
        raise BadInput(f"--engine {unknown[0]}: expected some of {', '.join(engine.name for engine in ENGINES)}")
    faults = [known[name] for name in names or known]
    load = os.getloadavg()[0]

    def say(line: str) -> None:
        click.echo(line, err=True)

    measured = planted_faults.measure(faults, seeds, limit, ops, say, engines)
    tables = planted_faults.tables(faults, measured, seeds, limit)
    for table in tables:
        click.echo("\n".join(("", *table.text())))
    if folder is not None:
        _write(folder, _subject(TRACKER, "arm64-6.5", ops), load, tables, [], "planted.md")


def _check(tracker: str, find: bool, scale: bool, folder: Path | None) -> None:
    """Checks at the start what would otherwise fail after an hour."""
    if find and resolve(tracker).core != TRACKER:
        raise BadInput(f"--find: the known causes are those of tracker {TRACKER}, not of {tracker}")
    try:
        if find:
            require("scipy")
        if scale and folder is not None:
            require("matplotlib")
    except MissingPackageError as error:
        raise BadInput(f"{'--find' if 'scipy' in str(error) else '--report with --scaling'} {error}") from None
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
