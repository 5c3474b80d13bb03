# SPDX-License-Identifier: GPL-2.0-only
"""A finding is a function of its cause alone, whoever found it, however often, and in what order."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from dmafuzz.fuzzing import Campaign, atheris_available
from dmafuzz.fuzzing.progress import Progress
from dmafuzz.store import Store
from support import campaign_plan

TOGETHER_MIN = 40  # findings that two runs share, so that the comparison has something to compare


def run(out: Path, **changes: Any) -> None:
    plan = campaign_plan(out, **({"seconds": 4.0, "ops_limit": 8} | changes))
    Campaign(plan, Progress()).run()


RUNS: list[dict[str, Any]] = [{}, {"seed": 2}, {"jobs": 2}]
if atheris_available():
    RUNS.append({"engine": "atheris", "seed": 3})


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, bytes]]:
    """The findings of each run, by the names of their files."""
    found = []
    for number, changes in enumerate(RUNS):
        out = tmp_path_factory.mktemp(f"run{number}")
        run(out, **changes)
        found.append({each.file_name: each.file_text().encode() for each in Store.open(out).findings()})
    return found


def test_equal_names_mean_equal_bytes(written: list[dict[str, bytes]]) -> None:
    """Two seeds, two engines, one job and two."""
    contents: dict[str, set[bytes]] = defaultdict(set)
    times: dict[str, int] = defaultdict(int)
    for files in written:
        for name, data in files.items():
            contents[name].add(data)
            times[name] += 1
    assert sum(count > 1 for count in times.values()) >= TOGETHER_MIN
    assert [name for name, datas in contents.items() if len(datas) > 1] == []


def test_every_finding_says_why(written: list[dict[str, bytes]]) -> None:
    for files in written:
        for name, data in files.items():
            assert b"\n# reason: " in data, name
            assert b"\n# topic: " in data, name
