# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz top`: of all that was found, the ten things to look at first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from dmafuzz.reporting.headlines import grade_counts, headline_lines
from dmafuzz.triage import GRADES, Lead, triaged
from dmafuzz.triage.topic import topic_ids

from .errors import BadInput
from .found import read_found

SHOWN = 10


@click.command()
@click.argument("store", type=click.Path(path_type=Path), default=Path("findings"))
@click.option("-n", "count", type=click.IntRange(1), default=SHOWN, show_default=True, metavar="N", help="How many.")
@click.option("--grade", type=click.Choice(list(GRADES)), help="Only topics of this grade.")
@click.option("--topic", metavar="T", help="All causes of one topic, by its id, instead of one of each.")
@click.option("--tracker", metavar="T", help="Of a store with findings of several trackers: this one's.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def top(store: Path, count: int, grade: str | None, topic: str | None, tracker: str | None, as_json: bool) -> None:
    """Show the findings to look at first, one a topic.

    STORE is a folder of `dmafuzz fuzz`, or a catalogue. Grades: A the contract is kept, or the tracker crashes; B data
    is lost in silence, and a changed rule of the tracker would warn; C out of the tracker's sight; D a warning with no
    data at stake; E two faults or more, a race inside a call, or a device that misbehaves.
    """
    found = read_found(store, tracker)
    leads = found.leads()
    picked = [lead for lead in leads if grade is None or lead.grade == grade]
    if topic is not None:
        picked = _of_topic(picked, topic)
    headlines = found.headlines(picked[:count])
    if as_json:
        for headline in headlines:
            click.echo(json.dumps(headline.to_json()))
        return
    what = "causes" if topic is not None else "topics"
    click.echo(f"{store}: {len(found.items):,} causes in {len(leads):,} topics: {grade_counts(leads)}")
    click.echo(f"{len(headlines):,} of {len(picked):,} {what}; in full: dmafuzz show ID {_shell(store)}".rstrip())
    for line in headline_lines(headlines):
        click.echo(line)


def _of_topic(leads: list[Lead[Any]], name: str) -> list[Lead[Any]]:
    """A lead for each cause of the topics that are called so."""
    called = [lead for lead in leads if lead.topic.is_called(name)]
    if not called and name not in topic_ids() and not any(lead.topic.is_called(name) for lead in leads):
        raise BadInput(f"--topic {name}: no topic; there are {', '.join(topic_ids())}")
    return [single for lead in called for item in lead.causes for single in triaged([item])]


def _shell(store: Path) -> str:
    return "" if store == Path("findings") else str(store)
