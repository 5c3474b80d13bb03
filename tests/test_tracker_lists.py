# SPDX-License-Identifier: GPL-2.0-only
"""Trackers 6.12 and 6.1: leaks, scatterlists and calls in two halves, and what the two versions do not share; the
model and the kernel's own code alike. Programs as in test_tracker.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent

import pytest

from debian_kernels import PLAIN, VERSIONS, Watch, hooks, kernel_tracker, mapped_again
from dmafuzz import _core, platforms
from dmafuzz.program import Program, render
from support import Warnings, machine, new_machine

COOKIE = (1 << 64) - 1  # what DMA_MAPPING_ERROR is

# What 6.12 and 6.1 do not share


def test_overlaps_are_exempt_in_6_12_where_kmalloc_buffers_are_bounced(watch: Watch) -> None:
    text = mapped_again(2)
    exempt = watch.version == "6.12"
    assert watch(text, "arm64-6.5") == ([] if exempt else [("line-overlap", 2)])
    assert watch(text, "arm64-6.5-iommu-strict") == ([] if exempt else [("line-overlap", 2)])
    # Configured, but there is no pool; a pool, but not configured.
    assert watch(text, "arm64-6.5-no-pool") == [("line-overlap", 2)]
    assert watch(text, "x86-5.18-swiotlb") == [("line-overlap", 2)]


def test_overlap_beyond_7_is_not_exempt(watch: Watch) -> None:
    expected: Warnings = [("overlap>7", 9)]
    if watch.version == "6.1":
        expected = [*(("line-overlap", op) for op in range(2, 9)), ("overlap>7", 9), ("line-overlap", 9)]
    assert watch(mapped_again(9), "arm64-6.5") == expected


def test_a_noncoherent_allocation_is_never_checked_in_6_1(watch: Watch) -> None:
    """There it is a map_page like others, and who allocates asks for no mapping error."""
    text = "cpu0 b0 m0 = alloc_noncoherent d0 4096 FROM_DEVICE"
    assert watch(text) == ([("free-unchecked", 1)] if watch.version == "6.1" else [])
    assert watch(f"{text}\ncpu0 mapping_error m0") == []


def test_a_noncoherent_allocation_has_a_type_of_its_own_in_6_12(watch: Watch) -> None:
    text = """
        cpu0 b0 m0 = alloc_noncoherent d0 4096 FROM_DEVICE
        cpu0 mapping_error m0
        cpu0 unmap_page m0
    """
    assert watch(text) == ([("free-wrong-function", 2)] if watch.version == "6.12" else [])


def test_a_page_freed_as_a_noncoherent_allocation(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 free_noncoherent m0
    """
    assert watch(text) == ([("free-wrong-function", 2)] if watch.version == "6.12" else [])


def test_a_noncontiguous_allocation_is_a_scatter_list_of_one_entry(watch: Watch) -> None:
    text = """
        cpu0 b0 m0 = alloc_noncontiguous d0 64 FROM_DEVICE
        cpu0 unmap_sg m0
        cpu0 b1 m1 = alloc_noncontiguous d0 64 FROM_DEVICE
        cpu0 unmap_page m1 size=64
    """
    assert watch(text) == [("free-size", 3), ("free-wrong-function", 3)]


# Leaks


