# SPDX-License-Identifier: GPL-2.0-only
"""The search: canaries that it must expose, engines, workers that die, runs that go on."""

from __future__ import annotations

import _thread
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import multiprocess
import pytest

from dmafuzz import _core, platforms
from dmafuzz.findings import Replaying
from dmafuzz.findings.finding import RawFinding
from dmafuzz.fuzzing import Campaign, atheris_available
from dmafuzz.fuzzing.current_input import last_program
from dmafuzz.fuzzing.exchange import Exchange, gather
from dmafuzz.fuzzing.progress import Progress
from dmafuzz.fuzzing.supervisor import Child
from dmafuzz.fuzzing.suspect import harm_of, program_name, quarantine, quarantined
from dmafuzz.fuzzing.worker import Worker
from dmafuzz.program import read
from dmafuzz.store import Store, read_corpus, target_of
from support import campaign_plan, ops_of

# A canary shows in the first few dozen random programs; this is a second's worth of them, and some.
CANARY_PROGRAMS = 20_000
ENGINES = ["native", pytest.param("atheris", marks=pytest.mark.skipif(not atheris_available(), reason="needs atheris"))]


def portfolio() -> list[_core.Platform]:
    return [platforms.to_core(model) for model in platforms.portfolio("6.12")]


def corpus(out: Path) -> list[bytes]:
    return list(read_corpus(out, campaign_plan(out).target))


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


def test_what_has_been_judged_is_not_judged_again_and_a_run_ends_all_the_same() -> None:
    engine = _core.Engine("6.12", portfolio(), seed=2, ops_limit=2)
    children = 30_000
    for _ in range(children // 1000):
        engine.burst(1000, 60_000)
    stats = engine.stats()
    assert stats.programs + stats.repeated == children
    assert stats.repeated > children // 20
    assert stats.programs > children // 256


def test_what_the_engine_finds_shows_in_a_fresh_process() -> None:
    engine = _core.Engine("6.12", portfolio(), seed=3, ops_limit=12)
    engine.burst(2_000, 5_000)
    found = engine.take_findings(finish=False)
    raw = [RawFinding(f.label, f.kind, f.platform, tuple(f.rules), _core.encode(f.ops), f.reason) for f in found[:40]]
    assert raw
    names = [model.name for model in platforms.portfolio("6.12")]
    assert all(finding is not None for finding in Replaying(raw, "6.12", "6.12", names, "6.12").findings())


def test_a_report_that_is_not_true_is_not_confirmed(tmp_path: Path) -> None:
    ops = _core.random_program(1, 1)
    lie = RawFinding("FN", "clobbered", "x86-5.5", (), _core.encode(ops), "not-looked-at")
    store = Store.create(tmp_path)
    of = target_of("6.12", "6.12", None, ["x86-5.5"])
    store.report(of, [lie])
    reports = store.waiting(of)
    findings = Replaying(reports[0].found, "6.12", "6.12", ["x86-5.5"], None).findings()
    assert findings == [None]
    settled = store.settle(of, reports, findings)
    assert (settled.new, settled.unconfirmed) == ([], 1)
    assert list((tmp_path / "unconfirmed").iterdir())


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
    store = Store.open(tmp_path)
    assert len(list(store.findings())) == sum(summary.causes.values())
    files = sorted((tmp_path / "leaders").glob("*.dma"))
    assert len(files) == len(store.leads(campaign_plan(tmp_path).target))
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
    names = {cause.cause for cause in Store.open(tmp_path).causes()}
    kept = corpus(tmp_path)
    second = Campaign(campaign_plan(tmp_path, seed=2), Progress()).run()
    store = Store.open(tmp_path)
    assert names <= {cause.cause for cause in store.causes()}
    assert set(kept) <= set(corpus(tmp_path))
    assert sum(second.causes.values()) == sum(first.causes.values()) + sum(second.new.values())
    assert [(run.programs, run.ended) for run in store.runs()] == [(first.programs, True), (second.programs, True)]


def test_two_trackers_share_a_folder_and_nothing_else(tmp_path: Path) -> None:
    first = Campaign(campaign_plan(tmp_path, programs=1_000, seconds=None), Progress()).run()
    other = {"tracker": "7.2", "core_tracker": "7.2", "programs": 1_000, "seconds": None}
    second = Campaign(campaign_plan(tmp_path, **other), Progress()).run()
    assert second.new == second.causes
    assert first.causes["FN"] > 0
    assert second.causes["FN"] > 0
    assert {target.tracker for target in Store.open(tmp_path).targets()} == {"6.12", "7.2"}


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_number_of_programs_gives_the_same_to_the_byte(jobs: int, tmp_path: Path) -> None:
    for name in ("a", "b"):
        plan = campaign_plan(tmp_path / name, programs=2_000, seconds=None, jobs=jobs)
        assert Campaign(plan, Progress()).run().programs >= 2_000
    one, two = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in sorted((tmp_path / name).rglob("*"))
         if path.is_file() and path.parent.name in ("packs", "leaders")}
        for name in ("a", "b")
    )  # fmt: skip
    assert one.keys() == two.keys()
    assert one == two
    assert len(one) > 10


