# SPDX-License-Identifier: GPL-2.0-only
"""Workers of Dask, by a scheduler that exists, however it was started.

The ledger knows what is to be done; the scheduler may be killed at any time. It forgets everything then, and this side
hands in again what it was at, once there is a scheduler.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dmafuzz.campaign.plan_file import DaskTable
from dmafuzz.campaign.slices import Slice, SliceError, SliceResult
from dmafuzz.fuzzing.suspect import quarantined
from dmafuzz.storage import read_regular
from dmafuzz.storage.packs import PACK_BYTES_MAX

from .dask_worker import FAILED, LACKS, REFUSED, answer_of, carry_out_here, keep_packs
from .executor import ExecutorError, Outcome

CONNECT_S = 10.0
GONE_S_MAX = 600.0  # without a scheduler
RESTART_S = 86_400.0  # a client grows by 3 MB per 1,000 tasks
WORKERS_EVERY_S = 2.0
MESSAGE_BYTES_MAX = 16 << 20
LACKS_MAX = 100  # answers in which a slice's packs are asked for


@dataclass
class _Task:
    piece: Slice
    future: Any
    packs: list[Any] = field(default_factory=list)  # futures of packs on their way
    asked: int = 0


class DaskExecutor:
    """``table`` says where the scheduler is; ``beside`` is the folder that its files are named from."""

    def __init__(self, table: DaskTable, store: Path, beside: Path) -> None:
        """Raises ExecutorError."""
        self._address = checked_address(table.scheduler)
        self._store = store
        self._tasks: dict[str, _Task] = {}
        self._places = 0
        self._places_at = self._connected_at = self._gone_at = 0.0
        self._client: Any = None
        self._security = _security(table, beside)
        if not self._connect():
            raise ExecutorError(f"{self._address}: no scheduler of Dask answers there")

    def places(self) -> int:
        """The threads of all workers."""
        now = time.monotonic()
        if self._client is not None and now - self._places_at > WORKERS_EVERY_S:
            with contextlib.suppress(OSError, TimeoutError, RuntimeError):
                self._places = sum(self._client.nthreads().values())
                self._places_at = now
        return self._places if self._client is not None else 0

    def submit(self, piece: Slice) -> bool:
        self._tasks[piece.id] = _Task(piece, None)
        self._hand_in(self._tasks[piece.id])
        return True

    def ended(self) -> list[Outcome]:
        if not self._is_connected():
            return []
        outcomes = []
        for task in list(self._tasks.values()):
            if task.future is None or task.future.status in ("cancelled", "lost"):
                self._hand_in(task)
            elif task.future.status == "error":
                outcomes.append(self._failed(task))
            elif task.future.status == "finished" and (outcome := self._answered(task)) is not None:
                outcomes.append(outcome)
        for outcome in outcomes:
            del self._tasks[outcome.piece.id]
        return outcomes

    def filed(self, piece: Slice) -> None:
        pass

    def interrupt(self) -> list[Outcome]:
        """Workers see that nobody waits for them; what they have so far is lost."""
        if self._client is not None:
            with contextlib.suppress(Exception):  # a scheduler that is gone has cancelled them
                self._client.cancel([task.future for task in self._tasks.values() if task.future is not None])
        self._tasks.clear()
        return []

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):  # whatever state the connection is in
                client.close(timeout=2)

    def _hand_in(self, task: _Task) -> None:
        if self._client is None:
            task.future = None
            return
        names = sorted(self._left_out(task.piece))
        key = f"dmafuzz-{task.piece.id}-{secrets.token_hex(4)}"
        arguments = (task.piece.to_json(), names, *task.packs)
        try:
            task.future = self._client.submit(carry_out_here, *arguments, key=key, pure=False)
        except (OSError, RuntimeError):  # the connection has just gone
            task.future = None

    def _left_out(self, piece: Slice) -> set[str]:
        try:
            return quarantined(self._store / "quarantine", piece.plan(self._store).target)
        except SliceError as error:
            raise ExecutorError(str(error)) from None

    def _failed(self, task: _Task) -> Outcome:
        from distributed.scheduler import KilledWorker

        error = task.future.exception()
        if isinstance(error, KilledWorker):
            return Outcome(task.piece, why="it ended its workers")
        return Outcome(task.piece, why=f"{type(error).__name__}: {str(error)[:200]}", fatal=True, ours=True)

    def _answered(self, task: _Task) -> Outcome | None:
        """None: the answer was lost, or it is another question."""
        try:
            data = task.future.result(timeout=CONNECT_S)
        except Exception:  # the worker or the scheduler that had it has gone: Dask has many words for that
            task.future = None
            return None
        if not isinstance(data, bytes):
            return Outcome(task.piece, why="a worker's answer is no bytes", fatal=True)
        answer = answer_of(data)
        if answer["kind"] == REFUSED:
            raise ExecutorError(f"worker {answer.get('worker')}: {answer.get('why')}")
        if answer["kind"] == FAILED:
            return Outcome(task.piece, None, str(answer["why"]), answer["fatal"] is True, answer["ours"] is True)
        if answer["kind"] == LACKS:
            self._send_packs(task, answer)
            return None
        try:
            return Outcome(task.piece, SliceResult.from_bytes(data))
        except SliceError as error:
            return Outcome(task.piece, why=str(error), fatal=True)

    def _send_packs(self, task: _Task, answer: dict[str, Any]) -> None:
        """What a worker lacks, to that worker; then the slice once more."""
        task.asked += 1
        if task.asked > LACKS_MAX:
            raise ExecutorError(f"worker {answer.get('worker')} keeps no packs: is its cache writable?")
        workers = [str(answer["worker"])]
        wanted = [name for name in answer["names"] if name in task.piece.corpus]
        try:
            task.packs = [
                self._client.submit(keep_packs, batch, workers=workers, allow_other_workers=True, pure=False)
                for batch in self._batches(wanted)
            ]
        except (OSError, RuntimeError):
            task.packs = []
        self._hand_in(task)

    def _batches(self, names: list[str]) -> Iterator[dict[str, bytes]]:
        batch: dict[str, bytes] = {}
        for name in names:
            try:
                data = read_regular(self._store / "packs" / name, PACK_BYTES_MAX) or b""
            except OSError as error:
                raise ExecutorError(f"{name}: {error.strerror}") from None
            if batch and sum(map(len, batch.values())) + len(data) > MESSAGE_BYTES_MAX:
                yield batch
                batch = {}
            batch[name] = data
        if batch:
            yield batch

    def _is_connected(self) -> bool:
        """Connects again where the scheduler has gone, and hands in everything again. Raises ExecutorError."""
        now = time.monotonic()
        fresh = now - self._connected_at < RESTART_S
        if self._client is not None and self._client.status == "running" and fresh:
            return True
        if self._client is not None:
            self.close()
            self._gone_at = now
        if not self._connect():
            if time.monotonic() - self._gone_at > GONE_S_MAX:
                raise ExecutorError(f"{self._address}: its scheduler has been gone for {GONE_S_MAX / 60:.0f} minutes")
            return False
        for task in self._tasks.values():
            task.packs = []
            self._hand_in(task)
        return True

    def _connect(self) -> bool:
        from distributed import Client

        # That a scheduler has gone is told in one line of ours; the client's loggers add their stack traces.
        for name in ("distributed", "distributed.client", "distributed.utils", "distributed.comm", "distributed.core"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self._client = Client(self._address, security=self._security, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError):
            return False
        except (RuntimeError, ValueError, TypeError) as error:
            raise ExecutorError(f"{self._address}: {str(error).splitlines()[0]}") from None
        self._connected_at = time.monotonic()
        self._places_at = 0.0
        return True


def checked_address(text: str) -> str:
    """Raises ExecutorError for what is no address, or one that anybody on the network could be behind."""
    parts = urlsplit(text)
    if parts.scheme not in ("tls", "tcp") or not parts.hostname:
        raise ExecutorError(f"scheduler: found {text!r}, expected an address like tls://host:8786")
    if parts.scheme == "tcp" and not _is_loopback(parts.hostname):
        raise ExecutorError(
            f"scheduler: {text}: workers carry out whatever their scheduler sends: use tls:// beyond this host"
        )
    return text


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _security(table: DaskTable, beside: Path) -> Any:
    try:
        from distributed import Security
    except ImportError:
        raise ExecutorError("executor dask: needs Dask: pip install 'dmafuzz[distributed]'") from None
    if not (table.ca or table.certificate or table.key):
        return None  # as Dask's own configuration says
    for name in ("ca", "certificate", "key"):
        if not (beside / getattr(table, name)).is_file():
            raise ExecutorError(f"dask.{name}: found {getattr(table, name)!r}, expected a file; all three are needed")
    files = {"tls_ca_file": table.ca, "tls_client_cert": table.certificate, "tls_client_key": table.key}
    return Security(require_encryption=True, **{name: str(beside / file) for name, file in files.items()})
