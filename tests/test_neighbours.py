# SPDX-License-Identifier: GPL-2.0-only
"""The neighbourhoods of short programs, which the search goes through."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from hypothesis import given

from dmafuzz import _core
from dmafuzz.program import Program, parse, render_op
from dmafuzz.program.strategies import programs

LIMIT = 6
ONE_MAP = "dmafuzz 1\ncpu0 b0 = alloc pages 64\ncpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE\n"


def texts(found: list[list[_core.Op]], line: int = -1) -> set[str]:
    return {render_op(ops[line]) for ops in found}


@given(programs(min_ops=1, max_ops=8))
def test_neighbours_are_valid_and_one_step_away(program: Program) -> None:
    ops = list(program.ops)
    found = _core.neighbours(ops, LIMIT)
    assert len({bytes(_core.encode(other)) for other in found}) == len(found)
    for other in found:
        assert _core.check(other) is None
        assert len(other) <= LIMIT
        if len(other) > len(ops):
            assert any(other[:at] + other[at + 1 :] == ops for at in range(len(other)))
        else:
            assert sum(new != old for new, old in zip(other, ops, strict=True)) == 1


def without_layout(ops: Iterable[_core.Op]) -> list[bytes]:
    plain = []
    for old in ops:
        op = copy.copy(old)
        op.offset = op.size = 0
        op.entries = [_core.Entry(entry.buffer, 0, 0) for entry in op.entries]
        plain.append(bytes(_core.encode([op])))
    return plain


@given(programs(min_ops=1, max_ops=8))
def test_a_layout_changes_nothing_but_where_things_are(program: Program) -> None:
    for other in _core.other_layouts(list(program.ops)):
        assert _core.check(other) is None
        assert without_layout(other) == without_layout(program.ops)


def test_calls_come_with_right_and_wrong_arguments() -> None:
    lines = texts(_core.neighbours(list(parse(ONE_MAP).ops), 3))
    for call in ("unmap_single m0", "sync_single_for_cpu m0"):
        assert {f"cpu0 {call}{wrong}" for wrong in ("", " dev=d1", " size=128", " size=32", " dir=TO_DEVICE")} <= lines


def test_mappings_of_all_sorts_are_added_and_changed() -> None:
    found = _core.neighbours(list(parse(ONE_MAP).ops), 3)
    assert {
        "cpu0 m1 = map_single d1 b0 0 64 FROM_DEVICE attrs=SKIP_CPU_SYNC",
        "cpu0 m1 = map_single d0 b0 32 32 TO_DEVICE",
        "cpu0 m1 = map_sg d0 BIDIRECTIONAL b0:0:64",
    } <= texts(found)
    assert {
        "cpu0 m0 = map_single d1 b0 0 64 FROM_DEVICE",
        "cpu0 m0 = map_single d0 b0 0 32 FROM_DEVICE",
    } <= texts(found, 1)


def test_nothing_is_added_beyond_the_limit() -> None:
    ops = list(parse(ONE_MAP).ops)
    assert {len(other) for other in _core.neighbours(ops, 2)} == {2}


def test_layouts_leave_room() -> None:
    larger, further = _core.other_layouts(list(parse(ONE_MAP).ops))
    assert [render_op(op) for op in larger] == [
        "cpu0 b0 = alloc pages 512",
        "cpu0 m0 = map_single d0 b0 0 256 FROM_DEVICE",
    ]
    assert [render_op(op) for op in further] == [
        "cpu0 b0 = alloc pages 192",
        "cpu0 m0 = map_single d0 b0 16 64 FROM_DEVICE",
    ]
