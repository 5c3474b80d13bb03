# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz compare`: two trackers on random programs, warning by warning."""

from __future__ import annotations

from collections import Counter

import click

from dmafuzz import _core
from dmafuzz import platforms as platform_files
from dmafuzz.program import Program, render
from dmafuzz.trackers import resolve

PROGRAMS = 1_000_000
BATCH = 100_000  # programs between two lines of progress
DIFFERENCES_MAX = 10


@click.command()
@click.argument("first", metavar="TRACKER")
@click.argument("second", metavar="TRACKER")
@click.option("--programs", type=click.IntRange(1), default=PROGRAMS, show_default=True, metavar="N")
@click.option(
    "--ops",
    type=click.IntRange(2, 64),
    default=24,
    show_default=True,
    metavar="N",
    help="Operations of a program, at most.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N")
@click.option("--costs", is_flag=True, help="Compare locks, look-up steps and tree operations too.")
@click.option("--about", is_flag=True, help="Compare what warnings are about too: mappings, entries, lines.")
@click.option("--table", is_flag=True, help="Show how often each warning was given, by the call that made the mapping.")
@click.pass_context
def compare(
    context: click.Context,
    first: str,
    second: str,
    programs: int,
    ops: int,
    seed: int,
    costs: bool,
    about: bool,
    table: bool,
) -> None:
    """Compare the warnings of two trackers on random programs.

    Programs are of the full language; platforms take turns.

    Prints each program on which they do not warn alike (same warnings after the same operations, in the same order),
    minimized; exit status 1 if there is one. Give kernel:PATH as the second to compare a model with the kernel's code.
    """
    names = platform_files.names()
    machines = [platform_files.to_core(platform_files.load(name)) for name in names]
    one, other = resolve(first).core, resolve(second).core
    given: Counter[tuple[str, str]] = Counter()
    done = warnings = differences = 0
    while done < programs and differences < DIFFERENCES_MAX:
        count = min(BATCH, programs - done)
        found = _core.compare_trackers(
            one, other, machines, count, seed + done, ops, DIFFERENCES_MAX - differences, costs, about
        )
        done += found.programs
        warnings += found.warnings
        given.update({(each.warning, each.made_by): each.count for each in found.by_map})
        for difference in found.differences:
            differences += 1
            click.echo(f"# {names[difference.platform]}: {first} and {second} differ")
            click.echo(render(Program(difference.ops)))
        click.echo(f"{done:,} programs, {warnings:,} warnings, {differences} differences", err=True)
    click.echo(f"{first} and {second}: {done:,} programs, {warnings:,} warnings, {differences} differences")
    if table:
        _show(given)
    if differences:
        context.exit(1)


def _show(given: Counter[tuple[str, str]]) -> None:
    """In Markdown: a row for each warning, a column for each call that makes mappings."""
    calls = sorted({made_by for _, made_by in given})
    click.echo(f"\n| warning | {' | '.join(call or 'no mapping named' for call in calls)} |")
    click.echo(f"|---|{'---|' * len(calls)}")
    for warning in sorted({warning for warning, _ in given}):
        counts = (f"{given[warning, call]:,}" for call in calls)
        click.echo(f"| {warning} | {' | '.join(counts)} |")
