# SPDX-License-Identifier: GPL-2.0-only
"""Runs as the ledgers have them: what each has done, also one that was killed."""

from __future__ import annotations

from dataclasses import dataclass

from dmafuzz.storage import Ledger

# What a ledger's lines say.
STARTED, COUNTERS, ENDED, FILED, AGAIN = "started", "counters", "ended", "filed", "judged-again"


@dataclass
class Run:
    """``started`` is Unix time; ``seconds`` of searching and ``programs`` judged, as of its last sign of life;
    ``ended``: it came to its end."""

    id: str
    target: str
    started: float
    seconds: float = 0.0
    programs: int = 0
    ended: bool = False


def runs_of(ledger: Ledger) -> list[Run]:
    """Oldest first. Counters are kept by run, so that a run that is written twice counts once."""
    runs: dict[str, Run] = {}
    for line in ledger.of(STARTED):
        if isinstance(line.get("run"), str) and isinstance(line.get("target"), str):
            runs.setdefault(line["run"], Run(line["run"], line["target"], float(line["at"])))
    for what in (COUNTERS, ENDED):
        for line in ledger.of(what):
            run = runs.get(str(line.get("run")))
            if run is not None:
                run.seconds = max(run.seconds, float(line.get("seconds", 0.0)))
                run.programs = max(run.programs, int(line.get("programs", 0)))
                run.ended = run.ended or what == ENDED
    return list(runs.values())


def filing_times(ledger: Ledger) -> dict[tuple[str, str], float]:
    """When each cause of a target was filed first (Unix time), by the target's key and the cause."""
    times: dict[tuple[str, str], float] = {}
    for line in ledger.of(FILED):
        at = float(line["at"])
        for cause in line.get("causes", ()):
            times.setdefault((str(line.get("target")), str(cause)), at)  # lines are in the order of their time
    return times
