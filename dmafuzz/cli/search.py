# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz search`: every program of a small alphabet up to some length, and all causes among them."""

from __future__ import annotations

import math
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from dmafuzz import _core
from dmafuzz import catalogue as catalogues
from dmafuzz import platforms as platform_files
from dmafuzz.catalogue.proof import keep, known_result
from dmafuzz.exhaustive import Sampling, Search, SearchPlan
from dmafuzz.exhaustive.progress import Bar
from dmafuzz.exhaustive.result import Result
from dmafuzz.reporting.catalogue import catalogue_lines, markdown
from dmafuzz.reporting.sample import sample_lines
from dmafuzz.storage import write_whole
from dmafuzz.trackers import KERNEL, default_portfolio, resolve

from . import options
from .errors import BadInput, using_folder

OPS_MAX = 8


class Share(click.ParamType[float]):
    """Like 1%, or 0.5 %."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip()
        try:
            percent = float(text.removesuffix("%")) if text.endswith("%") else math.nan
        except ValueError:
            percent = math.nan
        if not 0 < percent <= 100:
            self.fail(f"found {value!r}, expected more than 0% and at most 100%, like 1%", param, ctx)
        return percent / 100


def _show_alphabet(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        for paragraph in _core.ALPHABET:
            click.echo("\n".join(textwrap.wrap(paragraph, 100)) + "\n")
        ctx.exit()


@click.command()
@click.option("--ops", type=click.IntRange(1, OPS_MAX), default=3, show_default=True, metavar="N",
              help="Operations of a program, at most. 4 takes ten seconds or so, 5 half an hour of one core, 6 days of "
                   "it: see --out and --sample.")  # fmt: skip
@options.tracker
@options.portfolio
@click.option("--cpus", type=click.IntRange(1, 2), default=1, show_default=True, metavar="1|2",
              help="With 2, calls can be split too.")  # fmt: skip
@click.option("--devices", type=click.IntRange(1, 2), default=2, show_default=True, metavar="1|2")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N", help="Threads.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write the catalogue there; an interrupted search continues, and all processes, of whatever hosts, "
                   "that are given the same folder share the work.")  # fmt: skip
@click.option("--sample", type=Share(), metavar="PERCENT",
              help="Do only that much of the search, drawn at random, like 1%, and say what all of it would cost and "
                   "find. Programs up to N-1 operations are searched whole.")  # fmt: skip
@click.option("--seed", type=options.SEED, default=0, show_default=True, help="Of --sample.")
@click.option("--alphabet", is_flag=True, expose_value=False, is_eager=True, callback=_show_alphabet,
              help="Print the alphabet, and exit.")  # fmt: skip
def search(
    ops: int, tracker: str, portfolio: str | None, cpus: int, devices: int, jobs: int, out: Path | None,
    sample: float | None, seed: int,
) -> None:  # fmt: skip
    """Judge every program of a small alphabet, up to N operations.

    Shows every cause of a false negative, false positive or hazard, in topics, with its smallest program.

    With --out it can be ended at any time: the same command goes on with the parts that are missing, and several
    processes, also of several hosts, can be given one folder. So six operations are possible: --ops 6 --out DIR.
    """
    name = portfolio or default_portfolio(tracker)
    if tracker.startswith(KERNEL):
        jobs = 1  # one kernel in a process
    plan = SearchPlan(
        tracker, resolve(tracker).core, name, tuple(platform_files.portfolio(name)), ops, cpus, devices, jobs, out
    )
    if sample is not None:
        with using_folder(out):
            lines = _sampled(plan, sample, seed)
        for line in lines:
            click.echo(line)
        return
    run = Search(plan)
    with using_folder(out):
        made, figures = _catalogue(run)
        if out is not None:
            write_whole(out / "catalogue.json", made.to_json().encode())
            write_whole(out / "catalogue.md", markdown(made).encode())
            run.forget()
    click.echo(figures)
    for line in catalogue_lines(made):
        click.echo(line)
    if out is not None:
        click.echo(f"\nall {len(made.entries):,} causes with their programs: {out / 'catalogue.md'}")


def _catalogue(run: Search) -> tuple[catalogues.Catalogue, str]:
    """The catalogue and figures of the search. Nothing is printed here: a closed pipe must not lose the result."""
    plan = run.plan
    bar = Bar()
    try:
        result = run.run(bar)
        bar.end()
        if run.interrupted:
            raise BadInput(_cut_off(run, result))
        if _is_kept_for_proofs(plan):
            keep(result, plan)
        started = time.monotonic()
        bar.start("causes", len(result.found))
        made = catalogues.make(result, plan.core_tracker, plan.members, bar.advance)
    except KeyboardInterrupt:
        raise BadInput(_cut_off(run, run.result)) from None
    finally:
        bar.end()
    seconds = time.monotonic() - started
    causes = f"{len(result.found):,} signatures have {len(made.entries):,} causes ({seconds:.0f} s)"
    return made, f"{_figures(run, result)}\n{causes}"


def _sampled(plan: SearchPlan, share: float, seed: int) -> list[str]:
    bar = Bar()
    try:
        known = _shorter(plan, bar)
        sample = Sampling(plan, share, seed).run(bar)
        new = sample.new(known)
        bar.start("causes", len(new.found))
        entries = catalogues.make(new, plan.core_tracker, plan.members, bar.advance).entries
    except KeyboardInterrupt:
        again = f"the same command continues from {plan.out}" if plan.out else "with --out it could continue later"
        raise BadInput(f"interrupted: {again}") from None
    finally:
        bar.end()
    # Others come down to causes of shorter programs, in the alphabet or with sizes of the minimizer's.
    causes = [e for e in entries if e.signature not in known.found and len(e.program) >= plan.ops]
    return list(sample_lines(sample, len(new.found), sample.unseen(new), causes))


def _shorter(plan: SearchPlan, bar: Bar) -> Result:
    """The complete search of all shorter programs: what a sample finds is new, or not."""
    shorter = replace(plan, ops=plan.ops - 1)
    known = known_result(shorter) if _is_kept_for_proofs(plan) else None
    if known is not None or shorter.ops == 0:
        return known or shorter.empty_result()
    run = Search(shorter)
    result = run.run(bar)
    if run.interrupted:
        raise KeyboardInterrupt
    if _is_kept_for_proofs(plan):
        keep(result, shorter)
        run.forget()
    return result


def _is_kept_for_proofs(plan: SearchPlan) -> bool:
    return plan.cpus == 1 and plan.devices == 2


def _figures(run: Search, result: Result) -> str:
    rows = [
        f"{length.programs:,} programs of {i}"
        + (f" lead to {length.states:,} states ({length.merged:,} merged)" if length.states else "")
        for i, length in enumerate(result.lengths, 1)
    ]
    return (
        f"{result.programs:,} programs on {len(result.platforms)} platforms in {run.seconds:.1f} s, "
        f"{run.processor_seconds:,.1f} s of processor time"
        + (" with what was done before" if run.resumed else "")
        + "\n  "
        + "\n  ".join(rows)
    )


def _cut_off(run: Search, result: Result) -> str:
    done = len(result.lengths)
    complete = f"complete up to {done} operation{'s' if done > 1 else ''}" if done else "nothing is complete"
    again = "with --out it could continue later"
    if run.plan.out:
        again = f"the same command continues from {run.plan.out}" if run.kept else "the same command begins again"
    return f"interrupted: {complete}; {again}"
