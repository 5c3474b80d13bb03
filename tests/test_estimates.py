# SPDX-License-Identifier: GPL-2.0-only
"""What a sample says of the whole: against populations that are known."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from dmafuzz.estimates import Estimate, total, unseen_in_sample


def population(rng: random.Random) -> list[tuple[float, float]]:
    """Sizes, and values that go with them."""
    sizes = [rng.uniform(50, 150) for _ in range(400)]
    return [(size, size * rng.gauss(3, 0.5)) for size in sizes]


class TestTotal:
    def test_is_within_its_interval_as_often_as_it_says(self) -> None:
        rng = random.Random(1)
        hits = 0
        for _ in range(400):
            members = population(rng)
            drawn = rng.sample(members, 20)
            sizes, values = [size for size, _ in drawn], [value for _, value in drawn]
            found = total(values, sizes, len(members), sum(size for size, _ in members))
            hits += found.low <= sum(value for _, value in members) <= found.high
        assert 0.92 < hits / 400 < 0.98

    def test_of_all_members_is_exact(self) -> None:
        assert total([1, 2], [1, 1], 2, 2) == Estimate(3, 3, 3)

    def test_of_one_member_has_no_interval(self) -> None:
        assert total([3], [1], 10, 20) == Estimate(60, 0, math.inf)

    def test_of_a_constant_ratio_is_sure(self) -> None:
        found = total([2, 4, 6], [1, 2, 3], 100, 150)
        assert (found.value, found.low, found.high) == pytest.approx((300, 300, 300))

    def test_takes_what_is_known(self) -> None:
        assert Estimate(1, 0, 2).plus(3) == Estimate(4, 3, 5)


class TestUnseen:
    def test_of_all_members_is_none(self) -> None:
        assert unseen_in_sample([1, 1, 2], 5, 5).left == 0

    def test_of_nothing_is_not_known(self) -> None:
        assert unseen_in_sample([], 5, 50).high == math.inf

    def test_by_hand(self) -> None:
        found = unseen_in_sample([1, 1, 1, 1, 2, 5], 10, 40)
        assert found.left == pytest.approx(4 * 3 / (2 * 10 / 9 * 2 + 10 / 30 * 4))
        assert found.low < found.left < found.high
        assert found.chance == pytest.approx(4 / 11)

    def test_is_a_lower_bound_near_what_is_so(self) -> None:
        """Kinds of very different frequency, in members that have some each."""
        rng = random.Random(2)
        chances = [0.5 / (1 + i) for i in range(60)]
        low = near = 0
        for _ in range(100):
            members = [{kind for kind, chance in enumerate(chances) if rng.random() < chance} for _ in range(300)]
            there = set().union(*members)
            drawn = rng.sample(members, 30)
            met = Counter(kind for member in drawn for kind in member)
            found = unseen_in_sample(list(met.values()), 30, 300)
            left = len(there) - len(met)
            low += found.low <= left
            near += found.low <= left <= found.high
        assert low > 90
        assert near > 60
