# SPDX-License-Identifier: GPL-2.0-only
"""What a command writes into the folder of its --out, which is looked at before the work begins."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dmafuzz.storage import write_whole

from .errors import BadInput


def prepare(out: Path) -> None:
    """Makes the folder, so that hours of work do not end in front of a closed door. Raises BadInput."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{out}: cannot be used: {error.strerror}") from None
    if not os.access(out, os.W_OK | os.X_OK):
        raise BadInput(f"{out}: cannot be written")


def write_forms(out: Path, name: str, texts: Mapping[str, str]) -> None:
    """One text in several forms, by the endings of their files."""
    write_files(out, {f"{name}.{ending}": text for ending, text in texts.items()})


def write_files(out: Path, files: Mapping[str, str]) -> None:
    """Files by name, into a folder that is there. Raises BadInput where it cannot be used."""
    try:
        for name, text in files.items():
            write_whole(out / name, text.encode())
    except OSError as error:
        raise BadInput(f"{out}: cannot be used: {error.strerror}") from None