def test_a_worker_that_was_killed_is_replaced_and_its_program_not_blamed(tmp_path: Path) -> None:
    campaign = Campaign(campaign_plan(tmp_path, seconds=120.0), Progress())

    def kill_once() -> None:
        children = campaign.supervisor.children
        while not (children and children[0].stats is not None and children[0].stats.programs):
            time.sleep(0.05)
        os.kill(campaign.supervisor.children[0].process.pid, signal.SIGKILL)
        while children[0].generation == 0:
            time.sleep(0.05)
        _thread.interrupt_main()

    killer = threading.Thread(target=kill_once, daemon=True)
    # A process in the background of a shell is born with SIGINT ignored, and would go on until its time is up.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    killer.start()
    try:
        summary = campaign.run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert summary.restarts == 1
    assert summary.quarantined == []
    assert campaign.supervisor.children[0].generation == 1


def test_a_program_that_ends_its_process_alone_too_is_quarantined(tmp_path: Path) -> None:
    (tmp_path / "deadly_tracker.py").write_text(
        "import os\nclass Deadly:\n    def on_hook(self, call):\n        os.abort()\n"
    )
    plan = campaign_plan(tmp_path / "o", core_tracker=f"py:{tmp_path}:deadly_tracker:Deadly")
    Store.create(plan.out).close()
    records = _core.encode(ops_of("cpu0 b0 = alloc pages 64", "cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE"))
    assert harm_of(campaign_plan(tmp_path / "o"), records) is None
    harm = harm_of(plan, records)
    assert harm == f"signal {int(signal.SIGABRT)}"
    path = quarantine(plan, records, harm)
    assert _core.encode(read(path).ops) == records
    assert quarantined(plan.quarantine, plan.target) == {program_name(records)}
    assert quarantined(plan.quarantine, campaign_plan(tmp_path, tracker="7.2").target) == set()


def test_a_worker_hangs_by_its_own_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Process:
        pid = 1

    spent = [5.0]
    monkeypatch.setattr("dmafuzz.fuzzing.supervisor.cpu_seconds", lambda pid: spent[0])
    long_ago = time.monotonic() - 300
    child = Child(0, 0, Process(), multiprocess.Pipe()[0], long_ago, cpu_then=4.0)
    assert not child.hangs()  # the machine was busy with something else
    spent[0] = 40.0
    assert child.hangs()
    child.heard_at = time.monotonic()
    assert not child.hangs()


