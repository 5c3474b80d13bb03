# SPDX-License-Identifier: GPL-2.0-only
"""The proposals' rules speak of live mappings: what a line still points to, dead or recycled, is dma-debug's affair."""

from __future__ import annotations

from dmafuzz.program import parse
from dmafuzz.trackers import default_portfolio
from dmafuzz.verdicts import Warning, judging

X86 = "x86-5.5"
# Two devices share a buffer; the first unmaps it and maps it again, and the line's slot points to a recycled entry.
SHARED = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE
cpu0 m1 = map_page d1 b0 0 64 FROM_DEVICE
cpu0 unmap_page m0
cpu0 m2 = map_page d0 b0 0 64 FROM_DEVICE
cpu0 m3 = map_page d1 b0 {offset} 64 {direction}
"""


def overlaps(tracker: str, offset: int = 0, direction: str = "FROM_DEVICE", platform: str = X86) -> list[Warning]:
    program = parse(SHARED.format(offset=offset, direction=direction))
    found = judging(tracker, default_portfolio(tracker)).judge(program, platform)
    return [warning for warning in found.warnings if warning.id == "line-overlap"]


def test_the_very_same_region_of_another_device_is_legal_whatever_was_there_before() -> None:
    [only] = overlaps("2021-different-regions")
    # The last one is of the same device as m1, which is live.
    assert (only.op, only.entry_op) == (5, 2)
    assert [warning.op for warning in overlaps("5.15")] == [2, 4, 5]


def test_another_region_of_the_line_is_not() -> None:
    told = overlaps("2021-different-regions", offset=16)
    assert [(warning.op, warning.entry_op) for warning in told] == [(5, 2)]


def test_readers_wait_for_writers_that_are_live() -> None:
    told = overlaps("2011-reader-writer", direction="TO_DEVICE", platform="x86-2.6.30")
    assert [(warning.op, warning.entry_op) for warning in told] == [(2, 1), (4, 2), (5, 2)]


def test_readers_do_not_wait_for_readers() -> None:
    text = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_page d0 b0 0 4096 TO_DEVICE
cpu0 m1 = map_page d1 b0 0 4096 TO_DEVICE
cpu0 m2 = map_page d1 b0 2048 64 FROM_DEVICE
"""
    found = judging("2011-reader-writer", "2.6.36").judge(parse(text), "x86-2.6.30")
    assert [(w.id, w.op, w.entry_op) for w in found.warnings] == [("line-overlap", 3, 1)]
    # In the line that the two share, not in the first one of either.
    assert found.warnings[0].line is not None
    assert found.warnings[0].line % 4096 == 2048
