# SPDX-License-Identifier: GPL-2.0-only
"""Slices are carried out by processes of this host, of hosts that share a folder, or workers of Dask: all find the
same."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from campaign_drills import content_of, drill, write_plan
from dmafuzz.campaign import ExecutorError, read_plan_file
from dmafuzz.campaign.baseline import Baseline
from dmafuzz.campaign.carrying_out import carry_out, programs_in
from dmafuzz.campaign.executors import open_executor
from dmafuzz.campaign.executors.dask import checked_address
from dmafuzz.campaign.executors.dask_worker import answer_of, keep_packs
from dmafuzz.campaign.executors.folder import FolderExecutor, leases
from dmafuzz.campaign.filing import Filing
from dmafuzz.campaign.news import News
from dmafuzz.campaign.schedule import Schedule
from dmafuzz.campaign.slices import Slice, SliceError, SliceResult
from dmafuzz.storage import pack_bytes, pack_name
from dmafuzz.store import Store
from support import said

ONE_TARGET = ("6.12",)


def first_slice(folder: Path, programs: int = 60, executor: str = "local") -> tuple[Path, Slice]:
    """A plan, and the first slice of it."""
    plan = write_plan(folder, executor, ONE_TARGET, programs)
    file = read_plan_file(plan)
    with closing(Store.create(folder / "campaign")) as store:
        piece = Schedule(file, store, None).next(None)
    assert piece is not None
    return plan, piece


def test_slices_travel_as_text_and_what_is_none_is_refused(tmp_path: Path) -> None:
    _, piece = first_slice(tmp_path)
    assert Slice.from_json(piece.to_json()) == piece
    assert replace(piece, number=1).id != piece.id
    for text in (b"", b"[]", b"{}", b"\xff", b'{"tracker": 1}', b"[" * 100_000):
        with pytest.raises(SliceError):
            Slice.from_json(text)
    for wrong in ({"corpus": ("../../etc/passwd",)}, {"number": -1}, {"seconds": 5.0}, {"ops_limit": 99}):
        with pytest.raises(SliceError):
            Slice.from_json(replace(piece, **wrong).to_json())


def test_a_slice_names_no_code_and_no_other_build(tmp_path: Path) -> None:
    _, piece = first_slice(tmp_path)
    for tracker in ("kernel:/tmp/linux", "py:os:system"):
        with pytest.raises(SliceError, match="not added here"):
            replace(piece, tracker=tracker).plan(tmp_path)
    with pytest.raises(SliceError, match="another build"):
        replace(piece, target="0" * 16).plan(tmp_path)


def test_results_travel_as_bytes_and_what_is_none_is_refused(tmp_path: Path) -> None:
    plan, piece = first_slice(tmp_path)
    result = carry_out(piece, tmp_path / "one", [])
    data = result.to_bytes()
    again = SliceResult.from_bytes(data)
    assert (list(again.findings), list(again.programs)) == (list(result.findings), list(result.programs))
    assert result.findings
    for at in range(0, len(data), 97):
        with contextlib.suppress(SliceError):
            SliceResult.from_bytes(data[:at])
            raise AssertionError("a part of a result is no result")
    with pytest.raises(SliceError):
        SliceResult.from_bytes(pack_bytes({"kind": "slice-result"}, [b"f{}"]))
    file = read_plan_file(plan)
    with closing(Store.create(tmp_path / "campaign")) as store:
        filing = Filing(file, store, News(file, Baseline()))
        with pytest.raises(SliceError, match="another slice's"):
            filing.file(replace(piece, number=7), again)
        assert filing.file(piece, replace(again, interrupted=True)) is None
        assert filing.file(piece, again) is not None
    assert content_of(tmp_path / "campaign")[piece.target] == (set(result.findings), set(result.programs))


def test_a_lease_is_one_hosts_until_it_is_stale(tmp_path: Path) -> None:
    _, piece = first_slice(tmp_path)
    store = tmp_path / "campaign"
    one, two = FolderExecutor(store, tmp_path / "one", 1), FolderExecutor(store, tmp_path / "two", 1)
    assert one.submit(piece)
    assert not two.submit(piece)
    [(lease, packs)] = leases(store)
    assert (lease.stale, packs) == (False, piece.corpus)
    lease.path.write_text("{}")
    assert two.submit(piece)
    one.close()
    two.close()
    assert list(leases(store)) == []


def test_what_a_worker_keeps_is_what_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    data = pack_bytes({"kind": "corpus"}, [b"x"])
    name = pack_name(data, ".corpus")
    assert keep_packs({name: data}) == 1
    assert keep_packs({"0" * 32 + ".corpus": data, "../x.corpus": data, name: data[:-1]}) == 0
    assert list(programs_in(tmp_path / "dmafuzz" / "packs", [name])) == [b"x"]
    assert answer_of(data) == {"kind": ""}


@pytest.mark.parametrize("address", ["", "host:8786", "tcp://192.0.2.1:8786", "http://127.0.0.1:8786", "tls://"])
def test_a_scheduler_that_anybody_could_be_is_refused(address: str) -> None:
    with pytest.raises(ExecutorError, match="tls://"):
        checked_address(address)


def test_a_scheduler_beside_is_enough_without_tls() -> None:
    assert checked_address("tcp://127.0.0.1:8786")
    assert checked_address("tls://192.0.2.1:8786")


def test_certificates_that_are_missing_are_said(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    more = '[dask]\nscheduler = "tls://127.0.0.1:1"\nca = "none.pem"\n'
    plan = write_plan(tmp_path, "dask", ONE_TARGET, more=more)
    with pytest.raises(ExecutorError, match="expected a file"):
        open_executor(read_plan_file(plan), tmp_path / "campaign", tmp_path)


def test_stores_of_two_hosts_are_made_alike(tmp_path: Path) -> None:
    first, piece = first_slice(tmp_path)
    file = read_plan_file(first)
    one, two = tmp_path / "campaign", tmp_path / "other"
    with closing(Store.create(one)) as store:
        Filing(file, store, News(file, Baseline())).file(piece, carry_out(piece, tmp_path / "work", []))
    Store.create(two).close()
    status, text = said("campaign", "sync", two, one)
    assert status == 0, text
    assert content_of(one) == content_of(two)
    assert "2 packs taken, 0 given" in text
    if shutil.which("rsync"):
        (tmp_path / "empty").mkdir()
        Store.create(tmp_path / "empty" / "store").close()
        place = f"{tmp_path}/empty/store"
        # As over ssh, but for the host: rsync is told to start the other side here.
        monkey = tmp_path / "ssh"
        monkey.write_text('#!/bin/sh\nshift\nexec "$@"\n')
        monkey.chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RSYNC_RSH", str(monkey))
            assert said("campaign", "sync", two, f"host:{place}")[0] == 0
            status, text = said("campaign", "sync", two, f"host:{place}")
        assert (status, "0 packs taken, 0 given" in text) == (0, True), text
        assert content_of(Path(place)) == content_of(one)
    assert said("campaign", "sync", two, "--", "-oProxyCommand=x:dir")[0] == 2


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["local", "folder"])
def test_whoever_is_killed_finds_what_is_found_by_hand(executor: str, tmp_path: Path) -> None:
    drill(executor, tmp_path, slices=4, kills=2, seed=1, targets=("6.12", "canary:never-warns"))


@pytest.mark.slow
def test_workers_of_dask_find_what_is_found_by_hand(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    pytest.importorskip("trustme")
    drill("dask", tmp_path, slices=4, kills=3, seed=1, targets=("6.12", "canary:never-warns"))


def test_a_process_ends_with_whoever_has_asked_for_it(tmp_path: Path) -> None:
    from dmafuzz.campaign.executors.process import SliceProcess

    _, piece = first_slice(tmp_path, programs=10_000_000)
    process = SliceProcess(piece, tmp_path, [], tmp_path / "work")
    assert process._process.stdin is not None
    process._process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process._process.wait(timeout=60)
    assert process._process.returncode is not None
    process.remove()
