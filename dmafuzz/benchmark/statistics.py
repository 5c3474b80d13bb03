# SPDX-License-Identifier: GPL-2.0-only
"""Medians with spread, and how two sets of measurements compare."""

from __future__ import annotations

import importlib
import importlib.util
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

NEVER = math.inf  # not within the limit


class MissingPackageError(Exception):
    """What a report needs and is not installed."""


@dataclass(frozen=True)
class Spread:
    """A median, with the smallest and the largest value."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Values that are ``NEVER`` are larger than all others."""
        return cls(median(values), min(values), max(values))


def median(values: Sequence[float]) -> float:
    """With ``NEVER`` in the middle it is ``NEVER``."""
    return statistics.median(values)


def a12(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Vargha and Delaney's measure: how likely one of ours is less than one of theirs, ties counting half."""
    less = sum(1.0 if x < y else 0.5 if x == y else 0.0 for x in ours for y in theirs)
    return less / (len(ours) * len(theirs))


def mann_whitney(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The two-sided p of the U test. Raises MissingPackageError."""
    if not {*ours} - {*theirs} and len({*ours}) == 1:
        return 1.0  # all the same: there is nothing to rank
    require("scipy")
    stats = importlib.import_module("scipy.stats")
    # Ranks only count, so that what was never found may stand for a large number.
    large = 1 + max((x for x in (*ours, *theirs) if x != NEVER), default=0.0)
    first, second = ([min(x, large) for x in values] for values in (ours, theirs))
    return float(stats.mannwhitneyu(first, second, alternative="two-sided").pvalue)


def require(*packages: str) -> None:
    """Raises MissingPackageError unless these are installed."""
    lacking = [name for name in packages if importlib.util.find_spec(name) is None]
    if lacking:
        raise MissingPackageError(f"needs {' and '.join(lacking)}: pip install 'dmafuzz[bench]'")
