# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz history`: one program, judged by every era and proposal."""

from __future__ import annotations

import click
from tqdm import tqdm

from dmafuzz import program as language
from dmafuzz.verdicts.history import rows_of

_NAME_CHARS = 24
_LABELS_CHARS = 48


@click.command()
@click.argument("file", metavar="FILE", type=click.Path())
@click.option("--platform", metavar="P", help="Only this platform. Default: each tracker on the machines of its time.")
def history(file: str, platform: str | None) -> None:
    """Judge a program with dma-debug of every kernel and proposal.

    One line for consecutive eras with the same result: the labels, on how many platforms of their
    portfolio, and the warnings that fire on any of them.
    """
    program = language.read(file)
    rows = rows_of(program, platform, lambda each: tqdm(each, unit=" trackers", leave=False, disable=None))
    click.echo(f"{file}: {f'on {platform}' if platform else 'each tracker on the machines of its time'}")
    for row in rows:
        click.echo(f"{row.name:<{_NAME_CHARS}} {row.labels:<{_LABELS_CHARS}} {', '.join(row.warnings) or '-'}")
