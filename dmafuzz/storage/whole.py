# SPDX-License-Identifier: GPL-2.0-only
"""Files that are all there or not there, whatever happens while they are written."""

from __future__ import annotations

import ctypes
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

_RANDOM_BYTES = 8  # in a temporary name
_LIBC = ctypes.CDLL(None, use_errno=True)


def write_whole(path: Path, data: bytes, sync: bool = True) -> None:
    """Writes to a temporary name, syncs, renames: after a crash the file is the old one or the new one, whole.

    Without ``sync`` that holds for a crash of the process, not for one of the machine.

    Raises OSError if the disk does not take it; the file is as before then.
    """
    # In the same folder: a rename is atomic only within a file system.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(_RANDOM_BYTES)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # a write that fails names no file, and nobody knows the temporary one
        raise
    if sync:
        _sync_folder(path.parent)


def write_all_whole(folder: Path, files: Mapping[str, bytes]) -> None:
    """The same for many files of one folder, synced together, which takes far less time than each by itself.

    Raises OSError if the disk does not take them; none of them is there then.
    """
    temporary = {folder / f".{name}.tmp": folder / name for name in files}
    try:
        for path, data in zip(temporary, files.values(), strict=True):
            path.write_bytes(data)
        _sync_file_system(folder)
    except BaseException:
        for path in temporary:
            path.unlink(missing_ok=True)
        raise
    for path, final in temporary.items():
        os.replace(path, final)


def _sync_folder(folder: Path) -> None:
    """Makes a rename in it last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_file_system(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        if _LIBC.syncfs(handle) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(handle)
