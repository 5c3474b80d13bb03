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
MINIMIZING = ("native", "atheris")
_BUSY = 20  # how much longer a second of processor time may take


@dataclass(frozen=True)
class Job:
    """``core_tracker`` is what the core calls the tracker; ``hunt``: look for the known causes; ``planted``: for
    what that fault of the tracker's does, instead; ``recall``: for all of a catalogue, by a file of what programs show;
    ``distinct``: programs that differ are counted."""

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
    recall: bool = False
    distinct: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Job:
        facts: dict[str, Any] = json.loads(text)
        return Job(**{**facts, "platforms": tuple(facts["platforms"])})

    @property
    def longest(self) -> float:
        """Seconds, after which the engine ends by itself."""
        return (_BUSY if self.by_processor_time else 1) * self.seconds + _GRACE_S

    @property
    def by_processor_time(self) -> bool:
        """Many runs are made at once."""
        return self.recall or bool(self.planted)

    @property
    def board(self) -> Path:
        return Path(self.folder) / "board"

    @property
    def signatures(self) -> Path:
        """What has been shown, for `recall` (core/benchmark/signature_log.hpp)."""
        return Path(self.folder) / "signatures"

    @property
    def looks_into_programs(self) -> bool:
        """An engine that minimizes says itself what it has found."""
        return self.recall and self.engine not in MINIMIZING

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
        named, signatures = [cause.named() for cause in self.causes], str(self.signatures)
        wanted = signatures if self.looks_into_programs else ""
        return _core.CauseProbe(named, str(self.board), self.distinct, wanted)
