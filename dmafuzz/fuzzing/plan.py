# SPDX-License-Identifier: GPL-2.0-only
"""What a fuzzing run is to do: plain data that parent and workers share."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dmafuzz.store import Target, target_of

ENGINES = ("atheris", "native")


@dataclass(frozen=True)
class Plan:
    """``tracker`` is the name to show, ``core_tracker`` what the core calls it; ``platforms`` are names or paths of
    platform files; ``portfolio`` the name they come from, if any; ``out`` is the folder of a store.

    ``seconds`` None: until interrupted, or until ``programs`` have been judged. A run of so many programs can be
    repeated: with the same store before, it leaves the same packs and leaders behind.

    ``part`` of ``parts`` runs, which share the short programs that each of them would go through; for those beyond
    ``parts`` there are none left.
    """

    tracker: str
    core_tracker: str
    platforms: tuple[str, ...]
    portfolio: str | None
    out: Path
    engine: str
    seconds: float | None
    jobs: int
    seed: int
    ops_limit: int
    programs: int | None = None
    part: int = 0
    parts: int = 1

    @cached_property
    def target(self) -> Target:
        """What the findings are filed under."""
        return target_of(self.tracker, self.core_tracker, self.portfolio, self.platforms)

    @property
    def quarantine(self) -> Path:
        """Programs that a worker died on."""
        return self.out / "quarantine"

    @property
    def workers(self) -> Path:
        """What the workers write that is of no use without them."""
        return self.out / "workers"

    def recorder(self, worker: int) -> Path:
        """Where a worker keeps the program it is at."""
        return self.workers / f"{worker}.input"

    def programs_of(self, worker: int) -> int | None:
        """How many of the programs are that worker's."""
        if self.programs is None:
            return None
        return self.programs // self.jobs + (worker < self.programs % self.jobs)


def atheris_available() -> bool:
    """Is the package there? It has wheels for Linux on x86-64 and CPython 3.11 to 3.13 only."""
    return importlib.util.find_spec("atheris") is not None


def engine_title(engine: str) -> str:
    """What the first line of output says."""
    if engine == "atheris":
        return f"atheris {importlib.metadata.version('atheris')}, native bursts"
    return "native loop"
