# SPDX-License-Identifier: GPL-2.0-only
"""Stores of two hosts made alike: packs and ledgers go both ways, by rsync over ssh, or as files of one host."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

from dmafuzz.store import Store, shown_path

PACKS = ("findings", "corpus", "counted")
_REMOTE = re.compile(r"(?P<host>[^/:]+):(?P<folder>.+)", re.DOTALL)


class SyncError(ValueError):
    """In one line."""


def synced(store: Store, other: str) -> tuple[int, int]:
    """How many packs were taken, and given. ``other``: HOST:DIR, or a folder. What comes in is checked.

    Raises SyncError, StoreError.
    """
    if (remote := _REMOTE.fullmatch(other)) is None:
        taken = store.merge(Path(other))
        with closing(Store.create(Path(other))) as there:
            return taken, there.merge(store.folder)
    if remote["host"].startswith("-"):
        raise SyncError(f"{shown_path(other)}: expected HOST:DIR; no host begins with a dash")
    staging = store.folder / "workers" / f"sync-{secrets.token_hex(4)}"
    try:
        staging.mkdir(parents=True)
        place = other.rstrip("/")
        _rsync("--", f"{place}/store.json", f"{staging}/")
        ours = os.path.abspath(store.folder)
        _rsync("--size-only", f"--compare-dest={ours}", *_filters(), "--", f"{place}/", f"{staging}/")
        taken = store.merge(staging)
        given = _rsync("--ignore-existing", "--out-format=%n", *_filters(ledger=False), "--", f"{ours}/", f"{place}/")
        _rsync("--append", *_filters(packs=False), "--", f"{ours}/", f"{place}/")
    except OSError as error:
        raise SyncError(f"{shown_path(error.filename or staging)}: {error.strerror}") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return taken, sum(line.endswith(tuple(f".{kind}" for kind in PACKS)) for line in given.splitlines())


def _filters(packs: bool = True, ledger: bool = True) -> list[str]:
    wanted = ["/packs/", *(f"/packs/[0-9a-f]*.{kind}" for kind in PACKS)] if packs else []
    wanted += ["/ledger/", "/ledger/*.jsonl"] if ledger else []
    return [*(f"--include={pattern}" for pattern in wanted), "--exclude=*"]


def _rsync(*arguments: str) -> str:
    """Its output. No links, no devices, no owners: files and their times alone."""
    command = ["rsync", "--recursive", "--times", *arguments]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SyncError("sync needs rsync, which is not installed") from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it did not say why"]
        raise SyncError(f"rsync: {shown_path(lines[0])}")
    return done.stdout
