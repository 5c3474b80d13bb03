# SPDX-License-Identifier: GPL-2.0-only
"""What a warning covers, the labels that follow, and when corruption counts: programs as small as can be."""

from __future__ import annotations

import pytest

from dmafuzz import _core, platforms
from dmafuzz.program import parse
from dmafuzz.trackers import default_portfolio
from dmafuzz.verdicts import Judgement, judging

NINE_MAPS = [
    line
    for i in range(9)
    for line in (f"cpu0 m{i} = map_page d0 b0 0 64 BIDIRECTIONAL attrs=SKIP_CPU_SYNC", f"cpu0 start m{i}")
]


def judged(tracker: str, platform: str, *lines: str) -> Judgement:
    program = parse("\n".join(["dmafuzz 1", *lines]) + "\n")
    return judging(tracker, default_portfolio(tracker)).judge(program, platform)


def warned(judgement: Judgement) -> set[str]:
    return {warning.id for warning in judgement.warnings}


def silent(judgement: Judgement) -> set[tuple[str, int]]:
    """Kinds of corruption that no warning explains, and where they begin in their buffer."""
    return {(c.kind, c.offset) for c in judgement.corruptions if not c.explained}


class TestLines:
    def test_a_sync_covers_the_lines_of_its_range_and_not_the_mapping_s_tail(self) -> None:
        found = judged(
            "6.12",
            "armv7-5.18",
            "cpu0 b0 = alloc pages 32768",
            "cpu0 m0 = map_page d0 b0 0 32752 FROM_DEVICE",
            "cpu0 sync_range_for_cpu m0 size=1536 dir=BIDIRECTIONAL",
        )
        assert ("stale-cpu-data", 32704) in silent(found)
        assert found.warnings[0].justification != "justified"

    def test_a_line_that_the_range_covers_in_part_is_covered_whole(self) -> None:
        """Sixteen bytes are synced, and the rest of their line is lost."""
        found = judged(
            "6.12",
            "armv7-5.18",
            "cpu0 b0 = alloc pages 4096",
            "cpu0 m0 = map_page d0 b0 0 48 FROM_DEVICE",
            "cpu0 sync_single_for_cpu m0 size=16 dir=BIDIRECTIONAL",
        )
        assert found.corruptions
        assert silent(found) == set()

    def test_a_sync_does_not_cover_the_next_line(self) -> None:
        found = judged(
            "6.12",
            "armv7-5.18",
            "cpu0 b0 = alloc pages 4096",
            "cpu0 m0 = map_page d0 b0 0 112 FROM_DEVICE",
            "cpu0 sync_single_for_cpu m0 size=64 dir=BIDIRECTIONAL",
        )
        assert {offset for _, offset in silent(found)} >= {64}


class TestOnceABoot:
    def test_a_line_s_overflow_covers_what_was_live_when_it_fired(self) -> None:
        found = judged("6.12", "x86-5.18-force-bounce", "cpu0 b0 = alloc pages 64", *NINE_MAPS)
        assert warned(found) == {"overlap>7"}
        assert silent(found) == set()

    def test_and_not_what_is_mapped_later(self) -> None:
        found = judged(
            "6.12",
            "x86-5.18-force-bounce",
            "cpu0 b0 = alloc pages 64",
            *NINE_MAPS,
            *[f"cpu0 unmap_page m{i}" for i in range(8)],
            "cpu0 m9 = map_page d0 b0 0 64 FROM_DEVICE",
        )
        assert silent(found) == {("stale-cpu-data", 0)}


class TestHarms:
    def test_exposure_justifies_no_warning(self) -> None:
        found = judged(
            "6.12",
            "x86-5.5",
            "cpu0 b0 m0 = alloc_noncontiguous d0 16 FROM_DEVICE",
            "cpu0 sync_sg_for_device m0",
            "cpu0 m1 = map_resource d0 b0 0 16 BIDIRECTIONAL",
        )
        assert "FP" in found.labels
        assert "bookkeeping" not in found.labels


class TestTrackers:
    @pytest.mark.parametrize(
        ("platform", "lines", "expected"),
        [
            (
                "armv7-5.18",
                (
                    "cpu0 b0 = alloc pages 4096",
                    "cpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE",
                    "cpu0 m1 = map_page d0 b0 0 64 FROM_DEVICE attrs=IGNORE_CACHELINES",
                ),
                "line-overlap",
            )
        ],
    )
    def test_one_of_two_that_is_flagged_exempts_nothing(
        self, platform: str, lines: tuple[str, ...], expected: str
    ) -> None:
        assert expected in warned(judged("7.2", platform, *lines))

    def test_a_match_in_nothing_is_no_match(self) -> None:
        found = judged(
            "2.6.32",
            "x86-2.6.30",
            "cpu0 b0 = alloc pages 4096",
            "cpu0 m0 = map_sg d0 FROM_DEVICE b0:0:64",
            "cpu0 unmap_page m0 size=128 dir=TO_DEVICE",
        )
        assert {"free-unallocated", "leak"} <= warned(found)

    @pytest.mark.parametrize(("more", "expected"), [(0, set()), (16, {"sg-too-long"})])
    def test_a_segment_of_the_maximal_size_is_not_too_long(self, more: int, expected: set[str]) -> None:
        most = 65536
        found = judged(
            "6.12",
            "x86-5.5",
            f"cpu0 b0 = alloc pages {2 * most}",
            f"cpu0 m0 = map_sg d0 TO_DEVICE b0:0:{most + more}",
        )
        assert warned(found) == expected


def test_a_corruption_is_reported_once() -> None:
    """What a first read finds is not found again by the next."""
    ops = parse(
        "dmafuzz 1\ncpu0 b0 = alloc pages 64\ncpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE\n"
        "cpu0 read b0 0 64\ncpu0 read b0 0 64\n"
    ).ops
    found = _core.Judge("6.12", [platforms.to_core(platforms.load("armv7-5.18"))]).judge(ops, 0)
    kinds = [(c.kind, c.offset) for c in found.corruptions]
    assert kinds
    assert len(kinds) == len(set(kinds))
