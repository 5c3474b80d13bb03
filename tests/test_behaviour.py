# SPDX-License-Identifier: GPL-2.0-only
"""Shortest behaviours: one for each corruption, possible step by step, and with no step too many."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from dmafuzz import _core, program
from dmafuzz._core import Actor, Moment
from dmafuzz.platforms import load, to_core
from dmafuzz.program import Program, parse
from dmafuzz.verdicts import Judging, judging
from naive import TooLarge
from naive.behaviours import Copy, Joint, joint_states
from rich_programs import random_rich

CORPUS = Path(__file__).parent.parent / "corpus"
WRONG = {
    "stale-cpu-data": {"stale"},
    "stale-device-data": {"stale"},
    "lost-cpu-write": {"lagging"},
    "clobbered": {"foreign", "wild"},
    "foreign-device-data": {"foreign", "wild"},
    "stale-cpu-read": {"stale", "lagging", "foreign", "wild"},
}


@cache
def bench() -> Judging:
    return judging("6.12", "6.12")


def corpus() -> Iterator[Program]:
    for path in sorted(CORPUS.rglob("*.dma")):
        yield program.read(path)


def flags_of(moment: Moment) -> set[str]:
    """All that any copy holds."""
    return {str(flag) for copy in moment.copies for flag in (copy.memory, copy.cached) if flag is not None}


def check(ops: tuple[_core.Op, ...]) -> int:
    """Every corruption of a program has a behaviour that ends with what is wrong; returns how many there are."""
    count = 0
    subject = Program(ops=ops)
    for platform in bench().members:
        judgement = bench().judge(subject, platform)
        for corruption in judgement.corruptions:
            moments = bench().behaviour(subject, platform, corruption)
            where = f"{corruption} on {platform}"
            assert moments, where
            assert moments[-1].op == corruption.op, where
            assert not moments[-1].given_up, where
            asked = [moment.op for moment in moments if moment.actor == Actor.program]
            assert list(dict.fromkeys(asked)) == list(range(corruption.op + 1)), where  # some settle twice
            misses = corruption.reader is not None and corruption.kind == "foreign-device-data"
            assert misses or flags_of(moments[-1]) & WRONG[corruption.kind], where
            count += 1
    return count


def test_every_corruption_of_the_corpus_has_a_behaviour() -> None:
    assert sum(check(tuple(subject.ops)) for subject in corpus()) > 2000


@pytest.mark.parametrize("programs", [150, pytest.param(5000, marks=pytest.mark.slow)])
def test_every_corruption_of_random_programs_has_a_behaviour(programs: int) -> None:
    rng = random.Random(14)
    assert sum(check(tuple(random_rich(rng, 10))) for _ in range(programs)) > programs


# The same by the naive simulator: each moment is one of the joint states that it lists after that operation.


def joint(moment: Moment) -> Joint:
    """The copies as the naive simulator writes them: a page is the memory as soon as the owner lives there."""
    copies = [
        Copy(
            "memory" if copy.place.kind == "new-page" else str(copy.place.kind),
            str(copy.memory),
            str(copy.line or "absent"),
            None if copy.cached is None else str(copy.cached),
        )
        for copy in moment.copies
    ]
    return Joint(tuple(sorted(copies, key=str)), moment.given_up)


def as_before(state: Joint) -> set[Joint]:
    """With one old page, or another, being the memory: a moment calls its places as they are when its operation is
    over, and the page is copied at its end."""
    if any(copy.place == "memory" for copy in state.copies):
        return {state}
    old = [copy for copy in state.copies if copy.place == "old-page"]
    moved = ([copy._replace(place="memory") if copy is page else copy for copy in state.copies] for page in old)
    return {Joint(tuple(sorted(copies, key=str)), state.given_up) for copies in moved}


def held_against_naive(ops: tuple[_core.Op, ...], platform: str) -> int:
    """Every moment of every corruption's behaviour is possible by the naive simulator; returns how many there are."""
    count = 0
    subject = Program(ops=ops)
    for corruption in bench().judge(subject, platform).corruptions:
        try:
            listed = joint_states(ops, to_core(load(platform)), corruption.buffer, corruption.offset)
        except TooLarge:
            continue
        for moment in bench().behaviour(subject, platform, corruption):
            if not moment.copies:
                continue
            # What an operation reads it reads before anything comes of it, but for what its CPU settles in front.
            reads = corruption.kind == "stale-cpu-read" and moment.op == corruption.op
            before = listed[moment.op - 1] | listed[moment.op]
            state = joint(moment)
            where = f"{corruption} on {platform}: {state} at op {moment.op} of {subject}"
            assert state in (before if reads else listed[moment.op]) or as_before(state) & before, where
            count += 1
    return count


def test_behaviours_of_the_corpus_are_possible_by_the_naive_simulator() -> None:
    rng = random.Random(3)
    assert sum(held_against_naive(tuple(each.ops), rng.choice(bench().members)) for each in corpus()) > 500


