# SPDX-License-Identifier: GPL-2.0-only
"""Reviews: the shared walk against two searches and against every program by itself; known answers; the command."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dmafuzz import _core, platforms
from dmafuzz.exhaustive import PairPlan, PairSearch, Search, SearchPlan, SideBySide, Signature
from dmafuzz.exhaustive.progress import Bar
from dmafuzz.exhaustive.search import Unwatched
from dmafuzz.platforms import to_core
from dmafuzz.review import Effect, Review, Scope, by_names, neighbouring_eras
from dmafuzz.review import review as make_review
from dmafuzz.review.changes import effect_of
from dmafuzz.trackers import builtins
from dmafuzz.verdicts import judging
from support import ROOT, ops_of, run


def members(portfolio: str) -> tuple[platforms.PlatformFile, ...]:
    return tuple(platforms.portfolio(portfolio))


def walked(first: str, second: str, portfolio: str, ops: int, **plan: Any) -> SideBySide:
    return PairSearch(PairPlan(first, second, portfolio, members(portfolio), ops, **plan)).run(Unwatched())


@cache
def reviewed(first: str, second: str, ops: int = 2) -> Review:
    """Complete, and the corpus."""
    return make_review(by_names(first, second, None), Scope(ops, 0), Bar(), lambda _seconds, _found: None)


def topics(review: Review, effect: Effect) -> set[str]:
    return {topic.topic for topic in review.topics if topic.effect is effect}


PAIRS = [("5.13", "5.14", "5.15"), ("7.2", "full-range", "7.2"), ("6.17", "6.18", "6.12"), ("6.12", "silent", "6.12")]


class TestTheSharedWalk:
    @pytest.mark.parametrize(("first", "second", "portfolio"), PAIRS)
    @pytest.mark.parametrize("devices", [1, 2])
    def test_counts_like_two_searches(self, first: str, second: str, portfolio: str, devices: int) -> None:
        both = walked(first, second, portfolio, 2, devices=devices)
        for result, tracker in ((both.first, first), (both.second, second)):
            plan = SearchPlan(tracker, tracker, portfolio, members(portfolio), 2, devices=devices)
            alone = Search(plan).run(Unwatched())
            assert result.labels == alone.labels
            assert {s: (f.count, f.platforms) for s, f in result.found.items()} == {
                s: (f.count, f.platforms) for s, f in alone.found.items()
            }

    @pytest.mark.parametrize(("first", "second", "portfolio"), PAIRS)
    def test_sees_what_each_program_shows_by_itself(self, first: str, second: str, portfolio: str) -> None:
        both = walked(first, second, portfolio, 2, devices=1)
        pair = _core.PairJudge(first, second, [to_core(member) for member in members(portfolio)])
        counts: Counter[tuple[bool, Signature]] = Counter()
        for program in every_program(2):
            counts.update({(change.gained, Signature.of(change)) for change in pair.changes(program)})
        seen = {(True, s): c.found.count for s, c in both.gained.items()}
        seen |= {(False, s): c.found.count for s, c in both.ended.items()}
        assert seen == counts
        assert counts or second == "full-range"  # which needs a buffer and two mappings

    def test_moves_add_up_to_labels(self) -> None:
        both = walked("5.13", "5.14", "5.15", 3)
        for platform, moves in both.moves.items():
            for side, result in enumerate((both.first, both.second)):
                labels: Counter[str] = Counter()
                for pair, count in moves.items():
                    labels.update(dict.fromkeys(pair[side], count))
                assert labels == result.labels[platform]

    def test_threads_change_nothing(self) -> None:
        one, two = (walked("5.13", "5.14", "5.15", 3, jobs=jobs) for jobs in (1, 2))
        assert one.moves == two.moves
        assert {s: c.found.count for s, c in one.gained.items()} == {s: c.found.count for s, c in two.gained.items()}


def every_program(ops: int) -> Iterator[list[_core.Op]]:
    """Of one CPU and one device, up to so many operations."""
    longest: list[list[_core.Op]] = [[]]
    for _ in range(ops):
        longest = [[*before, op] for before in longest for op in _core.successors(before, 1, 1)]
        yield from longest


class TestChanges:
    def test_are_what_the_two_judgements_differ_in(self) -> None:
        """By the judgements alone: corruptions that one tracker explains and the other does not."""
        pair = _core.PairJudge("5.13", "5.14", [to_core(member) for member in members("5.15")])
        names = [member.name for member in members("5.15")]
        ops = ops_of(
            "cpu0 b0 = alloc pages 4096",
            "cpu0 m0 = map_single d0 b0 0 32 FROM_DEVICE",
            "cpu0 m1 = map_single d0 b0 32 32 FROM_DEVICE",
            "cpu0 unmap_single m0",
            "cpu0 unmap_single m1",
        )
        changes = pair.changes(ops)
        for index, name in enumerate(names):
            lost = [
                {c.kind for c in judging(t, "5.15").judge(_program(ops), name).corruptions if not c.explained}
                for t in ("5.13", "5.14")
            ]
            ended = {c.kind for c in changes if not c.gained and c.label == "FN" and c.platforms >> index & 1}
            assert ended == lost[0] - lost[1]
        assert {(c.gained, str(c.label)) for c in changes} == {(False, "FN"), (True, "TP"), (True, "hazard")}

    def test_another_reason_alone_is_no_change(self) -> None:
        """Both are silent: every line is tracked, but not on a coherent machine."""
        pair = _core.PairJudge("7.2", "full-range", [to_core(member) for member in members("7.2")])
        ops = ops_of(
            "cpu0 b0 = alloc pages 128",
            "cpu0 m0 = map_single d0 b0 0 96 FROM_DEVICE",
            "cpu0 m1 = map_sg d0 FROM_DEVICE b0:0:64 b0:64:64",
        )
        coherent = next(i for i, member in enumerate(members("7.2")) if member.name == "arm64-6.5-mixed")
        assert not any(change.platforms >> coherent & 1 for change in pair.changes(ops))

    def test_minimal_programs_show_the_change_and_nothing_smaller_does(self) -> None:
        found = [cause for cause in reviewed("7.2", "full-range", 3).causes if cause.exact]
        pair = _core.PairJudge("7.2", "full-range", [to_core(member) for member in members("7.2")])
        assert found
        for cause in found:
            shown = {Signature.of(c) for c in pair.changes(cause.ops) if effect_of(c.gained, Signature.of(c))}
            assert cause.signature in shown
            for line in range(len(cause.ops)):
                less = _core.repair([op for i, op in enumerate(cause.ops) if i != line])
                again = {Signature.of(c) for c in pair.changes(less)} if len(less) < len(cause.ops) else set()
                assert cause.signature not in again

    def test_a_program_without_that_change_is_refused(self) -> None:
        pair = _core.PairJudge("5.13", "5.14", [to_core(member) for member in members("5.15")])
        with pytest.raises(ValueError, match="no such change"):
            pair.minimize(ops_of("cpu0 b0 = alloc pages 64"), 0, True, "FN", "clobbered", "first-line-only")


def _program(ops: list[_core.Op]) -> Any:
    from dmafuzz.program import Program

    return Program(tuple(ops))


# What the changelog of an era says, by what its review finds: (effect, a part of the topic).
ERAS = {
    "2.6.31": [(Effect.FOUND, "leaked at driver unbind"), (Effect.QUIET, "mismatch")],
    "2.6.32": [(Effect.QUIET, "direction mismatch at sync"), (Effect.LOST, "syncs of a BIDIRECTIONAL mapping")],
    "3.2": [(Effect.QUIET, "sync larger than its mapping")],
    "3.9": [(Effect.FOUND, "missing dma_mapping_error()"), (Effect.TOLD, "unmap without dma_mapping_error()")],
    "3.14-rc1": [(Effect.FOUND, "copy-on-write of a page under DMA"), (Effect.NOISE, "copy-on-write")],
    "3.14": [(Effect.QUIET, "copy-on-write"), (Effect.LOST, "copy-on-write")],
    "4.1": [(Effect.QUIET, "look-up of a sync by device and range")],
    "4.4": [(Effect.NOISE, "nents mismatch at sync")],
    "4.9": [(Effect.HAZARD, "mapping of stack memory"), (Effect.NOISE, "size mismatch")],
    "4.18": [(Effect.FOUND, "segment limits")],
    "4.20": [(Effect.FOUND, "the kind of address given to dma_map_single()")],
    "5.0": [(Effect.QUIET, "map and unmap function mismatch")],
    "5.10": [(Effect.QUIET, "look-up of a sync by device and range")],
    "5.13": [(Effect.NOISE, "look-up of a sync by device and range")],
    "5.9": [(Effect.LOST, "copy-on-write of a page under DMA")],
    "5.14": [(Effect.FOUND, "overlapping mappings are counted"), (Effect.HAZARD, "begin in one cacheline")],
    "5.15": [(Effect.LOST, "DMA_ATTR_SKIP_CPU_SYNC"), (Effect.QUIET, "begin in one cacheline")],
    "6.0": [(Effect.QUIET, "look-up of a sync by device and range")],
    "6.17": [(Effect.TOLD, "CPU address mismatch")],
    "6.12": [(Effect.LOST, "may bounce small kmalloc buffers"), (Effect.QUIET, "begin in one cacheline")],
    "6.18": [(Effect.FOUND, "dma_map_resource() of RAM"), (Effect.LOST, "may bounce small kmalloc buffers")],
    "7.0": [(Effect.LOST, "DMA needs no cacheline alignment"), (Effect.LOST, "declare their cachelines clean")],
    "7.1": [(Effect.HAZARD, "dma_map_resource() of RAM")],
    "7.2": [(Effect.HAZARD, "attribute mismatch")],
}
# What these changed takes three operations.
THREE = {"2.6.32", "7.1"}
# Of these two the alphabet and the corpus show nothing: code was moved, or a machine changed.
SAME = {"5.5", "6.1", "6.13"}


class TestKnownAnswers:
    @pytest.mark.parametrize(("before", "era"), [(b, e.name) for b, e in neighbouring_eras() if e.name in ERAS])
    def test_an_era_does_what_its_changelog_says(self, before: str, era: str) -> None:
        found = reviewed(before, era, 3 if era in THREE else 2)
        for effect, topic in ERAS[era]:
            assert any(topic in each for each in topics(found, effect)), (effect, topic, found.sentence)

    def test_every_pair_of_neighbours_has_an_answer(self) -> None:
        assert [era.name for _, era in neighbouring_eras() if era.name not in ERAS] == sorted(SAME)
        assert not SAME & ERAS.keys()

    @pytest.mark.parametrize("era", sorted(SAME))
    def test_an_era_that_moves_code_changes_nothing(self, era: str) -> None:
        before = next(b for b, e in neighbouring_eras() if e.name == era)
        found = reviewed(before, era)
        assert not found.topics
        assert not found.worse
        assert "judges all programs that were tried like" in found.sentence

    @pytest.mark.parametrize("proposal", [each.name for each in builtins() if each.kind == "proposal"])
    def test_a_proposal_against_its_base(self, proposal: str) -> None:
        base = next(each.base for each in builtins() if each.name == proposal)
        found = reviewed(base, proposal, 2)
        assert found.costs is not None
        assert found.topics
        if proposal == "2020-rcu":
            assert found.costs.changed["tree_locks"] < 1
            # Entries that were used again hide others: the patch asks the first one alone.
            assert all("at one cacheline of a page" in topic for topic in topics(found, Effect.FOUND))
            assert topics(found, Effect.FOUND)
            assert topics(found, Effect.LOST)

    def test_every_line_finds_what_is_behind_the_first_one(self) -> None:
        found = reviewed("7.2", "full-range", 3)
        assert any("first cacheline of a mapping" in topic for topic in topics(found, Effect.FOUND))
        assert found.costs is not None
        assert found.costs.changed["tree_operations"] > 1
        assert all(cause.signature.rules for cause in found.causes if cause.effect is Effect.NOISE)

    def test_a_tracker_that_is_silent_misses_all(self) -> None:
        found = reviewed("6.12", "silent", 2)
        assert found.worse
        assert not topics(found, Effect.FOUND)
        assert topics(found, Effect.LOST)
        assert found.costs is None

    def test_a_noisy_one_warns_of_programs_that_keep_every_rule(self) -> None:
        found = reviewed("6.12", "noisy", 2)
        noise = next(topic for topic in found.topics if topic.effect is Effect.NOISE)
        assert noise.leader.keeps_contract
        assert found.worse


class TestTheHunt:
    def test_goes_beyond_the_alphabet(self) -> None:
        """Nine mappings of a line are no program of three operations."""
        search = _core.Hunt("6.12", "canary:counts-to-three", [to_core(member) for member in members("6.12")], 1, 14)
        for file in sorted((ROOT / "corpus" / "threads").glob("nine-*.dma")):
            from dmafuzz import program

            search.add(program.read(file).ops)
        found = search.take()
        assert search.differing
        assert found
        assert any(change.gained or change.label == "hazard" for change in found)
        assert search.take() == []

    def test_tells_each_signature_once(self) -> None:
        search = _core.Hunt("5.13", "5.14", [to_core(member) for member in members("5.15")], 7, 10)
        search.burst(300)
        found = [(change.gained, Signature.of(change)) for change in search.take()]
        assert found
        assert len(found) == len(set(found))


class TestTheCommand:
    def test_says_in_one_sentence_and_by_its_status(self) -> None:
        better = run("review", "7.2", "full-range", "--ops", "2", "--time", "0")
        assert better.output.startswith("full-range ")
        same = run("review", "6.0", "6.13", "--ops", "2", "--time", "0")
        assert same.exit_code == 0
        assert "judges all programs that were tried like 6.0" in " ".join(same.output.split())
        worse = run("review", "6.12", "silent", "--ops", "1", "--time", "0")
        assert worse.exit_code == 1

    def test_writes_four_forms(self, tmp_path: Path) -> None:
        run("review", "5.13", "5.14", "--ops", "2", "--time", "0", "--out", tmp_path)
        record = json.loads((tmp_path / "review.json").read_text())
        page = (tmp_path / "review.md").read_text()
        assert record["verdict"] in page
        assert page.startswith("# 5.13 to 5.14")
        assert (tmp_path / "review.txt").read_text().startswith("5.14 ")
        html = (tmp_path / "review.html").read_text()
        assert "<h1>5.13 to 5.14</h1>" in html
        assert "<script" not in html
        assert record["worse"]
        assert record["labels"]["x86-5.5"]

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (("6.12",), "expected BASE and PATCHED"),
            (("6.12", "7.2", "--patch", "tests/test_review.py"), "expected BASE and PATCHED"),
            (("6.12", "--patch", "tests/test_review.py"), "--patch is applied to a kernel's own code"),
            (("6.12", "nine"), "no tracker is named 'nine'"),
            (("6.12", "7.2", "--json", "--markdown"), "two forms of the same"),
            (("--each-era",), "--out DIR"),
        ],
    )
    def test_refuses_in_one_line(self, args: tuple[str, ...], said: str) -> None:
        result = run("review", *args)
        assert result.exit_code == 2
        assert said in result.output
