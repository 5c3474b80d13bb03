# SPDX-License-Identifier: GPL-2.0-only
"""The replay process as those see it who ask it: started once, asked for a fresh child for each batch of reports."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from dmafuzz.findings.finding import RawFinding

STATUS = struct.Struct("=i")  # as in subprocess: negative for a signal
REFUSED = 2  # exit status: the system has refused a child something
_WALL_S_MAX = 3_600.0
_DEATHS_MAX = 3  # one after the other, with no batch done in between
_ENDED_S_MAX = 10.0


class ServerGoneError(Exception):
    """The replay process has been killed: that says nothing of what it was asked."""


class ReplayServer:
    """A process of one tracker and its platforms, started when it is first asked. It judges nothing itself: each batch
    is for a child of its own, forked of it. Where it is killed, the next batch starts another one.

    It ends with this object's process, however that ends: it holds one end of a socket, and this object the other.
    """

    def __init__(self, core_tracker: str, platform_names: Sequence[str]) -> None:
        self._about = json.dumps({"tracker": core_tracker, "platforms": list(platform_names)})
        self._process: _Process | None = None
        self._deaths = 0

    def ask(self, raw: Sequence[RawFinding], schedules: int) -> Batch:
        """Begins with a batch. Raises OSError, and RuntimeError where the process fails."""
        while True:
            process = self._process = self._process or _Process(self._about)
            batch = Batch(raw, schedules)
            if batch.is_sent_to(self, process):
                return batch
            self.look_into_death(process)

    def stop(self) -> None:
        """Ends it, and its children. It can be asked again."""
        if self._process is not None:
            self._process.end()
        self._process = None

    def has_answered(self) -> None:
        """A batch is done: it works."""
        self._deaths = 0

    def look_into_death(self, process: _Process) -> None:
        """It takes no batches any more. Raises RuntimeError if that was no signal's doing, or comes too often."""
        if process is not self._process:
            return  # another batch has seen it before
        self._process = None
        status, complaint = process.end()
        self._deaths += 1
        if status >= 0 or self._deaths > _DEATHS_MAX:
            raise RuntimeError(f"the replaying process failed: {complaint}")


class _Process:
    """The process, and our end of its socket."""

    def __init__(self, about: str) -> None:
        """Raises OSError."""
        # The process finds the package that runs here, wherever it was started.
        paths = os.pathsep.join(path for path in (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")) if path)
        self.socket, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "dmafuzz.findings.replay_process", about],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
                env={**os.environ, "PYTHONPATH": paths},
                start_new_session=True,  # Ctrl-C is for the parent, which waits for this
            )

    def end(self) -> tuple[int, str]:
        """Its exit status, and the last line of what it has complained of."""
        self.socket.close()
        with self._complaints:
            try:
                status = self._process.wait(_ENDED_S_MAX)
            except subprocess.TimeoutExpired:
                self._process.kill()
                status = self._process.wait()
            return status, _last_line(self._complaints)


class Batch:
    """Reports that a fresh child judges, with question and answer in files: megabytes go through, which a pipe takes
    in small bites. Of a channel the process has the other end: it sends its child's status, and ends the child where
    this end is closed."""

    def __init__(self, raw: Sequence[RawFinding], schedules: int) -> None:
        """Raises OSError."""
        self._until = time.monotonic() + _WALL_S_MAX
        with contextlib.ExitStack() as files:
            self._question, self._answer, self._complaints = (
                files.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3)
            )
            items = [{**vars(item), "records": item.records.hex()} for item in raw]
            self._question.write(json.dumps({"schedules": schedules, "items": items}))
            self._question.seek(0)
            self._channel, self._theirs = (files.enter_context(end) for end in socket.socketpair())
            self._files = files.pop_all()

    def is_sent_to(self, server: ReplayServer, process: _Process) -> bool:
        """False if that is gone."""
        self._server, self._process = server, process
        ends = (self._question, self._answer, self._complaints, self._theirs)
        try:
            socket.send_fds(process.socket, [b"b"], [end.fileno() for end in ends])
        except (BrokenPipeError, ConnectionResetError):
            self.kill()
            return False
        self._theirs.close()
        return True

    def has_ended(self) -> bool:
        return self._is_told(0.0) or time.monotonic() > self._until

    def wait(self) -> None:
        """Until it has ended, or has taken too long."""
        self._is_told(max(0.0, self._until - time.monotonic()))

    def kill(self) -> None:
        self._files.close()

    def answers(self) -> list[dict[str, Any]] | None:
        """What the child says of each, or None if a signal has ended it, or it has taken too long.

        Raises RuntimeError if it has failed otherwise, OSError where the disk has not taken it, ServerGoneError.
        """
        try:
            status = self._status()
            if status is None or status < 0:
                return None
            if status:
                complaint = _last_line(self._complaints)
                if status == REFUSED:
                    raise OSError(0, f"replaying: {complaint}")
                raise RuntimeError(f"the replaying process failed: {complaint}")
            self._answer.seek(0)
            answers: list[dict[str, Any]] = json.loads(self._answer.read())
            return answers
        finally:
            self.kill()

    def _is_told(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        return bool(poll.poll(1000 * seconds))

    def _status(self) -> int | None:
        if not self._is_told(0.0):
            return None
        said = b""
        with contextlib.suppress(ConnectionResetError):
            said = self._channel.recv(STATUS.size)
        if not said:
            self._server.look_into_death(self._process)
            raise ServerGoneError
        self._server.has_answered()
        (status,) = STATUS.unpack(said)
        return int(status)


def _last_line(file: IO[str]) -> str:
    """Of what a process has complained of."""
    file.seek(0)
    return (file.read().strip() or "it did not say why").splitlines()[-1]
