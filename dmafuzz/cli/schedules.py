# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz schedules`: every interleaving of a program's CPUs, and which label shows in which of them."""

from __future__ import annotations

import json

import click
from tqdm import tqdm

from dmafuzz import program as language
from dmafuzz.program import Program
from dmafuzz.reporting import exploration_lines, exploration_to_json
from dmafuzz.schedules import (
    DEFAULT_LIMIT,
    DEFAULT_PREEMPTIONS,
    Exploration,
    ScheduleError,
    check_size,
    explore,
    threads,
)
from dmafuzz.trackers import default_portfolio
from dmafuzz.verdicts import Judging, judging

from . import options
from .terminal import show


@click.command()
@click.argument("file", metavar="FILE", type=click.Path())
@click.option(
    "--preemptions",
    metavar="K",
    type=click.IntRange(min=0),
    default=DEFAULT_PREEMPTIONS,
    show_default=True,
    help="Schedules with at most that many preemptions: switches away from a CPU that could continue.",
)
@options.tracker
@click.option("--platform", metavar="P", help="Only this platform. Default: all of the portfolio.")
@options.portfolio
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=1),
    default=DEFAULT_LIMIT,
    show_default=True,
    help="Fail if there are more schedules.",
)
@click.option("--unpruned", is_flag=True, help="Judge each schedule separately: the same answer, more slowly.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def schedules(
    file: str,
    preemptions: int,
    tracker: str,
    platform: str | None,
    portfolio: str | None,
    limit: int,
    unpruned: bool,
    as_json: bool,
) -> None:
    """Judge every interleaving of a program with several CPUs.

    A label shows in all schedules, or in some of them.

    Each CPU's lines keep their order; another CPU can run between any two of them, and between the two halves of a DMA
    API call. The accesses of each device run by themselves too.
    """
    program = language.read(file)
    bench = judging(tracker, portfolio or default_portfolio(tracker))
    where = bench.members if platform is None else (bench.machine(platform).name,)
    try:
        found = _explored(bench, program, platform, preemptions, limit, not unpruned)
    except ScheduleError as error:
        raise ScheduleError(f"{file}: {error}") from None
    if as_json:
        click.echo(json.dumps(exploration_to_json(found, file, bench.tracker.name, bench.portfolio, where)))
    elif len(threads(program.ops)) < 2:
        click.echo(f"{file}: one CPU and no device lines: one schedule, nothing to explore")
    else:
        place = f"the {len(where)} platforms" if platform is None else platform
        show(
            exploration_lines(
                found, f"{file}: tracker {bench.tracker.name} on {place} of portfolio {bench.portfolio}", where
            )
        )


def _explored(
    bench: Judging, program: Program, platform: str | None, preemptions: int, limit: int, prune: bool
) -> Exploration:
    judge, places = bench.judge_for(platform)
    total = check_size(program.ops, preemptions, limit).total
    with tqdm(total=total, unit=" schedules", leave=False, disable=None) as bar:
        return explore(
            judge, places, program.ops, preemptions, limit, prune, lambda settled: bar.update(settled - bar.n)
        )
