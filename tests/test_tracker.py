# SPDX-License-Identifier: GPL-2.0-only
"""Trackers 6.12 and 6.1: what they warn of, derived from docs/spec/trackers.md and held against the model and
against the kernel's own code alike. How they find entries is in test_tracker_lookup.py, lists in test_tracker_lists.py.

The programs run on plain x86 unless they say so: no cache maintenance, no bounce buffers, no IOMMU, so that a DMA
address is a physical one. Pages begin at 0x120000 (docs/spec/coherency.md §2.3), at the start of a bucket of 8 KiB and
of a segment of 64 KiB. Operations count from 0; the tidy-up's come after the program's own.
"""

from __future__ import annotations

import pytest

from debian_kernels import PLAIN, Watch, mapped_again
from dmafuzz.checks import checks
from support import Warnings

# Every warning that there is in this era, in a program as small as it gets


# id: (platform, program, all that it warns of)
SMALLEST: dict[str, tuple[str, str, Warnings]] = {
    "free-invalid": (
        "x86-5.5-pool-full",
        """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE unchecked
        cpu0 unmap_single m0
        """,
        [("free-invalid", 2)],
    ),
    "free-unallocated": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 unmap_single m0
        cpu0 unmap_single m0
        """,
        [("free-unallocated", 3)],
    ),
    "free-size": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 unmap_single m0 size=32
        """,
        [("free-size", 2)],
    ),
    "free-wrong-function": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 unmap_resource m0
        """,
        [("free-wrong-function", 2)],
    ),
    "free-cpu-address": (
        PLAIN,
        """
        cpu0 b0 m0 = alloc_coherent d0 4096
        cpu0 free_coherent m0 cpu_offset=16
        """,
        [("free-cpu-address", 1)],
    ),
    # The entry of the second element is never looked at.
    "free-sg-count": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 192
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:64 b0:128:64
        cpu0 unmap_sg m0 nents=1
        """,
        [("free-sg-count", 2), ("leak", 3)],
    ),
    "free-direction": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 unmap_single m0 dir=BIDIRECTIONAL
        """,
        [("free-direction", 2)],
    ),
    "free-unchecked": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE unchecked
        """,
        [("free-unchecked", 2)],
    ),
    "sync-unallocated": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 sync_single_for_cpu m0 offset=32 size=48
        """,
        [("sync-unallocated", 2)],
    ),
    # Who holds the whole of a range is as large, save where the range's end wraps around: from DMA_MAPPING_ERROR on, of
    # which m0, at a lower address with a higher end, then seems to hold everything.
    "sync-range": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 64
        cpu0 b1 = alloc vmalloc 64
        cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 m1 = map_single d0 b1 0 64 FROM_DEVICE unchecked
        cpu0 sync_single_for_cpu m1 size=80
        """,
        [("sync-range", 4), ("free-invalid", 6)],
    ),
    "sync-direction": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 sync_single_for_device m0 dir=BIDIRECTIONAL
        """,
        [("sync-direction", 2)],
    ),
    # Never without a wrong direction.
    "sync-read-only-for-cpu": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 sync_single_for_cpu m0 dir=FROM_DEVICE
        """,
        [("sync-direction", 2), ("sync-read-only-for-cpu", 2)],
    ),
    "sync-write-only-for-device": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 sync_single_for_device m0 dir=TO_DEVICE
        """,
        [("sync-direction", 2), ("sync-write-only-for-device", 2)],
    ),
    "sync-sg-count": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 192
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:64 b0:128:64
        cpu0 sync_sg_for_cpu m0 nents=1
        """,
        [("sync-sg-count", 2)],
    ),
    "map-stack": (
        PLAIN,
        """
        cpu0 b0 = alloc stack 64
        cpu0 m0 = map_page d0 b0 0 64 TO_DEVICE
        """,
        [("map-stack", 1)],
    ),
    "map-text-rodata": (
        "armv7-5.18",
        """
        cpu0 b0 = alloc rodata 64
        cpu0 m0 = map_page d0 b0 0 64 TO_DEVICE
        """,
        [("map-text-rodata", 1)],
    ),
    # Only where the kernel's map_single takes such an address, which it does up to 5.4.
    "map-invalid-area": (
        "x86-4.9",
        """
        cpu0 b0 = alloc vmalloc 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        """,
        [("map-invalid-area", 1), ("map-vmalloc", 1)],
    ),
    "map-vmalloc": (
        "x86-4.9",
        """
        cpu0 b0 = alloc stack 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        """,
        [("map-invalid-area", 1), ("map-vmalloc", 1)],
    ),
    "sg-too-long": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 65552
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:65552
        """,
        [("sg-too-long", 1)],
    ),
    "sg-boundary": (
        "x86-5.5-segment-limits",
        """
        cpu0 b0 = alloc pages 65552
        cpu0 m0 = map_sg d0 TO_DEVICE b0:65520:32
        """,
        [("sg-boundary", 1)],
    ),
    "line-overlap": (PLAIN, mapped_again(2), [("line-overlap", 2)]),
    "overlap>7": (PLAIN, mapped_again(9, " attrs=SKIP_CPU_SYNC"), [("overlap>7", 9)]),
    "leak": (
        PLAIN,
        """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 forget m0
        """,
        [("leak", 3)],
    ),
}

# Of other eras, of a machine without memory, and of kernel code that does not do its work.
NEVER = {"free-attributes", "assert-idle", "resource-ram", "line-enomem", "unknown", "crash", "hang", "deadlock"}


@pytest.mark.parametrize("warning", SMALLEST)
def test_the_smallest_program_that_is_warned_of(warning: str, watch: Watch) -> None:
    platform, text, expected = SMALLEST[warning]
    assert watch(text, platform) == expected
    assert warning in {found for found, _ in expected}


def test_every_warning_has_a_smallest_program_or_never_fires() -> None:
    assert set(SMALLEST) | NEVER == set(checks())
    assert not set(SMALLEST) & NEVER


# What is right is not warned of


@pytest.mark.parametrize("platform", ["x86-5.5", "arm64-6.5", "armv7-5.18", "x86-5.5-iommu-strict"])
def test_correct_calls_of_each_kind_are_silent(watch: Watch, platform: str) -> None:
    text = """
        cpu0 b0 = alloc pages 8192
        cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 sync_single_for_cpu m0
        cpu0 sync_single_for_device m0
        cpu0 m1 = map_page d0 b0 64 64 BIDIRECTIONAL
        cpu0 sync_range_for_cpu m1 offset=16 size=32
        cpu0 m2 = map_sg d0 TO_DEVICE b0:0:64 b0:4096:64
        cpu0 sync_sg_for_cpu m2
        cpu0 b1 m3 = alloc_coherent d0 4096
        cpu0 b2 m4 = alloc_noncontiguous d0 4096 FROM_DEVICE
        cpu0 b3 = alloc mmio 4096
        cpu0 m5 = map_resource d0 b3 0 4096 BIDIRECTIONAL
    """
    assert watch(text, platform) == []


def test_map_page_and_map_single_are_one_function(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 unmap_page m0
        cpu0 m1 = map_page d0 b0 0 64 TO_DEVICE
        cpu0 unmap_single m1
    """
    assert watch(text) == []


