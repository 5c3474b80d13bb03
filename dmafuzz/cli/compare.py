"""`dmafuzz compare`: two trackers on random programs, warning by warning."""

from __future__ import annotations

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
@click.pass_context
def compare(
    context: click.Context, first: str, second: str, programs: int, ops: int, seed: int, costs: bool, about: bool
) -> None:
    """Compare the warnings of two trackers on random programs.

    Programs are of the full language; platforms take turns.

    Prints each program on which they do not warn alike (same warnings after the same operations, in the same order),
    minimized; exit status 1 if there is one. Give kernel:PATH as the second to compare a model with the kernel's code.
    """
    names = platform_files.names()
    machines = [platform_files.to_core(platform_files.load(name)) for name in names]
    one, other = resolve(first).core, resolve(second).core
    done = warnings = differences = 0
    while done < programs and differences < DIFFERENCES_MAX:
        count = min(BATCH, programs - done)
        found = _core.compare_trackers(
            one, other, machines, count, seed + done, ops, DIFFERENCES_MAX - differences, costs, about
        )
        done += found["programs"]
        warnings += found["warnings"]
        for operations, platform in found["differences"]:
            differences += 1
            click.echo(f"# {names[platform]}: {first} and {second} differ")
            click.echo(render(Program(operations)))
        click.echo(f"{done:,} programs, {warnings:,} warnings, {differences} differences", err=True)
    click.echo(f"{first} and {second}: {done:,} programs, {warnings:,} warnings, {differences} differences")
    if differences:
        context.exit(1)
