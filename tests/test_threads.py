# SPDX-License-Identifier: GPL-2.0-only
"""The threads, re-judged: what their claims come to, era by era and for each proposal, on the machines of the time.

Each fact stands in a table: programs of corpus/threads, trackers, and for each kind of machine what is found. A tracker
is judged on its own portfolio. What is expected is derived from docs/spec/trackers.md (what is tracked, when it is
told) and docs/spec/coherency.md (what is lost where), and from what the thread says; the platforms are sorted by what
their files say (machine_kinds.py).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dmafuzz import _core, platforms
from dmafuzz.program import Program, parse, read
from dmafuzz.trackers import builtins, default_portfolio
from dmafuzz.verdicts import judging
from machine_kinds import Kind, kind, machine

CORPUS = Path(__file__).parent.parent / "corpus"

ERAS = [each.name for each in reversed(builtins()) if each.kind == "era"]
PROPOSALS = [each.name for each in builtins() if each.kind == "proposal"]


def eras(first: str, last: str) -> tuple[str, ...]:
    """The eras from the first to the last, Debian's left out."""
    vendors = {each.name for each in builtins() if each.vendor}
    return tuple(era for era in ERAS[ERAS.index(first) : ERAS.index(last) + 1] if era not in vendors)


@functools.cache
def program(name: str) -> Program:
    return read(CORPUS / f"{name}.dma")


