# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz cost`: what trackers cost, side by side."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
from tqdm import tqdm

from dmafuzz import _core
from dmafuzz import program as language
from dmafuzz._core import Cost, HookKind
from dmafuzz.program import Program
from dmafuzz.tables import columns
from dmafuzz.trackers import COSTS, Workload, default_portfolio
from dmafuzz.verdicts import Judging, judging

from .errors import BadInput

_CPUS = (2, 4, 16, 64)
_RANDOM_PROGRAMS = 2_000
_RANDOM_OPS = 24


@click.command()
@click.option("--tracker", "trackers", metavar="T", multiple=True, required=True, help="Give two or more.")
@click.option(
    "--corpus",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help=f"Programs in files. Default: {_RANDOM_PROGRAMS:,} random ones.",
)
@click.option("--platform", metavar="P", help="The platform. Default: the first of the first tracker's portfolio.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the table.")
def cost(trackers: tuple[str, ...], corpus: Path | None, platform: str | None, as_json: bool) -> None:
    """Print the locks and look-up steps that trackers cost.

    Also the tree operations, and how long many CPUs would wait for each other.

    The serial share of a lock is the part of all work that is done under it; a machine-wide lock lets at most one
    over its serial share of the CPUs run at full speed. Unbinds, which lock every bucket once in a device's life, do
    not count. What counts as work is in docs/internals/trackers.md. How many CPUs can work at once says nothing of how
    much work there is: compare the units as well.
    """
    programs = list(_read(corpus)) if corpus else [_random(seed) for seed in range(_RANDOM_PROGRAMS)]
    benches = [judging(name, default_portfolio(name)) for name in trackers]
    where = platform or benches[0].members[0]
    totals = {bench.tracker.name: _total(bench, programs, where) for bench in benches}
    if as_json:
        click.echo(json.dumps({name: _record(total) for name, total in totals.items()}))
        return
    click.echo(
        f"{len(programs):,} programs on {where}, {next(iter(totals.values())).hooks:,} hook calls; each program:"
    )
    for line in columns(list(_table(totals)), figures=True):
        click.echo(line)


def _read(folder: Path) -> Iterator[Program]:
    files = sorted(folder.rglob("*.dma"))
    if not files:
        raise BadInput(f"{folder}: expected a folder with programs (*.dma), found none")
    for file in files:
        yield language.read(file)


def _random(seed: int) -> Program:
    return Program(_core.random_program(seed, _RANDOM_OPS))


def _total(bench: Judging, programs: Sequence[Program], platform: str) -> Workload:
    name = bench.tracker.name
    progress = tqdm(programs, desc=name, unit=" programs", leave=False, disable=None)
    return Workload.total(_one(bench, program, platform) for program in progress)


def _one(bench: Judging, program: Program, platform: str) -> Workload:
    found = bench.cost(program, platform)
    if found is None:
        raise BadInput(f"tracker {bench.tracker.name} does not count what it costs")
    hooks = bench.hooks(program, platform)
    kinds = [hook.hook for hook in hooks if hook.hook != "unbind"]
    return Workload(1, len(kinds), kinds.count(HookKind.cow), found)


def _record(total: Workload) -> dict[str, object]:
    return {
        "programs": total.programs,
        "hooks": total.hooks,
        "copies": total.copies,
        "cost": {name: getattr(total.cost, name) for name in COSTS},
        "units": total.units,
        "serial_share": total.serial_shares(),
        "speed": {str(cpus): total.speed_of(cpus) for cpus in _CPUS},
    }


def _table(totals: dict[str, Workload]) -> Iterator[tuple[str, ...]]:
    def row(title: str, cell: Callable[[Workload], str]) -> tuple[str, ...]:
        return (title, *map(cell, totals.values()))

    yield ("", *totals)
    for field, name in COSTS.items():
        yield row(name, lambda total, field=field: f"{_each(total.cost, field, total.programs):,.2f}")  # type: ignore[misc]
    yield row("work in all, units", lambda total: f"{total.units / total.programs:,.1f}")
    for lock in ("tree_locks", "pool_locks"):
        yield row(f"serial share, {COSTS[lock]}", lambda total, lock=lock: f"{total.serial_shares()[lock]:.1%}")  # type: ignore[misc]
    for cpus in _CPUS:
        yield row(f"{cpus} CPUs work like, at most", lambda total, cpus=cpus: f"{total.speed_of(cpus):.1f}")  # type: ignore[misc]


def _each(cost: Cost, field: str, programs: int) -> float:
    value: int = getattr(cost, field)
    return value / programs
