# SPDX-License-Identifier: GPL-2.0-only
"""The core's simulator against the naive one (tests/naive), which keeps explicit joint states."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache

import pytest

import naive
from comparison import of_core, of_naive
from dmafuzz import _core, platforms
from dmafuzz.program import parse, render_op
from rich_programs import random_rich
from small_programs import every_small, haunted, random_small, torn_and_haunted
from support import machines


@cache
def judge() -> _core.Judge:
    return _core.Judge("silent", machines())


def assert_agree(programs: Iterable[tuple[list[_core.Op], int]], too_large_max: int) -> int:
    """Both agree on all; returns how many there were. Programs beyond the naive one's bound are few, or it checks
    nothing."""
    count = too_large = 0
    for ops, platform in programs:
        try:
            expected = of_naive(ops, machines()[platform])
        except naive.TooLarge:
            too_large += 1
            continue
        count += 1
        text = "\n".join(render_op(op) for op in ops)
        assert of_core(judge(), ops, platform) == expected, f"on {machines()[platform].name}:\n{text}"
    assert too_large <= too_large_max
    return count


# A machine of each style of maintenance and bouncing.
STYLES = (
    "x86-5.5", "x86-5.18-force-bounce", "x86-2.6.30-force-bounce", "x86-5.17-force-bounce", "arm64-6.5", "arm64-5.5",
    "arm-2011", "armv7-5.18-line32", "armv5-5.5", "mips-5.5", "mips-r10000-4.18", "mips-r10000-5.10", "powerpc-5.5",
    "riscv-6.0", "riscv-6.6", "arm64-6.5-mixed", "arm64-6.5-iommu-strict", "arm64-5.19-swiotlb", "arm64-6.5-line128",
)  # fmt: skip


def of_each(some: int, all_of_them: int) -> pytest.MarkDecorator:
    """So many programs always, and all of them where slow tests run."""
    return pytest.mark.parametrize("programs", [some, pytest.param(all_of_them, marks=pytest.mark.slow)])


def one_in(step: int) -> pytest.MarkDecorator:
    """One program in so many always, and each of them where slow tests run."""
    return pytest.mark.parametrize("step", [step, pytest.param(1, marks=pytest.mark.slow)])


@one_in(4)
@pytest.mark.parametrize("style", STYLES)
def test_every_program_of_up_to_four_operations_of_a_small_alphabet(style: str, step: int) -> None:
    platform = platforms.names().index(style)
    programs = [(ops, platform) for length in (1, 2, 3, 4) for ops in every_small(length)]
    # Not always the same ones: each style has its own quarter.
    # A few where two devices may write one buffer at any moment have more joint states than the bound.
    assert assert_agree(programs[platform % step :: step], too_large_max=8 // step) > 1000 // step


@one_in(5)
@pytest.mark.parametrize("style", ["x86-5.5", "arm64-6.5", "mips-r10000-5.10"])
def test_a_mapping_of_a_dead_buffer_that_changes_hands(style: str, step: int) -> None:
    """Whoever lives in the dead buffer's memory by then is hurt at that moment, not when something next happens
    there."""
    platform = platforms.names().index(style)
    programs = [(ops, platform) for ops in haunted()]
    assert assert_agree(programs[::step], too_large_max=0) > 500 // step


@one_in(19)
@pytest.mark.parametrize("style", ["x86-5.5", "arm64-6.5"])
def test_a_mapping_of_a_dead_buffer_that_was_torn_apart(style: str, step: int) -> None:
    """Its void part led nowhere while the buffer lived, and leads nowhere after."""
    platform = platforms.names().index(style)
    programs = [(ops, platform) for ops in torn_and_haunted()]
    assert assert_agree(programs[::step], too_large_max=0) > 500 // step


def test_a_device_that_is_told_where_to_write_hits_whoever_has_a_slot_there() -> None:
    """The second unmap takes m1's translation away, m2 takes it over for its slot: once the call that makes m1 has
    returned, its device writes into that slot, though nothing else happens to it at that moment."""
    ops = parse(
        """dmafuzz 1
        cpu0 b0 = alloc page_cache 1
        cpu0 m0 = map_page d0 b0 0 1 TO_DEVICE
        cpu0 b1 = alloc anonymous 16
        cpu1 unmap_page m0
        cpu1 m1 = map_page d0 b1 0 16 BIDIRECTIONAL split
        cpu0 b2 = alloc page_cache 16
        cpu2 unmap_page m0
        cpu2 m2 = map_page d0 b2 0 16 BIDIRECTIONAL
        """
    ).ops
    platform = platforms.names().index("arm64-6.5-iommu-strict")
    assert assert_agree([(list(ops), platform)], too_large_max=0) == 1
    corruptions, _ = of_core(judge(), ops, platform)
    assert ("foreign-device-data", 8, "b2", 0, 16) in corruptions


@of_each(1_500, 20_000)
def test_random_programs(programs: int) -> None:
    rng = random.Random(20110101)
    names = range(len(machines()))
    written = ((random_small(rng, rng.randint(2, 7)), rng.choice(names)) for _ in range(programs))
    assert assert_agree(written, too_large_max=programs // 300) >= programs * 0.99


@of_each(200, 3_000)
def test_random_programs_rich_in_what_is_rare(programs: int) -> None:
    """More of them, by hand: python tests/compare_simulators.py --programs 200000."""
    rng = random.Random(20261128)
    names = range(len(machines()))
    written = ((random_rich(rng, rng.randint(3, 10)), rng.choice(names)) for _ in range(programs))
    assert assert_agree(written, too_large_max=programs // 100) >= programs * 0.99


def test_columns_one_at_a_time_are_all_columns_together() -> None:
    """The naive implementation looks at the bytes of a line one class at a time where there are many classes."""
    rng = random.Random(7)
    for _ in range(60):
        ops, machine = random_small(rng, rng.randint(3, 7)), rng.choice(machines())
        assert naive.simulate(ops, machine, together=1) == naive.simulate(ops, machine, together=6)


@of_each(200, 2_000)
def test_longer_random_programs(programs: int) -> None:
    rng = random.Random(20211007)
    names = range(len(machines()))
    written = ((random_small(rng, rng.randint(8, 14)), rng.choice(names)) for _ in range(programs))
    assert assert_agree(written, too_large_max=programs // 50) >= programs * 0.95


def test_a_simulator_that_is_wrong_is_noticed() -> None:
    """The comparison has teeth: outcomes of another platform do not pass for this one's."""
    rng = random.Random(1)
    coherent, other = platforms.names().index("x86-5.5"), platforms.names().index("mips-r10000-5.10")
    programs = [random_small(rng, 8) for _ in range(200)]
    assert any(of_core(judge(), ops, coherent) != of_naive(ops, machines()[other]) for ops in programs)


