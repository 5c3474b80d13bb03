# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz mark`: write down what people have decided about findings."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from dmafuzz.campaign.baseline import BaselineError, Decision, add_decisions, decision_about
from dmafuzz.findings import Finding
from dmafuzz.store import shown_path
from dmafuzz.triage.triaged import topic_of_cause

from .errors import BadInput
from .found import Found, read_found

_DECISIONS = ("known", "dup", "fixed")


@click.command()
@click.argument("decision", type=click.Choice(_DECISIONS))
@click.argument("ids", metavar="ID...", nargs=-1)
@click.option("--baseline", type=click.Path(dir_okay=False, path_type=Path), required=True, metavar="FILE",
              help="The file of decisions, one a line, to keep in git; it is made where it is missing.")  # fmt: skip
@click.option("--store", type=click.Path(path_type=Path), default=Path("findings"), show_default=True, metavar="DIR",
              help="Where the IDs are from: a folder of `dmafuzz fuzz` or a campaign.")  # fmt: skip
@click.option("--tracker", metavar="T", help="Of a store with findings of several trackers: this one's.")
@click.option("--topic", "whole_topic", is_flag=True, help="Decide about the whole topic of each ID.")
@click.option("--every-topic", is_flag=True, help="Decide about all topics of the store: a first baseline.")
@click.option("--reason", default="", metavar="R", help="Why.")
@click.option("--who", default="", metavar="NAME", help="Who has decided.")
@click.option("--until", default="", metavar="DATE", help="The decision counts up to this day: 2027-01-31.")
@click.option("--by", default="", metavar="COMMIT", help="The commit that has fixed it.")
def mark(
    decision: str,
    ids: tuple[str, ...],
    baseline: Path,
    store: Path,
    tracker: str | None,
    whole_topic: bool,
    every_topic: bool,
    **more: str,
) -> None:
    """Write down that findings are known, dup or fixed.

    Dup: the same as another one. What is known or dup is not new any more, for `campaign ci` and
    `campaign run --fail-on`; what was fixed is new when it shows again. An ID is a cause or a unique beginning of one
    (`dmafuzz top` lists them).
    """
    if bool(ids) == every_topic:
        raise click.UsageError("either IDs, or --every-topic")
    try:
        date.fromisoformat(more["until"] or "2000-01-01")
    except ValueError:
        raise BadInput(f"--until: found {more['until']!r}, expected a date like 2027-01-31") from None
    found = read_found(store, tracker)
    if every_topic:
        lines = [Decision(decision, found.tracker, topic, **more) for topic in _topics(found)]
    else:
        lines = [_line(decision, found.one(each), found, whole_topic, more) for each in ids]
    try:
        count = add_decisions(baseline, lines)
    except BaselineError as error:
        raise BadInput(str(error)) from None
    click.echo(f"{shown_path(baseline)}: {count:,} decisions added, {len(lines) - count:,} were there")


def _topics(found: Found) -> list[str]:
    """Of all causes, those that are folded under others too."""
    items = (item for lead in found.leads() for item in (lead.leader, *lead.folded))
    topics = (topic_of_cause(item.triage_cause) for item in items)
    return list(dict.fromkeys(f"{topic.label}:{topic.short}" for topic in topics))


def _line(decision: str, item: object, found: Found, whole_topic: bool, more: dict[str, str]) -> Decision:
    if not isinstance(item, Finding):
        raise BadInput(f"tracker {found.tracker}: a catalogue's entries cannot be marked; mark those of a store")
    return decision_about(decision, item, whole_topic, **more)
