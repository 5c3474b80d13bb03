# SPDX-License-Identifier: GPL-2.0-only
"""The store of findings: many targets in one, whole after every fault, and made anew from its packs."""

from __future__ import annotations

import errno
import functools
import json
import multiprocessing
import os
import tempfile
from pathlib import Path

import pytest

from dmafuzz import _core, platforms
from dmafuzz.findings import Finding, RawFinding, Replaying
from dmafuzz.storage import pack_bytes, pack_name, read_ledgers, read_pack, unpacked, write_pack
from dmafuzz.storage.packs import BLOCK_BYTES_MAX
from dmafuzz.store import Store, StoreError, Target
from dmafuzz.store.entries import finding_to_item, item_to_finding
from dmafuzz.store.target import target_of
from dmafuzz.triage import triaged

NAMES = tuple(model.name for model in platforms.portfolio("6.12"))


def target(tracker: str = "6.12") -> Target:
    return target_of(tracker, tracker, "6.12", NAMES)


@functools.cache
def raw_findings() -> tuple[RawFinding, ...]:
    engine = _core.Engine("6.12", [platforms.to_core(model) for model in platforms.portfolio("6.12")], 4, 12)
    raw: list[RawFinding] = []
    while len(raw) < 40:
        engine.burst(500, 1000)
        raw += [
            RawFinding(f.label, f.kind, f.platform, tuple(f.rules), _core.encode(f.ops), f.reason)
            for f in engine.take_findings()
        ]
    return tuple(raw[:40])


@functools.cache
def findings(tracker: str = "6.12") -> tuple[Finding, ...]:
    found = Replaying(raw_findings(), tracker, tracker, NAMES, "6.12").findings()
    return tuple({f.cause: f for f in found if f is not None}.values())


def causes(store: Store, of: Target | None = None) -> set[str]:
    return {cause.cause for cause in store.causes(of)}


