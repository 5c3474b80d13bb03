# SPDX-License-Identifier: GPL-2.0-only
"""What a fuzzing run is to do: plain data that parent and workers share."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path

ENGINES = ("atheris", "native")


@dataclass(frozen=True)
class Plan:
    """``tracker`` is the name to show, ``core_tracker`` what the core calls it; ``platforms`` are names or paths of
    platform files; ``portfolio`` the name they come from, if any; ``seconds`` None: until interrupted."""

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

    @property
    def corpus(self) -> Path:
        """Programs that showed something new, as records; workers exchange them here."""
        return self.out / "corpus"

    @property
    def quarantine(self) -> Path:
        """Programs that a worker died on."""
        return self.out / "quarantine"

    def recorder(self, worker: int) -> Path:
        """Where a worker keeps the program it is at."""
        return self.out / "workers" / f"{worker}.input"

    def create_folders(self) -> None:
        for path in (self.corpus, self.quarantine, self.out / "workers"):
            path.mkdir(parents=True, exist_ok=True)


def atheris_available() -> bool:
    """Is the package there? It has wheels for Linux on x86-64 and CPython 3.11 to 3.13 only."""
    return importlib.util.find_spec("atheris") is not None


def engine_title(engine: str) -> str:
    """What the first line of output says."""
    if engine == "atheris":
        return f"atheris {importlib.metadata.version('atheris')}, native bursts"
    return "native loop"
