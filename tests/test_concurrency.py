"""Calls in two halves: what other CPUs and the tracker see between an operation and its hook, for every tracker.

The order of the two comes from docs/spec/trackers.md §2 (Order of operation and hook): maps, allocations,
syncs and the unmaps of single mappings have the operation first, unmap_sg and the frees the hook. The tidy-up's
operations come after the program's own; `split` ends a line after the first half, `finish` runs the second.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from dmafuzz import _core, platforms
from dmafuzz._core import Op, OpKind
from dmafuzz.program import parse, read
from dmafuzz.program.forms import is_device_access
from dmafuzz.trackers import builtins, default_portfolio
from values import attributes

PLAIN = "x86-5.5"  # a DMA address is a physical one
IOMMU = "x86-5.5-iommu-strict"  # addresses that are given back are handed out again, last in, first out
ARM = "armv7-5.18"  # overlaps are exempt in no era

ERAS = [each.name for each in reversed(builtins()) if each.kind == "era"]
PROPOSALS = {each.name: each.base for each in builtins() if each.kind == "proposal"}
TRACKERS = [*ERAS, *PROPOSALS]
every_tracker = pytest.mark.parametrize("tracker", TRACKERS)

Told = list[tuple[str, int]]


@functools.cache
def machine(name: str) -> Any:
    return platforms.to_core(platforms.load(name))


@functools.cache
def judge(tracker: str, platform: str) -> Any:
    return _core.Judge(tracker, [machine(platform)])


@functools.cache
def ops_of(text: str) -> list[Op]:
    return list(parse("dmafuzz 1\n" + dedent(text)).ops)


def told(tracker: str, text: str, platform: str = PLAIN) -> Told:
    """The warnings of a program with its tidy-up, (id, operation), in the order in which they fire."""
    return [(w.id, w.op) for w in judge(tracker, platform).judge(ops_of(text), 0).warnings]


def addresses(text: str, platform: str) -> list[int]:
    """The DMA addresses of the maps of single pages, by mapping."""
    calls = [call for call in judge("7.2", platform).hooks(ops_of(text), 0) if call.hook == "map_page"]
    return [call.dma for call in sorted(calls, key=lambda call: int(call.mapping))]


def since(tracker: str, era: str) -> bool:
    """Whether a tracker, or what a proposal is based on, has the changes of an era."""
    return ERAS.index(PROPOSALS.get(tracker, tracker)) >= ERAS.index(era)


def best_fit(tracker: str) -> bool:
    return since(tracker, "2.6.31")


def leaks(tracker: str, *ops: int) -> Told:
    return [("leak", op) for op in ops] if since(tracker, "2.6.31") else []


def overlap(tracker: str, op: int, *, other_device: bool = False, reader: bool = False) -> Told:
    """What is told of two entries for one page, of which one device writes it, and the other unless it is a reader."""
    if tracker == "2011-reader-writer":
        return [("line-overlap", op)]
    if tracker == "2021-different-regions" and other_device:
        return []
    return [("line-overlap", op)] if since(tracker, "5.14") and not reader else []


def whole(text: str) -> str:
    """The program without its splits: each call whole where its first half was."""
    lines = [line for line in dedent(text).splitlines() if not line.endswith(" finish")]
    return "\n".join(line.removesuffix(" split") for line in lines)


def late(text: str, call: str) -> str:
    """The program with one split call whole, where its second half was."""
    lines = dedent(text).strip().splitlines()
    (first,) = [line for line in lines if call in line]
    lines.remove(first)
    return "\n".join(first.removesuffix(" split") if line.endswith(" finish") else line for line in lines)


# The order of the two halves, call by call: between them another CPU asks what the tracker has entered, by an unbind

OPERATION_FIRST = {
    "unmap_single": "cpu0 m0 = map_single d0 b0 0 4096 FROM_DEVICE",
    "unmap_page": "cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE",
    "unmap_resource": "cpu0 m0 = map_resource d0 b1 0 4096 FROM_DEVICE",
}
HOOK_FIRST = {
    "unmap_sg": "cpu0 m0 = map_sg d0 FROM_DEVICE b0:0:64 b0:64:64",
    "free_coherent": "cpu0 b2 m0 = alloc_coherent d0 4096",
    "free_noncoherent": "cpu0 b2 m0 = alloc_noncoherent d0 4096 FROM_DEVICE\ncpu0 mapping_error m0",
    "free_noncontiguous": "cpu0 b2 m0 = alloc_noncontiguous d0 4096 FROM_DEVICE",
}
BUFFERS = "cpu0 b0 = alloc pages 4096\ncpu0 b1 = alloc mmio 4096\n"


def probed(made: str, call: str) -> tuple[str, int]:
    """A program that asks between the two halves of a call, and the operation that does."""
    text = f"{BUFFERS}{made}\ncpu0 {call} split\ncpu1 unbind d0\ncpu0 finish"
    return text, len(text.splitlines()) - 2


@every_tracker
@pytest.mark.parametrize("call", OPERATION_FIRST)
def test_an_unmap_of_a_single_mapping_has_its_hook_last(tracker: str, call: str) -> None:
    text, probe = probed(OPERATION_FIRST[call], f"{call} m0")
    entered = call != "unmap_resource" or since(tracker, "4.9")
    assert told(tracker, text) == (leaks(tracker, probe) if entered else [])
    assert told(tracker, whole(text)) == []


@every_tracker
@pytest.mark.parametrize("call", HOOK_FIRST)
def test_an_unmap_sg_or_a_free_has_its_hook_first(tracker: str, call: str) -> None:
    text, probe = probed(HOOK_FIRST[call], f"{call} m0")
    assert told(tracker, text) == []
    assert told(tracker, late(text, f"{call} m0")) == leaks(tracker, probe - 1)


MAPS = (
    "m0 = map_single d0 b0 0 4096 FROM_DEVICE",
    "m0 = map_page d0 b0 0 4096 FROM_DEVICE",
    "m0 = map_resource d0 b1 0 4096 FROM_DEVICE",
    "m0 = map_sg d0 FROM_DEVICE b0:0:64 b0:64:64",
    "b2 m0 = alloc_coherent d0 4096",
    "b2 m0 = alloc_noncontiguous d0 4096 FROM_DEVICE",
)


@every_tracker
@pytest.mark.parametrize("call", MAPS)
def test_a_map_or_an_allocation_has_its_hook_last(tracker: str, call: str) -> None:
    text = f"{BUFFERS}cpu0 {call} split\ncpu1 unbind d0\ncpu0 finish\ncpu1 unbind d0"
    entered = "map_resource" not in call or since(tracker, "4.9")
    assert told(tracker, text) == (leaks(tracker, 5) if entered else [])


@pytest.mark.parametrize("platform", [IOMMU, "x86-5.5-force-bounce"])
def test_a_maps_operation_is_done_before_its_hook(platform: str) -> None:
    """The address is taken in the first half: another CPU's map in between gets the next one."""
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE split
        cpu1 m1 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 finish
    """
    first, second = addresses(text, platform)
    assert first != second
    assert addresses(whole(text), platform) == [first, second]
    assert addresses(late(text, "m0 ="), platform) == [second, first]


@pytest.mark.parametrize("call", ["sync_single_for_cpu", "sync_single_for_device", "sync_range_for_cpu"])
@every_tracker
def test_a_sync_has_its_hook_last(tracker: str, call: str) -> None:
    """Another CPU unmaps in between: the operation found the mapping, the hook does not."""
    text = f"""
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 {call} m0 split
        cpu1 unmap_page m0
        cpu0 finish
    """
    assert told(tracker, text) == [("sync-unallocated", 4)]
    assert told(tracker, whole(text)) == []


@every_tracker
def test_a_sync_sg_has_its_hook_last(tracker: str) -> None:
    """The second half finds no first element and checks none (2.6.30: all); had it come first, it had told."""
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_sg d0 FROM_DEVICE b0:0:64
        cpu0 sync_sg_for_cpu m0 dir=TO_DEVICE split
        cpu1 unmap_sg m0
        cpu0 finish
    """
    assert told(tracker, text) == ([] if since(tracker, "2.6.31") else [("sync-unallocated", 4)])
    assert told(tracker, whole(text)) == [("sync-direction", 2)]


