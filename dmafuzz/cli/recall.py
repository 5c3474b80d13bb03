# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz recall`: how much of a complete catalogue fuzzing runs have found."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from dmafuzz.campaign.held_against import held_against, report_lines
from dmafuzz.catalogue import Catalogue
from dmafuzz.catalogue import files as catalogue_files
from dmafuzz.catalogue.recall import RecallError, missed, read_run
from dmafuzz.catalogue.unmatched import unmatched
from dmafuzz.program import render_op
from dmafuzz.reporting.recall import recall_lines
from dmafuzz.store import StoreError

from .errors import BadInput

MISSED_MAX = 20


@click.command()
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--catalogue", "file", required=True, metavar="FILE", type=click.Path(path_type=Path),
              help="The catalogue.json of dmafuzz search, or a TRACKER.json.gz of dmafuzz catalogue.")  # fmt: skip
@click.option("--at", "times", multiple=True, type=click.FloatRange(min=0), default=(60.0, 600.0), show_default=True,
              metavar="S", help="Seconds after which to measure; can be given more than once.")  # fmt: skip
@click.option("--ops", type=click.IntRange(1), metavar="N", help="Only causes of up to N operations.")
@click.option("--unmatched", "other_way", is_flag=True,
              help="The reverse: which findings are not in the catalogue, and why.")  # fmt: skip
@click.option("--left", is_flag=True, help="How well the estimate of topics left to find did, as Markdown.")
def recall(
    folders: tuple[Path, ...], file: Path, times: tuple[float, ...], ops: int | None, other_way: bool, left: bool
) -> None:
    """Measure how much of a catalogue fuzzing runs have found.

    DIR is the --out folder of a run of dmafuzz fuzz.
    """
    catalogue = read_catalogue(file)
    times_given = click.get_current_context().get_parameter_source("times") is not ParameterSource.DEFAULT
    if other_way and (ops is not None or times_given):
        raise BadInput("--unmatched: looks at all findings, --at and --ops do not go with it")
    try:
        if left:
            deepest = ops or max(len(entry.ops) for entry in catalogue.entries)
            held = [one for folder in folders for one in held_against(folder, catalogue, deepest, times)]
            for line in report_lines(held, catalogue, deepest):
                click.echo(line)
        elif other_way:
            _show_unmatched(folders, catalogue)
        else:
            _show_recall(folders, catalogue if ops is None else catalogue.up_to(ops), times)
    except (RecallError, StoreError) as error:
        raise BadInput(str(error)) from None


def _show_recall(folders: tuple[Path, ...], catalogue: Catalogue, times: tuple[float, ...]) -> None:
    runs = [read_run(folder, catalogue) for folder in folders]
    for run, folder in zip(runs, folders, strict=True):
        click.echo(f"{folder}: {run.programs:,} programs in {run.seconds:,.0f} s")
    click.echo()
    for line in recall_lines(catalogue, runs, times):
        click.echo(line)
    never = missed(catalogue, runs)
    click.echo(f"\n{len(never)} of {len(catalogue.entries)} causes were found by no run" + (":" if never else ""))
    for entry in never[:MISSED_MAX]:
        rules = ", ".join(entry.signature.rules) or "no rule"
        click.echo(f"- {entry.signature.label} {entry.signature.kind} ({rules}): {'; '.join(entry.program)}")
    if len(never) > MISSED_MAX:
        click.echo(f"- and {len(never) - MISSED_MAX} more")


def _show_unmatched(folders: tuple[Path, ...], catalogue: Catalogue) -> None:
    for folder in folders:
        found = unmatched(folder, catalogue)
        click.echo(f"{folder}: {found.total:,} findings, {found.longer:,} of more than {catalogue.ops} operations")
        if found.silent:
            click.echo(f"  {found.silent:,} show nothing of what they are named after on {catalogue.portfolio}")
        click.echo(f"  {found.known:,} show the signature of a cause in the catalogue")
        click.echo(f"  {found.composite:,} show that of programs which come down to one")
        click.echo(f"  {found.beyond:,} have a line that is no operation of the alphabet, whatever its ranges")
        click.echo(f"  {len(found.ranges):,} show it with no ranges of the alphabet" + (":" if found.ranges else ""))
        for finding in found.ranges[:MISSED_MAX]:
            lines = (render_op(op) for op in finding.ops)
            click.echo(f"  - {finding.file_name}: {'; '.join(lines)}")
        if len(found.ranges) > MISSED_MAX:
            click.echo(f"  - and {len(found.ranges) - MISSED_MAX} more")


def read_catalogue(file: Path) -> Catalogue:
    """Raises BadInput where it is none."""
    try:
        return catalogue_files.read_catalogue(file)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror or error}") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BadInput(f"{file}: expected a catalogue as dmafuzz search or dmafuzz catalogue writes it") from None
