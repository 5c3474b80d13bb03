# SPDX-License-Identifier: GPL-2.0-only
"""Calls in two halves: a map whose operation is done and whose hook is not; and what one CPU does has one schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from dmafuzz import _core, platforms
from dmafuzz._core import Op, OpKind
from dmafuzz.program import read
from dmafuzz.program.forms import is_device_access
from dmafuzz.trackers import default_portfolio
from halves import (
    ARM,
    IOMMU,
    PLAIN,
    TRACKERS,
    addresses,
    best_fit,
    every_tracker,
    overlap,
    since,
    told,
    whole,
)
from support import CORPUS, judge, ops_of
from values import attributes

# A map whose operation is done and whose hook is not


@pytest.mark.parametrize("call", ["unmap_page m1", "sync_single_for_cpu m1", "mapping_error m1", "forget m1"])
def test_a_handle_exists_only_after_its_call_has_returned(call: str) -> None:
    text = f"""
        cpu0 b0 = alloc pages 4096
        cpu0 m1 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu1 {call}
    """
    alloc, whole_map, use = ops_of(text)
    first_half = whole_map.__copy__()
    first_half.split = True
    assert _core.check([alloc, whole_map, use]) is None
    problem = _core.check([alloc, first_half, use])
    assert problem is not None
    assert (problem.op, problem.field) == (2, "mapping")


UNMAPPED_TWICE = """
    cpu0 b0 = alloc pages 4096
    cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
    cpu0 unmap_page m0
    cpu0 m1 = map_page d0 b0 0 4096 FROM_DEVICE split
    cpu1 {}
    cpu0 finish
"""


@every_tracker
@pytest.mark.parametrize("platform", [PLAIN, IOMMU])
def test_another_cpu_unmaps_an_address_that_is_mapped_and_not_yet_entered(tracker: str, platform: str) -> None:
    """A late unmap of m0, whose address m1 has got."""
    text = UNMAPPED_TWICE.format("unmap_page m0")
    first, second = addresses(text, platform)
    assert first == second
    # At once, since there is no entry yet; later m1's own unmap finds its entry.
    assert told(tracker, text, platform) == [("free-unallocated", 4)]
    # Entered in time, m1's entry is taken, and m1's own unmap is told.
    assert told(tracker, whole(text), platform) == [("free-unallocated", 5)]


@every_tracker
@pytest.mark.parametrize("platform", [PLAIN, IOMMU])
def test_another_cpu_syncs_an_address_that_is_mapped_and_not_yet_entered(tracker: str, platform: str) -> None:
    text = UNMAPPED_TWICE.format("sync_single_for_cpu m0")
    assert told(tracker, text, platform) == [("sync-unallocated", 4)]
    assert told(tracker, whole(text), platform) == []


@every_tracker
def test_another_cpu_syncs_what_only_the_mapping_not_yet_entered_holds(tracker: str) -> None:
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 m1 = map_single d0 b0 0 128 TO_DEVICE split
        cpu1 sync_single_for_cpu m0 size=128
        cpu0 finish
    """
    exact = not since(tracker, "3.2")
    assert told(tracker, text) == [("sync-range" if exact else "sync-unallocated", 3)]
    # Entered in time, it is found, but for who takes the first one of an address.
    assert told(tracker, whole(text)) == ([] if best_fit(tracker) else [("sync-range", 3)])


@every_tracker
def test_another_cpu_asks_for_the_error_of_an_address_not_yet_entered(tracker: str) -> None:
    """It marks no entry of m1, which is then unmapped unchecked."""
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 m1 = map_single d0 b0 0 64 TO_DEVICE unchecked split
        cpu1 mapping_error m0
        cpu0 finish
    """
    assert told(tracker, text) == ([("free-unchecked", 6)] if since(tracker, "3.9") else [])
    assert told(tracker, whole(text)) == []


@every_tracker
def test_of_two_maps_at_the_same_time_the_later_hook_is_told(tracker: str) -> None:
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE split
        cpu1 m1 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 finish
    """
    assert told(tracker, text, ARM) == overlap(tracker, 3)
    assert told(tracker, whole(text), ARM) == overlap(tracker, 2)