def test_a_finding_comes_back_from_its_pack_as_it_went_in(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    assert store.add(target(), findings()) == list(findings())
    back = {finding.cause: finding for finding in store.findings()}
    assert back == {finding.cause: finding for finding in findings()}
    assert [back[f.cause].file_text() for f in findings()] == [f.file_text() for f in findings()]


def test_what_is_filed_is_not_new_again(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    store.add(target(), findings())
    assert store.add(target(), findings()) == []
    assert len(list((tmp_path / "packs").iterdir())) == 1


def test_one_store_holds_many_targets(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    shared = findings()[:5]
    store.add(target(), findings())
    assert len(store.add(target("7.2"), shared)) == len(shared)
    assert causes(store, target()) == {f.cause for f in findings()}
    assert causes(store, target("7.2")) == {f.cause for f in shared}
    assert {t.tracker for t in store.targets()} == {"6.12", "7.2"}
    assert len(store.find(shared[0].cause)) == 2


def test_other_code_of_one_name_is_another_target() -> None:
    one, other = (
        target_of("kernel:mine", f"kernel:/cache/{digest}", None, NAMES[:1]) for digest in ("a" * 64, "b" * 64)
    )
    assert one.code != other.code
    assert one.key != other.key
    assert one.slug != other.slug


def test_code_that_is_named_by_a_path_has_a_name_that_finds_nothing() -> None:
    found = target_of("kernel:/home/me/linux", "kernel@7.2:/cache/" + "a" * 64, "6.12", NAMES)
    assert found.tracker.startswith("kernel:linux@")
    assert not found.nameable
    assert Target.from_json(found.to_json()) == found


@pytest.mark.parametrize("tracker", ["kernel:/etc/x.c", "kernel:../x", "py:os:system", "a b", "", "6.12\n"])
def test_a_pack_that_names_code_is_refused(tracker: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a target"):
        Target.from_json({**target().to_json(), "tracker": tracker})
    Store.create(tmp_path).close()
    table = {"kind": "findings", "target": {**target().to_json(), "tracker": tracker}}
    write_pack(tmp_path / "packs", ".findings", table, [finding_to_item(findings()[0], target())])
    assert causes(Store.open(tmp_path)) == set()


def test_an_item_is_checked_by_its_cause() -> None:
    first, second = (json.loads(finding_to_item(f, target())) for f in findings()[:2])
    mixed = json.dumps({**first, "program": second["program"]}).encode()
    with pytest.raises(ValueError, match="not the finding that it is named after"):
        item_to_finding(mixed, target())


def test_causes_are_found_by_name_beginning_and_file(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    store.add(target(), findings())
    store.write_leaders(target())
    for finding in findings()[:3]:
        for text in (finding.cause, finding.cause[:9], finding.file_name, f"leaders/6.12-{finding.file_name}"):
            assert [cause.cause for cause in store.find(text)] == [finding.cause]
    assert store.find("zzz") == store.find("") == store.find("..") == []
    assert len(store.find(findings()[0].cause[:1])) >= 1


def test_what_leads_each_topic_has_a_file(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    store.add(target(), findings()[10:])
    store.write_leaders(target())
    store.add(target(), findings()[:10])
    store.write_leaders(target())
    files = {path.name: path.read_text() for path in (tmp_path / "leaders").iterdir()}
    assert files == {f"6.12-{lead.leader.file_name}": lead.leader.file_text() for lead in triaged(findings())}


def test_merging_is_copying_and_twice_is_as_good_as_once(tmp_path: Path) -> None:
    one, two = Store.create(tmp_path / "one"), Store.create(tmp_path / "two")
    one.add(target(), findings()[:20])
    two.add(target(), findings()[10:])
    two.add(target("7.2"), findings()[:3])
    assert one.merge(tmp_path / "two") == 2
    assert one.merge(tmp_path / "two") == 0
    assert causes(one, target()) == {f.cause for f in findings()}
    assert causes(one, target("7.2")) == {f.cause for f in findings()[:3]}


def test_the_index_is_made_anew_when_it_is_lost_or_damaged(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    store.add(target(), findings())
    before = list(store.causes())
    store.close()
    index = tmp_path / "index.sqlite"
    for damage in (b"", b"not a data base" * 1000, index.read_bytes()[:5000], b"\0" * 20_000):
        index.write_bytes(damage)
        again = Store.open(tmp_path)
        assert [c.cause for c in again.causes()] == [c.cause for c in before]
        again.close()
    index.unlink()
    again = Store.open(tmp_path)
    assert [(c.cause, c.ops, c.shown_on) for c in again.causes()] == [(c.cause, c.ops, c.shown_on) for c in before]
    assert all(c.found is not None for c in again.causes())


def places(store: Store) -> list[tuple[str, str, int, int]]:
    """Where each cause is, by the index, and how many its lead has."""
    sizes = {lead.leader.cause: len(lead.causes) for lead in store.leads(target())}
    return sorted((c.cause, c.pack, c.item, sizes.get(c.cause, 0)) for c in store.causes())


def test_small_packs_become_one_and_nothing_is_lost(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    for finding in findings():
        store.add(target(), [finding])
    found = {c.cause: round(c.found or 0, 1) for c in store.causes()}
    assert store.compact() == len(findings())
    assert len(list((tmp_path / "packs").iterdir())) == 1
    assert {c.cause for c in store.causes()} == found.keys()
    joined = places(store)
    assert {store.finding(cause).cause for cause in store.causes()} == found.keys()
    store.reindex()
    assert places(store) == joined
    assert {c.cause: round(c.found or 0, 1) for c in store.causes()} == pytest.approx(found, abs=0.3)


def test_of_a_damaged_pack_the_readable_part_is_kept_and_the_rest_is_not_known(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    store.add(target(), findings())
    store.close()
    (path,) = (tmp_path / "packs").iterdir()
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    again = Store.create(tmp_path)
    assert len(again.damage) == 1
    assert path.name in again.damage[0]
    assert (tmp_path / "damaged" / path.name).exists()
    assert causes(again) == set()  # they fit in one block
    assert again.add(target(), findings()[:4]) == list(findings()[:4])


@pytest.mark.parametrize("how", ["empty", "cut", "head", "middle", "zeroes", "text"])
def test_any_damage_of_a_pack_is_seen_and_what_is_read_was_written(how: str, tmp_path: Path) -> None:
    items = [f"item {n} ".encode() * (1 + n % 97) for n in range(20_000)]
    path = write_pack(tmp_path, ".findings", {"kind": "findings"}, items)
    data = bytearray(path.read_bytes())
    half = len(data) // 2
    damaged: dict[str, bytes | bytearray] = {
        "empty": b"",
        "cut": data[:half],
        "head": data[:3] + b"?" + data[4:],
        "middle": data[:half] + bytes([data[half] ^ 4]) + data[half + 1 :],
        "zeroes": data[:half] + bytes(len(data) - half),
        "text": b"dmafuzz 1\n",
    }
    path.write_bytes(damaged[how])
    pack = read_pack(path)
    assert pack.damage
    assert set(pack.items) <= set(items)
    if how in ("cut", "middle", "zeroes"):
        assert len(pack.items) > 1000


def test_a_pack_depends_on_its_content_alone_and_a_huge_one_is_not_read(tmp_path: Path) -> None:
    data = pack_bytes({"kind": "corpus"}, [b"a", b"b"])
    assert write_pack(tmp_path, ".corpus", {"kind": "corpus"}, [b"a", b"b"]).name == pack_name(data, ".corpus")
    fifo = tmp_path / "x.corpus"
    os.mkfifo(fifo)
    assert read_pack(fifo).damage
    bomb = tmp_path / "bomb.corpus"
    with open(bomb, "wb") as file:
        file.truncate(1 << 40)
    assert read_pack(bomb).damage


def test_a_pack_that_nobody_would_read_is_not_made() -> None:
    with pytest.raises(ValueError, match=r"table of 16,777,[0-9]* bytes is too large"):
        pack_bytes({"facts": "x" * BLOCK_BYTES_MAX}, [])
    with pytest.raises(ValueError, match="item of 16,777,217 bytes is too large"):
        pack_bytes({}, [b"x" * (BLOCK_BYTES_MAX + 1)])
    largest = pack_bytes({"facts": "x" * (BLOCK_BYTES_MAX - len('{"facts": ""}'))}, [b"a"])
    assert unpacked(largest).damage is None
    assert unpacked(largest).items == [b"a"]


def test_a_second_process_is_refused_in_one_line(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool, pytest.raises(StoreError, match="in use by another run") as refused:
        pool.apply(Store.create, (tmp_path,))
    assert "\n" not in str(refused.value)
    store.close()
    Store.create(tmp_path).close()


def test_a_folder_of_the_layout_before_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "findings").mkdir()
    (tmp_path / "findings" / "FN-clobbered-0123456789ab.dma").write_text("dmafuzz 1\n")
    for use in (Store.create, Store.open):
        with pytest.raises(StoreError, match="older dmafuzz"):
            use(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["findings"]


@pytest.mark.parametrize("about", ["", "{", '{"dmafuzz": "store", "format": 99}', "[" * 100_000, "null"])
def test_a_store_that_does_not_say_its_format_is_refused(about: str, tmp_path: Path) -> None:
    Store.create(tmp_path).close()
    (tmp_path / "store.json").write_text(about)
    with pytest.raises(StoreError, match="store"):
        Store.open(tmp_path)


def test_a_damaged_line_of_a_ledger_is_counted_and_a_cut_one_forgiven(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    for number in range(3):
        store.note("counters", run="r", programs=number)
    path = store.ledger.path
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second.replace(b'"programs": 1', b'"programs": 9') + third + first[:-9])
    ledger = read_ledgers(tmp_path / "ledger")
    assert [line["programs"] for line in ledger.lines] == [0, 2]
    assert ledger.damaged == {path.name: 1}


def test_what_the_disk_does_not_take_is_not_filed_and_waits_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    store = Store.create(tmp_path)
    store.report(target(), raw_findings())
    reports = store.waiting(target())
    found = Replaying(reports[0].found, "6.12", "6.12", NAMES, "6.12").findings()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="No space left"):
            store.settle(target(), reports, found)
    assert causes(store) == set()
    assert store.waiting(target()) == reports
    assert len(store.settle(target(), reports, found).new) == len(findings())
    assert store.waiting(target()) == []


def test_reports_of_another_target_wait_for_it(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    store.report(target("7.2"), raw_findings()[:2])
    assert store.waiting(target()) == []
    ((report),) = store.waiting(target("7.2"))
    assert report.found == list(raw_findings()[:2])


def test_a_reader_leaves_a_damaged_pack_where_it_is(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    store.add(target(), findings())
    store.close()
    (path,) = (tmp_path / "packs").iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    reader = Store.open(tmp_path)
    assert len(reader.damage) == 1
    assert causes(reader) == set()
    assert path.exists()


def test_a_damaged_pack_of_programs_is_put_aside_when_a_writer_begins(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    store.add_programs(target(), [raw.records for raw in raw_findings()])
    store.close()
    (pack,) = (tmp_path / "packs").glob("*.corpus")
    pack.write_bytes(pack.read_bytes() + b"x")
    again = Store.create(tmp_path)
    assert [pack.name in line for line in again.damage] == [True]
    assert (tmp_path / "damaged" / pack.name).exists()
    assert set(again.programs(target())) == {raw.records for raw in raw_findings()}


def test_a_damaged_ledger_keeps_its_other_lines_and_is_named_once(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    for number in range(3):
        store.note("counters", run="1", programs=number)
    store.close()
    (ledger,) = (tmp_path / "ledger").glob("*.jsonl")
    ledger.write_bytes(ledger.read_bytes().replace(b'"programs": 1', b'"programs": 9'))
    again = Store.create(tmp_path)
    assert [ledger.name in line and "1 lines" in line for line in again.damage] == [True]
    again.close()
    assert b'"programs": 9' in (tmp_path / "damaged" / ledger.name).read_bytes()
    assert [line["programs"] for line in read_ledgers(tmp_path / "ledger").of("counters")] == [0, 2]
    assert Store.create(tmp_path).damage == []


def test_a_full_disk_while_findings_are_replayed_is_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, full = tempfile.TemporaryFile, open("/dev/full", "w+")  # noqa: SIM115
    # What the process complains of, the question, the answer, what the child complains of.
    files = iter((kept("w+"), kept("w+"), full, kept("w+")))
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda _mode: next(files))
    with pytest.raises(OSError, match="No space left on device"):
        Replaying(raw_findings()[:1], "6.12", "6.12", NAMES, "6.12").findings()
