# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz campaign`: several targets in one store, unattended; and what keeps such a store in order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import click

from dmafuzz.campaign import CampaignFile, CampaignRun, PlanFileError, Standing, read_plan_file, standings
from dmafuzz.campaign.plan_file import EXAMPLE, FILE, duration
from dmafuzz.fuzzing import CampaignError
from dmafuzz.storage import write_whole
from dmafuzz.store import Store, StoreError, plant, read_seeds, shown_path

from .errors import EXIT_FAULT, EXIT_INTERRUPTED, BadInput, Fault

plan_argument = click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path), default=FILE)
store_argument = click.argument("store", metavar="STORE", type=click.Path(path_type=Path))


@click.group()
def campaign() -> None:
    """Search for days, by a plan of targets.

    Targets share the time by weight, and one store keeps what is found. A plan, campaign.toml, says which. Nothing that
    was printed is lost when a run is killed; the next one goes on.
    """


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
    plan, store = _read(file)
    weights = sum(target.weight for target in plan.target)
    for target in plan.target:
        of = _plan_or_error(plan, store, target.tracker)
        click.echo(f"{target.tracker}: portfolio {of}, {target.weight / weights:.1%} of the time")
    click.echo(
        f"store {shown_path(store)}; slices of {_budget(plan)}; {plan.jobs} jobs; executor {plan.campaign.executor}"
    )


@campaign.command()
@plan_argument
@click.option("--for", "length", metavar="TIME", help="How long: 90s, 30m, 8h, 2d. Default: until Ctrl-C.")
@click.option("--until", metavar="HH:MM", help="Until this time of day.")
@click.option("--slices", type=click.IntRange(1), metavar="N", help="At most so many slices.")
def run(file: Path, length: str | None, until: str | None, slices: int | None) -> None:
    """Carry out a plan, until the time is up or Ctrl-C. It goes on where the last run ended, however that was."""
    plan, folder = _read(file)
    seconds = _seconds(length, until)
    try:
        with closing(Store.create(folder)) as store:
            carried_out = CampaignRun(plan, store, click.echo)
            rows = carried_out.run(seconds, slices)
    except (StoreError, PlanFileError) as error:
        raise BadInput(str(error)) from None
    except CampaignError as error:
        raise (Fault if error.ours else BadInput)(shown_path(error)) from None
    for line in _table(rows):
        click.echo(line)
    click.echo(f"What to look at first: dmafuzz top {shown_path(folder)} --tracker T")
    hidden = [row for row in rows if row.found_out is False and row.slices]
    for row in hidden:
        click.echo(f"{row.target.tracker} was not found out in {row.slices} slices: this campaign is at fault")
    context = click.get_current_context()
    context.exit(EXIT_FAULT if hidden else EXIT_INTERRUPTED if carried_out.interrupted else 0)


@campaign.command()
@click.argument("seeds", metavar="DIR", type=click.Path(path_type=Path))
@plan_argument
def seed(seeds: Path, file: Path) -> None:
    """Let the targets of a plan begin with the programs of a folder too, as `dmafuzz trace import` makes them.

    They become part of the store's corpus, and what is everyday there comes first among what to look at.
    """
    plan, folder = _read(file)
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
@click.option("--json", "as_json", is_flag=True, help="One JSON object per target and line.")
def status(file: Path, as_json: bool) -> None:
    """Show how far each target is."""
    plan, folder = _read(file)
    try:
        with closing(Store.open(folder)) as store:
            rows = standings(plan, store)
    except (StoreError, PlanFileError) as error:
        raise BadInput(str(error)) from None
    for line in map(_as_json, rows) if as_json else _table(rows):
        click.echo(line)


@campaign.command()
@store_argument
@click.argument("others", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
def merge(store: Path, others: tuple[Path, ...]) -> None:
    """Copy what other stores have, and STORE lacks. Twice is as good as once."""
    with _changing(store) as opened:
        for other in others:
            count = opened.merge(other)
            click.echo(f"{shown_path(other)}: {count} packs copied")


@campaign.command()
@store_argument
def reindex(store: Path) -> None:
    """Make the index of a store anew, and check every pack."""
    with _changing(store) as opened:
        opened.reindex()
        for target in opened.targets(every_build=True):
            click.echo(f"{target.slug}: {sum(opened.counts(target).values()):,} causes")


@campaign.command()
@store_argument
def prune(store: Path) -> None:
    """Join the small packs of a store, and write its leaders anew."""
    with _changing(store) as opened:
        click.echo(f"{opened.compact()} small packs joined")
        for target in opened.targets():
            opened.write_leaders(target)


@contextmanager
def _changing(folder: Path) -> Iterator[Store]:
    """A store that is there, to write; a wrong path must not become one. Says in the end what was damaged."""
    try:
        Store.open(folder).close()
        with closing(Store.create(folder)) as store:
            yield store
            for line in store.damage:
                click.echo(line, err=True)
    except StoreError as error:
        raise BadInput(str(error)) from None


def _read(file: Path) -> tuple[CampaignFile, Path]:
    """The plan, and the folder of its store, which is beside the file unless it says otherwise. Raises BadInput."""
    try:
        plan = read_plan_file(file)
    except PlanFileError as error:
        raise BadInput(str(error)) from None
    return plan, file.parent / plan.campaign.store


def _plan_or_error(plan: CampaignFile, store: Path, tracker: str) -> str | None:
    try:
        return next(plan.plan_of(each, store).portfolio for each in plan.target if each.tracker == tracker)
    except PlanFileError as error:
        raise BadInput(str(error)) from None


def _budget(plan: CampaignFile) -> str:
    budget = plan.campaign.slice
    return f"{budget:,} programs" if isinstance(budget, int) else f"{budget:g} s"


def _seconds(length: str | None, until: str | None) -> float | None:
    if length is not None and until is not None:
        raise click.UsageError("either --for or --until, not both")
    if length is not None:
        seconds = duration(length)
        if not isinstance(seconds, float) or seconds <= 0:
            raise BadInput(f"--for: found {length!r}, expected a time like 90s, 30m, 8h or 2d")
        return seconds
    return None if until is None else _until(until)


def _until(text: str) -> float:
    """Seconds to the next time that the clock says so."""
    now = datetime.now()
    try:
        moment = datetime.strptime(text, "%H:%M")
    except ValueError:
        raise BadInput(f"--until: found {text!r}, expected a time of day like 06:00") from None
    then = now.replace(hour=moment.hour, minute=moment.minute, second=0, microsecond=0)
    return ((then if then > now else then + timedelta(days=1)) - now).total_seconds()


def _table(rows: Sequence[Standing]) -> list[str]:
    lines = [("TARGET", "WEIGHT", "SLICES", "SECONDS", "PROGRAMS", "CAUSES", "")]
    for row in rows:
        causes = ", ".join(f"{count:,} {label}" for label, count in sorted(row.causes.items())) or "none"
        found = {None: "", True: "found out", False: "not found out yet"}[row.found_out]
        figures = (f"{row.target.weight:g}", f"{row.slices:,}", f"{row.seconds:,.0f}", f"{row.programs:,}")
        lines.append((row.target.tracker, *figures, causes, found))
    widths = [max(len(line[column]) for line in lines) for column in range(7)]
    return ["  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _as_json(row: Standing) -> str:
    facts = {"tracker": row.target.tracker, "weight": row.target.weight, "slices": row.slices}
    figures = {"seconds": row.seconds, "programs": row.programs, "causes": dict(row.causes), "found_out": row.found_out}
    return json.dumps({**facts, **figures})
