# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with the input, said once, on standard error, with exit status 2."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import IO, Any

import click

from dmafuzz.confirmation import ConfirmationError
from dmafuzz.export import ExportError
from dmafuzz.kernel import KernelError
from dmafuzz.platforms import PlatformError
from dmafuzz.program import ProgramError
from dmafuzz.store import StoreError, shown_path
from dmafuzz.traces.errors import TraceError
from dmafuzz.trackers import TrackerError
from dmafuzz.verdicts import VerdictError

EXIT_DIFFERENCE = 1
EXIT_BAD_INPUT = 2
EXIT_FAULT = 3
EXIT_INTERRUPTED = 130

INPUT_ERRORS = (
    ConfirmationError,
    ExportError,
    ProgramError,
    PlatformError,
    KernelError,
    StoreError,
    TraceError,
    TrackerError,
    VerdictError,
)


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
    except INPUT_ERRORS as error:
        raise BadInput(str(error)) from None
    except PermissionError as error:
        raise BadInput(f"{error.filename}: cannot be used: {error.strerror}") from None
