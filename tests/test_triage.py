# SPDX-License-Identifier: GPL-2.0-only
"""Triage: topic, grade, order and title are functions of a cause alone; forms and repairs are judged."""

from __future__ import annotations

import functools
import itertools
import json
import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dmafuzz import _core, platforms
from dmafuzz.catalogue import Catalogue
from dmafuzz.catalogue.files import read_catalogue
from dmafuzz.platforms import to_core
from dmafuzz.program import Program, parse, read
from dmafuzz.reporting.headlines import headline_lines
from dmafuzz.reporting.layout import WIDTH_CHARS
from dmafuzz.trackers import default_portfolio
from dmafuzz.triage import Cause, Grade, Lead, Topic, grade_of, order_of, triaged
from dmafuzz.triage.bench import Bench
from dmafuzz.triage.everyday import everyday_form
from dmafuzz.triage.headline import headlines_of
from dmafuzz.triage.order import rarest_use
from dmafuzz.triage.repairs import Repair, repairs_of
from dmafuzz.triage.titles import title_of
from dmafuzz.triage.uses import CALLS, NEVER
from dmafuzz.verdicts import judging
from support import run

ROOT = Path(__file__).parent.parent
CATALOGUES = ROOT / "reports" / "catalogue"
TITLES = tomllib.loads((Path(__file__).parent / "titles.toml").read_text(encoding="utf-8"))["cause"]


def ops_of(*lines: str) -> tuple[_core.Op, ...]:
    return parse("\n".join(("dmafuzz 1", *lines))).ops


def cause(label: str, kind: str, rules: Sequence[str], reason: str, *lines: str, on: int = 1) -> Cause:
    return Cause(label, (kind,), tuple(rules), reason, ops_of(*lines), tuple(f"p{i}" for i in range(on)))


@dataclass(frozen=True)
class Item:
    triage_cause: Cause


@functools.cache
def catalogue(tracker: str) -> Catalogue:
    return read_catalogue(CATALOGUES / f"{tracker}.json.gz")


@functools.cache
def leads(tracker: str) -> list[Lead[Any]]:
    return catalogue(tracker).topics()


@functools.cache
def bench(tracker: str) -> Bench:
    return Bench(tracker, [member.name for member in platforms.portfolio(default_portfolio(tracker))])


PAGES = "cpu0 b0 = alloc pages 64"
FROM = "cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE"
TO = "cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE"


class TestGrade:
    @pytest.mark.parametrize(
        ("grade", "of"),
        [
            ("A", cause("FN", "clobbered", [], "not-looked-at", PAGES, FROM)),
            ("A", cause("FP", "line-overlap", [], "live-mapping", PAGES, FROM)),
            ("A", cause("hazard", "sg-too-long", [], "same-mapping", PAGES, FROM)),
            ("A", cause("broken", "crash", ["unmap-once", "inside"], "", PAGES, FROM)),
            ("B", cause("FN", "stale-cpu-data", ["page-owner"], "copy-unchecked", PAGES, FROM)),
            ("C", cause("FN", "stale-cpu-data", ["hands-off"], "not-looked-at", PAGES, FROM, "cpu0 write b0 0 64")),
            ("C", cause("FN", "stale-cpu-data", ["hands-off"], "departs", PAGES, FROM)),
            ("C", cause("FN", "stale-cpu-data", ["hands-off"], "unknown", PAGES, FROM)),
            ("D", cause("FP", "free-size", ["same-size"], "same-mapping", PAGES, TO)),
            ("D", cause("hazard", "free-size", ["same-size"], "same-mapping", PAGES, FROM)),
            ("E", cause("FN", "clobbered", ["whole-lines", "hands-off"], "first-line-only", PAGES, FROM)),
            ("E", cause("FN", "clobbered", ["to-device-read-only"], "not-looked-at", PAGES, TO)),
            ("E", cause("FN", "clobbered", ["unmap-all"], "not-looked-at", PAGES, TO, "device m0 write 0 16")),
            ("E", cause("hazard", "leak", ["unmap-all"], "live-mapping", PAGES, f"{FROM} split", "cpu1 unbind d0")),
        ],
    )  # fmt: skip
    def test_by_hand(self, grade: str, of: Cause) -> None:
        assert grade_of(of) == grade

    def test_a_device_that_is_where_it_may_be_is_no_fault(self) -> None:
        of = cause("FN", "stale-cpu-data", ["sync-before-read"], "not-looked-at", PAGES, FROM, "device m0 write 0 16")
        assert grade_of(of) == Grade.C

    def test_every_reason_of_b_has_a_changed_rule_with_which_the_tracker_is_not_silent_for_it(self) -> None:
        """All of B in the catalogue, on the platforms that show it."""
        names, tried = bench("6.12").names, 0
        members = [to_core(platforms.load(name)) for name in names]
        changed: dict[str, _core.Judge] = {}
        for entry in catalogue("6.12").entries[::2]:
            if grade_of(entry.triage_cause) == Grade.B:
                change = entry.topic.change
                judge = changed.setdefault(change, _core.Judge(f"6.12+{change}", members))
                wanted = ("FN", entry.signature.kind, entry.signature.reason)
                assert all(wanted not in judge.signatures_on(entry.ops, names.index(p)) for p in entry.platforms), entry
                tried += 1
        assert tried > 40
        assert len(changed) > 8

    def test_no_changed_rule_ends_what_is_of_c(self) -> None:
        """Whatever rule is changed, what is out of the tracker's sight is lost in silence still."""
        names = bench("6.12").names
        members = [to_core(platforms.load(name)) for name in names]
        judges = []
        for change, _ in _core.what_ifs():
            try:
                judges.append((change, _core.Judge(f"6.12+{change}", members)))
            except ValueError:  # a rule that this tracker does not have
                continue
        entries = [entry for entry in catalogue("6.12").entries if grade_of(entry.triage_cause) == Grade.C]
        assert len(entries) > 30
        ended: dict[str, set[str]] = {}
        for entry, (change, judge) in itertools.product(entries, judges):
            shown = [s for s in judge.signatures(entry.ops) if (s.label, s.kind) == ("FN", entry.signature.kind)]
            if not shown:
                ended.setdefault(change, set()).add(entry.topic.id)
        assert ended == {}