@every_tracker
def test_the_area_of_a_map_single_is_looked_at_before_everything_else(tracker: str) -> None:
    text = """
        cpu0 b0 = alloc vmalloc 4096
        cpu0 m0 = map_single d0 b0 0 4096 TO_DEVICE unchecked split
        cpu1 unbind d0
        cpu0 finish
    """
    area = [("map-invalid-area", 1), ("map-vmalloc", 1)] if since(tracker, "4.20") else []
    unchecked = [("free-unchecked", 4)] if since(tracker, "3.9") else []
    assert told(tracker, text, "x86-4.9") == area + unchecked


# An unmap whose operation is done and whose hook is not


@every_tracker
@pytest.mark.parametrize("platform", [ARM, "armv7-2.6.34", "mips-5.5"])
def test_memory_mapped_again_overlaps_what_is_unmapped_already(tracker: str, platform: str) -> None:
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 unmap_page m0 split
        cpu1 m1 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 finish
        cpu1 unmap_page m1
        cpu1 m2 = map_page d0 b0 0 4096 FROM_DEVICE
    """
    # Of two equal entries the hook takes the oldest, its own; in the end the line is free.
    assert told(tracker, text, platform) == overlap(tracker, 3)
    assert told(tracker, whole(text), platform) == []


@every_tracker
def test_memory_mapped_again_for_another_device(tracker: str) -> None:
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 unmap_page m0 split
        cpu1 m1 = map_page d1 b0 0 4096 FROM_DEVICE
        cpu0 finish
    """
    assert told(tracker, text, ARM) == overlap(tracker, 3, other_device=True)
    # The other way round, the map between its halves: as it is entered last.
    other = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu1 m1 = map_page d1 b0 0 4096 FROM_DEVICE split
        cpu0 unmap_page m0
        cpu1 finish
    """
    assert told(tracker, other, ARM) == []
    assert told(tracker, whole(other), ARM) == overlap(tracker, 2, other_device=True)


@every_tracker
def test_memory_mapped_again_for_reading(tracker: str) -> None:
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 unmap_page m0 split
        cpu1 m1 = map_page d0 b0 0 4096 TO_DEVICE
        cpu0 finish
    """
    assert told(tracker, text, ARM) == overlap(tracker, 3, reader=True)


