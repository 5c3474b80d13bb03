# SPDX-License-Identifier: GPL-2.0-only
"""The seam between a campaign and whoever carries out its slices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dmafuzz.campaign.slices import Slice, SliceResult


class ExecutorError(RuntimeError):
    """An executor that cannot go on, in one line. ``ours``: dmafuzz itself is at fault."""

    def __init__(self, message: str, ours: bool = False) -> None:
        super().__init__(message)
        self.ours = ours


@dataclass(frozen=True)
class Outcome:
    """A slice that has ended: with a result, or without one, and ``why``. ``fatal``: the next try would end so too;
    otherwise something has killed whoever was at it."""

    piece: Slice
    result: SliceResult | None = None
    why: str = ""
    fatal: bool = False
    ours: bool = False


class Executor(Protocol):
    """Slices are handed in and come back in any order; running one twice is harmless."""

    def places(self) -> int:
        """How many slices it carries out at once, now."""

    def submit(self, piece: Slice) -> bool:
        """Takes a slice; False: another host is at it, or has done it. Raises ExecutorError."""

    def ended(self) -> list[Outcome]:
        """The slices that have ended since the last call; does not wait. Raises ExecutorError."""

    def filed(self, piece: Slice) -> None:
        """The result of a slice is in the store."""

    def interrupt(self) -> list[Outcome]:
        """Ends all that runs, within seconds; what it came to, where that can be had."""

    def close(self) -> None:
        """Gives back what it holds."""
