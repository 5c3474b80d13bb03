# SPDX-License-Identifier: GPL-2.0-only
"""Calls in two halves: what other CPUs and the tracker see between an operation and its hook, for every tracker.

The order of the two comes from docs/spec/trackers.md §2 (Order of operation and hook): maps, allocations,
syncs and the unmaps of single mappings have the operation first, unmap_sg and the frees the hook. The tidy-up's
operations come after the program's own; `split` ends a line after the first half, `finish` runs the second.
"""

from __future__ import annotations

from typing import Any

import pytest

from dmafuzz import _core
from halves import (
    ARM,
    IOMMU,
    PLAIN,
    addresses,
    best_fit,
    every_tracker,
    late,
    leaks,
    overlap,
    since,
    told,
    whole,
)
from support import judge, new_machine, ops_of

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
    strict = new_machine(ARM)
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
