# SPDX-License-Identifier: GPL-2.0-only
"""What one engine is to do in one process: plain data, as JSON on its way to it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dmafuzz import _core, platforms
from dmafuzz.benchmark.causes import STAGES, Stage, Wanted, causes

# Engines end by themselves, should the parent not end them.
_GRACE_S = 30.0
_BUSY = 20  # how much longer a second of processor time may take


@dataclass(frozen=True)
class Job:
    """``core_tracker`` is what the core calls the tracker; ``hunt``: look for the known causes; ``planted``: for
    what that fault of the tracker's does, instead."""

    engine: str
    tracker: str
    core_tracker: str
    portfolio: str
    platforms: tuple[str, ...]
    hunt: bool
    seed: int
    seconds: float
    ops: int
    folder: str
    planted: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Job:
        facts: dict[str, Any] = json.loads(text)
        return Job(**{**facts, "platforms": tuple(facts["platforms"])})

    @property
    def longest(self) -> float:
        """Seconds, after which the engine ends by itself."""
        return (_BUSY if self.planted else 1) * self.seconds + _GRACE_S

    @property
    def board(self) -> Path:
        return Path(self.folder) / "board"

    @property
    def causes(self) -> tuple[Wanted, ...]:
        if self.planted:
            return tuple(Stage(name, self.planted) for name in STAGES)
        return causes() if self.hunt else ()

    @property
    def bytes_max(self) -> int:
        """Of a program."""
        return self.ops * _core.RECORD_BYTES

    def machines(self) -> list[_core.Platform]:
        return [platforms.to_core(platforms.load(name)) for name in self.platforms]

    def cause_probe(self) -> _core.CauseProbe:
        return _core.CauseProbe([cause.named() for cause in self.causes], str(self.board))
