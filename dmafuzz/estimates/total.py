# SPDX-License-Identifier: GPL-2.0-only
"""The total of a population of which a sample was drawn, by its ratio to a size that is known of all of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_Z = 1.959964  # of the normal distribution, for 95 %


@dataclass(frozen=True)
class Estimate:
    """Between ``low`` and ``high`` with 95 %."""

    value: float
    low: float
    high: float

    def plus(self, known: float) -> Estimate:
        """With what is known exactly."""
        return Estimate(self.value + known, self.low + known, self.high + known)


def total(values: Sequence[float], sizes: Sequence[float], population: int, whole_size: float) -> Estimate:
    """The ratio estimator, of a sample drawn without replacement (W. G. Cochran, Sampling Techniques, 1977, ch. 6).

    ``values`` and ``sizes`` are of the members drawn, ``whole_size`` is that of all ``population`` members. Of one
    member there is no interval: it is infinite.
    """
    drawn = len(values)
    ratio = sum(values) / sum(sizes)
    estimate = ratio * whole_size
    if drawn == population:
        return Estimate(estimate, estimate, estimate)
    if drawn < 2:
        return Estimate(estimate, 0.0, math.inf)
    rest = sum((value - ratio * size) ** 2 for value, size in zip(values, sizes, strict=True)) / (drawn - 1)
    spread = _student(drawn - 1) * math.sqrt((1 - drawn / population) * rest / drawn) * population
    return Estimate(estimate, max(estimate - spread, 0.0), estimate + spread)


def _student(freedom: int) -> float:
    """Student's t for 95 %, by the first terms of its expansion; of less than five degrees, too wide rather than
    too narrow."""
    exact = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776}
    first = (_Z**3 + _Z) / (4 * freedom)
    second = (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * freedom**2)
    return exact.get(freedom, _Z + first + second)
