# SPDX-License-Identifier: GPL-2.0-only
"""The folder of a store: is it one, may it be used, and what is wrong with it in one line."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from dmafuzz.storage import LockedError, read_regular, refusal, shown_path

from .errors import StoreError

FORMAT = 1
ABOUT = "store.json"
PARTS = ("packs", "ledger", "leaders", "reported", "unconfirmed", "quarantine", "damaged", "workers")
_ABOUT_BYTES_MAX = 1 << 16


def check_format(folder: Path) -> None:
    """Raises StoreError for a folder that is no store, or one of a later dmafuzz."""
    shown = shown_path(folder)
    if not (folder / ABOUT).exists():
        if not folder.is_dir():
            raise StoreError(f"{shown}: no such folder")
        raise StoreError(_older(folder) or f"{shown}: not a store of findings: {ABOUT} is not there")
    try:
        facts = json.loads(read_regular(folder / ABOUT, _ABOUT_BYTES_MAX) or b"")
        number = int(facts["format"]) if facts["dmafuzz"] == "store" else None
    except OSError as error:
        raise StoreError(f"{shown}/{ABOUT}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        number = None
    if number is None:
        expected = f'{{"dmafuzz": "store", "format": {FORMAT}}}'
        raise StoreError(f"{shown}/{ABOUT}: damaged: expected {expected}; write that into it, or use another folder")
    if number != FORMAT:
        raise StoreError(f"{shown}: a store of format {number}; this dmafuzz knows format {FORMAT}")


def check_empty(folder: Path) -> None:
    """Raises StoreError for a folder that holds something else, which must not be mixed with a store."""
    if folder.is_dir() and (older := _older(folder)) is not None:
        raise StoreError(older)


def is_shared(folder: Path) -> bool:
    """Whether many hosts use it: then each keeps the index for itself."""
    try:
        return json.loads(read_regular(folder / ABOUT, _ABOUT_BYTES_MAX) or b"").get("shared") is True
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


def _older(folder: Path) -> str | None:
    if (folder / "campaign.json").exists() or any((folder / "findings").glob("*.dma")):
        return (
            f"{shown_path(folder)}: a folder of an older dmafuzz, without a store; use another folder "
            "(`dmafuzz judge` reads its programs still)"
        )
    return None


@contextlib.contextmanager
def told_in_one_line(folder: Path) -> Iterator[None]:
    """What the disk or the index does not take, as a StoreError."""
    try:
        yield
    except LockedError:
        raise StoreError(f"{shown_path(folder)}: in use by another run of dmafuzz; use another folder") from None
    except OSError as error:
        raise StoreError(shown_path(refusal(error, folder))) from None
    except sqlite3.Error as error:
        raise StoreError(f"{shown_path(folder)}: its index cannot be used: {error}") from None
