# SPDX-License-Identifier: GPL-2.0-only
"""What is measured: a tracker, a platform, programs of a length; and how to run an engine or a campaign on it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dmafuzz import _core, platforms
from dmafuzz.benchmark import engines
from dmafuzz.benchmark.board import Board
from dmafuzz.benchmark.engines import Engine
from dmafuzz.benchmark.harness import HarnessError
from dmafuzz.benchmark.job import Job
from dmafuzz.fuzzing import Campaign, Plan, Summary, atheris_available
from dmafuzz.fuzzing.progress import Progress

Say = Callable[[str], None]


@dataclass(frozen=True)
class Bench:
    """``say`` takes lines of progress; ``planted``: the fault of the tracker's that runs look for; ``recall``: runs are
    measured by a catalogue."""

    tracker: str
    core_tracker: str
    portfolio: str
    platform: str
    ops: int
    say: Say
    planted: str = ""
    recall: bool = False

    @property
    def members(self) -> tuple[str, ...]:
        """The platforms of the portfolio."""
        return tuple(model.name for model in platforms.portfolio(self.portfolio))

    def machine(self) -> _core.Platform:
        machine: _core.Platform = platforms.to_core(platforms.load(self.platform))
        return machine

    def job(self, engine: Engine, names: tuple[str, ...], hunt: bool, seed: int, seconds: float, folder: str) -> Job:
        about = (self.tracker, self.core_tracker, self.portfolio, names)
        return Job(engine.name, *about, hunt, seed, seconds, self.ops, folder, self.planted, self.recall)

    def run(
        self, engine: Engine, names: tuple[str, ...], hunt: bool, seed: int, seconds: float, distinct: bool = False
    ) -> Board:
        """``distinct``: counts programs that differ. Raises EngineError, HarnessError."""
        # A child of an engine's that was killed may write a last time while its folder goes.
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            job = self.job(engine, names, hunt, seed, seconds, folder)
            return engines.run(engine, replace(job, distinct=distinct))

    def usable(self, chosen: tuple[Engine, ...], names: tuple[str, ...], hunt: bool) -> tuple[Engine, ...]:
        """The engines that run here, built where they have to be; says which others do not, and why."""
        return tuple(engine for engine in chosen if self._ready(engine, names, hunt))

    def _ready(self, engine: Engine, names: tuple[str, ...], hunt: bool) -> bool:
        reason = engines.missing(engine)
        if reason is None:
            try:
                engines.prepare(engine, self.job(engine, names, hunt, 0, 0, ""), self.say)
            except HarnessError as error:
                reason = str(error)
        if reason:
            self.say(f"{engine.title}: skipped: {reason}")
        return reason is None

    def campaign(self, names: tuple[str, ...], seconds: float, jobs: int, progress: Progress | None = None) -> Summary:
        """A whole run of `dmafuzz fuzz` with its own choice of engine: starting up, files and minimizing included."""
        engine = "atheris" if atheris_available() else "native"
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            about = (self.tracker, self.core_tracker, names, None, Path(folder), engine)
            campaign = Campaign(Plan(*about, seconds, jobs, 0, self.ops), progress or Quiet())
            if isinstance(progress, Watching):
                progress.campaign = campaign
            return campaign.run()


class Quiet(Progress):
    """The figures are shown at the end."""

    def start(self, seconds: float | None) -> None:
        pass

    def update(self, seconds: float, summary: Summary) -> None:
        pass


class Watching(Quiet):
    """One that gets the process it watches."""

    campaign: Campaign | None = None
