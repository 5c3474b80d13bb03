# SPDX-License-Identifier: GPL-2.0-only
"""Changes that are worth writing: which are tried, in which order they stand, and that the figures are a review's."""

from __future__ import annotations

import html
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dmafuzz import _core
from dmafuzz.exhaustive.progress import Bar
from dmafuzz.publishing import blocks_page
from dmafuzz.publishing.worth import worth_blocks
from dmafuzz.reporting.worth import worth_record
from dmafuzz.review import Effect, Scope, by_names, review
from dmafuzz.review.worth import Worth, base_of, candidates, worth
from dmafuzz.trackers import TrackerError, builtins
from support import ROOT, run

EMPTY = ROOT / "docs" / "howto"  # a folder without programs


SCHEMA = ROOT / "docs" / "reference" / "schemas" / "worth.schema.json"


def assert_fits(record: Any) -> None:
    against = json.loads(SCHEMA.read_text())
    checker = jsonschema.validators.validator_for(against)
    checker.check_schema(against)
    checker(against).validate(record)


@cache
def rows() -> dict[str, Worth]:
    return {each.candidate.name: each for each in worth("7.2", 2, 1, None, Bar(), corpus=EMPTY)}


def test_each_changed_rule_that_changes_anything_is_tried() -> None:
    tried = {candidate.name for candidate in candidates("7.2")}
    assert {"every-line", "to-device", "assert-idle", "2021-different-regions"} <= tried
    assert "map-errors" not in tried  # 7.2 has it
    assert tried <= {name for name, _ in _core.what_ifs()} | {each.name for each in builtins()}


def test_a_proposal_that_is_a_changed_rule_stands_once() -> None:
    """full-range is every-line by another name; what changes nothing is kept by its own name."""
    both = {"every-line", "full-range"} & set(rows())
    assert both == {"every-line"} or not any(rows()[name].topics for name in both)


def test_figures_are_those_of_a_review() -> None:
    row = rows()["to-device"]
    made = review(by_names("7.2", "7.2+to-device", None), Scope(2, 0, corpus=EMPTY), Bar(), lambda _s, _f: None)
    for effect in Effect:
        assert row.causes(effect) == [cause for cause in made.causes if cause.effect is effect]
    assert row.costs is not None
    assert row.costs.changed["tree_operations"] > 1


def test_what_finds_without_noise_comes_first() -> None:
    order = list(rows().values())
    finding = [bool(row.causes(Effect.FOUND)) for row in order]
    assert finding == sorted(finding, reverse=True)
    noisy = [row.kept for row in order if row.causes(Effect.FOUND)]
    assert noisy == sorted(noisy)
    assert all(not cause.signature.rules or cause.effect for row in order for cause in row.noise)


def test_found_causes_of_two_rules_are_no_reason_for_a_patch() -> None:
    assert all(len(cause.signature.rules) < 2 for row in rows().values() for cause in row.found)


@pytest.mark.parametrize("tracker", ["silent", "canary:leaks"])
def test_a_canary_has_no_rules_to_change(tracker: str) -> None:
    with pytest.raises(TrackerError, match="expected an era"):
        base_of(tracker)


def test_the_command_writes_a_page_and_data(tmp_path: Path) -> None:
    result = run("worth", "6.0", "--ops", "1", "--json", "--out", tmp_path, "--corpus", EMPTY)
    assert result.exit_code == 0
    record = json.loads(result.stdout)
    assert record["tracker"] == "6.0"
    assert json.loads((tmp_path / "worth.json").read_text()) == record
    assert_fits(record)
    assert (tmp_path / "worth.txt").read_text().startswith(f"{len(record['changes'])} changes to 6.0")
    page = (tmp_path / "worth.md").read_text()
    assert page.startswith("# What is worth changing in 6.0")
    assert all(f"| {change['name']} |" in page for change in record["changes"])


def test_the_record_fits_its_schema_whatever_changes() -> None:
    """Costs that were none before have no factor: JSON has no number for it."""
    record = json.loads(json.dumps(worth_record("7.2", 2, list(rows().values())), allow_nan=False))
    assert_fits(record)
    assert any(None in (change["costs"] or {}).values() for change in record["changes"])


def test_the_page_has_a_row_for_each_change_and_leads_to_what_it_does() -> None:
    found = list(rows().values())
    page = blocks_page(worth_blocks("7.2", 2, found))
    for row in found:
        name = row.candidate.name
        link = f'<a href="#{name}">{name}</a>'
        assert (link in page) == bool(row.topics) == (f'<h2 id="{name}">' in page)
        assert f"<td>{link if row.topics else name}</td>" in page
        for topic in row.topics:
            assert html.escape("\n".join(topic.leader.program)) in page
    assert page.count("<tr>") == len(found) + 1
    assert not re.search(r"<script|https?://(?!www.w3.org)", page)


def test_a_folder_that_cannot_be_used_is_refused_before_the_work(tmp_path: Path) -> None:
    there = tmp_path / "file"
    there.write_text("")
    result = run("worth", "6.0", "--ops", "1", "--out", there / "under")
    assert result.exit_code == 2
    refused = f"{there / 'under'}: cannot be used: Not a directory; the file {there} is in the way: use another folder"
    assert result.stderr.strip().endswith(refused)
    assert not result.stdout
