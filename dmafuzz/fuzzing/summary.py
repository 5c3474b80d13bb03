# SPDX-License-Identifier: GPL-2.0-only
"""What a run has come to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from dmafuzz.findings import Finding


@dataclass(frozen=True)
class WorkerStats:
    """How a worker is doing, as it tells its parent: programs judged, cells of its map, programs of its corpus, and
    novel programs that wait to be judged on the whole portfolio."""

    programs: int
    coverage: int
    corpus: int
    waiting: int


@dataclass
class Summary:
    """What a run came to. ``seconds`` is the time spent searching."""

    seconds: float = 0.0
    programs: int = 0
    coverage: int = 0
    corpus: int = 0
    waiting: int = 0
    restarts: int = 0
    quarantined: list[str] = field(default_factory=list)
    unconfirmed: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    new: list[Finding] = field(default_factory=list)
    interrupted: bool = False
