# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz campaign ci`: what a change has made worse, for continuous integration."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import click

from dmafuzz.campaign import Baseline, BaselineError, CampaignFile, News, PlanFileError, Standing, read_baseline
from dmafuzz.campaign.baseline import Decision
from dmafuzz.campaign.news import lost_topics
from dmafuzz.campaign.summary import Verdict, markdown_of
from dmafuzz.findings import Finding
from dmafuzz.storage import write_whole
from dmafuzz.store import Store, StoreError, shown_path
from dmafuzz.triage import Lead

from . import options
from .campaign_plan import hidden_canaries, plan_argument, read_plan_file, scheduler, seconds_of
from .campaign_reports import write_reports
from .campaign_running import carry_out
from .errors import EXIT_DIFFERENCE, EXIT_FAULT, EXIT_INTERRUPTED, BadInput


@click.command()
@plan_argument
@click.option("--base", type=click.Path(path_type=Path), required=True, metavar="BASELINE",
              help="What is known: a file of decisions (dmafuzz mark), or the store of a run before it.")  # fmt: skip
@click.option("--for", "length", metavar="TIME", help="How long to search: 90s, 10m.  [default: 10m]")
@click.option("--slices", type=click.IntRange(1), metavar="N", help="Or so many slices.")
@click.option("--fail-on", type=click.Choice(options.GRADES_FAILING), default="A", show_default=True,
              help="Exit with status 1 if a new topic is of these grades.")  # fmt: skip
@click.option("--summary", type=click.Path(dir_okay=False, path_type=Path), metavar="F",
              help="Append the Markdown summary to this file instead of printing it.")  # fmt: skip
@scheduler
def ci(
    file: Path,
    base: Path,
    length: str | None,
    slices: int | None,
    fail_on: str,
    summary: Path | None,
    scheduler: str | None,
) -> None:
    """Search for a while, and show only what a base lacks, as Markdown.

    Exit status: 0 nothing new that counts, 1 something new of the grades of --fail-on, 2 what cannot be read, 3 dmafuzz
    itself at fault.
    """
    plan, folder = read_plan_file(file, scheduler)
    baseline = base_of(base)
    news = News(plan, baseline)
    seconds = seconds_of(length, None) if length or slices else 600.0
    carried_out, rows = carry_out(plan, file, folder, seconds, slices, news)
    verdict = _verdict(plan, folder, rows, news, baseline, fail_on)
    _tell(markdown_of(verdict, rows), summary)
    write_reports(plan, file, folder, rows)
    status = (
        EXIT_FAULT if verdict.faults or carried_out.disagree else EXIT_INTERRUPTED if carried_out.interrupted else 0
    )
    click.get_current_context().exit(status or (EXIT_DIFFERENCE if verdict.fails else 0))


def base_of(path: Path) -> Baseline:
    """Of a store all topics are known. Raises BadInput."""
    try:
        if not path.is_dir():
            return read_baseline(path)
        with closing(Store.open(path)) as store:
            reason = f"in the base, {date.today()}"
            return Baseline([Decision("known", *topic, reason=reason) for topic in _topics(store)])
    except (BaselineError, StoreError) as error:
        raise BadInput(str(error)) from None


def _topics(store: Store) -> list[tuple[str, str]]:
    """The tracker and the name of each."""
    found = ((target, facts) for target in store.targets() for facts in store.topic_facts(target))
    return [(target.tracker, f"{facts.label}:{facts.topic}") for target, facts in found]


def _verdict(
    plan: CampaignFile, folder: Path, rows: Sequence[Standing], news: News, baseline: Baseline, failing: str
) -> Verdict:
    new: list[Lead[Finding]] = []
    try:
        with closing(Store.open(folder)) as store:
            shown = _topics(store)
            for row in rows:
                if not row.table.is_canary:
                    new += news.leads(store.findings(row.target))
    except (StoreError, PlanFileError) as error:
        raise BadInput(str(error)) from None
    ordered = sorted(new, key=lambda lead: str(lead.grade))
    return Verdict(ordered, lost_topics(shown, baseline), failing, hidden_canaries(rows))


def _tell(text: str, summary: Path | None) -> None:
    if summary is None:
        click.echo(text, nl=False)
        return
    try:
        before = summary.read_bytes() if summary.exists() else b""
        write_whole(summary, before + text.encode())
    except OSError as error:
        raise BadInput(f"{shown_path(summary)}: cannot be written: {error.strerror}") from None
    click.echo(text.splitlines()[0].lstrip("# "))
