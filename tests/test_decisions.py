# SPDX-License-Identifier: GPL-2.0-only
"""People's decisions about findings, and what of a campaign is new after them."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from dmafuzz import _core, platforms
from dmafuzz.campaign import CampaignFile, read_plan_file, standings
from dmafuzz.campaign.baseline import (
    Baseline,
    BaselineError,
    Decision,
    add_decisions,
    decision_about,
    read_baseline,
    topic_name,
)
from dmafuzz.campaign.news import News, lost_topics
from dmafuzz.campaign.plan_file import TargetTable
from dmafuzz.campaign.summary import Verdict, markdown_of
from dmafuzz.cli.campaign_ci import base_of
from dmafuzz.findings import Finding
from dmafuzz.store import Store, target_of
from support import said

NAMES = tuple(model.name for model in platforms.portfolio("6.12"))
PLAN = '[campaign]\nslice = 120\njobs = 1\nops = 6\n[[target]]\ntracker = "6.12"\n'


def finding(seed: int = 1, reason: str = "not-looked-at") -> Finding:
    """Of a program that may or may not be what it is called."""
    records = _core.encode(_core.random_program(seed, 3))
    return Finding("FN", ("clobbered",), ("inside",), "6.12", records, (), reason, NAMES[:1], "6.12")


def test_a_decision_is_about_a_cause_or_a_topic_and_ends() -> None:
    one, two = finding(1), finding(2)
    today = date(2026, 6, 1)
    known = Baseline([decision_about("known", one, False)], today)
    assert (known.knows(one), known.knows(two)) == (True, False)
    topic = Baseline([decision_about("dup", one, True)], today)
    assert (topic.knows(one), topic.knows(two)) == (True, True)
    ended = Baseline([decision_about("known", one, False, until="2026-05-31")], today)
    assert not ended.knows(one)
    fixed = Baseline([decision_about("known", two, True), decision_about("fixed", one, False, by="1234abcd")], today)
    assert (fixed.knows(one), fixed.knows(two)) == (False, True)


def test_a_cause_that_another_build_names_otherwise_is_known_by_its_program() -> None:
    one = finding(1)
    other = Finding(one.label, one.kinds, (), one.tracker, one.records, (), one.reason, NAMES[:2], "6.12")
    assert one.cause != other.cause
    line = decision_about("known", one, False)
    assert not Baseline([line]).knows(finding(3))
    moved = Decision("known", "6.12", f"FN:{other.topic.short}", "0" * 12, other.text)
    assert Baseline([moved]).knows(other)


def test_lines_are_kept_and_what_is_no_decision_is_said_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "baseline.jsonl"
    line = decision_about("known", finding(), False, reason="a driver that nobody builds", who="me")
    assert add_decisions(path, [line, line]) == 1
    assert add_decisions(path, [line]) == 0
    assert read_baseline(path).decisions == [line]
    whole = path.read_text()
    for wrong in ("x", "{}", '{"decision": "maybe", "tracker": "6.12", "topic": "FN:x"}', "[" * 100_000,
                  '{"decision": "known", "tracker": "6.12", "topic": "FN:x", "until": "soon"}'):  # fmt: skip
        path.write_text(whole + wrong + "\n")
        with pytest.raises(BaselineError, match=r"baseline\.jsonl:2: "):
            read_baseline(path)


def test_only_what_differs_from_another_tracker_is_new(tmp_path: Path) -> None:
    judge = _core.Judge("6.12", [platforms.to_core(platforms.load(NAMES[0]))])
    programs = (_core.random_program(seed, 6) for seed in range(1_000))
    records = next(_core.encode(ops) for ops in programs if judge.signatures(ops))
    shown = judge.signatures(list(_core.decode(records)))[0]
    about = (shown.label, (shown.kind,), tuple(sorted(shown.rules)), "6.12", records, (), shown.reason)
    one = Finding(*about, NAMES[:1], "6.12")

    def new(against: str | None) -> bool:
        file = CampaignFile(target=[TargetTable(tracker="6.12", against=against)])
        return News(file, Baseline()).is_new(one)

    assert new(None)
    assert not new("6.12")
    assert new("canary:never-warns") == (shown.label == "FP")


def store_of_some(folder: Path) -> list[Finding]:
    some = [finding(1), finding(2), finding(3, "no-entry")]
    with closing(Store.create(folder)) as store:
        store.add(target_of("6.12", "6.12", "6.12", NAMES), some)
    return some


def test_mark_writes_what_people_have_decided(tmp_path: Path) -> None:
    some = store_of_some(tmp_path / "store")
    file = tmp_path / "baseline.jsonl"
    about = ("--baseline", file, "--store", tmp_path / "store")
    assert said("mark", "known", some[0].cause, *about, "--reason", "R")[0] == 0
    assert said("mark", "fixed", some[1].cause[:8], *about, "--by", "1234abcd")[0] == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["decision"], line["cause"]) for line in lines] == [
        ("known", some[0].cause),
        ("fixed", some[1].cause),
    ]
    assert said("mark", "known", "--every-topic", *about)[0] == 0
    assert len(file.read_text().splitlines()) == 4
    assert said("mark", "known", "ffffffffffff", *about)[0] == 2
    assert said("mark", "known", some[0].cause, *about, "--until", "soon")[0] == 2


def test_ci_shows_only_what_the_base_lacks(tmp_path: Path) -> None:
    plan, base = tmp_path / "campaign.toml", tmp_path / "base.jsonl"
    plan.write_text(PLAN)
    base.write_text("")
    about = ("campaign", "ci", plan, "--slices", "1")
    status, text = said(*about, "--base", base, "--fail-on", "ABC", "--summary", tmp_path / "summary.md")
    assert status == 1, text
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("# dmafuzz: ")
    assert "| grade | tracker | cause |" in summary
    assert said(*about, "--base", tmp_path / "nothing")[0] == 2
    file = read_plan_file(plan)
    with closing(Store.open(tmp_path / "campaign")) as store:
        rows = standings(file, store)
        found = list(store.findings())
    known = base_of(tmp_path / "campaign")
    assert News(file, known).leads(found) == []
    text = markdown_of(Verdict([], lost_topics([("6.12", topic_name(found[0]))], known), "A"), rows)
    assert text.startswith("# dmafuzz: nothing new that counts")
    assert f"{len(known.decisions) - 1:,} topics" in text
