# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz campaign unit`: what to install so that a campaign runs at its times."""

from __future__ import annotations

import re
from pathlib import Path

import click

from dmafuzz.campaign.units import cron_line, systemd_units
from dmafuzz.storage import write_whole
from dmafuzz.store import shown_path

from .campaign_plan import plan_argument, read_plan_file, seconds_of
from .errors import BadInput


@click.command()
@click.argument("kind", type=click.Choice(["systemd", "cron"]))
@plan_argument
@click.option("--at", default="22:00", show_default=True, metavar="HH:MM", help="When it starts, each day.")
@click.option("--for", "length", default="8h", show_default=True, metavar="TIME", help="How long it runs.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write the files there instead of printing them.")  # fmt: skip
def unit(kind: str, file: Path, at: str, length: str, out: Path | None) -> None:
    """Print what runs a plan each day: units of systemd, or a line for cron.

    For a user's own systemd: --out ~/.config/systemd/user, then systemctl --user enable --now NAME.timer.
    """
    plan, _ = read_plan_file(file)
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", at):
        raise BadInput(f"--at: found {at!r}, expected a time of day like 06:00")
    seconds_of(length, None)
    if kind == "cron":
        files = {"crontab": cron_line(file, at, length)}
    else:
        files = {each.name: each.text for each in systemd_units(plan, file, at, length)}
    for name, text in files.items():
        if out is None:
            click.echo(f"# {name}\n{text}")
            continue
        try:
            out.mkdir(parents=True, exist_ok=True)
            write_whole(out / name, text.encode())
        except OSError as error:
            raise BadInput(f"{shown_path(error.filename or out)}: cannot be written: {error.strerror}") from None
        click.echo(shown_path(out / name))
