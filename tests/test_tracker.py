"""Trackers 6.12 and 6.1: what they warn of, derived from docs/spec/trackers.md and held against the model and
against the kernel's own code alike.

The programs below run on plain x86 unless they say so: no cache maintenance, no bounce buffers, no IOMMU, so that a DMA
address is a physical one. Pages begin at 0x120000 (docs/spec/coherency.md §2.3), at the start of a bucket of 8 KiB and
of a segment of 64 KiB. Operations count from 0; the tidy-up's come after the program's own.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from dmafuzz import _core, kernel, platforms
from dmafuzz.checks import checks
from dmafuzz.program import Program, parse, render

PLAIN = "x86-5.5"
VERSIONS = ("6.12", "6.1")
COOKIE = (1 << 64) - 1

Warnings = list[tuple[str, int]]


def program(text: str) -> Program:
    return parse("dmafuzz 1\n" + dedent(text))


@functools.cache
def machine(name: str) -> Any:
    return platforms.to_core(platforms.load(name))


@functools.cache
def library(version: str) -> str | None:
    """The kernel's own code of Debian's linux-source package of that version, built; None if it is not installed."""
    for source in (Path(f"/usr/src/linux-source-{version}.tar.xz"), Path(f"/usr/src/linux-source-{version}")):
        if source.exists():
            return str(kernel.build(source).library)
    return None


def kernel_tracker(version: str) -> str:
    """The kernel's own code as a tracker. Skips the test where there is none."""
    built = library(version)
    if built is None:
        pytest.skip(f"needs Debian's package linux-source-{version} (/usr/src/linux-source-{version}.tar.xz)")
    return f"kernel:{built}"


@functools.cache
def judge(tracker: str, platform: str) -> Any:
    return _core.Judge(tracker, [machine(platform)])


def warnings_of(judge: Any, ops: Sequence[_core.Op]) -> Warnings:
    return [(warning["id"], warning["op"]) for warning in judge.judge(ops, 0)["warnings"]]


@dataclass(frozen=True)
class Watch:
    """A tracker of a version: its model, or the kernel's own code."""

    version: str
    tracker: str

    def __call__(self, text: str, platform: str = PLAIN) -> Warnings:
        """The warnings of a program with its tidy-up, (id, operation), in the order in which they fire."""
        return warnings_of(judge(self.tracker, platform), program(text).ops)

    def on(self, text: str, platform: _core.Platform) -> Warnings:
        """The same on a machine that has no file."""
        return warnings_of(_core.Judge(self.tracker, [platform]), program(text).ops)


@pytest.fixture(params=[f"{version}-{kind}" for version in VERSIONS for kind in ("model", "kernel")])
def watch(request: pytest.FixtureRequest) -> Watch:
    version, kind = request.param.split("-")
    return Watch(version, version if kind == "model" else kernel_tracker(version))


def hooks(text: str, platform: str) -> list[dict[str, Any]]:
    return list(judge("6.12", platform).hooks(program(text).ops, 0))


# Every warning that there is in this era, in a program as small as it gets


def mapped_again(count: int, arguments: str = "", direction: str = "FROM_DEVICE") -> str:
    """One line of memory, mapped so often."""
    maps = [f"cpu0 m{i} = map_single d0 b0 0 64 {direction}{arguments}" for i in range(count)]
    return "\n".join(["cpu0 b0 = alloc pages 64", *maps])


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
    # Who holds the whole of a range is as large, save where the range's end wraps around: from the error cookie on, of
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


# C, the active cache lines


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
        addresses = {hook["dma"] for hook in hooks(text, platform) if hook["hook"] == "map_page"}
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
    elsewhere = platforms.to_core(platforms.load(PLAIN))
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


# Scatter lists: addresses and lengths are state of the list

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
    first, second, *unmaps = [hook for hook in hooks(REMAPPED, IOMMU) if hook["hook"] in ("map_sg", "unmap_sg")]
    assert first["entries"] != second["entries"]
    assert [unmap["entries"] for unmap in unmaps] == [second["entries"]] * 2


def test_both_unmaps_of_a_list_mapped_again_name_the_later_addresses(watch: Watch) -> None:
    # m0's unmap takes m1's entry; m1's finds nothing; m0's own is left.
    assert watch(REMAPPED, IOMMU) == [("free-unallocated", 4), ("leak", 5)]
    # Without an IOMMU the addresses are the same ones.
    assert watch(REMAPPED) == []


def test_addresses_of_a_list_are_kept_after_its_unmap() -> None:
    text = f"{dedent(REMAPPED)}cpu0 unmap_sg m1\ncpu0 unmap_sg m1"
    entries = [hook["entries"] for hook in hooks(text, IOMMU) if hook["hook"] == "unmap_sg"]
    assert entries[0] == entries[1]


def test_merged_segments_leave_the_error_cookie_and_no_length() -> None:
    mapped, unmapped = [hook for hook in hooks(MERGED, IOMMU) if hook["entries"]]
    (phys, length, dma, dma_length), (next_phys, next_length, next_dma, next_dma_length) = mapped["entries"]
    assert (mapped["mapped"], dma_length) == (1, 8192)
    assert (length, next_length, next_phys - phys) == (4096, 4096, 4096)
    assert (next_dma, next_dma_length) == (COOKIE, 0)
    assert dma != COOKIE
    assert unmapped["entries"] == mapped["entries"]


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
    # Its unmap finds the error cookie in the element that failed, and in the one behind it what a fresh list holds.
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
    addresses = [hook["dma"] for hook in hooks(text, IOMMU) if hook["hook"] == "map_page"]
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


def described(differences: list[Any]) -> str:
    return "\n".join(f"{platforms.names()[at]}:\n{render(Program(ops))}" for ops, at in differences)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_model_warns_as_the_kernels_own_code_does(version: str) -> None:
    found = _core.compare_trackers(
        version, kernel_tracker(version), every_machine(), PROGRAMS, SEED, costs=True, about=True
    )
    assert found["differences"] == [], described(found["differences"])
    assert found["programs"] == PROGRAMS
    assert found["warnings"] > PROGRAMS  # random programs are wrong about everything


def test_a_model_of_another_version_is_told_from_the_kernels_own_code() -> None:
    found = _core.compare_trackers("6.1", kernel_tracker("6.12"), every_machine(), programs=10_000, seed=SEED)
    assert found["differences"]
    # Shortened: an allocation that is typed there, or an overlap that is exempt.
    for ops, at in found["differences"]:
        kinds = {op.kind for op in ops}
        machine_at = every_machine()[at]
        exempt = machine_at.bounce_unaligned and machine_at.bounce_pool
        assert exempt or kinds & {_core.OpKind.alloc_noncoherent, _core.OpKind.free_noncoherent}, described([(ops, at)])


def test_models_of_different_versions_differ() -> None:
    assert _core.compare_trackers("6.1", "6.12", every_machine(), programs=10_000, seed=SEED)["differences"]
    assert not _core.compare_trackers("6.1", "6.1", every_machine(), programs=10_000, seed=SEED)["differences"]
