# SPDX-License-Identifier: GPL-2.0-only
"""The replay process, ``python -P -m dmafuzz.findings.replay_process TRACKER-AND-PLATFORMS``, and its children.

(-P: the package that runs, not a checkout in the working folder.) Starting an interpreter costs as much as judging
hundreds of reports, so this process starts once, reads the platforms, and judges nothing. For each batch that comes on
standard input, a socket, it forks a child, which does: it judges, answers, and is gone. The tracker is made in the
child: a kernel's own code, or Python's, is loaded there, and nothing of it stays. There is one thread, so a fork is
safe at any time.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from dmafuzz import _core, platforms
from dmafuzz.findings.replay_server import REFUSED, STATUS
from dmafuzz.kernel.confine import confine
from dmafuzz.platforms import PlatformFile
from dmafuzz.schedules import modality_of

CPU_S_MAX = 300  # of a child itself: a busy machine makes no finding hang
_HANDLES = 4  # of a batch: its question, its answer, its complaints, its channel
_LIBC = ctypes.CDLL(None)
_SET_PDEATHSIG = 1
_STDERR = 2


class _Server:
    """Batches in, statuses out. Whoever asks may close a batch's channel, which ends its child, or the socket, which
    ends everything."""

    def __init__(self, asker: socket.socket, tracker: str, models: Sequence[PlatformFile]) -> None:
        self._asker = asker
        self._tracker = tracker
        self._models = models
        self._channels: dict[int, socket.socket] = {}  # by the child's id
        self._selector = selectors.DefaultSelector()
        self._deaths, theirs = socket.socketpair()  # a byte for each signal, so that none comes between two looks
        for end in (self._deaths, theirs):
            end.setblocking(False)
        self._wakeup = theirs
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        self._selector.register(asker, selectors.EVENT_READ)
        self._selector.register(self._deaths, selectors.EVENT_READ)

    def serve(self) -> None:
        """Until nobody can ask any more."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._asker:
                    if not self._take():
                        return
                elif key.fileobj is self._deaths:
                    self._deaths.recv(4096)
                    self._reap()
                elif key.data in self._channels:
                    os.kill(key.data, signal.SIGKILL)  # nobody waits for it
                    self._selector.unregister(key.fileobj)

    def end(self) -> None:
        for child in self._channels:
            os.kill(child, signal.SIGKILL)

    def _take(self) -> bool:
        """Takes a batch; False when there will be none."""
        try:
            said, handles, _, _ = socket.recv_fds(self._asker, 1, _HANDLES)
        except ConnectionResetError:
            return False
        if not said:
            return False
        *files, last = handles
        channel = socket.socket(fileno=last)
        try:
            child = os.fork()
        except OSError as error:
            os.write(files[-1], f"{error.strerror}\n".encode())
            self._tell(channel, REFUSED)
        else:
            if not child:
                self._become_child(*files)
            self._channels[child] = channel
            self._selector.register(channel, selectors.EVENT_READ, child)
        for file in files:
            os.close(file)
        return True

    def _reap(self) -> None:
        for child, channel in list(self._channels.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                del self._channels[child]
                if channel in self._selector.get_map():
                    self._selector.unregister(channel)
                self._tell(channel, os.waitstatus_to_exitcode(status))

    @staticmethod
    def _tell(channel: socket.socket, status: int) -> None:
        with channel, contextlib.suppress(OSError):  # nobody may wait for it
            channel.send(STATUS.pack(status), socket.MSG_NOSIGNAL)

    def _become_child(self, question: int, answer: int, complaints: int) -> NoReturn:
        """It keeps nothing of this process that says that it is alive, and goes when this process goes."""
        status = 1
        try:
            server = os.getppid()
            _LIBC.prctl(_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != server:
                os._exit(status)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(complaints, _STDERR)
            self._selector.close()
            for end in (self._asker, self._deaths, self._wakeup, *self._channels.values()):
                end.close()
            status = _judge(self._tracker, self._models, question, answer)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)


def _judge(tracker: str, models: Sequence[PlatformFile], question: int, answer: int) -> int:
    """Answers one batch; returns the exit status."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX + 5))
    with open(question, encoding="utf-8") as file:
        batch = json.load(file)
    judge = _core.Judge(tracker, [platforms.to_core(model) for model in models])
    names = [model.name for model in models]
    if tracker.startswith("kernel"):
        confine([])
    answers = [_replay(judge, names, item, batch["schedules"]) for item in batch["items"]]
    left = memoryview(json.dumps(answers).encode())
    try:
        while left:  # by itself: a file object forgets what a limit on files has cut
            left = left[os.write(answer, left) :]
    except OSError as error:
        print(error.strerror, file=sys.stderr)
        return REFUSED
    return 0


def _replay(judge: _core.Judge, names: list[str], item: dict[str, Any], schedules: int) -> dict[str, Any]:
    ops = _core.decode(bytes.fromhex(item["records"]))
    outcomes = [(name, labels) for name, (labels, _) in zip(names, judge.outcomes(ops), strict=True)]
    # What makes it this cause: whatever else the program shows is another one's.
    own = {
        shown.kind: shown.platforms
        for shown in judge.signatures(ops)
        if (shown.label, shown.reason, sorted(shown.rules)) == (item["label"], item["reason"], sorted(item["rules"]))
    }
    shows = bool(own.get(item["kind"], 0) >> names.index(item["platform"]) & 1)
    shown_on = [name for at, name in enumerate(names) if any(bits >> at & 1 for bits in own.values())]
    modality = modality_of(judge, range(len(names)), ops, item["label"], schedules) if shows else None
    return {"shown": shows, "kinds": sorted(own), "shown_on": shown_on, "outcomes": outcomes, "modality": modality}


def main() -> None:
    """Serves until whoever started it is gone."""
    about = json.loads(sys.argv[1])
    models = [platforms.load(name) for name in about["platforms"]]
    asker = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    gc.collect()
    gc.freeze()  # children share what is there, and do not look through it
    server = _Server(asker, about["tracker"], models)
    try:
        server.serve()
    finally:
        server.end()


if __name__ == "__main__":
    main()
