# SPDX-License-Identifier: GPL-2.0-only
"""The naive simulator against what the corpus's programs say: who edits an `expect` line asks both implementations."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import naive
from dmafuzz import platforms
from dmafuzz.program import Program, read

CORPUS = Path(__file__).parent.parent / "corpus"
OF_A_TRACKER = {"leak"}
"""Harms for which the naive simulator would have to know what a tracker holds."""


@cache
def outcome(file: Path, platform: str) -> naive.Outcome | None:
    """What a program comes to; None: too large to list."""
    try:
        return naive.simulate(read(file).ops, platforms.to_core(platforms.load(platform)))
    except naive.TooLarge:
        return None


def claims(program: Program) -> list[tuple[str, str, set[str]]]:
    """(platform, corruptions or harms, kinds) that a file expects."""
    return [
        (platform, which, set(kinds))
        for expect in program.expects
        for platform in expect.platforms or [machine.name for machine in platforms.portfolio(str(expect.portfolio))]
        for which, kinds in (("corruptions", expect.corruptions), ("harms", expect.harms))
        if kinds is not None
    ]


@pytest.mark.parametrize("file", sorted(CORPUS.rglob("*.dma")), ids=lambda file: file.stem)
def test_a_program_is_as_corrupt_as_it_says(file: Path) -> None:
    for platform, which, kinds in claims(read(file)):
        found = outcome(file, platform)
        if found is not None:
            seen = {fact[0] for fact in (found.corruptions if which == "corruptions" else found.harms)}
            assert seen - OF_A_TRACKER == kinds - OF_A_TRACKER, f"{which} on {platform}"
