# SPDX-License-Identifier: GPL-2.0-only
"""Campaigns: plans that are checked, time that is shared by weight, slices that can be killed and repeated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dmafuzz import _core, platforms
from dmafuzz.campaign import PlanFileError, read_plan_file
from dmafuzz.campaign.plan_file import EXAMPLE
from dmafuzz.findings import Finding
from dmafuzz.store import Store, target_of
from support import run, said

NAMES = tuple(model.name for model in platforms.portfolio("6.12"))

PLAN = """
[campaign]
slice = 150
jobs = 1
ops = 8
[[target]]
tracker = "6.12"
weight = 2
[[target]]
tracker = "canary:never-warns"
"""


def plan_file(folder: Path, text: str = PLAN) -> Path:
    path = folder / "campaign.toml"
    path.write_text(text)
    return path


def causes(folder: Path) -> set[tuple[str, str]]:
    return {(cause.target, cause.cause) for cause in Store.open(folder).causes()}


def test_a_plan_is_written_checked_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "campaign.toml"
    assert run("campaign", "init", path).exit_code == 0
    assert path.read_text() == EXAMPLE
    status, text = said("campaign", "check", path)
    assert status == 0, text
    assert "6.12: portfolio 6.12, 65.6% of the time" in text
    assert said("campaign", "init", path)[0] == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "target: found nothing, expected a value"),
        ("[campaign]\nslice = ", "is not TOML"),
        ('[[target]]\ntraker = "6.12"\n', "nearest: tracker"),
        ('[campaign]\nexecutor = "kubernetes"\n[[target]]\ntracker = "6.12"\n', "campaign.executor"),
        ('[campaign]\njobs = 0\n[[target]]\ntracker = "6.12"\n', "campaign.jobs"),
        ('[campaign]\nslice = "2 weeks"\n[[target]]\ntracker = "6.12"\n', "campaign.slice"),
        ('[[target]]\ntracker = "kernel:/tmp/linux"\n', "a file names no code"),
        ('[[target]]\ntracker = "py:os:system"\n', "a file names no code"),
        ('[[target]]\ntracker = "6.12"\nweight = -1\n', "weight"),
        ('[[target]]\ntracker = "6.12"\nagainst = "kernel:/tmp/linux"\n', "a file names no code"),
        ('[[target]]\ntracker = "6.12"\n[[target]]\ntracker = "6.12"\n', "twice"),
        ('[[target]]\ntracker = "6.12"\n[triage]\nshow = ["F"]\n', "triage.show"),
        ('[[target]]\ntracker = "6.12"\nmachine = "plain"\n', "target[0].machine: found 'plain', expected none"),
        ('[[target]]\ntracker = "guest:mine"\n', "target[0].machine: : no machine of QEMU"),
        ('[[target]]\ntracker = "guest:mine"\nmachine = "plane"\n', "plane: no machine of QEMU"),
        ('[[target]]\ntracker = "guest:mine"\nmachine = "plain"\nagainst = "6.12"\n', "expected a machine alone"),
        ('[[target]]\ntracker = "6.12"\n[keep]\ncauses = 3\n', "nearest: causes_per_topic"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said_in_its_place(text: str, complaint: str, tmp_path: Path) -> None:
    path = plan_file(tmp_path, text)
    status, message = said("campaign", "check", path)
    assert status == 2
    assert complaint in message
    assert message.startswith(str(path))


def test_a_tracker_that_does_not_exist_is_said_before_anything_runs(tmp_path: Path) -> None:
    status, message = said("campaign", "run", plan_file(tmp_path, '[[target]]\ntracker = "6.13x"\n'), "--slices", "1")
    assert (status, "no tracker is named '6.13x'" in message) == (2, True)


def test_targets_share_the_slices_by_weight_and_canaries_are_found_out(tmp_path: Path) -> None:
    path = plan_file(tmp_path)
    status, text = said("campaign", "run", path, "--slices", "3")
    assert status == 0, text
    facts = [json.loads(line) for line in said("campaign", "status", path, "--json")[1].splitlines()]
    assert [(row["tracker"], row["slices"]) for row in facts] == [("6.12", 2), ("canary:never-warns", 1)]
    assert [row["found_out"] for row in facts] == [None, True]
    assert all(row["causes"]["FN"] > 0 for row in facts)
    assert not any((tmp_path / "campaign" / "workers").iterdir())


def some_findings() -> list[Finding]:
    """Programs that may or may not be what they are called: they are kept, not judged."""
    found = [_core.encode(_core.random_program(seed, 3)) for seed in range(5)]
    return [Finding("FN", ("clobbered",), (), "6.12", each, (), "not-looked-at", NAMES[:1], "6.12") for each in found]


def test_stores_are_merged_indexed_and_pruned(tmp_path: Path) -> None:
    one, two = tmp_path / "a", tmp_path / "b"
    for folder, tracker in ((one, "6.12"), (two, "7.2")):
        of = target_of(tracker, tracker, "6.12", NAMES)
        store = Store.create(folder)
        for finding in some_findings():
            store.add(of, [finding])
        store.close()
    before = causes(one)
    assert said("campaign", "merge", one, two)[0] == 0
    assert causes(one) == before | causes(two)
    assert said("campaign", "reindex", one)[0] == 0
    assert said("campaign", "prune", one)[0] == 0
    assert causes(one) == before | causes(two)
    assert said("campaign", "prune", tmp_path / "nothing")[0] == 2
    assert not (tmp_path / "nothing").exists()


def test_a_plan_that_nobody_can_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match="campaign init"):
        read_plan_file(tmp_path / "none.toml")
