# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with the input, said once, on standard error, with exit status 2."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click

from dmafuzz.storage import refusal
from dmafuzz.store import shown_path

EXIT_DIFFERENCE = 1
EXIT_BAD_INPUT = 2
EXIT_FAULT = 3
EXIT_INTERRUPTED = 130

# Errors of the input, by the modules that define them.
_INPUT_ERRORS = {
    "dmafuzz.confirmation.errors": "ConfirmationError",
    "dmafuzz.export.errors": "ExportError",
    "dmafuzz.kernel.error": "KernelError",
    "dmafuzz.platforms.errors": "PlatformError",
    "dmafuzz.program.errors": "ProgramError",
    "dmafuzz.store.errors": "StoreError",
    "dmafuzz.traces.errors": "TraceError",
    "dmafuzz.trackers.errors": "TrackerError",
    "dmafuzz.verdicts.errors": "VerdictError",
}


def input_errors() -> tuple[type[Exception], ...]:
    """What reading programs, platforms and trackers raises. A module that nothing has imported has raised nothing, so
    that a command starts without what it does not need."""
    there = ((sys.modules.get(module), name) for module, name in _INPUT_ERRORS.items())
    return tuple(getattr(module, name) for module, name in there if module is not None)


class BadInput(click.ClickException):
    """Ends the command with a message that already says where."""

    exit_code = EXIT_BAD_INPUT

    def show(self, file: IO[Any] | None = None) -> None:
        """Prints the message as it is, so that editors find ``file:line:column`` at its beginning."""
        complain(self.message)


class Fault(BadInput):
    """The same where dmafuzz itself is at fault."""

    exit_code = EXIT_FAULT


def complain(message: str) -> None:
    """Prints a message on standard error. File names may hold bytes that are no text, and what terminals obey."""
    with contextlib.suppress(OSError):  # where it cannot be read, the exit status says enough
        click.echo("\n".join(shown_path(line) for line in message.split("\n")), err=True)


@contextlib.contextmanager
def bad_input() -> Iterator[None]:
    """Turns the errors of reading programs, platforms and trackers into BadInput."""
    try:
        yield
    except input_errors() as error:
        raise BadInput(str(error)) from None
    except PermissionError as error:
        raise BadInput(refusal(error)) from None


@contextlib.contextmanager
def using_folder(folder: Path | None) -> Iterator[None]:
    """Turns what the disk refuses, while a folder is written, into BadInput that says what to do."""
    try:
        yield
    except OSError as error:
        raise BadInput(refusal(error, folder)) from None
