# SPDX-License-Identifier: GPL-2.0-only
"""Whether a label shows always or sometimes, and with which schedules."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dmafuzz._core import Schedule, SightCounts


class Modality(Enum):
    """In how many of the schedules that were judged something shows."""

    NEVER = "never"
    SOMETIMES = "sometimes"
    ALWAYS = "always"


@dataclass(frozen=True)
class Sight:
    """A label, of one kind or of any, on one platform or on any of those asked about, over all schedules.

    ``shown`` counts the schedules within the bound that show it, by their preemptions; ``written``: the order as
    written shows it. ``shows`` and ``hides`` are the first schedules that show it and that do not: by fewest
    preemptions, then switches, then split calls. The order as written is among them even where it is beyond the bound.
    """

    platform: str | None
    label: str
    kind: str | None
    shown: tuple[int, ...]
    written: bool
    shows: Schedule | None
    hides: Schedule | None

    @classmethod
    def of(cls, counts: SightCounts) -> Sight:
        """What the core says of one."""
        return cls(counts.platform, counts.label, counts.kind, counts.shown, counts.written, counts.shows, counts.hides)

    @property
    def count(self) -> int:
        """How many schedules within the bound show it."""
        return sum(self.shown)

    @property
    def modality(self) -> Modality:
        """Over all schedules within the bound, and the order as written."""
        if self.shows is None:
            return Modality.NEVER
        return Modality.ALWAYS if self.hides is None else Modality.SOMETIMES

    @property
    def name(self) -> str:
        """ "FN of stale-cpu-data", or "FN" of any kind."""
        return self.label if self.kind is None else f"{self.label} of {self.kind}"


def preemptions(number: int) -> str:
    """The number in words."""
    return f"{number or 'no'} preemption{'' if number in (0, 1) else 's'}"
