# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz worth`: which changes to a tracker are worth writing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from dmafuzz.exhaustive.progress import Bar
from dmafuzz.publishing import blocks_page
from dmafuzz.publishing.worth import worth_blocks
from dmafuzz.reporting.worth import worth_lines, worth_markdown, worth_record
from dmafuzz.review.worth import Worth
from dmafuzz.review.worth import worth as work_out

from . import options
from .errors import BadInput
from .search import OPS_MAX
from .terminal import show
from .written import prepare, write_forms


@click.command()
@click.argument("tracker", metavar="TRACKER")
@click.option("--ops", type=click.IntRange(1, OPS_MAX), default=3, show_default=True, metavar="N",
              help="All programs of up to so many operations. 4 takes half an hour or so.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N", help="Threads.")
@click.option("--corpus", type=click.Path(file_okay=False, exists=True, path_type=Path), metavar="DIR",
              help="Programs to try besides. Default: the corpus of a checkout.")  # fmt: skip
@options.portfolio
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write worth.txt, .md, .html and .json there.")  # fmt: skip
@click.option("--markdown", is_flag=True, help="Markdown instead of text.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all causes.")
def worth(
    tracker: str,
    ops: int,
    jobs: int,
    corpus: Path | None,
    portfolio: str | None,
    out: Path | None,
    markdown: bool,
    as_json: bool,
) -> None:
    """List the changes to a tracker that are worth writing.

    Each changed rule and each proposal that fits TRACKER is reviewed: what it finds, what noise it brings, what it
    costs. Of a kernel's own code it is the rules of its era that are changed. The best ones come first: without a
    warning that is not needed, and finding most.
    """
    if markdown and as_json:
        raise click.UsageError("--markdown and --json are two forms of the same: expected one of them")
    if out is not None:
        prepare(out)
    bar = Bar()
    try:
        rows = work_out(tracker, ops, jobs, portfolio, bar, lambda name: click.echo(name, err=True), corpus)
    except KeyboardInterrupt:
        raise BadInput("interrupted: nothing is kept") from None
    finally:
        bar.end()
    texts = _texts(tracker, ops, rows)
    if out is not None:
        write_forms(out, "worth", texts)
    if markdown or as_json:
        click.echo(texts["md" if markdown else "json"], nl=False)
    else:
        show(worth_lines(tracker, ops, rows))


def _texts(tracker: str, ops: int, rows: Sequence[Worth]) -> dict[str, str]:
    return {
        "txt": "".join(f"{line.text}\n" for line in worth_lines(tracker, ops, rows)),
        "md": worth_markdown(tracker, ops, rows),
        "html": blocks_page(worth_blocks(tracker, ops, rows)),
        "json": json.dumps(worth_record(tracker, ops, rows)) + "\n",
    }
