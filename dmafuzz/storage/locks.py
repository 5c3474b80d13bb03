# SPDX-License-Identifier: GPL-2.0-only
"""Locks that end with the process that holds them, however it ends: flock, no process id in a file."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class LockedError(OSError):
    """Another process holds the lock."""


@contextlib.contextmanager
def locked(path: Path, wait: bool) -> Iterator[None]:
    """Holds a lock. ``wait``: until it is free; else raises LockedError. Raises OSError where the file cannot be."""
    handle = take_lock(path, wait)
    try:
        yield
    finally:
        os.close(handle)


def take_lock(path: Path, wait: bool = False, shared: bool = False) -> int:
    """The handle that holds the lock, until it is closed. Children that are started do not inherit it. ``shared``:
    with others who want it shared as well."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(handle)
        raise LockedError(f"{path} is held by another process") from None
    except BaseException:
        os.close(handle)
        raise
    return handle