def compare_walks(programs: int, seed: int, **more: int) -> _core.WalkComparison:
    found = _core.compare_walks(list(machines()), programs=programs, seed=seed, **more)
    assert found.programs == programs
    assert found.corruptions > programs
    assert found.harms > 0
    assert found.transitions > programs
    listing = [
        "\n".join(render_op(op) for op in each.ops) + f"\non {machines()[each.platform].name}"
        for each in found.differences
    ]
    assert not listing, listing[0]
    return found


def test_looking_up_is_the_same_as_carrying_out() -> None:
    """The automaton against the sets themselves, random programs and mutants, every platform: corruptions, harms and
    feedback in every detail. By hand with ten million and more."""
    found = compare_walks(200_000, seed=20260727)
    assert found.automaton.drops == 0
    assert found.automaton.hits > 100 * found.automaton.misses


def test_an_automaton_without_room_is_slower_and_never_wrong() -> None:
    found = compare_walks(20_000, seed=7, automaton_bytes=100_000)
    assert found.automaton.drops > 10
    starved = compare_walks(2_000, seed=8, automaton_bytes=0)
    assert starved.automaton.drops == 2_000


@pytest.mark.parametrize("tracker", ["6.12", "6.1"])
def test_a_portfolio_judged_together_is_each_platform_judged_alone(tracker: str) -> None:
    """What one platform takes over from another is what it would have found itself."""
    together, alone = _core.Judge(tracker, machines()), _core.Judge(tracker, machines())
    for seed in range(100):
        ops = _core.random_program(seed, 16)
        for platform, found in enumerate(together.judge_all(ops)):
            assert found == alone.judge(ops, platform), "\n".join(render_op(op) for op in ops)
