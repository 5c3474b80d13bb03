# SPDX-License-Identifier: GPL-2.0-only
"""The parts of a search on disk: what is done, and who is at what, for any number of processes that share a folder."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

from dmafuzz.exhaustive.layers import Part
from dmafuzz.exhaustive.parts import PartError, PartResult, search_key
from dmafuzz.exhaustive.plan import SearchPlan
from dmafuzz.storage import LockedError, read_regular, take_lock, write_whole
from dmafuzz.storage.packs import PACK_BYTES_MAX

_LOG = logging.getLogger("dmafuzz")
_PART, _BLOCK, _LEASE = ".part", ".block", ".lease"
_LOCK = "lock"
_NAME = re.compile(r"(\d{6,12})(\.part|\.block)")
_BLOCK_KIND = "search-block"
BLOCK_PARTS = 64  # neighbouring parts show much the same: together they take a tenth of the room


class KeptParts:
    """The folder ``DIR/parts-N-KEY``. The key says of which search: another build of dmafuzz has a folder of its own.

    Each part's result is a file, whole or not there; when all parts of a block are there, their sum takes their place.
    A lease says that somebody is at a part, or was when he was killed: so it only says what to do last. A part that two
    processes do is in one file in the end, and counts once.
    """

    def __init__(self, plan: SearchPlan, parts: Sequence[Part], what: str = "parts", blocks: bool = True) -> None:
        """``parts`` are all parts of the search, ``what`` is how its folder's name begins. Raises OSError."""
        assert plan.out is not None
        self._plan, self._parts, self._blocks = plan, parts, blocks
        self._search = search_key(plan)
        self.folder = plan.out / f"{what}-{plan.ops}-{self._search}"
        self.folder.mkdir(parents=True, exist_ok=True)
        for other in sorted(plan.out.glob(f"{what}-{plan.ops}-*")):
            if other != self.folder:
                _LOG.warning("%s: of another search, or another build of dmafuzz: it is not used", other)
        self._lock = take_lock(self.folder / _LOCK, wait=True, shared=True)
        self._leases: set[Path] = set()

    def filed(self) -> set[int]:
        """The numbers of the parts that are done."""
        blocks, parts = self._files()
        return parts.union(*(self._block(block) for block in blocks))

    def lease(self, part: Part) -> bool:
        """Whether nobody else is at it, or was. Raises OSError."""
        path = self._path(part.number, _LEASE)
        try:
            with open(path, "x", encoding="utf-8") as file:
                file.write(f"{socket.gethostname()} {os.getpid()}\n")
        except FileExistsError:
            return False
        self._leases.add(path)
        return True

    def file(self, result: PartResult) -> None:
        """Raises OSError."""
        number = result.part.number
        write_whole(self._path(number, _PART), result.to_bytes(self._search))
        self._path(number, _LEASE).unlink(missing_ok=True)
        self._leases.discard(self._path(number, _LEASE))
        block = number // BLOCK_PARTS
        if self._blocks and all(self._path(each, _PART).exists() for each in self._block(block)):
            self._write_block(block)

    def read(self, part: Part) -> PartResult | None:
        """None: it is not there, or was damaged, which is reported; it has to be done again then. Raises OSError."""
        return self._read(self._path(part.number, _PART), part)

    def assembled(self) -> PartResult | None:
        """All parts together. None where some are not there, which are not in `filed` then either. Raises OSError."""
        blocks, parts = self._files()
        files = [self._read_block(block) for block in sorted(blocks)]
        within: set[int] = set().union(*(self._block(block) for block in blocks))
        files += [self.read(self._parts[number]) for number in sorted(parts - within)]
        if within | parts != set(range(len(self._parts))):
            return None
        return self._sum(files, Part(0, 0, len(self._parts)))

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

    def _files(self) -> tuple[set[int], set[int]]:
        """The numbers of the blocks, and of the parts, that there are files of."""
        names = [found.groups() for name in os.listdir(self.folder) if (found := _NAME.fullmatch(name))]
        blocks, parts = ({int(number) for number, suffix in names if suffix == wanted} for wanted in (_BLOCK, _PART))
        return blocks, parts

    def _block(self, block: int) -> range:
        return range(block * BLOCK_PARTS, min((block + 1) * BLOCK_PARTS, len(self._parts)))

    def _span(self, block: int) -> Part:
        numbers = self._block(block)
        return Part(block, self._parts[numbers[0]].first, self._parts[numbers[-1]].last)

    def _read_block(self, block: int) -> PartResult | None:
        return self._read(self._path(block, _BLOCK), self._span(block), _BLOCK_KIND)

    def _read(self, path: Path, part: Part, kind: str = PartResult.kind) -> PartResult | None:
        try:
            return PartResult.from_bytes(read_regular(path, PACK_BYTES_MAX) or b"", self._search, part, kind)
        except FileNotFoundError:  # or in a block by now
            return None
        except PartError as error:
            _LOG.warning("%s: damaged (%s): it is removed, and done again", path, error)
            path.unlink(missing_ok=True)
            return None

    def _write_block(self, block: int) -> None:
        """Its parts are removed when it is there: a part that has a block is in the block."""
        numbers = self._block(block)
        together = self._sum([self.read(self._parts[number]) for number in numbers], self._span(block))
        if together is None:  # another process was faster, or one is damaged
            return
        write_whole(self._path(block, _BLOCK), together.to_bytes(self._search))
        for number in numbers:
            self._path(number, _PART).unlink(missing_ok=True)

    def _sum(self, results: Sequence[PartResult | None], part: Part) -> PartResult | None:
        total, seconds = self._plan.empty_result(), 0.0
        for each in results:
            if each is None:
                return None
            total.add_result(each.result)
            seconds += each.seconds
        return PartResult(part, total, seconds, _BLOCK_KIND)

    def _path(self, number: int, suffix: str) -> Path:
        return self.folder / f"{number:06}{suffix}"
