# SPDX-License-Identifier: GPL-2.0-only
"""The workers as their parent sees them: started, listened to, replaced when they die, stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import multiprocess

from dmafuzz.fuzzing import worker
from dmafuzz.fuzzing.corpus_packs import program_name
from dmafuzz.fuzzing.current_input import last_program
from dmafuzz.fuzzing.plan import Plan
from dmafuzz.fuzzing.summary import WorkerStats
from dmafuzz.storage import write_whole

SILENT_S_MAX = 30.0  # a worker that says nothing for so long hangs
STOP_S_MAX = 5.0
RESTARTS_MAX = 100


@dataclass
class Child:
    """A worker process, and what it said last."""

    number: int
    generation: int
    process: Any
    link: Connection
    heard_at: float
    stats: WorkerStats | None = None


class Supervisor:
    """The workers of one plan. ``say`` takes a line for people where one has died."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self.children: list[Child] = []
        self.restarts = 0
        self.quarantined: list[str] = []  # files of programs that a worker died on
        self._plan = plan
        self._say = say
        self._programs_of_the_dead = 0
        # A fresh interpreter for each: nothing of the parent's state, and libFuzzer wants to be set up once a process.
        self._context = multiprocess.get_context("spawn")

    def start(self) -> None:
        """As many workers as the plan has jobs."""
        for number in range(self._plan.jobs):
            self.children.append(self._start(number, 0))

    def look_after(self) -> None:
        """Hears what the workers say; replaces those that have died or hang. Raises RuntimeError after too many."""
        for index, child in enumerate(self.children):
            _listen(child)
            silent = time.monotonic() - child.heard_at > SILENT_S_MAX
            if child.process.is_alive() and not silent:
                continue
            if child.process.is_alive():
                child.process.kill()
            child.process.join()
            self._quarantine(child, "hang" if silent else f"exit status {child.process.exitcode}")
            self.children[index] = self._start(child.number, child.generation + 1)

    def stop(self) -> None:
        """Asks all to end, and ends those that do not."""
        for child in self.children:
            try:
                child.link.send("stop")
            except (BrokenPipeError, OSError):
                continue
        deadline = time.monotonic() + STOP_S_MAX
        for child in self.children:
            while child.process.is_alive() and time.monotonic() < deadline:
                _listen(child)
                child.process.join(0.05)
            _listen(child)
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
        process.start()
        theirs.close()
        return Child(number, generation, process, ours, time.monotonic())

    def _quarantine(self, child: Child, why: str) -> None:
        """Puts away the program that a worker died on, so that its successor does not load it."""
        self._programs_of_the_dead += 0 if child.stats is None else child.stats.programs
        self.restarts += 1
        records = last_program(self._plan.recorder(child.number))
        if records:
            name = program_name(records)
            write_whole(self._plan.quarantine / name, records)
            self.quarantined.append(name)
            self._say(f"worker {child.number} died ({why}) on {self._plan.quarantine / name}; restarted")
        else:
            self._say(f"worker {child.number} died ({why}) before its first program; restarted")
        if self.restarts > RESTARTS_MAX:
            raise RuntimeError(f"workers have died {self.restarts} times; the programs are in {self._plan.quarantine}")


def _listen(child: Child) -> None:
    try:
        while child.link.poll():
            child.stats = child.link.recv()
            child.heard_at = time.monotonic()
    except (EOFError, OSError):
        pass  # it has died; the check of the process sees that