def test_a_leak_is_one_for_each_device(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d1 b0 0 64 TO_DEVICE
        cpu0 m1 = map_single d1 b0 0 32 TO_DEVICE
        cpu0 m2 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 m3 = map_single d2 b0 0 64 TO_DEVICE
        cpu0 forget m0
        cpu0 forget m1
        cpu0 forget m2
    """
    # m3 is unmapped; the devices are unbound in the order in which they came up.
    assert watch(text) == [("leak", 9), ("leak", 10)]


def test_an_unbind_removes_nothing_and_the_next_one_warns_again(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 unbind d0
        cpu0 unbind d0
    """
    # Once it is unmapped, the tidy-up's unbind finds nothing.
    assert watch(text) == [("leak", 2), ("leak", 3)]


def test_a_leak_is_noticed_on_buses_that_registered_only(watch: Watch) -> None:
    elsewhere = new_machine(PLAIN)
    devices = elsewhere.devices
    devices[0].pci = False
    elsewhere.devices = devices
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 m1 = map_single d1 b0 0 64 TO_DEVICE
        cpu0 forget m0
        cpu0 forget m1
    """
    assert watch.on(text, elsewhere) == [("leak", 6)]


def test_an_unmap_with_mismatches_removes_the_entry(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 unmap_resource m0 size=16
        cpu0 m1 = map_single d0 b0 0 64 FROM_DEVICE
    """
    assert watch(text) == [("free-size", 2), ("free-wrong-function", 2)]


# Scatterlists: addresses and lengths are state of the list

IOMMU = "x86-5.5-iommu-strict"
REMAPPED = """
    cpu0 b0 = alloc pages 4096
    cpu0 m0 = map_sg d0 TO_DEVICE b0:0:4096
    cpu0 m1 = map_sg d0 TO_DEVICE list=m0
"""
MERGED = """
    cpu0 b0 = alloc pages 8192
    cpu0 m0 = map_sg d0 TO_DEVICE b0:0:4096 b0:4096:4096
"""


def test_a_later_map_overwrites_the_addresses_of_a_list() -> None:
    first, second, *unmaps = [hook for hook in hooks(REMAPPED, IOMMU) if hook.hook in ("map_sg", "unmap_sg")]
    assert first.entries != second.entries
    assert [unmap.entries for unmap in unmaps] == [second.entries] * 2


def test_both_unmaps_of_a_list_mapped_again_name_the_later_addresses(watch: Watch) -> None:
    # m0's unmap takes m1's entry; m1's finds nothing; m0's own is left.
    assert watch(REMAPPED, IOMMU) == [("free-unallocated", 4), ("leak", 5)]
    # Without an IOMMU the addresses are the same ones.
    assert watch(REMAPPED) == []


def test_addresses_of_a_list_are_kept_after_its_unmap() -> None:
    text = f"{dedent(REMAPPED)}cpu0 unmap_sg m1\ncpu0 unmap_sg m1"
    entries = [hook.entries for hook in hooks(text, IOMMU) if hook.hook == "unmap_sg"]
    assert entries[0] == entries[1]


def test_merged_segments_leave_the_error_cookie_and_no_length() -> None:
    mapped, unmapped = [hook for hook in hooks(MERGED, IOMMU) if hook.entries]
    first, second = mapped.entries
    assert (mapped.mapped, first.dma_size) == (1, 8192)
    assert (first.size, second.size, second.phys - first.phys) == (4096, 4096, 4096)
    assert (second.dma, second.dma_size) == (COOKIE, 0)
    assert first.dma != COOKIE
    assert unmapped.entries == mapped.entries


def test_of_merged_segments_only_the_mapped_ones_are_checked(watch: Watch) -> None:
    assert watch(MERGED, IOMMU) == []
    assert watch(MERGED + "    cpu0 sync_sg_for_device m0", IOMMU) == []
    # The number given is the number of entries, not of segments.
    assert watch(MERGED + "    cpu0 unmap_sg m0 nents=1", IOMMU) == [("free-sg-count", 2)]


def test_an_unmap_sg_that_finds_no_first_element_checks_all_of_them(watch: Watch) -> None:
    text = MERGED + "    cpu0 unmap_sg m0\n    cpu0 unmap_sg m0"
    assert watch(text) == [("free-unallocated", 3), ("free-unallocated", 3)]
    assert watch(text, IOMMU) == [("free-unallocated", 3), ("free-invalid", 3)]


def test_a_sync_sg_that_finds_no_first_element_checks_none(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 192
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:64 b0:128:64
        cpu0 unmap_sg m0 nents=1
        cpu0 sync_sg_for_cpu m0 dir=FROM_DEVICE
        cpu0 sync_single_for_cpu m0
    """
    assert watch(text) == [("free-sg-count", 2), ("sync-unallocated", 4), ("leak", 5)]


def test_sg_calls_on_a_single_mapping_find_no_mapped_elements(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 sync_sg_for_cpu m0 dir=FROM_DEVICE
        cpu0 unmap_sg m0
    """
    # The sync checks nothing, the unmap all that it was given.
    assert watch(text) == [("free-wrong-function", 3), ("free-sg-count", 3)]


def test_a_list_that_was_not_mapped_has_no_entries(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:64 b0:0:64 unchecked
    """
    # Its unmap finds DMA_MAPPING_ERROR in the element that failed, and in the one behind it what a fresh list holds.
    assert watch(text, "x86-5.5-pool-full") == [("free-invalid", 2), ("free-unallocated", 2)]


# Calls in two halves


@pytest.mark.parametrize("platform", [PLAIN, "x86-5.18-force-bounce", IOMMU])
def test_memory_mapped_again_between_an_unmap_and_its_hook_overlaps(watch: Watch, platform: str) -> None:
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 unmap_page m0 split
        cpu1 m1 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 finish
        cpu1 unmap_page m1
        cpu1 m2 = map_page d0 b0 0 4096 FROM_DEVICE
    """
    assert watch(text, platform) == [("line-overlap", 3)]


def test_an_unmap_hook_takes_the_entry_of_who_got_its_address_in_between(watch: Watch) -> None:
    """The IOVA is free, the entry is not: of two imperfect ones none is found, and of equal ones the oldest is."""
    large, wrong = 34 * 4096, 33 * 4096  # no CPU has a list of its own for such: the other one is given it at once
    text = f"""
        cpu0 b0 = alloc pages {large}
        cpu0 b1 = alloc pages {large}
        cpu0 m0 = map_page d0 b0 0 {large} TO_DEVICE
        cpu0 unmap_page m0 size={wrong} split
        cpu1 m1 = map_page d0 b1 0 {large} TO_DEVICE
        cpu0 finish
        cpu1 unmap_page m1
    """
    addresses = [hook.dma for hook in hooks(text, IOMMU) if hook.hook == "map_page"]
    assert addresses[0] == addresses[1]
    # m1's unmap then takes the oldest of the two.
    assert watch(text, IOMMU) == [("free-unallocated", 5), ("leak", 7)]


def test_an_unmap_sg_has_its_hook_first_and_leaves_no_such_window(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_sg d0 FROM_DEVICE b0:0:4096
        cpu0 unmap_sg m0 split
        cpu1 m1 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 finish
        cpu1 unmap_page m1
    """
    assert watch(text) == []


def test_a_hook_that_comes_later_warns_at_the_later_operation(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 m1 = map_single d0 b0 0 64 FROM_DEVICE split
        cpu1 unmap_single m0 size=32 split
        cpu0 finish
        cpu1 finish
    """
    # m0's hook comes last: its entry is one of two, and neither has the size.
    assert watch(text) == [("line-overlap", 4), ("free-unallocated", 5), ("leak", 7)]


# The models against the kernel's own code

PROGRAMS = 200_000
SEED = 20260722


def every_machine() -> list[_core.Platform]:
    return [machine(name) for name in platforms.names()]


def described(differences: Sequence[_core.TrackerDifference]) -> str:
    return "\n".join(f"{platforms.names()[each.platform]}:\n{render(Program(each.ops))}" for each in differences)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_model_warns_as_the_kernels_own_code_does(version: str) -> None:
    found = _core.compare_trackers(
        version, kernel_tracker(version), every_machine(), PROGRAMS, SEED, costs=True, about=True
    )
    assert found.differences == (), described(found.differences)
    assert found.programs == PROGRAMS
    assert found.warnings > PROGRAMS  # random programs are wrong about everything


def test_a_model_of_another_version_is_told_from_the_kernels_own_code() -> None:
    found = _core.compare_trackers("6.1", kernel_tracker("6.12"), every_machine(), programs=10_000, seed=SEED)
    assert found.differences
    # Shortened: an allocation that is typed there, or an overlap that is exempt.
    for each in found.differences:
        kinds = {op.kind for op in each.ops}
        machine_at = every_machine()[each.platform]
        exempt = machine_at.bounce_unaligned and machine_at.bounce_pool
        assert exempt or kinds & {_core.OpKind.alloc_noncoherent, _core.OpKind.free_noncoherent}, described([each])


def test_models_of_different_versions_differ() -> None:
    assert _core.compare_trackers("6.1", "6.12", every_machine(), programs=10_000, seed=SEED).differences
    assert not _core.compare_trackers("6.1", "6.1", every_machine(), programs=10_000, seed=SEED).differences
