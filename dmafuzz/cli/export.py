# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz export`: a program as a kernel module."""

from __future__ import annotations

from pathlib import Path

import click

from dmafuzz import export as exports
from dmafuzz import program as language
from dmafuzz.trackers import default_portfolio
from dmafuzz.verdicts import judging

from . import options


@click.command()
@click.argument("file", metavar="FILE", type=click.Path())
@click.option(
    "--kernel-module",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the module's source here: C, Makefile, README.",
)
@options.tracker
@click.option("--platform", metavar="P", help="Show what is lost on P. Default: the first on which something is.")
@click.option("--guest-only", is_flag=True, help="Export programs too that may harm a machine, for virtual ones.")
def export(file: str, folder: Path, tracker: str, platform: str | None, guest_only: bool) -> None:
    """Write a program as a kernel module.

    The module runs on real machines: the CPU stands in for the device. A program that could touch memory that is not
    its own is refused, and the operation is named.
    """
    program = language.read(file)
    bench = judging(tracker, default_portfolio(tracker))
    name = Path(file).stem
    judged = [bench.judge(program, member, name) for member in bench.members]
    lossy = next((judgement.platform for judgement in judged if judgement.corruptions), bench.members[0])
    done = exports.export(program, name, bench, platform or lossy, guest_only)
    done.write(folder)
    shown = f"shows {done.shown.kind} after op {done.shown.op}" if done.shown else "shows no loss"
    click.echo(f"{folder}: {name} for {platform or lossy}, {done.checks} checks; {shown}")
    for danger in done.dangers:
        click.echo(f"  may harm: {danger}")
