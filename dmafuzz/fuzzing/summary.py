# SPDX-License-Identifier: GPL-2.0-only
"""What a run has come to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class WorkerStats:
    """How a worker is doing, as it tells its parent: programs judged, cells of its map, programs of its corpus, and
    novel programs that wait to be judged on the whole portfolio. ``done``: it has judged all of its programs."""

    programs: int
    coverage: int
    corpus: int
    waiting: int
    done: bool = False


@dataclass(frozen=True)
class WorkerFailed:
    """A worker's last word, in one line. ``ours``: see CampaignError."""

    message: str
    ours: bool


@dataclass
class Summary:
    """What a run came to. ``seconds`` is the time spent searching; ``new`` counts the causes by label that the store
    did not have, ``new_grades`` by grade.
    ``changed``: findings of another build of dmafuzz that do not show with this one. ``unreplayed``: findings that wait
    for the next run."""

    seconds: float = 0.0
    programs: int = 0
    coverage: int = 0
    corpus: int = 0
    waiting: int = 0
    restarts: int = 0
    quarantined: list[Path] = field(default_factory=list)
    unconfirmed: int = 0
    changed: int = 0
    unreplayed: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    new_grades: Counter[str] = field(default_factory=Counter)
    interrupted: bool = False