@every_tracker
def test_a_copy_on_write_between_a_map_and_its_hook_is_missed(tracker: str) -> None:
    """NET_DMA's bug, once more: the device owns the page, and the tracker has not heard of it."""
    text = """
        cpu0 b0 = alloc anonymous 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE split
        cpu1 cow b0 0
        cpu0 finish
    """
    found = judge(tracker, PLAIN).judge(ops_of(text), 0)
    assert (found.warnings, found.labels) == ((), ("FN",))
    asked = since(tracker, "3.14-rc1") and not since(tracker, "5.9")
    assert told(tracker, whole(text)) == ([("assert-idle", 2)] if asked else [])


# One CPU has one schedule

PROGRAMS = [list(read(file).ops) for file in sorted(CORPUS.rglob("*.dma"))]


def split_everywhere(ops: Sequence[Op]) -> tuple[list[Op], list[int]]:
    """Every call in two halves, one right after the other; and for each half the operation that it belongs to."""
    halves: list[Op] = []
    lines: list[int] = []
    for line, op in enumerate(ops):
        parts = [op]
        if _core.traits(op.kind).is_call and not op.split:
            first, second = op.__copy__(), Op()
            first.split = True
            second.kind, second.cpu = OpKind.finish, op.cpu
            parts = [first, second]
        halves += parts
        lines += [line] * len(parts)
    return halves, lines


def shown(found: _core.Judgement, lines: Sequence[int] | None = None) -> dict[str, Any]:
    """All that a judgement says, but for the operations themselves."""

    def line(op: int | None) -> int | None:
        if lines is None or op is None:
            return op
        return lines[op] if op < len(lines) else op - len(lines) + lines[-1] + 1

    shown: dict[str, Any] = {"labels": found.labels, "failed": found.failed}
    for key in ("warnings", "corruptions", "harms", "breaches"):
        each = [attributes(one) for one in getattr(found, key)]
        each = [{**one, "op": line(one["op"]), "entry_op": line(one.get("entry_op"))} for one in each]
        shown[key] = each
    # Two halves are two operations: what either finds comes in the order of the halves.
    for one in shown["corruptions"]:
        del one["index"]
    shown["corruptions"].sort(key=repr)
    return shown


def seen(bench: Any, ops: Sequence[Op], index: int) -> list[dict[str, Any]]:
    """What the tracker sees."""
    return [{**attributes(call), "op": None} for call in bench.hooks(ops, index)]


@every_tracker
def test_a_call_in_two_halves_with_nothing_between_is_the_call(tracker: str) -> None:
    bench = _core.Judge(tracker, [platforms.to_core(each) for each in platforms.portfolio(default_portfolio(tracker))])
    members = len(platforms.portfolio(default_portfolio(tracker)))
    for ops in PROGRAMS:
        halves, lines = split_everywhere(ops)
        assert _core.check(halves) is None
        for index in range(members):
            assert shown(bench.judge(halves, index), lines) == shown(bench.judge(ops, index))


def test_the_tracker_sees_the_same_calls_of_both() -> None:
    for name in platforms.names():
        bench = judge("7.2", name)
        for ops in PROGRAMS:
            assert seen(bench, split_everywhere(ops)[0], 0) == seen(bench, ops, 0)


def test_random_programs_of_one_cpu_have_one_schedule() -> None:
    split = 0
    for seed in range(400):
        ops = [op for op in _core.random_program(seed, 12) if op.kind != OpKind.finish]
        for op in ops:
            op.cpu, op.split = 0, False
        ops = _core.repair(ops)
        halves, lines = split_everywhere(ops)
        split += len(halves) - len(ops)
        bench = judge(TRACKERS[seed % len(TRACKERS)], platforms.names()[seed % len(platforms.names())])
        assert shown(bench.judge(halves, 0), lines) == shown(bench.judge(ops, 0))
    assert split > 400


def test_a_cpu_between_the_halves_of_a_call_does_nothing_else() -> None:
    """So that there is one schedule: the second half is the only thing it can do."""
    for ops in PROGRAMS:
        for line, op in enumerate(ops[:-1]):
            following = ops[line + 1]
            on_its_own = is_device_access(following.kind)  # no CPU is in it
            if not _core.traits(op.kind).is_call or op.split or following.cpu != op.cpu or on_its_own:
                continue
            first = op.__copy__()
            first.split = True
            problem = _core.check([*ops[:line], first, *ops[line + 1 :]])
            assert problem is not None
            assert problem.op == line + 1