def test_a_bidirectional_mapping_is_synced_in_any_direction(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 BIDIRECTIONAL
        cpu0 sync_single_for_cpu m0 dir=TO_DEVICE
        cpu0 sync_single_for_device m0 dir=FROM_DEVICE
        cpu0 m1 = map_sg d0 BIDIRECTIONAL b0:0:16 b0:16:16
        cpu0 sync_sg_for_cpu m1 nents=1
    """
    # m1's elements begin in m0's line.
    assert watch(text) == [("line-overlap", 4), ("line-overlap", 4)]


def test_attributes_at_unmap_are_not_compared(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 unmap_single m0 attrs=WEAK_ORDERING
    """
    assert watch(text) == []


def test_map_single_of_a_vmalloc_address_reaches_no_hook_where_it_fails(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc vmalloc 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 m1 = map_page d0 b0 0 64 TO_DEVICE
        cpu0 m2 = map_sg d0 TO_DEVICE b0:0:64
    """
    assert watch(text) == []


def test_kernel_text_outside_the_linear_map_is_not_noticed(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc text 64
        cpu0 m0 = map_page d0 b0 0 64 TO_DEVICE
    """
    assert watch(text, "armv7-5.18") == [("map-text-rodata", 1)]
    assert watch(text, "x86-5.5") == watch(text, "arm64-6.5") == []


def test_only_the_current_stack_is_noticed(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc stack 64
        cpu1 m0 = map_page d0 b0 0 64 TO_DEVICE
    """
    assert watch(text, "x86-5.5") == watch(text, "armv5-5.5") == []
    assert watch(text.replace("cpu1", "cpu0"), "armv5-5.5") == [("map-stack", 1)]


def test_a_free_of_what_is_no_memory_is_ignored(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc mmio 4096
        cpu0 m0 = map_resource d0 b0 0 4096 BIDIRECTIONAL
        cpu0 free_coherent m0
    """
    assert watch(text) == [("leak", 3)]


# Several warnings of one call


def test_warnings_of_an_unmap_come_as_size_function_direction_unchecked(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE unchecked
        cpu0 unmap_resource m0 size=32 dir=FROM_DEVICE
    """
    found = ["free-size", "free-wrong-function", "free-direction", "free-unchecked"]
    assert watch(text) == [(warning, 2) for warning in found]


def test_warnings_of_an_unmap_sg_of_another_type_have_the_count_after_the_function(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE unchecked
        cpu0 unmap_sg m0 dir=FROM_DEVICE
    """
    found = ["free-wrong-function", "free-sg-count", "free-direction", "free-unchecked"]
    assert watch(text) == [(warning, 2) for warning in found]


def test_warnings_of_a_coherent_free_have_the_cpu_address_after_the_size(watch: Watch) -> None:
    text = """
        cpu0 b0 m0 = alloc_coherent d0 4096
        cpu0 free_coherent m0 size=64 cpu_offset=16
    """
    assert watch(text) == [("free-size", 1), ("free-cpu-address", 1)]


def test_the_cpu_address_is_compared_only_where_the_function_is_right(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 BIDIRECTIONAL
        cpu0 free_coherent m0 cpu_offset=16
    """
    assert watch(text) == [("free-wrong-function", 2)]


def test_warnings_of_a_sync_come_as_range_direction_kind(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 b1 = alloc vmalloc 64
        cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 m1 = map_single d0 b1 0 64 BIDIRECTIONAL unchecked
        cpu0 sync_single_for_device m1 size=80
        cpu0 forget m1
    """
    found = ["sync-range", "sync-direction", "sync-write-only-for-device"]
    assert watch(text) == [(warning, 4) for warning in found]


def test_warnings_of_a_sync_sg_have_the_count_last(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 192
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:64 b0:128:64
        cpu0 sync_sg_for_cpu m0 nents=1 dir=FROM_DEVICE
    """
    assert watch(text) == [("sync-direction", 2), ("sync-read-only-for-cpu", 2), ("sync-sg-count", 2)]


def test_the_stack_is_warned_of_before_the_overlap(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc stack 32
        cpu0 m0 = map_page d0 b0 0 16 FROM_DEVICE
        cpu0 m1 = map_page d0 b0 16 16 FROM_DEVICE
    """
    assert watch(text) == [("map-stack", 1), ("map-stack", 2), ("line-overlap", 2)]


def test_warnings_of_a_map_sg_are_all_stacks_first_and_then_segment_by_segment(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc stack 16
        cpu0 b1 = alloc pages 65552
        cpu0 m0 = map_sg d0 FROM_DEVICE b1:0:65552 b0:0:16 b1:0:65552 b0:0:16
    """
    found = ["map-stack", "map-stack", "sg-too-long", "sg-boundary", "sg-too-long", "sg-boundary"]
    found += ["line-overlap", "line-overlap"]
    assert watch(text, "x86-5.5-segment-limits") == [(warning, 2) for warning in found]


def test_overlap_beyond_7_comes_before_the_overlap_of_the_same_map(watch: Watch) -> None:
    expected = [*(("line-overlap", op) for op in range(2, 9)), ("overlap>7", 9), ("line-overlap", 9)]
    assert watch(mapped_again(9)) == expected
