# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz compare`: two trackers on random programs, warning by warning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import click

from dmafuzz import _core
from dmafuzz import platforms as platform_files
from dmafuzz.program import Program, render
from dmafuzz.trackers import default_portfolio, resolve
from dmafuzz.verdicts import Judgement, Warning, judging
from dmafuzz.verdicts.meanings import JUSTIFICATIONS

from . import options
from .errors import EXIT_DIFFERENCE

PROGRAMS = 1_000_000
BATCH = 100_000  # programs between two lines of progress
TOLD_MAX = 10_000  # differences in one batch, each told once


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
@click.option("--seed", type=options.SEED, default=0, show_default=True, metavar="N")
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

    Programs are of the full language; platforms take turns. Warnings are alike if the same checks warn after the same
    operations, in the same order. Each way to differ is shown once, with a minimal program: which of the two warns, and
    whether that warning is right. Exit status 1 if there is one. `dmafuzz review` says what a difference is worth.
    """
    names = platform_files.names()
    machines = [platform_files.to_core(platform_files.load(name)) for name in names]
    one, other = resolve(first).core, resolve(second).core
    given: Counter[tuple[str, str]] = Counter()
    told: set[str] = set()
    done = warnings = differing = 0
    while done < programs:
        count = min(BATCH, programs - done)
        found = _core.compare_trackers(one, other, machines, count, seed + done, ops, TOLD_MAX, costs, about)
        done += found.programs
        warnings += found.warnings
        differing += found.differing
        given.update({(each.warning, each.made_by): each.count for each in found.by_map})
        for difference in found.differences:
            _tell(Program(difference.ops), names[difference.platform], (first, second), told)
        click.echo(f"{done:,} programs, {warnings:,} warnings, {differing:,} differ", err=True)
    ways = f"; {len(told):,} ways to differ" if told else ""
    click.echo(f"{first} and {second}: {done:,} programs, {warnings:,} warnings, {differing:,} differences{ways}")
    if table:
        _show(given)
    if differing:
        context.exit(EXIT_DIFFERENCE)


def _tell(program: Program, platform: str, trackers: tuple[str, str], told: set[str]) -> None:
    """The program, unless one has been told with the same lines and the same difference, on whatever platform."""
    portfolio = default_portfolio(trackers[1])
    judgements = [judging(tracker, portfolio).judge(program, platform) for tracker in trackers]
    words = "\n".join(_words(judgements, trackers))
    text = render(program)
    if words + text in told:
        return
    told.add(words + text)
    click.echo(f"# {platform}: {trackers[0]} and {trackers[1]} differ")
    click.echo(words)
    click.echo(text)


def _words(judgements: Sequence[Judgement], trackers: tuple[str, str]) -> Iterator[str]:
    """Comments: the warnings that only one of the two gives, with the verdict on each, and what no warning explains."""
    keys = [Counter((str(w.id), w.op) for w in judgement.warnings) for judgement in judgements]
    alike = True
    for side, judgement in enumerate(judgements):
        other = keys[1 - side].copy()
        for warning in judgement.warnings:
            key = (str(warning.id), warning.op)
            if other[key]:
                other[key] -= 1
                continue
            alike = False
            yield f"# {trackers[side]} warns of {warning.id} after op {warning.op}: {_verdict(warning, judgement)}"
    if alike:
        yield "# the same warnings, in another order or about something else, or at other costs"
    for side, judgement in enumerate(judgements):
        lost = sorted({f"{c.kind} after op {c.op}" for c in judgement.corruptions if not c.explained})
        if lost:
            yield f"# no warning of {trackers[side]} explains {', '.join(lost)}"


def _verdict(warning: Warning, judgement: Judgement) -> str:
    return JUSTIFICATIONS[warning.justification].format(
        where="", here="there", hurts=warning.hurts or "another platform", portfolio=judgement.portfolio
    )


def _show(given: Counter[tuple[str, str]]) -> None:
    """In Markdown: a row for each warning, a column for each call that makes mappings."""
    calls = sorted({made_by for _, made_by in given})
    click.echo(f"\n| warning | {' | '.join(call or 'no mapping named' for call in calls)} |")
    click.echo(f"|---|{'---|' * len(calls)}")
    for warning in sorted({warning for warning, _ in given}):
        counts = (f"{given[warning, call]:,}" for call in calls)
        click.echo(f"| {warning} | {' | '.join(counts)} |")
