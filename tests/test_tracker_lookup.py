# SPDX-License-Identifier: GPL-2.0-only
"""Trackers 6.12 and 6.1: which entry a call finds, what is asked of a map's error, which cachelines are active; the
model and the kernel's own code alike. Programs as in test_tracker.py.
"""

from __future__ import annotations

import pytest

from debian_kernels import Watch, hooks, mapped_again
from support import machine

# Look-up


def test_of_several_imperfect_matches_none_is_found_and_none_is_removed(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 256
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 m1 = map_single d0 b0 0 128 TO_DEVICE
        cpu0 unmap_single m0 size=256
    """
    # The tidy-up's unmap of m1 is perfect.
    assert watch(text) == [("free-unallocated", 3), ("leak", 5)]


def test_a_perfect_match_wins_among_several(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 256
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 m1 = map_single d0 b0 0 128 TO_DEVICE
        cpu0 unmap_single m1
        cpu0 unmap_single m0
    """
    assert watch(text) == []


@pytest.mark.parametrize(
    ("older", "newer", "ends"),
    [
        ("map_single d0 b0 0 64 TO_DEVICE", "map_single d0 b0 0 64 FROM_DEVICE", "unmap_single"),
        ("map_resource d0 b0 0 64 TO_DEVICE", "map_single d0 b0 0 64 TO_DEVICE", "unmap_single"),
        ("map_sg d0 TO_DEVICE b0:0:64 b0:64:64", "map_sg d0 TO_DEVICE b0:0:64", "unmap_sg"),
    ],
    ids=["direction", "type", "entries"],
)
def test_a_perfect_match_is_one_of_size_direction_type_and_entries(
    watch: Watch, older: str, newer: str, ends: str
) -> None:
    text = f"""
        cpu0 b0 = alloc pages 128
        cpu0 m0 = {older}
        cpu0 m1 = {newer}
        cpu0 {ends} m1
    """
    # An older entry that differs in this alone is passed over, and left for the tidy-up.
    assert watch(text) == []


def test_of_perfect_matches_the_oldest_wins(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 m1 = map_single d0 b0 0 64 TO_DEVICE unchecked
        cpu0 unmap_single m1
        cpu0 unmap_single m0
    """
    # m1's unmap takes the entry of m0, which was checked.
    assert watch(text) == [("free-unchecked", 4)]


def test_a_single_match_is_found_however_imperfect(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:64
        cpu0 unmap_single m0 size=32 dir=FROM_DEVICE
    """
    assert watch(text) == [("free-size", 2), ("free-wrong-function", 2), ("free-direction", 2)]


def test_a_mapping_of_another_device_is_not_found(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 sync_single_for_cpu m0 dev=d1
        cpu0 unmap_single m0 dev=d1
    """
    assert watch(text) == [("sync-unallocated", 2), ("free-unallocated", 3), ("leak", 4)]


def test_an_unmap_at_an_offset_is_not_found(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 unmap_single m0 offset=16 size=48
    """
    assert watch(text) == [("free-unallocated", 2), ("leak", 3)]


def test_an_ambiguous_sync_in_one_bucket_is_not_found(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 8192
        cpu0 m0 = map_single d0 b0 0 8192 TO_DEVICE
        cpu0 m1 = map_single d0 b0 4096 4096 TO_DEVICE
        cpu0 sync_single_for_device m0 offset=4096 size=1024
        cpu0 sync_single_for_device m1
    """
    # The second one is a perfect match.
    assert watch(text) == [("sync-unallocated", 3)]


def test_a_sync_finds_the_mapping_of_the_nearest_bucket(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 32768
        cpu0 m0 = map_single d0 b0 0 32768 FROM_DEVICE
        cpu0 m1 = map_single d0 b0 8192 16384 TO_DEVICE
        cpu0 sync_single_for_cpu m0 offset=8192 size=4096
        cpu0 sync_single_for_cpu m0 offset=4096 size=4096
    """
    # The second one is in no mapping but m0.
    assert watch(text) == [("sync-direction", 3), ("sync-read-only-for-cpu", 3)]


def test_a_sync_looks_further_back_where_the_nearest_bucket_is_ambiguous(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 32768
        cpu0 m0 = map_single d0 b0 0 32768 FROM_DEVICE
        cpu0 m1 = map_single d0 b0 8192 16384 TO_DEVICE
        cpu0 m2 = map_single d0 b0 8192 8192 TO_DEVICE
        cpu0 sync_single_for_cpu m0 offset=8192 size=4096
    """
    assert watch(text) == []


def test_a_sync_looks_back_further_than_a_segment(watch: Watch) -> None:
    """From 6.0 by up to all buckets; up to 5.19 by the device's maximal segment, 64 KiB."""
    text = """
        cpu0 b0 = alloc pages 262144
        cpu0 m0 = map_single d0 b0 0 262144 FROM_DEVICE
        cpu0 sync_single_for_cpu m0 offset=196608 size=64
    """
    assert watch(text) == []


def test_an_empty_sync_at_the_very_end_is_inside(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 sync_single_for_cpu m0 offset=64 size=0
        cpu0 sync_single_for_cpu m0 offset=80 size=0
    """
    assert watch(text) == [("sync-unallocated", 3)]


# The map-error state


def test_mapping_error_marks_the_oldest_unchecked_entry(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc mmio 4096
        cpu0 m0 = map_resource d0 b0 0 64 BIDIRECTIONAL unchecked
        cpu0 m1 = map_resource d0 b0 0 64 BIDIRECTIONAL unchecked
        cpu0 mapping_error m1
        cpu0 unmap_resource m0
        cpu0 unmap_resource m1
    """
    # The hook of map_resource asks for no error, so that both are unchecked. They overlap, in C as in life.
    assert watch(text) == [("line-overlap", 2), ("free-unchecked", 5)]


def test_each_mapping_error_marks_one_more_entry(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc mmio 4096
        cpu0 m0 = map_resource d0 b0 0 64 TO_DEVICE unchecked
        cpu0 m1 = map_resource d0 b0 0 64 TO_DEVICE unchecked
        cpu0 mapping_error m1
        cpu0 mapping_error m1
    """
    assert watch(text) == []


def test_the_map_hook_asks_itself_and_marks_an_older_entry(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 128
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE unchecked
        cpu0 m1 = map_single d0 b0 0 128 TO_DEVICE unchecked
        cpu0 unmap_single m0
        cpu0 unmap_single m1
    """
    assert watch(text) == [("free-unchecked", 4)]


def test_an_unmap_that_is_not_found_marks_an_entry(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 256
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 m1 = map_single d0 b0 0 128 TO_DEVICE unchecked
        cpu0 unmap_single m0 size=256
        cpu0 unmap_single m1
    """
    assert watch(text) == [("free-unallocated", 3), ("leak", 5)]


def test_lists_and_coherent_memory_have_no_map_error_state(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:64 unchecked
        cpu0 b1 m1 = alloc_coherent d0 4096
    """
    assert watch(text) == []


def test_a_resource_is_entered_even_when_its_map_failed(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64 high
        cpu0 m0 = map_resource d0 b0 0 64 TO_DEVICE
    """
    assert watch(text, "x86-5.18-swiotlb") == [("leak", 2)]
    assert watch(text.replace("map_resource", "map_single"), "x86-5.5-pool-full") == []


# C, the active cachelines


def test_lines_are_known_by_the_start_of_a_mapping_only(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 256
        cpu0 m0 = map_single d0 b0 0 256 FROM_DEVICE
        cpu0 m1 = map_single d0 b0 64 64 FROM_DEVICE
        cpu0 m2 = map_single d0 b0 112 16 FROM_DEVICE
    """
    # m1 lies within m0, m2 begins in the line in which m1 begins.
    assert watch(text) == [("line-overlap", 3)]


def test_the_line_is_the_kernels_l1_line_not_the_machines(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 128
        cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 m1 = map_single d0 b0 32 16 FROM_DEVICE
        cpu0 m2 = map_single d0 b0 64 16 FROM_DEVICE
    """
    assert watch(text, "armv7-5.18") == [("line-overlap", 2)]
    assert watch(text, "armv5-5.5") == []  # its lines have 32 bytes
    assert machine("arm64-5.19-line128").line == 128
    assert watch(text, "arm64-5.19-line128") == [("line-overlap", 2)]


def test_mappings_to_the_device_are_in_no_line(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE
        cpu0 m1 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 m2 = map_single d0 b0 0 64 TO_DEVICE
    """
    assert watch(text) == []


def test_lines_know_no_devices(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 m1 = map_single d1 b0 0 64 BIDIRECTIONAL
    """
    assert watch(text) == [("line-overlap", 2)]


def test_lines_are_those_of_the_memory_not_of_its_slot_or_iova(watch: Watch) -> None:
    text = mapped_again(2)
    for platform in ("x86-5.18-force-bounce", "x86-5.5-iommu-strict"):
        addresses = {hook.dma for hook in hooks(text, platform) if hook.hook == "map_page"}
        assert len(addresses) == 2
        assert watch(text, platform) == [("line-overlap", 2)]


def test_coherent_memory_has_a_line(watch: Watch) -> None:
    text = """
        cpu0 b0 m0 = alloc_coherent d0 4096
        cpu0 m1 = map_single d1 b0 0 64 FROM_DEVICE
    """
    assert watch(text) == [("line-overlap", 1)]


def test_a_line_is_active_until_its_last_mapping_has_gone(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 m1 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 unmap_single m0
        cpu0 m2 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 unmap_single m1
        cpu0 unmap_single m2
        cpu0 m3 = map_single d0 b0 0 64 FROM_DEVICE
    """
    assert watch(text) == [("line-overlap", 2), ("line-overlap", 4)]


def test_the_entrys_direction_decides_whether_a_line_is_left(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 16 FROM_DEVICE
        cpu0 m1 = map_single d0 b0 16 16 TO_DEVICE
        cpu0 unmap_single m1 dir=FROM_DEVICE
        cpu0 m2 = map_single d0 b0 32 16 FROM_DEVICE
    """
    assert watch(text) == [("free-direction", 3), ("line-overlap", 4)]


def test_overlap_beyond_7_is_warned_of_once_a_boot(watch: Watch) -> None:
    other_line = [f"cpu0 m{i} = map_single d0 b1 0 64 FROM_DEVICE" for i in range(11, 21)]
    text = "\n".join([mapped_again(11), "cpu0 b1 = alloc pages 64", *other_line])
    assert watch(text) == [
        *(("line-overlap", op) for op in range(2, 9)),
        ("overlap>7", 9),
        *(("line-overlap", op) for op in (9, 10, 11)),
        *(("line-overlap", op) for op in range(14, 23)),
    ]


def test_the_count_stays_at_7_so_that_a_line_is_forgotten_early(watch: Watch) -> None:
    """Ten mappings count as one and seven overlaps; with the eighth unmap the line is gone, two mappings are not."""
    unmaps = [f"cpu0 unmap_single m{i}" for i in range(8)]
    again = "cpu0 m10 = map_single d0 b0 0 64 FROM_DEVICE"
    expected = [*(("line-overlap", op) for op in range(2, 9)), ("overlap>7", 9), ("line-overlap", 9)]
    expected.append(("line-overlap", 10))
    assert watch("\n".join([mapped_again(10), *unmaps, again])) == expected
    assert watch("\n".join([mapped_again(10), *unmaps[:7], again])) == [*expected, ("line-overlap", 18)]


def test_skip_cpu_sync_of_the_new_mapping_silences_its_overlap(watch: Watch) -> None:
    text = """
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 m1 = map_single d1 b0 0 64 FROM_DEVICE attrs=SKIP_CPU_SYNC
        cpu0 m2 = map_single d2 b0 0 64 FROM_DEVICE
        cpu0 m3 = map_single d3 b0 0 64 FROM_DEVICE attrs=NO_WARN
    """
    assert watch(text) == [("line-overlap", 3), ("line-overlap", 4)]


def test_skip_cpu_sync_does_not_silence_overlap_beyond_7(watch: Watch) -> None:
    assert watch(mapped_again(11, " attrs=SKIP_CPU_SYNC")) == [("overlap>7", 9)]