def test_the_current_input_is_the_program_at_work(tmp_path: Path) -> None:
    engine = _core.Engine("silent", portfolio()[:1], seed=1, ops_limit=8)
    engine.record_to(os.fsencode(tmp_path / "input"))
    assert last_program(tmp_path / "input") == b""
    records = _core.encode(_core.random_program(5, 6))
    engine.run(records)
    assert last_program(tmp_path / "input") == records
    assert last_program(tmp_path / "nothing") == b""


def fuzz_process(*arguments: str, **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "dmafuzz", "fuzz", "--engine", "native", *arguments]
    facts: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, start_new_session=True, **{**facts, **more})


def wait_for_findings(out: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not any((out / "packs").glob("*.findings")):
        time.sleep(0.1)


SLOW_SIGNALS = [pytest.param(number, marks=pytest.mark.slow) for number in (signal.SIGINT, signal.SIGHUP)]


@pytest.mark.parametrize("number", [signal.SIGTERM, *SLOW_SIGNALS])
def test_interrupting_ends_with_a_summary_and_nothing_lost(number: signal.Signals, tmp_path: Path) -> None:
    out = tmp_path / "o"
    process = fuzz_process("--time", "60", "--out", str(out))
    wait_for_findings(out)
    os.killpg(process.pid, number)
    told, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "interrupted after" in told
    assert "Traceback" not in errors
    waiting = sum(len(report.found) for report in Store.create(out).waiting(campaign_plan(out).target))
    assert (f"{waiting:,} reports have not been replayed yet" in told) == (waiting > 0)


def test_what_a_killed_run_has_counted_stays_counted(tmp_path: Path) -> None:
    out = tmp_path / "o"
    process = fuzz_process("--time", "60", "--out", str(out))
    wait_for_findings(out)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not any(run.programs for run in Store.open(out).runs()):
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    (run,) = Store.create(out).runs()
    assert run.programs > 0
    assert run.seconds > 0
    assert not run.ended


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tracker", "6.13x"], "6.12"),
        (["--portfolio", "nowhere"], "nowhere"),
        (["--platform", "x86-5,5"], "x86-5.5"),
        (["--portfolio", "6.12", "--platform", "x86-5.5"], "not both"),
        (["--time", "0"], "--time"),
        (["--jobs", "0"], "--jobs"),
        (["--seed", str(1 << 63)], "--seed"),
    ],
)
def test_bad_input_is_one_message_and_status_2(arguments: list[str], message: str, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "dmafuzz", "fuzz", "--out", str(tmp_path / "o"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("seed", [347_688_789, (1 << 63) - 1])
def test_any_seed_of_64_bits_will_do(seed: int, tmp_path: Path) -> None:
    process = fuzz_process("--programs", "200", "--ops", "4", "--seed", str(seed), "--out", str(tmp_path / "o"))
    told, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert "200 programs" in told


def test_workers_exchange_programs_and_the_store_keeps_them(tmp_path: Path) -> None:
    programs = [_core.encode(_core.random_program(seed, 5)) for seed in range(7)]
    one, two = Exchange(tmp_path, 0, 0), Exchange(tmp_path, 1, 0)
    one.give(programs[:3])
    one.give(programs[2:5])
    two.give(programs[5:])
    assert list(one.take()) == programs[5:]
    assert list(two.take()) == [*programs[:3], *programs[2:5]]
    assert list(two.take()) == []
    assert gather(tmp_path, everything=False) == ([], [])
    found, files = gather(tmp_path, everything=True)
    assert found == programs
    assert len(files) == 3


def test_a_quarantined_program_is_not_run_again(tmp_path: Path) -> None:
    deadly, harmless = (_core.encode(_core.random_program(seed, 6)) for seed in (1, 2))
    todo = campaign_plan(tmp_path)
    store = Store.create(tmp_path)
    store.add_programs(todo.target, [deadly, harmless])
    quarantine(todo, deadly, "a test")
    link, _other = multiprocess.Pipe()
    worker = Worker(todo, 0, 0, link)
    worker.load_corpus()
    assert worker.engine.stats().programs == 1
