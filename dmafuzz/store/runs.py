# SPDX-License-Identifier: GPL-2.0-only
"""Runs as the ledgers have them: what each has done, also one that was killed."""

from __future__ import annotations

from dataclasses import dataclass

from dmafuzz.storage import Ledger

# What a ledger's lines say. A run of `fuzz` is started, a slice of a campaign is planned.
STARTED, PLANNED, COUNTERS, ENDED, FAILED = "started", "planned", "counters", "ended", "failed"
FILED, AGAIN = "filed", "judged-again"


@dataclass
class Run:
    """``started`` is Unix time; ``seconds`` of searching and ``programs`` judged, as of its last sign of life, ``at``
    (Unix time); ``ended``: it came to its end; ``failed``: it was given up. Of a slice: its ``number`` among those of
    its target, what it is in full (``piece``), the ``host`` that has done it, its ``coverage`` and the novel programs
    that were ``waiting`` when it ended."""

    id: str
    target: str
    started: float
    at: float
    number: int | None = None
    piece: str = ""
    seconds: float = 0.0
    programs: int = 0
    coverage: int = 0
    waiting: int = 0
    host: str = ""
    ended: bool = False
    failed: bool = False


def runs_of(ledger: Ledger) -> list[Run]:
    """Oldest first. Counters are kept by run, so that a run that is written twice counts once."""
    runs: dict[str, Run] = {}
    for line in ledger.lines:
        if line["what"] in (STARTED, PLANNED) and isinstance(line.get("target"), str):
            run = Run(str(line.get("run")), line["target"], float(line["at"]), float(line["at"]))
            if line["what"] == PLANNED and isinstance(line.get("number"), int):
                run.number, run.piece = line["number"], str(line.get("slice", ""))
            runs.setdefault(run.id, run)
    for line in ledger.lines:
        known = runs.get(str(line.get("run")))
        if known is not None and line["what"] in (COUNTERS, ENDED, FAILED):
            _count(known, line)
    return list(runs.values())


def _count(run: Run, line: dict[str, object]) -> None:
    def number(name: str) -> float:
        value = line.get(name)
        return value if isinstance(value, int | float) else 0.0

    run.at = max(run.at, number("at"))
    run.seconds = max(run.seconds, number("seconds"))
    for name in ("programs", "coverage", "waiting"):
        setattr(run, name, max(getattr(run, name), int(number(name))))
    run.host = str(line.get("host", run.host))[:200]
    run.ended = run.ended or line["what"] == ENDED
    run.failed = run.failed or line["what"] == FAILED


def filing_times(ledger: Ledger) -> dict[tuple[str, str], float]:
    """When each cause of a target was filed first (Unix time), by the target's key and the cause."""
    times: dict[tuple[str, str], float] = {}
    for line in ledger.of(FILED):
        at = float(line["at"])
        for cause in line.get("causes", ()):
            times.setdefault((str(line.get("target")), str(cause)), at)  # lines are in the order of their time
    return times
