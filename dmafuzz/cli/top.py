# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz top`: of all that was found, the ten things to look at first."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click

from dmafuzz.reporting.headlines import grade_counts, headline_lines
from dmafuzz.reporting.layout import wrapped
from dmafuzz.triage import GRADES, Lead, triaged
from dmafuzz.triage.topic import topic_ids

from .errors import BadInput
from .found import read_baseline, read_found
from .terminal import show

SHOWN = 10


@click.command()
@click.argument("store", type=click.Path(path_type=Path), default=Path("findings"))
@click.option("-n", "count", type=click.IntRange(1), default=SHOWN, show_default=True, metavar="N", help="How many.")
@click.option("--grade", type=click.Choice(list(GRADES)), help="Only topics of this grade.")
@click.option("--topic", metavar="T", help="All causes of one topic, by its id, instead of one of each.")
@click.option("--tracker", metavar="T", help="Of a store with findings of several trackers: this one's.")
@click.option("--baseline", metavar="STORE", type=click.Path(path_type=Path),
              help="What is known: topics that are not in it are marked, and come first in their grade.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def top(
    store: Path,
    count: int,
    grade: str | None,
    topic: str | None,
    tracker: str | None,
    baseline: Path | None,
    as_json: bool,
) -> None:
    """Show the findings to look at first, one a topic.

    STORE is a folder of `dmafuzz fuzz`, or a catalogue. Grades: A the contract is kept, or the tracker crashes; B data
    is lost in silence, and a changed rule of the tracker would warn; C out of the tracker's sight; D a warning with no
    data at stake; E two faults or more, a race inside a call, or a device that misbehaves.
    """
    found = read_found(store, tracker)
    leads = found.leads(None if baseline is None else read_baseline(baseline, found))
    picked = [lead for lead in leads if grade is None or lead.grade == grade]
    if topic is not None:
        _check_topic(leads, topic)
        picked = [lead for lead in picked if lead.topic.is_called(topic)]
    of_topic = sum(len(lead.causes) for lead in picked)
    headlines = found.headlines(picked[:count] if topic is None else list(islice(_each_cause(picked), count)))
    if as_json:
        for headline in headlines:
            click.echo(json.dumps(headline.to_json()))
        return
    counts = f"{len(found.causes):,} causes in {len(leads):,} topics: {grade_counts(leads)}"
    show(wrapped("", f"{store}: {counts}", hang=2))
    of = f"{len(picked):,} topics" if topic is None else f"{of_topic:,} causes"
    command = " ".join(("dmafuzz show ID", *_shell(store)))
    show(wrapped("", f"{len(headlines):,} of {of}; in full: {command}", hang=2))
    for line in headline_lines(headlines):
        click.echo(line)


def _check_topic(leads: Sequence[Lead[Any]], name: str) -> None:
    if name not in topic_ids() and not any(lead.topic.is_called(name) for lead in leads):
        raise BadInput(f"--topic {name}: no topic; there are {', '.join(topic_ids())}")


def _each_cause(leads: Sequence[Lead[Any]]) -> Iterator[Lead[Any]]:
    """A lead for each cause."""
    return (single for lead in leads for item in lead.causes for single in triaged([item]))


def _shell(store: Path) -> Iterator[str]:
    """The store as an argument, where it is not the one that commands look at of themselves."""
    if store != Path("findings"):
        yield shlex.quote(str(store))
