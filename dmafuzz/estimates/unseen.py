# SPDX-License-Identifier: GPL-2.0-only
"""How many topics are left to find: Good and Turing's idea, as Chao's lower bound with his interval.

What is counted of a topic are the sets of platforms that its causes show on: a search looks around each cause that it
has found, and causes that come of one another show in the same places. Topics that are known from one place tell of
those that are not known: A. Chao, "Nonparametric estimation of the number of classes in a population", Scandinavian
Journal of Statistics 11 (1984); the interval as in A. Chao, Biometrics 43 (1987).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_Z = 1.959964  # of the normal distribution, for 95 %


@dataclass(frozen=True)
class Unseen:
    """``seen`` topics; ``left`` to find by the estimate, between ``low`` and ``high`` with 95 %; ``chance`` that what
    is met next is of a new topic."""

    seen: int
    left: float
    low: float
    high: float
    chance: float


def unseen(counts: Sequence[int]) -> Unseen:
    """``counts``: how often each topic has been met, never 0 times."""
    seen, total = len(counts), sum(counts)
    ones, twos = sum(count == 1 for count in counts), sum(count == 2 for count in counts)
    if total == 0:
        return Unseen(0, 0.0, 0.0, math.inf, 1.0)
    share = (total - 1) / total
    left = share * ones * (ones - 1) / (2 * (twos + 1))
    if left <= 0:
        return Unseen(seen, 0.0, 0.0, _when_none_left(ones, seen), ones / total)
    spread = math.exp(_Z * math.sqrt(math.log(1 + _variance(ones, twos, share, seen + left) / left**2)))
    return Unseen(seen, left, left / spread, left * spread, ones / total)


def _variance(ones: int, twos: int, share: float, estimate: float) -> float:
    if twos == 0:
        pairs = share * ones * (ones - 1) / 2
        return pairs + share**2 * ones * (2 * ones - 1) ** 2 / 4 - share**2 * ones**4 / (4 * estimate)
    base = share * ones * (ones - 1) / (2 * (twos + 1))
    second = share**2 * ones * (2 * ones - 1) ** 2 / (4 * (twos + 1) ** 2)
    third = share**2 * ones**2 * twos * (ones - 1) ** 2 / (4 * (twos + 1) ** 4)
    return base + second + third


def _when_none_left(ones: int, seen: int) -> float:
    """At most so many are left with 95 %, by the rule of three for what has never been seen."""
    return 0.0 if seen == 0 else (3.0 if ones else 0.5)


def unseen_in_sample(counts: Sequence[int], drawn: int, population: int) -> Unseen:
    """How many kinds of things the members of a population have that none of those drawn has. ``counts``: of each kind
    that was met, how many of the ``drawn`` members have it; drawn without replacement from ``population``.

    A lower bound, as Chao's always is: A. Chao and C.-W. Lin, "Nonparametric lower bounds for species richness and
    shared species richness under sampling without replacement", Biometrics 68 (2012). The variance is that of the
    bound as a function of the counts (delta method).
    """
    seen, ones, twos = len(counts), sum(count == 1 for count in counts), sum(count == 2 for count in counts)
    if drawn >= population:
        return Unseen(seen, 0.0, 0.0, 0.0, 0.0)
    if drawn < 2 or not counts:
        return Unseen(seen, 0.0, 0.0, math.inf, 1.0)
    twice, share = 2 * drawn / (drawn - 1), drawn / (population - drawn)
    below = twice * (twos + 1) + share * ones
    left = ones * (ones - 1) / below
    chance = ones / sum(counts)
    if left <= 0:
        return Unseen(seen, 0.0, 0.0, _when_none_left(ones, seen), chance)
    by_ones = 1 + (2 * ones - 1) / below - share * left / below
    by_twos = 1 - twice * left / below
    rest = seen - ones - twos
    squares = ones * by_ones**2 + twos * by_twos**2 + rest
    variance = squares - (ones * by_ones + twos * by_twos + rest) ** 2 / (seen + left)
    spread = math.exp(_Z * math.sqrt(math.log(1 + max(variance, 0.0) / left**2)))
    return Unseen(seen, left, left / spread, left * spread, chance)