class TestTopicAndOrder:
    def test_the_same_whatever_the_order_of_the_findings(self) -> None:
        entries = list(catalogue("6.12").entries)
        before = [(lead.topic, lead.grade, lead.leader.cause) for lead in triaged(entries)]
        random.Random(7).shuffle(entries)
        assert [(lead.topic, lead.grade, lead.leader.cause) for lead in triaged(entries)] == before

    @pytest.mark.parametrize("tracker", ["6.12", "7.2"])
    def test_every_cause_is_in_one_topic_and_grades_come_in_order(self, tracker: str) -> None:
        found = leads(tracker)
        assert [lead.grade for lead in found] == sorted(lead.grade for lead in found)
        assert sum(len(lead.causes) + len(lead.folded) for lead in found) == len(catalogue(tracker).entries)
        for lead in found:
            assert {each.topic for each in lead.causes} == {lead.topic}
            assert order_of(lead.leader.triage_cause) == min(order_of(each.triage_cause) for each in lead.causes)

    def test_hazards_are_folded_under_the_false_positive_of_their_check_and_rules(self) -> None:
        spurious = cause("FP", "free-size", ["same-size"], "same-mapping", PAGES, TO, "cpu0 unmap_single m0 size=32")
        elsewhere = cause(
            "hazard", "free-size", ["same-size"], "same-mapping", PAGES, FROM, "cpu0 unmap_single m0 size=32"
        )
        other = replace(elsewhere, rules=("same-device",))
        [first, second] = triaged([Item(other), Item(elsewhere), Item(spurious)])
        assert (first.topic, [each.triage_cause for each in first.folded]) == (Topic("FP", "free-size"), [elsewhere])
        assert [each.triage_cause for each in second.causes] == [other]

    def test_what_is_new_comes_first_in_its_grade_and_changes_none(self) -> None:
        items = [*catalogue("6.12").entries]
        old = {lead.topic for lead in leads("6.12")}
        new = {lead.topic for lead in leads("6.12") if lead.topic.id == "resource-unchecked"}
        [found] = [lead for lead in triaged(items, old - new) if lead.new]
        of_grade = [lead.topic for lead in triaged(items, old - new) if lead.grade == found.grade]
        assert found.grade == Grade.B
        assert of_grade[0] == found.topic

    def test_everyday_calls_come_first(self) -> None:
        assert rarest_use(ops_of(PAGES, FROM)) == CALLS[_core.OpKind.map_single]
        assert rarest_use(ops_of(PAGES, f"{FROM} attrs=SKIP_CPU_SYNC")) < rarest_use(ops_of(PAGES, FROM))
        twice, beside = (ops_of(PAGES, f"cpu0 m0 = map_sg d0 TO_DEVICE b0:0:32 b0:{at}:32") for at in (16, 32))
        assert rarest_use(twice) == NEVER < rarest_use(beside)
        kept = cause("FP", "leak", [], "same-mapping", PAGES, TO), cause("FN", "clobbered", [], "departs", PAGES, TO)
        assert order_of(kept[0]) < order_of(kept[1])
        broken = [replace(each, rules=("inside",)) for each in kept]
        assert sorted(broken, key=order_of)[0].label == "FN"

    @pytest.mark.parametrize("tracker", ["6.12", "7.2"])
    def test_the_first_ten_are_not_misuse_that_no_driver_makes(self, tracker: str) -> None:
        first = leads(tracker)[:10]
        assert all(lead.grade in "AB" for lead in first)
        assert all(rarest_use(lead.leader.ops) >= CALLS[_core.OpKind.map_page] for lead in first)
        assert "sync-unallocated:missed-entry" in {lead.topic.short for lead in first}


