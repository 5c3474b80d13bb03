# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz fuzz`: generate programs, run them, judge, minimize; until the time is up or Ctrl-C."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import click

from dmafuzz import platforms as platform_files
from dmafuzz.fuzzing import ENGINES, Campaign, CampaignError, Plan, atheris_available
from dmafuzz.fuzzing.plan import engine_title
from dmafuzz.fuzzing.progress import Progress
from dmafuzz.fuzzing.summary import Summary
from dmafuzz.reporting.fuzzing import TOP, summary_lines, summary_record, things_lines
from dmafuzz.store import Store, StoreError, plant, read_seeds, shown_path
from dmafuzz.trackers import KERNEL, added_kernels, default_portfolio, resolve

from . import options
from .errors import EXIT_DIFFERENCE, EXIT_INTERRUPTED, BadInput, Fault
from .found import found_in
from .report import run_of_found, write_report

SECONDS = 60.0
PAGES = 24  # leaders with a page of their own: so many are written in seconds
OPS_LIMIT = 14  # operations of a program before its tidy-up; some 12 to 13 on average


@click.command()
@click.option("--time", "seconds", type=click.FloatRange(min=0, min_open=True), metavar="S",
              help=f"Seconds to search.  [default: {SECONDS:g}]")  # fmt: skip
@click.option("--programs", type=click.IntRange(1), metavar="N",
              help="Judge so many programs instead, with the native engine: the same N, seed, jobs and folder before "
              "give the same findings, to the byte. With --time no two runs are the same.")  # fmt: skip
@click.option(
    "--jobs", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N", help="Worker processes."
)
@click.option(
    "--seed", type=options.SEED, default=0, show_default=True, metavar="N", help="The seed of random numbers."
)
@options.tracker
@options.portfolio
@options.platforms
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("findings"),
              show_default=True, metavar="DIR",
              help="Folder of the store: findings of any number of trackers, corpus, quarantine. A second run with the "
              "same folder continues.")  # fmt: skip
@click.option("--engine", type=click.Choice(ENGINES), help="Default: atheris where it is installed, else native.")
@click.option("--ops", type=click.IntRange(2, 64), default=OPS_LIMIT, show_default=True, metavar="N",
              help="Operations of a program, at most.")  # fmt: skip
@click.option("--seeds", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Begin with these programs too, as `dmafuzz trace import` makes them of a trace; what is everyday "
              "there comes first among what to look at.")  # fmt: skip
@click.option("--report", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write pages in the end: index.html, and one for each of the first leaders.")  # fmt: skip
@options.fail_on
@click.option("--json", "as_json", is_flag=True, help="In the end one JSON object instead of lines.")
def fuzz(
    seconds: float | None,
    programs: int | None,
    jobs: int,
    seed: int,
    tracker: str,
    portfolio: str | None,
    platforms: tuple[str, ...],
    out: Path,
    engine: str | None,
    ops: int,
    seeds: Path | None,
    report: Path | None,
    fail_on: str | None,
    as_json: bool,
) -> None:
    """Search at random for programs that dma-debug judges wrongly."""
    plan = _plan(seconds, programs, jobs, seed, tracker, portfolio, platforms, out, engine, ops)
    where = f"portfolio {plan.portfolio}" if plan.portfolio else f"{len(plan.platforms)} platforms"
    workers = "1 job" if jobs == 1 else f"{jobs} jobs"
    click.echo(
        f"engine: {engine_title(plan.engine)}; tracker {tracker}, {where}; {workers}; findings in {shown_path(out)}",
        err=as_json,
    )
    try:
        if seeds is not None:
            _plant(plan, seeds)
        summary = Campaign(plan, Progress()).run()
    except StoreError as error:
        raise BadInput(str(error)) from None
    except CampaignError as error:
        raise (Fault if error.ours else BadInput)(shown_path(error)) from None
    _show(plan, summary, report, as_json)
    bad = sum(count for grade, count in summary.new_grades.items() if grade in (fail_on or ""))
    if bad:
        click.echo(f"{bad:,} new causes of grade {fail_on}", err=as_json)
    click.get_current_context().exit(EXIT_INTERRUPTED if summary.interrupted else EXIT_DIFFERENCE if bad else 0)


def _plant(plan: Plan, folder: Path) -> None:
    """Raises StoreError."""
    seeds = read_seeds(folder)
    with closing(Store.create(plan.out)) as store:
        plant(store, [plan.target], seeds)


def _show(plan: Plan, summary: Summary, report: Path | None, as_json: bool) -> None:
    """What the run has come to, and of all that is in the folder, what to look at first."""
    if not as_json:
        for line in summary_lines(plan, summary):
            click.echo(line)
    found = found_in(plan)
    leads = found.leads()
    told = found.headlines(leads[:TOP])
    if as_json:
        click.echo(json.dumps(summary_record(plan, summary, leads, told)))
    else:
        for line in things_lines(plan, leads, told):
            click.echo(line)
    if report is not None:
        told += found.headlines(leads[TOP:PAGES])
        click.echo(f"Pages: {write_report(run_of_found(plan.out, found, leads, told), report)}", err=as_json)


def _plan(
    seconds: float | None,
    programs: int | None,
    jobs: int,
    seed: int,
    tracker: str,
    portfolio: str | None,
    platforms: tuple[str, ...],
    out: Path,
    engine: str | None,
    ops: int,
) -> Plan:
    if portfolio and platforms:
        raise click.UsageError("either --portfolio or --platform, not both")
    if engine == "atheris" and not atheris_available():
        raise BadInput(
            "atheris is not installed (it has wheels for Linux x86-64, CPython 3.11 to 3.13); use --engine native"
        )
    if programs is not None and (seconds is not None or engine == "atheris"):
        raise click.UsageError("--programs goes with neither --time nor --engine atheris, which nothing can repeat")
    found = resolve(tracker)
    tracker = _from_anywhere(tracker)
    name = None if platforms else portfolio or default_portfolio(tracker)
    models = [platform_files.load(p) for p in platforms] if name is None else platform_files.portfolio(name)
    return Plan(
        tracker=tracker,
        core_tracker=found.core,
        # A user's own platform is known by its path.
        platforms=platforms or tuple(model.name for model in models),
        portfolio=name,
        out=out,
        engine=engine or ("atheris" if atheris_available() and programs is None else "native"),
        seconds=None if programs is not None else seconds or SECONDS,
        jobs=jobs,
        seed=seed,
        ops_limit=ops,
        programs=programs,
    )


def _from_anywhere(tracker: str) -> str:
    """The name as findings have it: a kernel's path is absolute."""
    path = Path(tracker.removeprefix(KERNEL)).expanduser()
    if tracker.startswith(KERNEL) and path.exists() and not _is_added(tracker):
        tracker = f"{KERNEL}{path.absolute()}"
    return tracker


def _is_added(tracker: str) -> bool:
    return any(name == tracker for name, _ in added_kernels())
