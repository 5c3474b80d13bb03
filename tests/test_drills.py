# SPDX-License-Identifier: GPL-2.0-only
"""A few rounds of each drill (tests/drills.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from dmafuzz.fuzzing import Campaign
from dmafuzz.fuzzing.progress import Progress
from drills import damage_round, drill, full_round, furnish, kill_round
from support import campaign_plan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with some findings, in several packs."""
    out = tmp_path / "store"
    for seed in (1, 2):
        Campaign(campaign_plan(out, programs=400, seconds=None, seed=seed, ops_limit=8), Progress()).run()
    return out


def test_damaged_files_are_seen_and_nothing_else_is_lost(folder: Path) -> None:
    furnish(folder)
    assert {".findings", ".corpus", ".reports", ".counted"} <= set(drill(damage_round, folder, rounds=25, seed=1))


@pytest.mark.slow
def test_killed_runs_lose_nothing(folder: Path) -> None:
    drill(kill_round, folder, rounds=8, seed=1)


@pytest.mark.slow
def test_runs_without_room_lose_nothing(folder: Path) -> None:
    drill(full_round, folder, rounds=8, seed=1)