class TestTitles:
    @pytest.mark.parametrize("pinned", TITLES, ids=lambda pinned: pinned["title"][:40])
    def test_says_it_in_these_words(self, pinned: dict[str, Any]) -> None:
        of = Cause(
            pinned["label"], tuple(pinned["kinds"]), tuple(pinned["rules"]), pinned["reason"],
            ops_of(*pinned["program"]), (),
        )  # fmt: skip
        assert title_of(of) == pinned["title"]

    def test_are_held_for_all_grades_labels_and_rules(self) -> None:
        assert len(TITLES) >= 60
        assert {pinned["label"] for pinned in TITLES} >= {"FN", "FP", "hazard"}
        assert len({rule for pinned in TITLES for rule in pinned["rules"]}) >= 25

    @pytest.mark.parametrize("tracker", ["4.19", "7.2", "2011-reader-writer"])
    def test_every_cause_has_one(self, tracker: str) -> None:
        for entry in catalogue(tracker).entries:
            title = title_of(entry.triage_cause)
            assert ": " in title
            assert not title.endswith(".")
            assert "{" not in title
            assert "None" not in title


# The driver's real fix, in the words of the repair.
REPORTS = {
    "pointer-behind-a-buffer": "whole cachelines for m0, b0[0..127] instead of b0[0..79], and b0[80..95] behind them",
    "header-polled-without-sync": "insert dma_sync_single_for_cpu(m0) before op 3",
    "mapping-without-syncs-started-at-once": "insert dma_sync_sg_for_device(m0) before op 2; insert",
    "sync-after-the-unmap": "move dma_sync_single_for_cpu(m0) (op 3) before op 2",
    "coherent-memory-ended-by-unmap-single": "dma_free_coherent(m0) instead of dma_unmap_single() (op 1)",
    "two-fields-of-one-struct-unchecked": "check dma_mapping_error() of m0 and m1 at once",
}


class TestRepairs:
    @pytest.mark.parametrize("name", REPORTS)
    def test_of_a_report_is_what_the_driver_did(self, name: str) -> None:
        program = read(ROOT / "corpus" / "reports" / f"{name}.dma")
        for tracker in {expect.tracker for expect in program.expects}:
            first = repairs_of(program.ops, bench(tracker))[0]
            assert first.words.startswith(REPORTS[name])
            self.clean_and_silent(first, tracker)

    @pytest.mark.parametrize("tracker", ["6.12", "7.2"])
    def test_of_leaders_are_clean_and_silent_on_the_whole_portfolio(self, tracker: str) -> None:
        repaired = 0
        for lead in leads(tracker)[:30]:
            found = repairs_of(lead.leader.ops, bench(tracker))
            repaired += bool(found)
            for repair in found[:3]:
                self.clean_and_silent(repair, tracker)
                assert any(line.startswith(("+", "-")) for line in repair.diff)
        assert repaired >= 24

    def clean_and_silent(self, repair: Repair, tracker: str) -> None:
        for judgement in bench(tracker).judge.judge_all(repair.ops):
            assert [str(label) for label in judgement.labels] == ["TN"], (repair.words, judgement.platform)
            assert {harm.kind for harm in judgement.harms} <= {_core.HarmKind.exposure}

    def test_of_what_is_right_there_are_none(self) -> None:
        assert repairs_of(ops_of(PAGES, TO), bench("6.12")) == []

    def test_keep_what_cpu_and_device_do(self) -> None:
        """No repair takes an access away, or turns the direction of the data."""
        ops = ops_of(PAGES, FROM, "device m0 write 0 64", "cpu0 read b0 0 64")
        for step in _core.repair_steps(ops):
            kinds = [op.kind for op in step.ops]
            assert _core.OpKind.read in kinds
            assert _core.OpKind.device_write in kinds
            [made] = [op for op in step.ops if op.kind == _core.OpKind.map_single]
            assert made.direction != _core.Direction.to_device

    def test_steps_are_valid_and_each_comes_once(self) -> None:
        for seed in range(300):
            ops = _core.random_program(seed, 8)
            steps = _core.repair_steps(ops)
            assert all(_core.check(step.ops) is None for step in steps)
            assert len({bytes(_core.encode(step.ops)) for step in steps}) == len(steps)
            assert bytes(_core.encode(ops)) not in {bytes(_core.encode(step.ops)) for step in steps}


