# SPDX-License-Identifier: GPL-2.0-only
"""Hosts that share nothing but a folder: each takes slices by creating a lease, a file.

A lease is stale after twice its slice's time. Where the folder is copied from host to host instead of shared, two of
them may carry out the same slice, which is harmless.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dmafuzz.campaign.slices import Slice, SliceError
from dmafuzz.storage import read_regular, write_whole

from .executor import ExecutorError, Outcome
from .local import LocalExecutor

LEASES = "leases"
_SUFFIX = ".lease"
_STALE_TIMES = 2.0
_STALE_S_MIN = 30.0  # a slice has to start and to settle as well
REPEATABLE_STALE_S = 600.0  # of a slice of so many programs: nobody knows how long it takes
_LEASE_BYTES_MAX = 1 << 20


@dataclass(frozen=True)
class Lease:
    """A slice that a host is at; ``packs`` are those that it needs until then."""

    path: Path
    host: str
    until: float  # Unix time, s

    @property
    def stale(self) -> bool:
        return time.time() > self.until


def leases(store: Path) -> Iterator[tuple[Lease, tuple[str, ...]]]:
    """All that there are, with the names of the packs that they need; what cannot be read is stale at once."""
    for path in sorted((store / LEASES).glob(f"[!.]*{_SUFFIX}")):
        try:
            facts = json.loads(read_regular(path, _LEASE_BYTES_MAX) or b"")
            corpus = Slice.from_json(facts["slice"]).corpus
            yield Lease(path, str(facts["host"])[:200], float(facts["until"])), corpus
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError, RecursionError, SliceError):
            yield Lease(path, "", 0.0), ()


class FolderExecutor(LocalExecutor):
    """Processes of this host, for slices that no other host has a lease of."""

    def __init__(self, store: Path, scratch: Path, jobs: int) -> None:
        super().__init__(store, scratch, jobs)
        self._host = f"{socket.gethostname()}-{secrets.token_hex(4)}"
        self._leases: dict[str, Path] = {}

    def submit(self, piece: Slice) -> bool:
        path = self._store / LEASES / f"{piece.target}-{piece.number}{_SUFFIX}"
        seconds = REPEATABLE_STALE_S if piece.seconds is None else max(_STALE_S_MIN, _STALE_TIMES * piece.seconds)
        facts = {"host": self._host, "until": time.time() + seconds, "slice": piece.to_json()}
        try:
            path.parent.mkdir(exist_ok=True)
            if not self._created(path, json.dumps(facts).encode()):
                return False
        except OSError as error:
            raise ExecutorError(f"{error.filename or path}: {error.strerror}") from None
        self._leases[piece.id] = path
        return super().submit(piece)

    def _created(self, path: Path, data: bytes) -> bool:
        """Whether the lease is ours. A link to a finished file: it is never seen half written."""
        whole = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        write_whole(whole, data)
        try:
            with contextlib.suppress(FileExistsError):
                os.link(whole, path)
                return True
            there = {lease.path: lease for lease, _ in leases(self._store)}
            if path in there and there[path].stale:
                os.replace(whole, path)  # of two hosts that see it at once both may go on, which is harmless
                return True
            return False
        finally:
            whole.unlink(missing_ok=True)

    def filed(self, piece: Slice) -> None:
        path = self._leases.pop(piece.id, None)
        if path is not None:
            path.unlink(missing_ok=True)

    def ended(self) -> list[Outcome]:
        outcomes = super().ended()
        for outcome in outcomes:
            if outcome.result is None:
                self.filed(outcome.piece)  # whoever comes next may try
        return outcomes

    def close(self) -> None:
        super().close()
        for path in self._leases.values():
            path.unlink(missing_ok=True)
        self._leases.clear()
