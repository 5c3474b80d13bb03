# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz campaign`: several targets in one store, unattended."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import click

from dmafuzz.campaign import CampaignFile, News, PlanFileError, standings
from dmafuzz.campaign.figures import states
from dmafuzz.campaign.plan_file import EXAMPLE
from dmafuzz.storage import write_whole
from dmafuzz.store import Store, StoreError, plant, read_seeds, shown_path

from . import options
from .campaign_ci import ci
from .campaign_plan import (
    as_json,
    baseline_of,
    hidden_canaries,
    plan_argument,
    read_plan_file,
    scheduler,
    seconds_of,
    status_lines,
    table_lines,
)
from .campaign_reports import write_reports
from .campaign_running import carry_out
from .campaign_serve import serve
from .campaign_store import merge, prune, reindex, sync
from .campaign_unit import unit
from .errors import EXIT_DIFFERENCE, EXIT_FAULT, EXIT_INTERRUPTED, BadInput


@click.group()
def campaign() -> None:
    """Search for days, by a plan of targets.

    Targets share the time by weight, and one store keeps what is found. A plan, campaign.toml, says which. Nothing that
    was printed is lost when a run is killed; the next one goes on.
    """


for command in (ci, merge, prune, reindex, serve, sync, unit):
    campaign.add_command(command)


@campaign.command()
@plan_argument
def init(file: Path) -> None:
    """Write a plan with comments."""
    if file.exists():
        raise BadInput(f"{shown_path(file)}: is there already; choose another name")
    try:
        write_whole(file, EXAMPLE.encode())
    except OSError as error:
        raise BadInput(f"{shown_path(file)}: cannot be written: {error.strerror}") from None
    click.echo(f"{shown_path(file)}: edit it, then: dmafuzz campaign run {shown_path(file)}")


@campaign.command()
@plan_argument
def check(file: Path) -> None:
    """Say whether a plan can be carried out, and how its time is shared."""
    plan, store = read_plan_file(file)
    weights = sum(target.weight for target in plan.target)
    for target in plan.target:
        try:
            portfolio = plan.plan_of(target, store).portfolio
        except PlanFileError as error:
            raise BadInput(str(error)) from None
        against = f", against {target.against}" if target.against else ""
        click.echo(f"{target.tracker}: portfolio {portfolio}, {target.weight / weights:.1%} of the time{against}")
    decisions = len(baseline_of(plan, file).decisions)
    click.echo(
        f"store {shown_path(store)}; slices of {_budget(plan)}; {plan.jobs} jobs; executor {plan.campaign.executor}"
        + (f"; {decisions:,} decisions in {plan.triage.baseline}" if plan.triage.baseline else "")
    )


@campaign.command()
@plan_argument
@click.option("--for", "length", metavar="TIME", help="How long: 90s, 30m, 8h, 2d. Default: until Ctrl-C.")
@click.option("--until", metavar="HH:MM", help="Until this time of day.")
@click.option("--slices", type=click.IntRange(1), metavar="N", help="At most so many slices.")
@scheduler
@options.fail_on
def run(
    file: Path, length: str | None, until: str | None, slices: int | None, scheduler: str | None, fail_on: str | None
) -> None:
    """Carry out a plan, until the time is up or Ctrl-C. It goes on where the last run ended, however that was."""
    plan, folder = read_plan_file(file, scheduler)
    news = News(plan, baseline_of(plan, file))
    carried_out, rows = carry_out(plan, file, folder, seconds_of(length, until), slices, news)
    for line in table_lines(rows):
        click.echo(line)
    write_reports(plan, file, folder, rows)
    click.echo(f"What to look at first: dmafuzz top {shown_path(folder)} --tracker T")
    hidden = hidden_canaries(rows)
    for line in hidden:
        click.echo(line)
    bad = sum(count for grade, count in carried_out.new.items() if grade in (fail_on or ""))
    if bad:
        click.echo(f"{bad:,} new causes of grade {fail_on}")
    if carried_out.disagree:
        click.echo(f"dmafuzz is wrong about {carried_out.disagree:,} programs, which a booted kernel shows")
    fault = bool(hidden or carried_out.disagree)
    status = EXIT_FAULT if fault else EXIT_INTERRUPTED if carried_out.interrupted else EXIT_DIFFERENCE if bad else 0
    click.get_current_context().exit(status)


@campaign.command()
@click.argument("seeds", metavar="DIR", type=click.Path(path_type=Path))
@plan_argument
def seed(seeds: Path, file: Path) -> None:
    """Let the targets of a plan begin with the programs of a folder too, as `dmafuzz trace import` makes them.

    They become part of the store's corpus, and what is everyday there comes first among what to look at.
    """
    plan, folder = read_plan_file(file)
    try:
        found = read_seeds(seeds)
        targets = [plan.plan_of(each, folder).target for each in plan.target]
        with closing(Store.create(folder)) as store:
            plant(store, targets, found)
    except (StoreError, PlanFileError) as error:
        raise BadInput(str(error)) from None
    click.echo(f"{shown_path(folder)}: {len(found.programs):,} programs for each of {len(targets)} targets")


@campaign.command()
@plan_argument
@click.option("--json", "json_wanted", is_flag=True, help="One JSON object per target and line.")
def status(file: Path, json_wanted: bool) -> None:
    """Show how far each target is."""
    plan, folder = read_plan_file(file)
    try:
        with closing(Store.open(folder)) as store:
            found = states(standings(plan, store), store, time.time())
    except (StoreError, PlanFileError) as error:
        raise BadInput(str(error)) from None
    for line in map(as_json, found) if json_wanted else status_lines(found):
        click.echo(line)


def _budget(plan: CampaignFile) -> str:
    budget = plan.campaign.slice
    return f"{budget:,} programs" if isinstance(budget, int) else f"{budget:g} s"
