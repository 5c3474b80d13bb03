# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz show`: one cause in full."""

from __future__ import annotations

import json
from pathlib import Path

import click

from dmafuzz.program import Program
from dmafuzz.reporting import story
from dmafuzz.reporting.headlines import thing_lines
from dmafuzz.triage import triaged
from dmafuzz.verdicts import judging

from .found import Found, finding_in, found_in_file, read_found
from .terminal import show as print_lines


@click.command()
@click.argument("cause_id", metavar="ID")
@click.argument("store", type=click.Path(path_type=Path), default=Path("findings"))
@click.option("--tracker", metavar="T", help="Of a store with findings of several trackers: this one's.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def show(cause_id: str, store: Path, tracker: str | None, as_json: bool) -> None:
    """Show one cause in full.

    What it is, its everyday form, the way out, and its story.

    ID is a cause, a unique beginning of one, or a finding's file; STORE is a folder of `dmafuzz fuzz`, or a catalogue.
    """
    file = Path(cause_id)
    found = found_in_file(file) if file.is_file() and finding_in(file) else read_found(store, tracker)
    item = found.one(cause_id)
    [headline] = found.headlines(triaged([item]))
    if as_json:
        click.echo(json.dumps(headline.to_json()))
        return
    for line in thing_lines(headline):
        click.echo(line)
    _tell(found, Program(ops=tuple(headline.ops)), headline.id)


def _tell(found: Found, program: Program, name: str) -> None:
    """The story of the program, as `dmafuzz judge` tells it."""
    if found.portfolio is None:
        return
    bench = judging(found.tracker, found.portfolio)
    judgements = [bench.judge(program, platform, name) for platform in bench.members]
    click.echo()
    print_lines(story(program, bench, judgements))
