# SPDX-License-Identifier: GPL-2.0-only
"""Random programs and mutants of programs, which the search is made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dmafuzz import _core
from dmafuzz.program import Program, parse
from dmafuzz.program.strategies import programs

ONE_MAP = "dmafuzz 1\ncpu0 b0 = alloc pages 64\ncpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE\n"
LIMIT = 14


@given(programs(min_ops=1, max_ops=LIMIT), programs(min_ops=1, max_ops=LIMIT), st.integers(0, 2**64 - 1))
def test_mutants_are_valid_and_no_longer_than_asked(program: Program, other: Program, seed: int) -> None:
    child = _core.mutant(list(program.ops), list(other.ops), seed, LIMIT)
    assert _core.check(child) is None
    assert 0 < len(child) <= LIMIT


def test_a_line_is_repeated_up_to_what_a_tracker_counts_to() -> None:
    ops = list(parse(ONE_MAP).ops)
    maps = [
        [op for op in _core.mutant(ops, ops, seed, LIMIT) if op.kind == _core.OpKind.map_single and op.buffer == 0]
        for seed in range(2000)
    ]
    assert max(map(len, maps)) > 8
    assert all(len({op.mapping for op in found}) == len(found) for found in maps)


def test_random_programs_have_several_buffers_of_one_sort() -> None:
    pairs = 0
    for seed in range(1000):
        sorts = [(op.buffer_kind, op.size) for op in _core.random_program(seed, LIMIT) if op.kind == _core.OpKind.alloc]
        pairs += len(set(sorts)) < len(sorts)
    assert pairs > 150


def test_random_programs_hold_sequences_that_random_lines_never_come_to() -> None:
    """Nine mappings of one range, and an access through a mapping that has ended after the next map of the range."""
    often = late = 0
    for seed in range(4000):
        ops = _core.random_program(seed, LIMIT)
        maps = [(op.buffer, op.offset, op.size) for op in ops if op.kind == _core.OpKind.map_single]
        often += max((maps.count(each) for each in set(maps)), default=0) >= 8
        ended: set[int] = set()
        for op in ops:
            if op.kind == _core.OpKind.unmap_single:
                ended.add(op.mapping)
            late += op.kind == _core.OpKind.device_write and op.mapping in ended
    assert often > 10
    assert late > 100
