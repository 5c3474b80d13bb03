# SPDX-License-Identifier: GPL-2.0-only
"""The eras told apart: for each change of dma-debug that shows in warnings a program of corpus/eras, before and after.

A file is named by its era and by what it shows; its two `expect` lines name the era before and the era itself.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dmafuzz import _core, platforms
from dmafuzz.program import Program, read
from dmafuzz.trackers import builtins, default_portfolio
from dmafuzz.verdicts import judging

CORPUS = Path(__file__).parent.parent / "corpus"
FILES = sorted((CORPUS / "eras").glob("*.dma"))
ERAS = [each for each in reversed(builtins()) if each.kind == "era"]

# Debian's 6.1 and 6.13 free entries outside the bucket's lock, and 6.13 has the checks of segments always on, which
# dmafuzz takes for configured before: no warning tells.
INVISIBLE = ("6.1", "6.13")


def predecessors() -> dict[str, str]:
    """The era that each one changes: the last one before it that is no distribution's."""
    before: dict[str, str] = {}
    last = ""
    for era in ERAS:
        if last:
            before[era.name] = last
        last = last if era.vendor else era.name
    return before


BEFORE = predecessors()


def told(program: Program, tracker: str, platform: str) -> list[tuple[str, int]]:
    found = judging(tracker, default_portfolio(tracker)).judge(program, platform)
    return [(warning.id, warning.op) for warning in found.warnings]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_program_tells_an_era_from_the_one_before(file: Path) -> None:
    program = read(file)
    before, after = program.expects
    assert file.stem.startswith(f"{after.tracker}-")
    assert before.tracker == BEFORE[after.tracker]
    (platform,) = before.platforms
    assert after.platforms == (platform,)
    assert before.warnings != after.warnings
    assert told(program, before.tracker, platform) != told(program, after.tracker, platform)


def test_every_era_is_told_from_the_one_before_but_two() -> None:
    shown = {read(file).expects[1].tracker for file in FILES}
    assert shown | set(INVISIBLE) == set(BEFORE)
    assert not shown & set(INVISIBLE)


@pytest.mark.parametrize("era", INVISIBLE)
def test_a_change_of_locking_shows_in_no_warning(era: str) -> None:
    machines = [platforms.to_core(platforms.load(name)) for name in platforms.names()]
    compared = _core.compare_trackers(BEFORE[era], era, machines, programs=20_000, seed=613)
    assert compared.differences == ()
    assert compared.warnings > 20_000


@pytest.mark.parametrize("era", [name for name in BEFORE if name not in INVISIBLE])
def test_no_operation_of_such_a_program_can_be_left_out(era: str) -> None:
    """Smallest: without any one operation, and what it takes along, the two eras agree."""
    for file in FILES:
        program = read(file)
        before, after = program.expects
        if after.tracker != era:
            continue
        (platform,) = before.platforms
        for left_out in range(len(program.ops)):
            ops = [op for number, op in enumerate(program.ops) if number != left_out]
            if _core.check(ops) is None:
                shorter = Program(ops)
                assert told(shorter, before.tracker, platform) == told(shorter, era, platform), (file.stem, left_out)
