# SPDX-License-Identifier: GPL-2.0-only
"""What a judge takes over from one platform for another is what it would have found there by itself."""

from typing import Any

import pytest

from dmafuzz import _core, platforms
from support import machines
from values import attributes

TRACKERS = ["7.2", "6.12", "5.5", "3.14", "2.6.32", "full-range", "noisy"]


def found(judgement: _core.Judgement) -> dict[str, Any]:
    """All that does not depend on other platforms."""
    kept = without(judgement, "labels", "warnings")
    kept["warnings"] = [without(warning, "justification", "hurts") for warning in judgement.warnings]
    return kept


def without(value: object, *names: str) -> dict[str, Any]:
    return {name: kept for name, kept in attributes(value).items() if name not in names}


@pytest.mark.parametrize("tracker", TRACKERS)
def test_all_platforms_together_or_each_by_itself(tracker: str) -> None:
    """Random programs on every platform there is: warnings, corruptions, harms and breaches in detail and in order."""
    together = _core.Judge(tracker, list(machines()))
    alone = [_core.Judge(tracker, [machine]) for machine in machines()]
    corruptions = 0
    for seed in range(100):
        ops = _core.random_program(seed, (5, 10, 20, 40)[seed % 4])
        for judge, judgement in zip(alone, together.judge_all(ops), strict=True):
            assert found(judgement) == found(judge.judge(ops, 0)), seed
            corruptions += len(judgement.corruptions)
        if seed % 10 == 0:
            for at, judge in enumerate(alone):
                assert together.hooks(ops, at) == judge.hooks(ops, 0)
                assert together.cost(ops, at) == judge.cost(ops, 0)
    assert corruptions > 10_000


def test_labels_do_not_depend_on_what_was_judged_before() -> None:
    """Judged last, a platform takes over what it can; judged first, it has nothing to take."""
    judge = _core.Judge("6.12", list(machines()))
    for seed in range(60):
        ops = _core.random_program(seed, 12)
        together = judge.judge_all(ops)
        for at, judgement in enumerate(together):
            first = judge.judge(ops, at)
            assert (first.labels, first.warnings) == (judgement.labels, judgement.warnings)


def test_addresses_are_those_of_the_platform() -> None:
    """The comparison has teeth: platforms of one family differ where a program meets what they differ in."""
    judge = _core.Judge("6.12", [platforms.to_core(platforms.load(name)) for name in ("x86-5.5", "x86-5.5-iommu-lazy")])
    seen = [_core.random_program(seed, 12) for seed in range(20)]
    assert any(judge.hooks(ops, 0) != judge.hooks(ops, 1) for ops in seen)


def with_other_ends(ops: list[_core.Op], seed: int) -> list[list[_core.Op]]:
    """Valid programs that differ from it, and from each other, in the last operation alone."""
    found = [ops]
    for other in range(seed + 1, seed + 40):
        program = _core.repair([*ops[:-1], _core.random_program(other, 12)[-1 - other % 4]])
        if len(program) == len(ops) and program[:-1] == ops[:-1] and program not in found:
            found.append(program)
    return found


def test_programs_that_begin_alike() -> None:
    """What a judge keeps of a beginning is what another one, which has just judged something else, works out anew."""
    going_on, afresh = (_core.Judge("6.12", list(machines())) for _ in range(2))
    judged = 0
    for seed in range(16):
        programs = with_other_ends(_core.random_program(seed, 2 + seed % 12), seed)
        judged += len(programs)
        for ops in programs:
            afresh.judge([], 0)
            assert going_on.judge_all(ops) == afresh.judge_all(ops), seed
    assert judged > 60