@every_tracker
def test_a_page_copied_on_write_after_the_unmap_and_before_its_hook(tracker: str) -> None:
    """The device is done with it, the process may write: assert-idle has not heard of it yet."""
    text = """
        cpu0 b0 = alloc anonymous 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 unmap_page m0 split
        cpu1 cow b0 0
        cpu0 finish
    """
    asked = since(tracker, "3.14-rc1") and not since(tracker, "5.9")
    assert told(tracker, text) == ([("assert-idle", 3)] if asked else [])
    assert told(tracker, late(text, "unmap_page m0")) == ([("assert-idle", 2)] if asked else [])
    assert told(tracker, whole(text)) == []
    # It is about nothing: the old page was fresh when it was copied.
    found = judge(tracker, PLAIN).judge(ops_of(text), 0)
    assert found.corruptions == ()
    assert found.labels == (("FP",) if asked else ("TN",))


@every_tracker
def test_a_sync_after_the_unmap_and_before_its_hook_is_not_noticed(tracker: str) -> None:
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 unmap_page m0 split
        cpu1 sync_single_for_device m0
        cpu0 finish
    """
    assert told(tracker, text) == []
    assert told(tracker, whole(text)) == [("sync-unallocated", 3)]


@every_tracker
def test_two_unmaps_of_one_mapping_at_the_same_time(tracker: str) -> None:
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 unmap_page m0 split
        cpu1 unmap_page m0 split
        cpu1 finish
        cpu0 finish
    """
    # Whose hook comes second is told, whoever was first at the operation.
    assert told(tracker, text) == [("free-unallocated", 5)]
    assert told(tracker, whole(text)) == [("free-unallocated", 3)]


# The same DMA address, given back by the operation, still known by the hook


# Sizes of one alignment that no CPU has a list of its own for: whichever CPU comes next is given the same address.
LARGE, SMALLER, OTHER = (pages * 4096 for pages in (35, 34, 33))


def reused(unmap: str, size: int) -> str:
    return f"""
        cpu0 b0 = alloc pages {LARGE}
        cpu0 b1 = alloc pages {LARGE}
        cpu0 m0 = map_page d0 b0 0 {LARGE} FROM_DEVICE
        cpu0 unmap_page m0{unmap} split
        cpu1 m1 = map_page d0 b1 0 {size} FROM_DEVICE
        cpu0 finish
        cpu1 unmap_page m1
    """


