# SPDX-License-Identifier: GPL-2.0-only
"""What a command writes into the folder of its --out, which is looked at before the work begins."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from dmafuzz.storage import write_whole

from .errors import using_folder


def prepare(out: Path) -> None:
    """Makes the folder, so that hours of work do not end in front of a closed door. Raises BadInput."""
    with using_folder(out):
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(out))


def write_forms(out: Path, name: str, texts: Mapping[str, str]) -> None:
    """One text in several forms, by the endings of their files."""
    write_files(out, {f"{name}.{ending}": text for ending, text in texts.items()})


def write_files(out: Path, files: Mapping[str, str]) -> None:
    """Files by name, into a folder that is there. Raises BadInput where it cannot be used."""
    with using_folder(out):
        for name, text in files.items():
            write_whole(out / name, text.encode())
