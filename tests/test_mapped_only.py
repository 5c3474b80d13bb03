# SPDX-License-Identifier: GPL-2.0-only
"""Judging with memory that nothing maps left out: as if it held nothing that matters, and otherwise no difference."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from dmafuzz import _core, platforms
from dmafuzz._core import OpKind
from dmafuzz.program import Program, parse
from dmafuzz.program.strategies import programs

MEMBERS = platforms.portfolio("6.12")
MACHINES = [platforms.to_core(member) for member in MEMBERS]
WHOLE = _core.Judge("6.12", MACHINES)
MAPPED = _core.Judge("6.12", MACHINES)
MAPPED.judge_mapped_memory_only()
# No CPU or device access: those name memory that need not be mapped.
CALLS = [kind for kind in OpKind if kind in (OpKind.alloc, OpKind.start) or _core.traits(kind).is_call]


def corrupt(judge: _core.Judge, text: str) -> list[set[str]]:
    ops = parse(f"dmafuzz 1\n{text}").ops
    return [{str(each.kind) for each in judgement.corruptions} for judgement in judge.judge_all(ops)]


def test_neighbours_of_a_mapping_in_its_cacheline_do_not_matter() -> None:
    text = "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 390 110 FROM_DEVICE\ncpu0 unmap_page m0\n"
    assert any(corrupt(WHOLE, text))
    assert not any(corrupt(MAPPED, text))


def test_mappings_of_one_cacheline_do() -> None:
    text = (
        "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 32 FROM_DEVICE\n"
        "cpu0 m1 = map_page d0 b0 32 32 FROM_DEVICE\ncpu0 unmap_page m0\ncpu0 unmap_page m1\n"
    )
    lost = corrupt(MAPPED, text)
    assert lost == corrupt(WHOLE, text)
    assert "stale-cpu-data" in lost[[member.name for member in MEMBERS].index("armv7-5.18")]


def mapped_whole(program: Program) -> bool:
    """Whether every buffer is mapped from its beginning to its end, by some line."""
    sizes = {op.buffer: op.size for op in program.ops if op.kind is OpKind.alloc}
    kinds = {op.buffer_kind for op in program.ops if op.kind is OpKind.alloc}
    mapped = {
        op.buffer for op in program.ops
        if _core.traits(op.kind).defines_mapping and op.kind is not OpKind.map_sg
        and op.offset == 0 and op.size == sizes.get(op.buffer)
    }  # fmt: skip
    return sizes.keys() <= mapped and _core.BufferKind.stack not in kinds


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(program=programs(max_ops=8, kinds=CALLS))
def test_what_is_mapped_whole_is_judged_the_same(program: Program) -> None:
    """Each buffer is mapped in full at the end, for a device that only reads: nothing is left out."""
    sizes = {op.buffer: op for op in program.ops if op.kind is OpKind.alloc}
    raw = list(program.ops)
    for op in sizes.values():
        last = op.__copy__()
        last.kind, last.mapping, last.offset = OpKind.map_page, _core.MAPPINGS_MAX - 1 - op.buffer, 0
        last.direction = _core.Direction.to_device
        raw.append(_core.clear_unused(last))
    whole = Program(_core.repair(raw))
    if not mapped_whole(whole):
        return
    for one, other in zip(WHOLE.judge_all(whole.ops), MAPPED.judge_all(whole.ops), strict=True):
        assert one.labels == other.labels
        assert one.warnings == other.warnings
        assert one.corruptions == other.corruptions
        assert one.harms == other.harms
