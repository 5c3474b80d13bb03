# SPDX-License-Identifier: GPL-2.0-only
"""Novel programs on their way: from worker to worker, and to the store, where they become packs of a minute or more."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from dmafuzz.storage import pack_bytes, read_pack, write_whole

_SUFFIX = ".programs"
GATHER_AFTER_S = 15.0  # a worker looks more often, and so has taken a file over before it goes


class Exchange:
    """One worker's side: what it gives, and what others have given since it last looked."""

    def __init__(self, folder: Path, worker: int, generation: int) -> None:
        self._folder = folder
        self._own = f"{worker:03}-{generation:03}-"
        self._given = 0
        self._taken: set[str] = set()

    def give(self, programs: Sequence[bytes]) -> None:
        """Raises OSError. No sync: what a crash of the machine takes away costs a minute's search at most."""
        if programs:
            path = self._folder / f"{self._own}{self._given:08}{_SUFFIX}"
            write_whole(path, pack_bytes({}, programs), sync=False)
            self._given += 1

    def take(self) -> Iterator[bytes]:
        """The programs of others that are new here."""
        for path in _files(self._folder):
            if not path.name.startswith(self._own) and path.name not in self._taken:
                self._taken.add(path.name)
                yield from _programs(path)


def gather(folder: Path, everything: bool) -> tuple[list[bytes], list[Path]]:
    """What has been given, each program once, in the order of workers; and the files, which go when it is kept.

    ``everything``: what has been given just now as well: nobody works any more.
    """
    files = [path for path in _files(folder) if everything or _age(path) > GATHER_AFTER_S]
    programs = dict.fromkeys(program for path in files for program in _programs(path))
    return list(programs), files


def _files(folder: Path) -> list[Path]:
    names = (entry.name for entry in os.scandir(folder))
    return [folder / name for name in sorted(names) if name.endswith(_SUFFIX) and not name.startswith(".")]


def _programs(path: Path) -> Sequence[bytes]:
    try:
        return read_pack(path, named=False).items
    except FileNotFoundError:
        return ()  # it has been gathered meanwhile


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
