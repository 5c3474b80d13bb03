# SPDX-License-Identifier: GPL-2.0-only
"""A long run: its speed early and late, and the memory of its worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dmafuzz.benchmark.subject import Bench, Watching
from dmafuzz.benchmark.table import Table
from dmafuzz.fuzzing import Summary

_WINDOW_S = 30.0
_SAMPLE_EVERY_S = 1.0
_SAY_EVERY_S = 30.0
_MIB = 1024


@dataclass(frozen=True)
class Sample:
    seconds: float
    programs: int
    peak_kib: int


@dataclass
class Endurance(Watching):
    """Samples of a run as it goes on."""

    bench: Bench
    samples: list[Sample] = field(default_factory=list)
    said_at: float = 0.0

    def update(self, seconds: float, summary: Summary) -> None:
        if self.samples and seconds - self.samples[-1].seconds < _SAMPLE_EVERY_S:
            return
        pids = [child.process.pid for child in self.campaign.supervisor.children] if self.campaign else []
        self.samples.append(Sample(seconds, summary.programs, max((_peak_kib(pid) for pid in pids), default=0)))
        if seconds - self.said_at >= _SAY_EVERY_S:
            self.said_at = seconds
            self.bench.say(f"endurance: {seconds:.0f} s, {summary.programs:,} programs")

    def say(self, message: str) -> None:
        self.bench.say(message)

    def end(self) -> None:
        pass

    def rate_until(self, seconds: float) -> float:
        """Programs a second in the half minute before."""
        window = [s for s in self.samples if seconds - _WINDOW_S <= s.seconds <= seconds]
        if len(window) < 2:
            return 0.0
        return (window[-1].programs - window[0].programs) / (window[-1].seconds - window[0].seconds)

    @property
    def peak_mib(self) -> float:
        return max((sample.peak_kib for sample in self.samples), default=0) / _MIB


def measure(bench: Bench, minutes: float) -> Endurance:
    watching = Endurance(bench)
    bench.campaign(bench.members, 60 * minutes, 1, watching)
    return watching


def table(run: Endurance, minutes: float) -> Table:
    early, late = run.rate_until(60), run.rate_until(60 * minutes)
    rows = (
        ("programs/s at minute 1", f"{early:,.0f}"),
        (f"programs/s at minute {minutes:g}", f"{late:,.0f}"),
        ("ratio", f"{late / early:.2f}" if early else "-"),
        (f"peak memory of the worker after {minutes:g} minutes, MiB", f"{run.peak_mib:,.0f}"),
    )
    note = f"Rates over the {_WINDOW_S:.0f} s before; one worker, whole portfolio."
    return Table("A long run", ("", "one run"), rows, (note,))


def _peak_kib(pid: int) -> int:
    """The largest resident set that a process has had; 0 where that cannot be read."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
