# SPDX-License-Identifier: GPL-2.0-only
"""What there is to look at of a store, by its index: the same as of all its findings."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dmafuzz import _core, platforms
from dmafuzz.catalogue.files import read_catalogue
from dmafuzz.findings import Finding
from dmafuzz.store import Store
from dmafuzz.store.target import target_of
from dmafuzz.triage import Cause, Lead, triaged
from support import said

CATALOGUE = Path(__file__).parent.parent / "reports" / "catalogue" / "6.12.json.gz"
NAMES = tuple(model.name for model in platforms.portfolio("6.12"))
TARGET = target_of("6.12", "6.12", "6.12", NAMES)
COUNT = 900


def finding_of(cause: Cause, chance: random.Random) -> Finding:
    """A finding that says the same of a program of its own: some of them break more rules."""
    ops = _core.random_program(chance.randrange(1 << 30), chance.randrange(3, 8))
    more = chance.sample([str(rule) for rule, _ in _core.rules()], chance.choice((0, 0, 1)))
    rules = tuple(dict.fromkeys((*cause.rules, *more)))
    shown_on = tuple(name for name in NAMES if chance.random() < 0.5) or NAMES[:1]
    outcomes = tuple((name, (cause.label,)) for name in shown_on)
    return Finding(cause.label, cause.kinds, rules, "6.12", _core.encode(ops), outcomes, cause.reason, shown_on, "6.12")


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    chance = random.Random(7)
    causes = [entry.triage_cause for entry in read_catalogue(CATALOGUE).entries]
    # Hazards beside false positives of the same check and rules are what is folded.
    some = [cause for cause in causes if cause.label == "FP"] * 12 + causes
    return [finding_of(chance.choice(some), chance) for _ in range(COUNT)]


@pytest.fixture(scope="module")
def filed(findings: list[Finding], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("leads") / "store"
    store = Store.create(folder)
    for at in range(0, COUNT, COUNT // 6):
        store.add(TARGET, findings[at : at + COUNT // 6])
    store.close()
    return folder


def facts(leads: Sequence[Lead[Any]]) -> list[tuple[object, ...]]:
    return [
        (lead.topic, lead.grade, lead.new, [each.cause for each in lead.causes], [each.cause for each in lead.folded])
        for lead in leads
    ]


def test_the_index_leads_as_triage_does(findings: list[Finding], filed: Path) -> None:
    expected = triaged(findings)
    assert sum(len(lead.folded) for lead in expected) > 20
    found = Store.open(filed).leads(TARGET)
    assert facts(found) == facts(expected)
    assert [lead.leader.triage_cause for lead in found] == [lead.leader.triage_cause for lead in expected]
    assert [len(lead.causes) for lead in found] == [len(lead.causes) for lead in expected]


def test_what_is_known_is_last_in_its_grade(findings: list[Finding], filed: Path) -> None:
    known = {lead.topic for lead in triaged(findings)[::2]}
    assert facts(Store.open(filed).leads(TARGET, known)) == facts(triaged(findings, known))


def test_leads_outlive_packs(findings: list[Finding], filed: Path) -> None:
    """A pack that goes takes its causes along; joined packs make no cause count twice."""
    store = Store.create(filed)
    assert store.compact() == 6
    assert facts(store.leads(TARGET)) == facts(triaged(findings))
    store.reindex()
    assert facts(store.leads(TARGET)) == facts(triaged(findings))
    store.close()


def test_program_files_are_the_leaders(findings: list[Finding], filed: Path) -> None:
    store = Store.create(filed)
    store.write_leaders(TARGET)
    leaders = {lead.leader.file_name for lead in triaged(findings)}
    assert {path.name for path in (filed / "leaders").iterdir()} == {f"6.12-{name}" for name in leaders}
    store.close()


def test_top_marks_what_is_not_in_the_baseline(findings: list[Finding], filed: Path, tmp_path: Path) -> None:
    old = Store.create(tmp_path / "old")
    topics = list(dict.fromkeys(lead.topic for lead in triaged(findings)))
    old.add(TARGET, [finding for finding in findings if finding.topic in topics[1:]])
    old.close()
    _, text = said("top", filed, "--baseline", tmp_path / "old", "-n", "3")
    lines = text.splitlines()
    head, rows = " ".join(" ".join(lines[:-9]).split()), lines[-9:]
    assert head.startswith(f"{filed}: {COUNT} causes in {len(triaged(findings))} topics")
    assert head.endswith(f" 3 of {len(triaged(findings))} topics; in full: dmafuzz show ID {filed}")
    assert [" new " in line for line in rows[::3]] == [True, False, False]


def test_top_of_the_folder_of_fuzz_needs_no_name(
    findings: list[Finding], filed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "findings").symlink_to(filed)
    monkeypatch.chdir(tmp_path)
    _, text = said("top", "-n", "1")
    assert f"1 of {len(triaged(findings))} topics; in full: dmafuzz show ID" in text.splitlines()


def test_one_cause_of_a_store_is_shown(findings: list[Finding], filed: Path) -> None:
    status, text = said("show", findings[0].cause, filed, "--json")
    assert status == 0, text
    assert f'"id": "{findings[0].cause}"' in text
