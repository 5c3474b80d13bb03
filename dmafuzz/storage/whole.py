# SPDX-License-Identifier: GPL-2.0-only
"""Files that are all there or not there, whatever happens while they are written."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_RANDOM_BYTES = 8  # in a temporary name


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
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if sync:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Makes a rename in it last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