class TestEverydayForm:
    def test_shows_the_same_cause_with_sizes_that_drivers_use(self) -> None:
        found = 0
        for lead in leads("6.12")[:30]:
            of = lead.leader.triage_cause
            form = everyday_form(of, bench("6.12"))
            if form is None:
                continue
            found += 1
            shown = [
                s for s in bench("6.12").judge.signatures(form.ops)
                if (s.label, tuple(s.rules), s.reason) == (of.label, of.rules, of.reason)
            ]  # fmt: skip
            assert {s.kind for s in shown} >= set(of.kinds)
            places = functools.reduce(lambda bits, s: bits | s.platforms, shown, 0)
            assert [n for at, n in enumerate(bench("6.12").names) if places >> at & 1] == list(form.shown_on)
            assert set(form.shown_on) & set(of.shown_on)
        assert found >= 25

    def test_layouts_have_sizes_of_drivers_and_stay_valid(self) -> None:
        ops = ops_of(
            "cpu0 b0 = alloc pages 96", "cpu0 m0 = map_single d0 b0 0 80 FROM_DEVICE", "cpu0 unmap_single m0 size=16"
        )
        layouts = _core.everyday_layouts(ops)
        assert all(_core.check(layout) is None for layout in layouts)
        first = layouts[0]
        assert {first[1].size, first[2].size} <= {64, 1500, 2048, 4096}
        assert any(layout == list(ops) for layout in layouts)

    def test_a_form_shows_its_label_where_its_row_says(self) -> None:
        judge = judging("6.12", "6.12")
        others = 0
        for each in headlines_of(leads("6.12")[:14], bench("6.12")):
            cause = each.lead.leader.triage_cause
            labels = {name: judge.judge(Program(ops=each.ops), name).labels for name in judge.members}
            assert all(cause.label in labels[name] for name in each.shown_on)
            assert f"on {len(each.shown_on)} of 18 platforms" in each.outcome
            others += f"(smallest: {len(cause.shown_on)})" in each.outcome
        assert others >= 3


class TestCommands:
    STORE = str(CATALOGUES / "6.12.json.gz")

    def test_top_shows_three_lines_each_that_fit(self) -> None:
        result = run("top", self.STORE, "-n", "5")
        assert result.exit_code == 0, result.output
        lines = result.output.splitlines()
        first = next(at for at, line in enumerate(lines) if line.startswith("  1  "))
        assert len(lines) == first + 3 * 5
        assert all(len(line) <= WIDTH_CHARS or " " not in line for line in lines)

    def test_top_by_grade_topic_and_as_json(self) -> None:
        of_grade = [json.loads(line) for line in run("top", self.STORE, "--grade", "C", "--json").output.splitlines()]
        assert {each["grade"] for each in of_grade} == {"C"}
        of_topic = [
            json.loads(line)
            for line in run("top", self.STORE, "--topic", "first-line-only", "--json", "-n", "4").output.splitlines()
        ]
        assert [each["topic"]["id"] for each in of_topic] == ["first-line-only"] * 4
        assert len({each["id"] for each in of_topic}) == 4

    def test_show_finds_a_cause_by_its_beginning(self) -> None:
        lead = leads("6.12")[0]
        result = run("show", lead.leader.cause[:7], self.STORE)
        assert result.exit_code == 0, result.output
        assert " ".join(result.output.split()).startswith(title_of(lead.leader.triage_cause))
        [facts] = [
            json.loads(line) for line in run("show", lead.leader.cause, self.STORE, "--json").output.splitlines()
        ]
        assert facts["id"] == lead.leader.cause

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("top", "no-such-folder"), "no-such-folder: not found"),
            (("top", str(ROOT / "README.md")), "no catalogue, nor a folder of findings"),
            (("top", STORE, "--topic", "nothing"), "--topic nothing: no topic"),
            (("show", "0000000", STORE), "0000000: no cause has this ID"),
            (("show", "0", STORE), "causes begin so"),
        ],
    )
    def test_bad_input_gets_one_line(self, arguments: tuple[str, ...], says: str) -> None:
        result = run(*arguments)
        assert result.exit_code == 2
        assert says in result.output
        assert len(result.output.splitlines()) == 1

    def test_headlines_have_an_everyday_form_platforms_and_a_repair(self) -> None:
        found = headlines_of(leads("6.12")[:10], bench("6.12"))
        assert len(list(headline_lines(found))) == 30
        assert sum(bool(each.repairs) for each in found) >= 9
        assert sum(each.everyday is not None for each in found) >= 9