@pytest.mark.parametrize("programs", [80, pytest.param(2000, marks=pytest.mark.slow)])
def test_behaviours_of_random_programs_are_possible_by_the_naive_simulator(programs: int) -> None:
    rng = random.Random(17)
    found = (
        held_against_naive(tuple(random_rich(rng, 8)), platform)
        for _ in range(programs)
        for platform in rng.sample(bench().members, 2)
    )
    assert sum(found) > 5 * programs


def test_the_naive_simulator_tells_a_wrong_state() -> None:
    ops = tuple(parse(DIRTIED).ops)
    listed = joint_states(ops, to_core(load("arm64-6.5")), "b0", 0)
    moment = behaviour(DIRTIED, "arm64-6.5", "stale-cpu-data")[-1]
    state = joint(moment)
    assert state in listed[moment.op]
    assert state._replace(given_up=True) not in listed[moment.op]
    assert Joint((state.copies[0]._replace(memory="posted"),), False) not in listed[moment.op]


def behaviour(text: str, platform: str, kind: str) -> tuple[Moment, ...]:
    subject = parse(text)
    judgement = bench().judge(subject, platform)
    corruption = next(c for c in judgement.corruptions if c.kind == kind)
    return bench().behaviour(subject, platform, corruption)


DIRTIED = (
    "dmafuzz 1\ncpu0 b0 = alloc page_cache 4096\ncpu0 m0 = map_page d0 b0 0 4096 BIDIRECTIONAL\n"
    "cpu1 dirty b0 0 64\ncpu0 unmap_page m0\n"
)


def states(moments: tuple[Moment, ...]) -> list[tuple[str, ...]]:
    """Who acts, what he does, and the line and the flags of memory and cache after it."""
    return [
        (
            str(moment.actor),
            ",".join(str(change.event) for change in moment.changes),
            *(f"{copy.memory}/{copy.line}/{copy.cached}" for copy in moment.copies),
        )
        for moment in moments
    ]


def test_a_dirtied_page_step_by_step() -> None:
    """Two unasked steps: the device's write, and the write-back of the older line over it."""
    assert states(behaviour(DIRTIED, "arm64-6.5", "stale-cpu-data")) == [
        ("program", "born", "foreign/dirty/fresh"),
        ("program", "clean", "fresh/clean/fresh"),
        ("program", "cpu-dirty", "lagging/dirty/fresh"),
        ("device", "device-write", "fresh/dirty/stale"),
        ("hardware", "write-back", "stale/clean/stale"),
        ("program", "invalidate", "stale/absent/None"),
    ]


def test_what_needs_nothing_unasked_shows_nothing_unasked() -> None:
    moments = behaviour(DIRTIED, "arm64-6.5", "lost-cpu-write")
    assert [moment.actor for moment in moments] == [Actor.program] * 4


def test_a_bounce_slot_is_a_copy_of_its_own() -> None:
    """On x86 with bouncing: the unmap copies the slot back over the page that was dirtied."""
    moments = behaviour(DIRTIED, "x86-5.18-force-bounce", "lost-cpu-write")
    during = moments[2]
    assert [str(copy.place.kind) for copy in during.copies] == ["memory", "slot"]
    assert [owner.mapping for owner in during.owners] == [0]
    copied = [change for change in moments[-1].changes if change.event == "copied"]
    assert [(str(change.place.kind), str(change.source and change.source.kind)) for change in copied] == [
        ("memory", "slot")
    ]


def test_ownership_changes_hands_with_the_calls() -> None:
    text = (
        "dmafuzz 1\ncpu0 b0 = alloc pages 4096\ncpu0 m0 = map_single d0 b0 0 4096 FROM_DEVICE\n"
        "cpu0 sync_single_for_cpu m0\ncpu0 sync_single_for_device m0\ncpu0 unmap_single m0\n"
    )
    moments = _core.asked_course(*_placed("arm64-6.5", parse(text)), 0)
    owners = [[str(owner.owner) for owner in moment.owners] for moment in moments]
    assert owners[:5] == [[], ["device"], ["cpu"], ["device"], []]


def _placed(platform: str, subject: Program) -> tuple[_core.Judge, tuple[_core.Op, ...], int]:
    judge, [index] = bench().judge_for(platform)
    return judge, subject.ops, index


def test_memory_that_is_freed_is_shown_no_more() -> None:
    text = "dmafuzz 1\ncpu0 b0 m0 = alloc_coherent d0 4096\ncpu0 free_coherent m0\n"
    moments = bench().asked_course(parse(text), "x86-5.5", 0)
    assert [bool(moment.copies) for moment in moments] == [True, False, False]


def test_entries_come_and_go() -> None:
    entries = bench().tracked_entries(parse(DIRTIED), "arm64-6.5")
    assert [[entry.mapping for entry in after] for after in entries] == [[], [0], [0], [], []]
    assert entries[1][0].active
    assert entries[1][0].size == 4096


def test_a_tracker_that_cannot_be_looked_into_has_none() -> None:
    assert judging("silent", "6.12").tracked_entries(parse(DIRTIED), "arm64-6.5") == []
