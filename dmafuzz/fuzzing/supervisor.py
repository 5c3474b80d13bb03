# SPDX-License-Identifier: GPL-2.0-only
"""The workers as their parent sees them: started, listened to, replaced when they die, stopped."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import multiprocess

from dmafuzz.fuzzing import worker
from dmafuzz.fuzzing.current_input import last_program
from dmafuzz.fuzzing.failure import CampaignError
from dmafuzz.fuzzing.own_time import cpu_seconds
from dmafuzz.fuzzing.plan import Plan
from dmafuzz.fuzzing.summary import WorkerFailed, WorkerStats
from dmafuzz.fuzzing.suspect import harm_of, quarantine
from dmafuzz.store import shown_path

SILENT_S_MAX = 30.0  # of a worker's own processor time: one that says nothing for so long hangs
ASLEEP_S_MAX = 900.0  # of the clock: one that says nothing for so long never will, whatever it waits for
STOP_S_MAX = 2.5
RESTARTS_MAX = 100
_COMPLAINT_BYTES_MAX = 4096


@dataclass
class Child:
    """A worker process, and what it said last. ``cpu_then``: its processor time at that moment (s)."""

    number: int
    generation: int
    process: Any
    link: Connection
    heard_at: float
    cpu_then: float | None = None
    stats: WorkerStats | None = None
    failed: WorkerFailed | None = None

    @property
    def done(self) -> bool:
        """Whether it has judged all of its programs."""
        return self.stats is not None and self.stats.done

    def listen(self) -> None:
        """Takes in what it has said."""
        with contextlib.suppress(EOFError, OSError):  # it has died; the check of the process sees that
            while self.link.poll():
                said = self.link.recv()
                if isinstance(said, WorkerFailed):
                    self.failed = said
                else:
                    self.stats = said
                self.heard_at = time.monotonic()
                self.cpu_then = cpu_seconds(self.process.pid)

    def hangs(self) -> bool:
        """Whether it has been at work for too long without a word. A busy machine makes no worker hang."""
        silent = time.monotonic() - self.heard_at
        if silent <= SILENT_S_MAX:
            return False
        now = cpu_seconds(self.process.pid)
        return silent > ASLEEP_S_MAX or (now is not None and now - (self.cpu_then or 0.0) > SILENT_S_MAX)


class Supervisor:
    """The workers of one plan. ``say`` takes a line for people where one has died."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self.children: list[Child] = []
        self.restarts = 0
        self.quarantined: list[Path] = []  # files of programs that end the process which judges them
        self._plan = plan
        self._say = say
        self._programs_of_the_dead = 0
        # A fresh interpreter for each: nothing of the parent's state, and libFuzzer wants to be set up once a process.
        self._context = multiprocess.get_context("spawn")

    def start(self) -> None:
        """As many workers as the plan has jobs. Raises OSError."""
        for number in range(self._plan.jobs):
            self.children.append(self._start(number, 0))

    def look_after(self) -> bool:
        """Hears what the workers say; replaces those that have died or hang. False when all have done their part.

        Raises CampaignError where a worker gives up, or after too many deaths.
        """
        for index, child in enumerate(self.children):
            child.listen()
            if child.failed is not None:
                raise CampaignError(child.failed.message, child.failed.ours)
            if child.done:
                continue
            hangs = child.process.is_alive() and child.hangs()
            if child.process.is_alive() and not hangs:
                continue
            if hangs:
                child.process.kill()
            child.process.join()
            self._mourn(child, "hang" if hangs else _how(child.process.exitcode))
            self.children[index] = self._start(child.number, child.generation + 1)
        return not all(child.done for child in self.children)

    def stop(self) -> None:
        """Asks all to end, and ends those that do not."""
        for child in self.children:
            with contextlib.suppress(OSError):
                child.link.send("stop")
        deadline = time.monotonic() + STOP_S_MAX
        for child in self.children:
            while child.process.is_alive() and time.monotonic() < deadline:
                child.listen()
                child.process.join(0.05)
            child.listen()
            if child.process.is_alive():
                child.process.kill()
                child.process.join()

    def programs(self) -> int:
        """Judged so far, by those that have died too."""
        return self._programs_of_the_dead + sum(self.figures("programs"))

    def figures(self, name: str) -> list[int]:
        """That figure of each worker that has told any."""
        return [getattr(child.stats, name) for child in self.children if child.stats is not None]

    def _start(self, number: int, generation: int) -> Child:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=worker.main, args=(self._plan, number, generation, theirs), daemon=True)
        self._plan.recorder(number).unlink(missing_ok=True)  # what it died on last time is not this one's
        with _stderr_to(self._complaints(number)):
            process.start()
        theirs.close()
        return Child(number, generation, process, ours, time.monotonic())

    def _complaints(self, number: int) -> Path:
        return self._plan.workers / f"{number}.stderr"

    def _mourn(self, child: Child, why: str) -> None:
        """Looks into the death of a worker: the program that it was at is run alone, and put away if that ends so too.

        Raises CampaignError where there is no use in another try.
        """
        self._programs_of_the_dead += 0 if child.stats is None else child.stats.programs
        self.restarts += 1
        records = last_program(self._plan.recorder(child.number))
        if child.stats is None and not records and child.process.exitcode > 0:
            raise CampaignError(f"worker {child.number} cannot start ({why}): {self._last_complaint(child)}", ours=True)
        what = "before its first program"
        if records and (harm := harm_of(self._plan, records)) is not None:
            path = quarantine(self._plan, records, harm)
            self.quarantined.append(path)
            what = f"on {shown_path(path)}"
        elif records:
            what = "on a program that alone does no harm"
        self._say(f"worker {child.number} died ({why}) {what}; restarted")
        if self.restarts > RESTARTS_MAX:
            times = f"workers have died {self.restarts} times, the last one {what}"
            raise CampaignError(f"{times}: {self._last_complaint(child)}", ours=True)

    def _last_complaint(self, child: Child) -> str:
        """The last line that a worker has written to its standard error."""
        try:
            text = self._complaints(child.number).read_bytes()[-_COMPLAINT_BYTES_MAX:].decode("utf-8", "replace")
        except OSError:
            text = ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return shown_path(lines[-1]) if lines else "it did not say why"


def _how(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"


@contextlib.contextmanager
def _stderr_to(path: Path) -> Iterator[None]:
    """What a child that is started meanwhile complains of goes to a file. Raises OSError."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    kept = os.dup(2)
    os.dup2(file, 2)
    os.close(file)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
