# SPDX-License-Identifier: GPL-2.0-only
"""Files that others may have put there: no more is read than they are allowed to hold."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .refused import shown_path


class UnreadableError(Exception):
    """A file that cannot be read; the message is one line, with the file's name."""


def read_regular(path: Path, bytes_max: int) -> bytes | None:
    """A file's content; None for what is no regular file (a FIFO would wait for ever), or is too large.

    Raises OSError if it cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as file:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > bytes_max:
            return None
        data = file.read(bytes_max + 1)
    return data if len(data) <= bytes_max else None


def read_small(path: Path, bytes_max: int) -> bytes:
    """The same for a file that people write. Raises UnreadableError, which says where and what was expected."""
    try:
        data = read_regular(path, bytes_max)
    except OSError as error:
        raise UnreadableError(f"{shown_path(path)}: cannot be read: {error.strerror}") from None
    if data is None:
        raise UnreadableError(f"{shown_path(path)}: expected a file of at most {bytes_max >> 20} MiB")
    return data
