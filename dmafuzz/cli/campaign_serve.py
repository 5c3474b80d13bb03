# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz campaign serve`: the live page."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dmafuzz.campaign import PlanFileError
from dmafuzz.campaign.live import LiveServer, ServerError
from dmafuzz.campaign.live.content import live_of
from dmafuzz.store import StoreError

from .campaign_plan import plan_argument, read_plan_file
from .errors import BadInput

PORT = 8080


@click.command()
@plan_argument
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
              help="Where to listen. Beyond loopback it asks for the token in its address.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, metavar="N",
              help="0: one that is free.")  # fmt: skip
def serve(file: Path, host: str, port: int) -> None:
    """Show a campaign in a browser while it runs; read only.

    It needs no script: without, the page loads itself anew.
    """
    plan, folder = read_plan_file(file)
    try:
        live_of(plan, folder)
        server = LiveServer(lambda: live_of(plan, folder), host, port)
    except (StoreError, PlanFileError) as error:
        raise BadInput(str(error)) from None
    except ServerError as error:
        raise BadInput(f"{error.filename}: cannot be served: {error.strerror}") from None
    click.echo(server.url)
    sys.stdout.flush()
    try:
        server.serve()
    finally:
        server.close()
