# SPDX-License-Identifier: GPL-2.0-only
"""What a plan wants written at the end of a run: pages, and files for other tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from dmafuzz.campaign import CampaignFile, Standing
from dmafuzz.publishing import Run, write_pages
from dmafuzz.publishing.junit import junit_of
from dmafuzz.publishing.sarif import sarif_of
from dmafuzz.storage import write_whole
from dmafuzz.store import shown_path

from .errors import BadInput
from .report import run_of_store, version

PAGES = 24  # leaders with a page of their own: so many are written in seconds


def write_reports(plan: CampaignFile, file: Path, folder: Path, rows: Sequence[Standing]) -> None:
    """Of each target but canaries; of several, each in a folder or file of its own. Raises BadInput."""
    wanted = plan.report
    if not (wanted.html or wanted.sarif or wanted.junit):
        return
    told = [row for row in rows if not row.table.is_canary and row.causes]
    for row in told:
        run = run_of_store(folder, row.table.tracker, None, PAGES)
        _write(plan, file.parent, run, row.target.slug if len(told) > 1 else "")


def _write(plan: CampaignFile, beside: Path, run: Run, slug: str) -> None:
    wanted = plan.report
    try:
        if wanted.html:
            click.echo(f"Pages: {shown_path(write_pages(run, beside / wanted.html / slug)[0])}")
        for name, render in ((wanted.sarif, lambda run: sarif_of(run, version())), (wanted.junit, junit_of)):
            if name:
                path = beside / name
                path = path.with_stem(f"{path.stem}-{slug}") if slug else path
                write_whole(path, str(render(run)).encode())
                click.echo(shown_path(path))
    except OSError as error:
        raise BadInput(f"{shown_path(error.filename or beside)}: cannot be written: {error.strerror}") from None