@every_tracker
@pytest.mark.parametrize("size", [LARGE, SMALLER])
def test_an_address_handed_out_again_before_the_hook(tracker: str, size: int) -> None:
    text = reused("", size)
    first, second = addresses(text, IOMMU)
    assert first == second
    # Equal ones: the oldest is the right one. Others: the first one, or the perfect one, is.
    assert told(tracker, text, IOMMU) == []


@every_tracker
def test_a_wrong_size_takes_the_entry_that_it_fits(tracker: str) -> None:
    """Best fit: m1's, without a word, and it is m1's correct unmap that is told. First match: m0's."""
    assert told(tracker, reused(f" size={SMALLER}", SMALLER), IOMMU) == [("free-size", 6 if best_fit(tracker) else 5)]


@every_tracker
def test_a_wrong_size_that_fits_neither(tracker: str) -> None:
    found = told(tracker, reused(f" size={OTHER}", SMALLER), IOMMU)
    if best_fit(tracker):
        # None of two imperfect ones: m0's entry is left for ever.
        assert found == [("free-unallocated", 5), ("leak", 7)]
    else:
        assert found == [("free-size", 5)]


@every_tracker
def test_a_later_unmap_that_comes_first_takes_the_older_entry(tracker: str) -> None:
    """m1's hook takes m0's entry, whose line is b0's: b1, which nobody maps any more, seems mapped."""
    text = f"""
        cpu0 b0 = alloc pages {LARGE}
        cpu0 b1 = alloc pages {LARGE}
        cpu0 m0 = map_page d0 b0 0 {LARGE} FROM_DEVICE
        cpu0 unmap_page m0 split
        cpu1 m1 = map_page d0 b1 0 {LARGE} FROM_DEVICE
        cpu1 unmap_page m1
        cpu1 m2 = map_page d0 b1 0 {LARGE} FROM_DEVICE
        cpu0 finish
    """
    strict = _strict_arm()
    found = _core.Judge(tracker, [strict]).judge(ops_of(text), 0)
    assert [(w.id, w.op) for w in found.warnings] == overlap(tracker, 6)
    b0_again = text.replace("m2 = map_page d0 b1", "m2 = map_page d0 b0")
    assert _core.Judge(tracker, [strict]).judge(ops_of(b0_again), 0).warnings == ()


def _strict_arm() -> Any:
    """A machine where no overlap is exempt, behind an IOMMU."""
    strict = platforms.to_core(platforms.load(ARM))
    strict.iommu = _core.Iommu.strict
    return strict


# Hook first, operation later


@every_tracker
def test_an_unmap_sg_is_forgotten_before_it_is_done(tracker: str) -> None:
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_sg d0 FROM_DEVICE b0:0:4096
        cpu0 unmap_sg m0 split
        cpu1 m1 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 finish
        cpu1 unmap_page m1
    """
    # The two mappings are live at once, and no tracker knows.
    assert told(tracker, text, ARM) == []
    # Neither does the 2021 proposal tell the very same region apart from another one of the same device.
    assert told(tracker, late(text, "unmap_sg m0"), ARM) == overlap(tracker, 2)


def test_two_mappings_live_at_once_in_an_unmap_sg_have_two_addresses() -> None:
    """The IOVA is given back by the operation: who maps before it gets another one, who maps after it the same."""
    text = f"""
        cpu0 b0 = alloc pages {LARGE}
        cpu0 m0 = map_sg d0 FROM_DEVICE b0:0:{LARGE}
        cpu0 unmap_sg m0 split
        cpu1 m1 = map_page d0 b0 0 {LARGE} FROM_DEVICE
        cpu0 finish
    """
    listed = [call for call in judge("7.2", IOMMU).hooks(ops_of(text), 0) if call.hook == "map_sg"]
    (address,) = [entry.dma for entry in listed[0].entries]
    assert addresses(text, IOMMU) != [address]
    assert addresses(whole(text), IOMMU) == [address]


@every_tracker
def test_a_sync_between_the_hook_of_an_unmap_sg_and_its_operation(tracker: str) -> None:
    """The mapping is live, and the tracker says that it is not. A sync_sg finds no first element and checks none."""
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_sg d0 FROM_DEVICE b0:0:4096
        cpu0 unmap_sg m0 split
        cpu1 sync_single_for_cpu m0
        cpu1 sync_sg_for_cpu m0
        cpu0 finish
    """
    listed = [] if since(tracker, "2.6.31") else [("sync-unallocated", 4)]
    assert told(tracker, text) == [("sync-unallocated", 3), *listed]
    # The other way round, a sync whose hook comes after the unmap's.
    assert told(tracker, late(text, "unmap_sg m0")) == []