@functools.cache
def verdict(name: str, tracker: str, platform: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """The labels, and the ids of the warnings."""
    found = judging(tracker, default_portfolio(tracker)).judge(program(name), platform)
    return found.labels, frozenset(warning.id for warning in found.warnings)


@functools.cache
def members(tracker: str) -> tuple[str, ...]:
    return tuple(each.name for each in platforms.portfolio(default_portfolio(tracker)))


# The table

Verdict = tuple[str, str]  # label, and the warnings with a comma between

QUIET: Verdict = ("TN", "")
MISSED: Verdict = ("FN", "")
KINDS: tuple[Kind, ...] = ("fails", "bounced", "small-bounced", "coherent", "maintained")


def everywhere(found: Verdict) -> dict[Kind, Verdict]:
    """On every machine, but where the map fails and a driver that checks goes home."""
    return {**dict.fromkeys(KINDS, found), "fails": QUIET}


def by_kind(coherent: Verdict, bounced: Verdict, maintained: Verdict, small: Verdict = QUIET) -> dict[Kind, Verdict]:
    return {"fails": QUIET, "bounced": bounced, "small-bounced": small, "coherent": coherent, "maintained": maintained}


@dataclass(frozen=True)
class Fact:
    """What trackers make of programs: label and warnings for each kind of machine."""

    says: str
    programs: tuple[str, ...]
    trackers: tuple[str, ...]
    found: Mapping[Kind, Verdict]


WRITEBACK = ("anonymous-writeback-copy-on-write", "page-cache-writeback-private-copy")
NET_DMA = ("net-dma-receive", "anonymous-receive-copy-on-write")
BEHIND = ("net-dma-receive-behind-the-first-line",)
REUSED = ("net-dma-receive-behind-a-reused-entry",)
STACKED = ("stacked-from-and-to-device", "stacked-async-memcpy")
FRAGMENTS = ("two-fragments-of-one-line",)
TWO_DEVICES = ("one-buffer-two-devices-from-device",)
SKIPPED = ("one-buffer-two-devices-skip-cpu-sync",)
APART = ("fragments-that-begin-in-different-lines",)
NINE = ("nine-mappings-of-one-line",)
READERS = ("two-to-device-mappings", "one-buffer-two-devices-to-device")

WITH_ASSERT_IDLE = (*eras("3.14", "5.5"), "2020-rcu")
IDLE: Verdict = ("TP", "assert-idle")
OVERLAP_HAZARD: Verdict = ("hazard", "line-overlap")
OVERLAP: Verdict = ("TP", "line-overlap")
NINTH_HAZARD: Verdict = ("hazard", "overlap>7")
BOTH_HAZARD: Verdict = ("hazard", "line-overlap,overlap>7")

FACTS = (
    # 2016 and 2020: copy-on-write
    Fact(
        "3.14-rc1 warns of copy-on-write under writeback: false",
        WRITEBACK,
        ("3.14-rc1",),
        everywhere(("FP", "assert-idle")),
    ),
    Fact("3.14 and later do not", WRITEBACK, (*WITH_ASSERT_IDLE, "2016-from-device-only"), everywhere(QUIET)),
    Fact(
        "nor does who has no assert-idle", WRITEBACK, (*eras("2.6.30", "3.9"), *eras("5.9", "7.2")), everywhere(QUIET)
    ),
    Fact(
        "before assert-idle NET_DMA is missed", (*NET_DMA, *BEHIND, *REUSED), eras("2.6.30", "3.9"), everywhere(MISSED)
    ),
    Fact("3.14-rc1 catches NET_DMA anywhere in a page", (*NET_DMA, *BEHIND), ("3.14-rc1",), everywhere(IDLE)),
    Fact("3.14 to 5.8 catch NET_DMA", NET_DMA, (*WITH_ASSERT_IDLE, "2016-from-device-only"), everywhere(IDLE)),
    Fact(
        "not if it starts in a later line", BEHIND, (*eras("3.14", "5.5"), "2016-from-device-only"), everywhere(MISSED)
    ),
    Fact("the 2020 patch takes any line of the page", BEHIND, ("2020-rcu",), everywhere(IDLE)),
    Fact("not behind an entry used again", REUSED, (*eras("3.14", "5.5"), "2020-rcu"), everywhere(MISSED)),
    Fact("5.9 and later miss NET_DMA", (*NET_DMA, *BEHIND), eras("5.9", "7.2"), everywhere(MISSED)),
    Fact(
        "3.14 to 5.8 catch BIDIRECTIONAL",
        ("anonymous-bidirectional-copy-on-write",),
        WITH_ASSERT_IDLE,
        everywhere(IDLE),
    ),
    Fact(
        "the 2016 patch silences it",
        ("anonymous-bidirectional-copy-on-write",),
        ("2016-from-device-only",),
        everywhere(MISSED),
    ),
    # 2021: overlaps
    Fact(
        "fragments of a line are missed before 5.14", FRAGMENTS, eras("2.6.30", "5.10"), by_kind(QUIET, QUIET, MISSED)
    ),
    Fact(
        "from 5.14 they are told everywhere",
        FRAGMENTS,
        (*eras("5.14", "6.17"), "6.1"),
        by_kind(OVERLAP_HAZARD, OVERLAP_HAZARD, OVERLAP, OVERLAP_HAZARD),
    ),
    Fact(
        "not where small buffers bounce", FRAGMENTS, ("6.12", "6.18"), by_kind(OVERLAP_HAZARD, OVERLAP_HAZARD, OVERLAP)
    ),
    Fact(
        "from 7.0 where it is true alone",
        FRAGMENTS,
        (*eras("7.0", "7.2"), "full-range"),
        by_kind(QUIET, QUIET, OVERLAP),
    ),
    Fact(
        "different regions still overlap",
        FRAGMENTS,
        ("2021-different-regions",),
        by_kind(OVERLAP_HAZARD, OVERLAP_HAZARD, OVERLAP),
    ),
    Fact(
        "5.14 and 5.15 tell one region twice",
        TWO_DEVICES,
        ("5.14", "5.15"),
        by_kind(OVERLAP_HAZARD, OVERLAP, OVERLAP_HAZARD),
    ),
    Fact("the 2021 proposal does not", TWO_DEVICES, ("2021-different-regions",), by_kind(QUIET, MISSED, QUIET)),
    Fact("nor does 7.0 on coherent machines", TWO_DEVICES, eras("7.0", "7.2"), by_kind(QUIET, MISSED, OVERLAP_HAZARD)),
    Fact("5.14 prints it with SKIP_CPU_SYNC", SKIPPED, ("5.14",), by_kind(OVERLAP_HAZARD, OVERLAP, OVERLAP_HAZARD)),
    Fact("5.15 does not", SKIPPED, (*eras("5.15", "7.2"), "6.1", "6.12"), by_kind(QUIET, MISSED, QUIET)),
    Fact(
        "nine mappings of a line are one too many",
        NINE,
        eras("3.14", "5.10"),
        by_kind(NINTH_HAZARD, ("TP", "overlap>7"), NINTH_HAZARD),
    ),
    Fact(
        "whatever region they are",
        NINE,
        ("5.14", "5.15", "2021-different-regions"),
        by_kind(BOTH_HAZARD, ("TP", "line-overlap,overlap>7"), BOTH_HAZARD),
    ),
    Fact(
        "no exemption is one from overlap>7",
        NINE,
        eras("7.0", "7.2"),
        by_kind(NINTH_HAZARD, ("TP", "overlap>7"), BOTH_HAZARD, NINTH_HAZARD),
    ),
    Fact("readers may overlap", READERS, (*ERAS, *PROPOSALS), everywhere(QUIET)),
    # 2011: operations stacked
    Fact(
        "the reader-writer rule tells stacked operations",
        STACKED,
        ("2011-reader-writer",),
        by_kind(OVERLAP_HAZARD, ("TP", "line-overlap"), OVERLAP_HAZARD),
    ),
    Fact(
        "nobody else does",
        STACKED,
        (*ERAS, *(name for name in PROPOSALS if name != "2011-reader-writer")),
        by_kind(QUIET, MISSED, QUIET),
    ),
    # Today's proposals
    Fact(
        "who knows first lines misses what begins elsewhere", APART, eras("5.14", "6.0"), by_kind(QUIET, QUIET, MISSED)
    ),
)

CASES = [(fact, tracker) for fact in FACTS for tracker in fact.trackers]


@pytest.mark.parametrize(("fact", "tracker"), CASES, ids=[f"{fact.says}: {tracker}" for fact, tracker in CASES])
def test_fact(fact: Fact, tracker: str) -> None:
    for name in fact.programs:
        for platform in members(tracker):
            label, warnings = fact.found[kind(platform)]
            expected = ((label,), frozenset(warnings.split(",")) - {""})
            assert verdict(f"threads/{name}", tracker, platform) == expected, (name, platform)


def test_every_kind_of_machine_is_in_some_portfolio_of_the_table() -> None:
    assert {kind(platform) for _, tracker in CASES for platform in members(tracker)} == set(KINDS)


# What needs more than a row


def test_the_2016_patch_silences_page_cache_pages_that_can_be_torn() -> None:
    """Mapped BIDIRECTIONAL and copied meanwhile: 3.14 warns wherever the map works, the patch nowhere."""
    name, patched = "threads/page-cache-bidirectional-private-copy", "2016-from-device-only"
    missed = {platform for platform in members(patched) if verdict(name, patched, platform)[0] == ("FN",)}
    assert missed == {platform for platform in members("3.14") if verdict(name, "3.14", platform)[0] == ("TP",)}
    # Coherent caches tear nothing, and no bounce buffer lies between.
    assert missed == {platform for platform in members(patched) if kind(platform) != "coherent"}
    assert all(not verdict(name, patched, platform)[1] for platform in members(patched))


@pytest.mark.parametrize("platform", platforms.names())
def test_7_0_is_silent_where_the_cache_alignment_is_below_the_l1_line(platform: str) -> None:
    says = machine(platform)
    no_pool = says.core.bounce_unaligned and not says.core.bounce_pool  # and so no map of a small buffer works
    fails = kind(platform) == "fails" or (no_pool and kind(platform) == "maintained")
    silent = fails or kind(platform) == "small-bounced" or says.core.dma_alignment < says.core.l1_line
    for era in eras("7.0", "7.2"):
        warnings = judged_warnings("threads/two-fragments-of-one-line", era, platform)
        assert warnings == ([] if silent else ["line-overlap"])


def judged_warnings(name: str, tracker: str, platform: str) -> list[str]:
    found = judging(tracker, default_portfolio(tracker)).judge(program(name), platform)
    return [warning.id for warning in found.warnings]


def test_full_range_tells_overlaps_of_mappings_that_begin_in_different_lines() -> None:
    for platform in members("full-range"):
        before = verdict("threads/fragments-that-begin-in-different-lines", "7.2", platform)
        after = verdict("threads/fragments-that-begin-in-different-lines", "full-range", platform)
        assert before[1] == frozenset()
        if kind(platform) == "maintained":
            assert before[0] == ("FN",)
            assert after == (("TP",), frozenset({"line-overlap"}))
        else:
            # It is 7.2 in all else: coherent machines are exempt, and those that bounce small buffers, corrupt or not.
            assert after == before


@pytest.mark.parametrize("platform", platforms.names())
def test_cache_alignment_tells_machines_apart_by_their_dma_alignment(platform: str) -> None:
    """Two mappings of 64 bytes, side by side from the start of a page: one key where the alignment is 128."""
    found = judged_warnings("threads/fragments-of-one-alignment", "cache-alignment", platform)
    says = machine(platform)
    works = kind(platform) not in ("fails", "small-bounced") and not says.core.bounce_unaligned
    assert found == (["line-overlap"] if says.core.dma_alignment > 64 and works else [])
    # The L1 line, a constant of the kernel, is at most 64 bytes on all of them.
    assert says.core.l1_line <= 64
    assert judged_warnings("threads/fragments-of-one-alignment", "7.2", platform) == []


def test_cache_alignment_tells_the_very_same_region_on_coherent_machines() -> None:
    """Their alignment is 1, smaller than the L1 line: no two fragments overlap, but the same one does."""
    for platform in ("x86-5.5", "x86-5.18-force-bounce"):
        assert machine(platform).core.dma_alignment == 1
        assert judged_warnings("threads/two-fragments-of-one-line", "cache-alignment", platform) == []
        assert judged_warnings("threads/one-buffer-two-devices-from-device", "cache-alignment", platform) == [
            "line-overlap"
        ]
        assert judged_warnings("threads/one-buffer-two-devices-from-device", "7.2", platform) == []
    assert verdict("threads/one-buffer-two-devices-from-device", "cache-alignment", "x86-5.18-force-bounce")[0] == (
        "TP",
    )


@pytest.mark.parametrize(("platform", "label"), [("arm64-5.19-line128", "TP"), ("mips-5.5", "FP")])
def test_cache_alignment_is_right_as_far_as_the_alignment_is(platform: str, label: str) -> None:
    """arm64 with 128-byte lines loses data there; MIPS aligns to 128 with lines of 32, and no machine of 7.2 does."""
    assert verdict("threads/fragments-of-one-alignment", "cache-alignment", platform)[0] == (label,)
    assert verdict("threads/fragments-of-one-alignment", "7.2", platform)[0] == (("FN",) if label == "TP" else ("TN",))


def test_the_2020_patch_changes_assert_idle_alone() -> None:
    """The look-up takes no lock, and finds more than the first line of a page."""
    machines = [platforms.to_core(each) for each in platforms.portfolio("5.8")]
    before, after = _core.Judge("5.5", machines), _core.Judge("2020-rcu", machines)
    told = [0, 0]
    for file in sorted(CORPUS.rglob("*.dma")):
        ops = read(file).ops
        for index in range(len(machines)):
            found = [[(w.id, w.op, w.mappings) for w in judge.judge(ops, index).warnings] for judge in (before, after)]
            others = [[each for each in side if each[0] != "assert-idle"] for side in found]
            assert others[0] == others[1]
            told = [count + len(side) - len(rest) for count, side, rest in zip(told, found, others, strict=True)]
    assert told[1] > told[0] > len(machines)  # of programs that it is about


def test_the_2020_patch_misses_what_begins_in_an_earlier_page() -> None:
    """The tree has first lines only; the model says so."""
    ops = parse(
        "dmafuzz 1\ncpu0 b0 = alloc anonymous 8192\ncpu0 m0 = map_single d0 b0 4032 128 FROM_DEVICE\ncpu1 cow b0 4096\n"
    ).ops
    found = _core.Judge("2020-rcu", [platforms.to_core(platforms.load("x86-5.5"))]).judge(ops, 0)
    assert "assert-idle" not in {warning.id for warning in found.warnings}


def test_only_assert_idle_tells_the_2016_patch_from_its_base() -> None:
    machines = [platforms.to_core(each) for each in platforms.portfolio("3.14")]
    before, after = _core.Judge("4.4", machines), _core.Judge("2016-from-device-only", machines)
    for file in sorted(CORPUS.rglob("*.dma")):
        ops = read(file).ops
        for index in range(len(machines)):
            was = [(w.id, w.op) for w in before.judge(ops, index).warnings]
            now = [(w.id, w.op) for w in after.judge(ops, index).warnings]
            assert [each for each in was if each[0] != "assert-idle"] == [
                each for each in now if each[0] != "assert-idle"
            ]
            assert set(now) <= set(was)


# 2014


@pytest.mark.parametrize("tracker", [*ERAS, *PROPOSALS])
def test_no_tracker_sees_what_the_2014_thread_is_about(tracker: str) -> None:
    """Sleeping with interrupts off, and lines of a cacheable alias: both happen inside one call."""
    for name in ("threads/coherent-allocation-irqs-off", "threads/coherent-allocation-mismatched-aliases"):
        for platform in (*members(tracker), "armv7-3.6-no-pool", "armv7-5.18-aliases", "armv7-2.6.34-aliases"):
            assert judged_warnings(name, tracker, platform) == []
