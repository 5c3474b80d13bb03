# SPDX-License-Identifier: GPL-2.0-only
"""The search: canaries that it must expose, engines, workers that die, runs that go on."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import multiprocess
import pytest

from dmafuzz import _core, platforms
from dmafuzz.findings import FindingStore
from dmafuzz.findings.finding import RawFinding
from dmafuzz.findings.replay import confirm
from dmafuzz.fuzzing import Campaign, atheris_available
from dmafuzz.fuzzing.corpus_packs import program_name, read_pack, write_pack
from dmafuzz.fuzzing.current_input import last_program
from dmafuzz.fuzzing.progress import Progress
from dmafuzz.fuzzing.worker import Worker
from dmafuzz.program import read
from support import campaign_plan

# A canary shows in the first few dozen random programs; this is a second's worth of them, and some.
CANARY_PROGRAMS = 20_000
ENGINES = ["native", pytest.param("atheris", marks=pytest.mark.skipif(not atheris_available(), reason="needs atheris"))]


def portfolio() -> list[_core.Platform]:
    return [platforms.to_core(model) for model in platforms.portfolio("6.12")]


def corpus(out: Path) -> list[bytes]:
    return [records for pack in sorted((out / "corpus").glob("*.pack2")) for records in read_pack(pack)]


def first_labels(tracker: str) -> set[str]:
    engine = _core.Engine(tracker, portfolio(), seed=1, ops_limit=12)
    labels: set[str] = set()
    while engine.stats().programs < CANARY_PROGRAMS:
        engine.burst(500, 1000)
        labels |= {found.label for found in engine.take_findings()}
    return labels


def test_a_tracker_that_never_warns_is_exposed_as_fn_and_never_as_fp() -> None:
    assert first_labels("silent") == {"FN"}


def test_a_tracker_that_always_warns_is_exposed_as_fp() -> None:
    assert "FP" in first_labels("noisy")


def test_what_the_engine_finds_shows_in_a_fresh_process() -> None:
    engine = _core.Engine("6.12", portfolio(), seed=3, ops_limit=12)
    engine.burst(2_000, 5_000)
    found = engine.take_findings(finish=False)
    raw = [RawFinding(f.label, f.kind, f.platform, tuple(f.rules), _core.encode(f.ops), f.reason) for f in found[:40]]
    assert raw
    names = [model.name for model in platforms.portfolio("6.12")]
    assert all(finding is not None for finding in confirm(raw, "6.12", "6.12", names, "6.12"))


def test_a_report_that_is_not_true_is_not_confirmed(tmp_path: Path) -> None:
    ops = _core.random_program(1, 1)
    lie = RawFinding("FN", "clobbered", "x86-5.5", (), _core.encode(ops), "not-looked-at")
    store = FindingStore(tmp_path)
    store.report([lie])
    reports = store.waiting(10)
    ((_, raw),) = reports
    findings = confirm(raw, "6.12", "6.12", ["x86-5.5"], None)
    assert findings == [None]
    assert store.settle(reports, findings) == []
    assert list(store.unconfirmed.iterdir())


def raw_findings(count: int) -> list[RawFinding]:
    engine = _core.Engine("6.12", portfolio(), seed=4, ops_limit=12)
    raw: list[RawFinding] = []
    while len(raw) < count:
        engine.burst(500, 1000)
        raw += [
            RawFinding(f.label, f.kind, f.platform, tuple(f.rules), _core.encode(f.ops), f.reason)
            for f in engine.take_findings()
        ]
    return raw[:count]


def test_what_the_disk_does_not_take_is_reported_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "no room", str(folder))

    out = FindingStore(tmp_path)
    out.report(raw_findings(20))
    reports = out.waiting(10)
    names = [model.name for model in platforms.portfolio("6.12")]
    findings = confirm(reports[0][1], "6.12", "6.12", names, "6.12")
    with monkeypatch.context() as patch:
        patch.setattr("dmafuzz.storage.whole._sync_file_system", full)
        with pytest.raises(OSError, match="no room"):
            out.settle(reports, findings)
    assert list(out.confirmed.iterdir()) == []
    assert out.waiting(10) == reports
    assert {finding.file_name for finding in out.settle(reports, findings)} == out.names
    assert {path.name for path in out.confirmed.iterdir()} == out.names
    assert out.waiting(10) == []


def test_what_a_killed_writer_left_half_written_is_removed(tmp_path: Path) -> None:
    out = FindingStore(tmp_path)
    (out.confirmed / ".FN-clobbered-0123456789ab.dma.tmp").write_text("dmafuzz 1\n")
    out.clear_leftovers()
    assert list(out.confirmed.iterdir()) == []
    assert out.names == frozenset()


def test_one_that_ends_the_replaying_process_costs_few_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = raw_findings(64)
    asked: list[int] = []

    def answers(
        items: Sequence[RawFinding], tracker: str, names: Sequence[str], schedules: int
    ) -> list[dict[str, Any]] | None:
        asked.append(len(items))
        if raw[17] in items:
            return None
        return [
            {"shown": True, "kinds": [item.kind], "shown_on": [], "outcomes": [], "modality": None} for item in items
        ]

    monkeypatch.setattr("dmafuzz.findings.replay._answers", answers)
    found = confirm(raw, "6.12", "6.12", [], None)
    assert [index for index, finding in enumerate(found) if finding is None] == [17]
    assert len(asked) <= 2 * 6 + 2


def test_few_of_the_many_causes_that_break_several_rules_are_told() -> None:
    engine = _core.Engine("6.12", portfolio(), seed=5, ops_limit=12)
    told: Counter[tuple[str, str, str, tuple[str, ...]]] = Counter()

    def most(rules: int) -> int:
        return max((times for key, times in told.items() if len(key[3]) == rules), default=0)

    # How far it comes with how many programs depends on the machine.
    def enough() -> bool:
        return engine.stats().programs > 60_000 and most(1) > 4 and min(map(most, range(5))) > 0

    while not enough() and engine.stats().programs < 3_000_000:
        engine.burst(2000, 1000)
        for found in engine.take_findings():
            told[found.label, found.kind, found.reason, tuple(found.rules)] += 1
    assert most(1) > 4
    assert most(2) <= 4
    assert most(3) == most(4) == 1


def test_the_same_seed_runs_the_same_programs() -> None:
    def novel() -> list[bytes]:
        engine = _core.Engine("silent", portfolio()[:1], seed=11, ops_limit=8)
        engine.burst(31, 60_000)  # fewer than between two looks at the clock, so that time plays no part
        return engine.take_novel()

    assert novel() == novel()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_campaign_records_replayed_findings_that_check_themselves(engine: str, tmp_path: Path) -> None:
    summary = Campaign(campaign_plan(tmp_path, engine=engine, jobs=2, seconds=6.0), Progress()).run()
    assert summary.programs > 0
    assert summary.unconfirmed == 0
    assert summary.restarts == 0
    # libFuzzer without our counters keeps a single program: the corpus must grow.
    assert len(corpus(tmp_path)) > 50
    assert summary.causes["FN"] > 0
    files = sorted((tmp_path / "findings").glob("*.dma"))
    assert len(files) == sum(summary.causes.values())
    for file in files[:20]:
        assert read(file).expects
    check = subprocess.run(
        [sys.executable, "-P", "-m", "dmafuzz", "judge", "--check", *map(str, files[:20])],
        capture_output=True,
        text=True,
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_a_second_run_goes_on_with_corpus_and_findings(tmp_path: Path) -> None:
    first = Campaign(campaign_plan(tmp_path), Progress()).run()
    files = {path.name for path in (tmp_path / "findings").iterdir()}
    kept = corpus(tmp_path)
    second = Campaign(campaign_plan(tmp_path), Progress()).run()
    assert files <= {path.name for path in (tmp_path / "findings").iterdir()}
    assert set(kept) <= set(corpus(tmp_path))
    assert sum(second.causes.values()) >= sum(first.causes.values())
    facts = json.loads((tmp_path / "campaign.json").read_text())
    assert facts["programs"] == first.programs + second.programs


def test_a_worker_that_dies_is_replaced_and_its_program_quarantined(tmp_path: Path) -> None:
    campaign = Campaign(campaign_plan(tmp_path, seconds=6.0), Progress())

    def kill_once() -> None:
        children = campaign.supervisor.children
        while not (children and children[0].stats is not None and children[0].stats.programs):
            time.sleep(0.05)
        os.kill(campaign.supervisor.children[0].process.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_once, daemon=True)
    killer.start()
    summary = campaign.run()
    assert summary.restarts == 1
    (name,) = summary.quarantined
    records = (tmp_path / "quarantine" / name).read_bytes()
    assert _core.encode(_core.decode(records)) == records
    assert campaign.supervisor.children[0].generation == 1


def test_the_current_input_is_the_program_at_work(tmp_path: Path) -> None:
    engine = _core.Engine("silent", portfolio()[:1], seed=1, ops_limit=8)
    engine.record_to(str(tmp_path / "input"))
    assert last_program(tmp_path / "input") == b""
    records = _core.encode(_core.random_program(5, 6))
    engine.run(records)
    assert last_program(tmp_path / "input") == records
    assert last_program(tmp_path / "nothing") == b""


def test_interrupting_ends_with_a_summary_and_nothing_lost(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-P",
        "-m",
        "dmafuzz",
        "fuzz",
        "--time",
        "60",
        "--engine",
        "native",
        "--out",
        str(tmp_path / "o"),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    findings = tmp_path / "o" / "findings"
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and not (findings.is_dir() and any(findings.iterdir())):
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "interrupted after" in out
    assert "Traceback" not in errors
    assert not list((tmp_path / "o" / "reported").glob("*.json"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tracker", "6.13x"], "6.12"),
        (["--portfolio", "nowhere"], "nowhere"),
        (["--platform", "x86-5,5"], "x86-5.5"),
        (["--portfolio", "6.12", "--platform", "x86-5.5"], "not both"),
        (["--time", "0"], "--time"),
        (["--jobs", "0"], "--jobs"),
    ],
)
def test_bad_input_is_one_message_and_status_2(arguments: list[str], message: str, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "dmafuzz", "fuzz", "--out", str(tmp_path / "o"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_packs_hold_what_was_put_in_and_survive_being_cut_short(tmp_path: Path) -> None:
    programs = [_core.encode(_core.random_program(seed, 5)) for seed in range(7)]
    path = write_pack(tmp_path, programs)
    assert list(read_pack(path)) == programs
    path.write_bytes(path.read_bytes()[:-1])
    assert list(read_pack(path)) == programs[:-1]


def test_a_quarantined_program_is_not_run_again(tmp_path: Path) -> None:
    deadly, harmless = (_core.encode(_core.random_program(seed, 6)) for seed in (1, 2))
    todo = campaign_plan(tmp_path)
    todo.create_folders()
    write_pack(todo.corpus, [deadly, harmless])
    (todo.quarantine / program_name(deadly)).write_bytes(deadly)
    link, _other = multiprocess.Pipe()
    worker = Worker(todo, 0, 0, link)
    worker.load_corpus()
    assert worker.engine.stats().programs == 1
