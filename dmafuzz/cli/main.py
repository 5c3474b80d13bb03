# SPDX-License-Identifier: GPL-2.0-only
"""The group of commands: each is imported when it is used; errors of the input are handled here for all."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import os
import sqlite3
import sys
from typing import Any

import click

from dmafuzz.store import shown_path

from .errors import EXIT_INTERRUPTED, BadInput, bad_input, complain

# Name of the command: its module, and the command in it. A module that does not exist is left out.
_COMMANDS = {
    "judge": ("dmafuzz.cli.judge", "judge"),
    "report": ("dmafuzz.cli.report", "report"),
    "trace": ("dmafuzz.cli.trace", "trace"),
    "minimize": ("dmafuzz.cli.minimize", "minimize"),
    "fuzz": ("dmafuzz.cli.fuzz", "fuzz"),
    "campaign": ("dmafuzz.cli.campaign", "campaign"),
    "compare": ("dmafuzz.cli.compare", "compare"),
    "schedules": ("dmafuzz.cli.schedules", "schedules"),
    "history": ("dmafuzz.cli.history", "history"),
    "explain": ("dmafuzz.cli.explain", "explain"),
    "top": ("dmafuzz.cli.top", "top"),
    "show": ("dmafuzz.cli.show", "show"),
    "mark": ("dmafuzz.cli.mark", "mark"),
    "search": ("dmafuzz.cli.search", "search"),
    "recall": ("dmafuzz.cli.recall", "recall"),
    "catalogue": ("dmafuzz.cli.catalogue", "catalogue"),
    "cost": ("dmafuzz.cli.cost", "cost"),
    "review": ("dmafuzz.cli.review", "review"),
    "worth": ("dmafuzz.cli.worth", "worth"),
    "bench": ("dmafuzz.cli.bench", "bench"),
    "kernel": ("dmafuzz.cli.kernel", "kernels"),
    "confirm": ("dmafuzz.cli.confirm", "confirm"),
    "export": ("dmafuzz.cli.export", "export"),
    "list": ("dmafuzz.cli.names", "list_names"),
}


class Commands(click.Group):
    """Loads commands when they are used. Errors of the input become one message and exit status 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, (module, _) in _COMMANDS.items() if importlib.util.find_spec(module)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module, attribute = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from dmafuzz.program.errors import nearest  # only where a name is wrong

            near = nearest(args[0], self.list_commands(ctx))
            if near and "Did you mean" not in error.message:
                raise click.UsageError(f"{error.message} Did you mean '{near}'?", ctx) from None
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with bad_input():
                result = super().invoke(ctx)
                sys.stdout.flush()
                return result
        except BrokenPipeError:
            # The reader has seen enough.
            _drop_output()
            ctx.exit(0)
        except KeyboardInterrupt:
            complain("interrupted")
            ctx.exit(EXIT_INTERRUPTED)
        except sqlite3.Error as error:
            raise BadInput(f"the index of a store cannot be used: {error}") from None
        except OSError as error:
            _drop_output()
            where = "the output" if error.filename is None else shown_path(os.fsdecode(error.filename))
            raise BadInput(f"{where}: {error.strerror or error}") from None


def _drop_output() -> None:
    """What is still buffered must not complain when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version() -> str:
    try:
        return importlib.metadata.version("dmafuzz")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"dmafuzz {_version()}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Test dma-debug, the kernel's DMA API checker: missed data loss, false warnings."""
    if "NO_COLOR" in os.environ:  # https://no-color.org
        ctx.color = False
