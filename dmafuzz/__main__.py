# SPDX-License-Identifier: GPL-2.0-only
"""`python -m dmafuzz`, and the command `dmafuzz`: the command line, from its first moment on.

Nothing is imported before signals and standard files are in order: an early Ctrl-C ends as a later one does.
"""

import os
import signal
import sys
from types import FrameType

EXIT_INTERRUPTED = 130


def run() -> None:
    """Runs the command line; SIGTERM and SIGHUP end it as Ctrl-C does."""
    try:
        _open_standard_files()
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores it, and so do we then
                signal.signal(number, _interrupt)
        from dmafuzz.cli import main
        from dmafuzz.kernel.confine import OwnProcess

        OwnProcess.is_ours = True
        main()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except RuntimeError as error:
        # Where it comes while a class is being made, Python 3.11 wraps it.
        if isinstance(error.__cause__, KeyboardInterrupt):
            sys.exit(EXIT_INTERRUPTED)
        raise


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _open_standard_files() -> None:
    """Where one is closed, nothing else must take its place: what is meant for people would go into a file."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115


if __name__ == "__main__":
    run()