@every_tracker
def test_a_list_mapped_again_while_it_is_unmapped(tracker: str) -> None:
    """The unmap's hook has read the old addresses; had it come later it would have taken the new mapping's entry."""
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:4096
        cpu0 unmap_sg m0 split
        cpu1 m1 = map_sg d0 TO_DEVICE list=m0
        cpu0 finish
        cpu1 unmap_sg m1
    """
    assert told(tracker, text, IOMMU) == []
    # m0's unmap takes m1's entry, m1's finds none, m0's own is left.
    assert told(tracker, late(text, "unmap_sg m0"), IOMMU) == [("free-unallocated", 4), *leaks(tracker, 5)]


@every_tracker
def test_a_list_mapped_again_while_it_is_synced(tracker: str) -> None:
    """A sync has its hook last, and so it sees the list as the later map has left it: of the other direction here."""
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:4096
        cpu0 sync_sg_for_device m0 split
        cpu1 m1 = map_sg d0 FROM_DEVICE list=m0
        cpu0 finish
        cpu1 forget m0
    """
    mapped = overlap(tracker, 3, reader=True)
    found = [("sync-direction", 4), ("sync-write-only-for-device", 4)]
    assert told(tracker, text, IOMMU) == [*mapped, *found, *leaks(tracker, 7)]
    assert told(tracker, whole(text), IOMMU) == [*mapped, *leaks(tracker, 6)]


@every_tracker
@pytest.mark.parametrize("platform", [PLAIN, ARM, IOMMU])
def test_memory_is_free_only_when_a_free_coherent_is_done(tracker: str, platform: str) -> None:
    text = """
        cpu0 b0 m0 = alloc_coherent d0 4096
        cpu0 free_coherent m0 split
        cpu1 b1 m1 = alloc_coherent d0 4096
        cpu0 finish
        cpu1 free_coherent m1
    """
    assert told(tracker, text, platform) == []
    calls = judge(tracker, platform).hooks(ops_of(text), 0)
    first, second = [call.phys for call in calls if call.hook == "alloc_coherent"]
    assert first != second
    calls = judge(tracker, platform).hooks(ops_of(whole(text)), 0)
    first, second = [call.phys for call in calls if call.hook == "alloc_coherent"]
    assert first == second


@every_tracker
def test_a_sync_between_the_hook_of_a_free_coherent_and_its_operation(tracker: str) -> None:
    text = """
        cpu0 b0 m0 = alloc_coherent d0 4096
        cpu0 free_coherent m0 split
        cpu1 sync_single_for_cpu m0
        cpu0 finish
    """
    assert told(tracker, text) == [("sync-unallocated", 2)]


@every_tracker
def test_two_frees_of_one_allocation_at_the_same_time(tracker: str) -> None:
    text = """
        cpu0 b0 m0 = alloc_coherent d0 4096
        cpu0 free_coherent m0 split
        cpu1 free_coherent m0 split
        cpu1 finish
        cpu0 finish
    """
    # Whose hook comes second is told, and that is in its first half.
    assert told(tracker, text) == [("free-unallocated", 2)]


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

CORPUS = [list(read(file).ops) for file in sorted((Path(__file__).parent.parent / "corpus").rglob("*.dma"))]


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
        shown[key] = [{**one, "op": line(one["op"]), "entry_op": line(one.get("entry_op"))} for one in each]
    return shown


def seen(bench: Any, ops: Sequence[Op], index: int) -> list[dict[str, Any]]:
    """What the tracker sees."""
    return [{**attributes(call), "op": None} for call in bench.hooks(ops, index)]


@every_tracker
def test_a_call_in_two_halves_with_nothing_between_is_the_call(tracker: str) -> None:
    bench = _core.Judge(tracker, [platforms.to_core(each) for each in platforms.portfolio(default_portfolio(tracker))])
    members = len(platforms.portfolio(default_portfolio(tracker)))
    for ops in CORPUS:
        halves, lines = split_everywhere(ops)
        assert _core.check(halves) is None
        for index in range(members):
            assert shown(bench.judge(halves, index), lines) == shown(bench.judge(ops, index))


def test_the_tracker_sees_the_same_calls_of_both() -> None:
    for name in platforms.names():
        bench = judge("7.2", name)
        for ops in CORPUS:
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
    for ops in CORPUS:
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
