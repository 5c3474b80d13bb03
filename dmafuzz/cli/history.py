# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz history`: one program, judged by every era and proposal."""

from __future__ import annotations

from collections.abc import Iterable

import click
from tqdm import tqdm

from dmafuzz import program as language
from dmafuzz._core import BuiltinTracker
from dmafuzz.reporting import history as report
from dmafuzz.reporting.layout import terminal_chars
from dmafuzz.tables import columns
from dmafuzz.trackers import resolve


@click.command()
@click.argument("file", metavar="FILE", type=click.Path())
@click.option("--platform", metavar="P", help="Only this platform. Default: each tracker on the machines of its time.")
@click.option("--tracker", "trackers", metavar="T", multiple=True,
              help="This one as well: kernel:NAME, kernel:PATH; can be given more than once.")  # fmt: skip
def history(file: str, platform: str | None, trackers: tuple[str, ...]) -> None:
    """Judge a program with dma-debug of every kernel and proposal.

    One line for consecutive eras with the same result: the labels, on how many platforms of their
    portfolio, and the warnings that fire on any of them.
    """
    program = language.read(file)
    for tracker in trackers:
        resolve(tracker)
    told = report.history(program, platform, trackers, _progress)
    click.echo(f"{file}: {f'on {platform}' if platform else 'each tracker on the machines of its time'}")
    for line in columns([(row.names, row.labels, row.warnings) for row in told], width_chars=terminal_chars()):
        click.echo(line)


def _progress(each: Iterable[BuiltinTracker]) -> Iterable[BuiltinTracker]:
    shown: Iterable[BuiltinTracker] = tqdm(each, unit=" trackers", leave=False, disable=None)
    return shown
