# SPDX-License-Identifier: GPL-2.0-only
"""The parts of a search on disk: what is done, and who is at what, for any number of processes that share a folder."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import socket
from pathlib import Path

from dmafuzz.exhaustive.layers import Part
from dmafuzz.exhaustive.parts import PartError, PartResult, search_key
from dmafuzz.exhaustive.plan import SearchPlan
from dmafuzz.storage import LockedError, read_regular, take_lock, write_whole

_LOG = logging.getLogger("dmafuzz")
_BYTES_MAX = 1 << 26
_SUFFIX, _LEASE = ".part", ".lease"
_LOCK = "lock"
_NAME = re.compile(rf"(\d{{6,12}}){re.escape(_SUFFIX)}")


class KeptParts:
    """The folder ``DIR/parts-N-KEY``. The key says of which search: another build of dmafuzz has a folder of its own.

    Each part's result is a file, whole or not there. A lease, an empty file, says that somebody is at a part, or was
    when he was killed: so it only says what to do last. A part that two processes do is one file in the end, and counts
    once.
    """

    def __init__(self, plan: SearchPlan) -> None:
        """Raises OSError."""
        assert plan.out is not None
        self._search = search_key(plan)
        self.folder = plan.out / f"parts-{plan.ops}-{self._search}"
        self.folder.mkdir(parents=True, exist_ok=True)
        for other in sorted(plan.out.glob(f"parts-{plan.ops}-*")):
            if other != self.folder:
                _LOG.warning("%s: of another search, or another build of dmafuzz: it is not used", other)
        self._lock = take_lock(self.folder / _LOCK, wait=True, shared=True)
        self._leases: set[Path] = set()

    def filed(self) -> set[int]:
        """The numbers of the parts of which there is a result."""
        names = (_NAME.fullmatch(name) for name in os.listdir(self.folder))
        return {int(found.group(1)) for found in names if found}

    def read(self, part: Part) -> PartResult | None:
        """None: it is not there, or damaged, which is reported; it has to be done again then. Raises OSError."""
        path = self._path(part, _SUFFIX)
        try:
            return PartResult.from_bytes(read_regular(path, _BYTES_MAX) or b"", self._search, part)
        except FileNotFoundError:
            return None
        except PartError as error:
            _LOG.warning("%s: damaged (%s): this part is done again", path, error)
            return None

    def lease(self, part: Part) -> bool:
        """Whether nobody else is at it, or was. Raises OSError."""
        path = self._path(part, _LEASE)
        try:
            with open(path, "x", encoding="utf-8") as file:
                file.write(f"{socket.gethostname()} {os.getpid()}\n")
        except FileExistsError:
            return False
        self._leases.add(path)
        return True

    def file(self, result: PartResult) -> None:
        """Raises OSError."""
        write_whole(self._path(result.part, _SUFFIX), result.to_bytes(self._search))
        self._path(result.part, _LEASE).unlink(missing_ok=True)
        self._leases.discard(self._path(result.part, _LEASE))

    def close(self) -> None:
        """Gives back leases of what was not done."""
        for path in self._leases:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        self._leases.clear()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def forget(self) -> None:
        """Removes all of it, where no other process is at this search: the last one does it."""
        self.close()
        try:
            handle = take_lock(self.folder / _LOCK)
        except (LockedError, FileNotFoundError):
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(handle)

    def _path(self, part: Part, suffix: str) -> Path:
        return self.folder / f"{part.number:06}{suffix}"
