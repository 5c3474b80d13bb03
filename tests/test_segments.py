# SPDX-License-Identifier: GPL-2.0-only
"""Segments of scatterlists at their limits: what a device reaches across a boundary, and what is merged."""

from __future__ import annotations

import pytest

from debian_kernels import hooks
from dmafuzz.verdicts import judging
from support import program_of

SEGMENT_BYTES_MAX = 65536


def test_a_device_that_wraps_reaches_all_bytes_in_front_of_the_boundary() -> None:
    program = program_of("cpu0 b0 = alloc pages 131072", "cpu0 m0 = map_sg d0 TO_DEVICE b0:32768:65536")
    found = judging("6.12", "6.12").judge(program, "x86-5.5-segment-limits")
    assert [(c.kind, c.offset, c.size) for c in found.corruptions] == [("foreign-device-data", 65536, 32768)]


@pytest.mark.parametrize(("bytes_more", "segments"), [(0, 1), (1, 2)])
def test_an_iommu_merges_entries_up_to_the_largest_segment(bytes_more: int, segments: int) -> None:
    text = f"""
        cpu0 b0 = alloc pages 131072
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:32768 b0:32768:{SEGMENT_BYTES_MAX - 32768 + bytes_more}
    """
    (map_sg,) = [hook for hook in hooks(text, "x86-5.5-iommu-strict") if hook.hook == "map_sg"]
    assert map_sg.mapped == segments
