# SPDX-License-Identifier: GPL-2.0-only
"""What an access has to find, with no cache and no bounce buffer in the way."""

import pytest

from dmafuzz import _core
from dmafuzz._core import StepKind
from dmafuzz.verdicts import judging
from support import program_of

LISTED = program_of(
    "cpu0 b0 = alloc pages 48",
    "cpu0 m0 = map_sg d0 TO_DEVICE b0:0:32 b0:0:42 b0:0:48",
)


@pytest.mark.parametrize(
    ("offset", "buffer_offset", "size"),
    [
        (0, 0, 32),  # up to the end of its entry: what follows is the next one's
        (31, 31, 1),
        (40, 8, 34),
        (74, 0, 48),
        (121, 47, 1),
        (122, 48, 0),  # past the end of the last one, and of the buffer
    ],
)
def test_a_device_that_reads_a_list_is_to_see_one_entry_after_the_other(
    offset: int, buffer_offset: int, size: int
) -> None:
    judge, places = judging("6.12", "6.12").judge_for("x86-5.5")
    facts = _core.run(judge, LISTED.ops, places[0])
    ideal = _core.IdealMemory(facts.pieces)
    for step in facts.steps:
        if step.kind == StepKind.alloc:
            ideal.born(step.buffer, bytes(48))
        elif step.op < len(LISTED.ops):
            ideal.step(step, 1)
    view = ideal.asked(0, offset, 128)
    assert view is not None
    assert (view.buffer, view.offset, view.size) == (0, buffer_offset, size)
