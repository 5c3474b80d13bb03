# SPDX-License-Identifier: GPL-2.0-only
"""A store: a folder of packs and ledgers, which are the truth, and of what follows from them."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Container, Iterator, Sequence
from pathlib import Path
from typing import Any

from dmafuzz.findings import Finding, RawFinding
from dmafuzz.storage import (
    LedgerWriter,
    Pack,
    cache_root,
    private_folder,
    read_ledgers,
    read_pack,
    read_regular,
    shown_path,
    write_pack,
    write_whole,
)
from dmafuzz.storage.ledger import LEDGER_BYTES_MAX, mend_ledgers
from dmafuzz.storage.locks import locked, take_lock
from dmafuzz.storage.packs import PACK_BYTES_MAX, pack_of
from dmafuzz.triage import Lead, Topic

from .compaction import SLICE, Joining, join, slice_of
from .confirmed import CONFIRMED, Confirmed, confirmed_of
from .corpus import SUFFIX as CORPUS
from .corpus import read_corpus
from .entries import StoredCause, facts_of, finding_to_item, item_to_finding, raw_of
from .errors import StoreError
from .folder import ABOUT, FORMAT, PARTS, check_empty, check_format, is_shared, told_in_one_line
from .index import Index, PackFacts, Times, TopicFacts
from .keeping import COUNTED, Keep, count_only, counted_rows, drop_programs, too_many
from .leads import Filed, leads_of
from .reports import Report, Settled, move, read_reports, write_report
from .runs import AGAIN, FILED, STARTED, Run, filing_times, runs_of
from .salvage import readable_facts, target_of_pack, wrong_in
from .target import Target

FINDINGS = ".findings"
INDEX = "index.sqlite"
AGAIN_AT_ONCE = 2_000  # findings in a report
LEFTOVER_S = 3_600.0  # so old a temporary file is nobody's, whatever clocks say


class Store:
    """The findings of many targets.

    Files that are damaged are put aside by a writer, in ``damaged/``, and their readable part is kept; ``damage`` has a
    line for people about each. A reader changes nothing but the index. Raises StoreError.
    """

    def __init__(self, folder: Path, writes: bool) -> None:
        self.folder = folder
        self.damage: list[str] = []
        self.ledger = LedgerWriter(folder / "ledger")
        self._writes = writes
        self._shared = is_shared(folder)
        self._read: tuple[str, Pack] | None = None  # the pack that was read last
        self._corpus: dict[str, tuple[Target | None, int]] = {}  # of each pack of programs: whose, and which slice's
        self._running: int | None = None
        self._index = self._opened_index()

    @classmethod
    def open(cls, folder: Path) -> Store:
        """A store that is there, to read."""
        check_format(folder)
        store = cls(folder, writes=False)
        store.refresh()
        return store

    @classmethod
    def create(cls, folder: Path, exclusive: bool = True, shared: bool = False, anew: bool = False) -> Store:
        """To write: a new store, or one that is there. ``exclusive``: no other process may run on it meanwhile.
        ``shared``: many hosts use it from now on, each with an index in its own cache. ``anew``: its index is made
        anew. Raises StoreError."""
        with told_in_one_line(folder):
            if not (folder / ABOUT).exists():
                check_empty(folder)
            else:
                check_format(folder)
            for part in PARTS:
                (folder / part).mkdir(parents=True, exist_ok=True)
            running = take_lock(folder / "running.lock") if exclusive and not shared else None
            if not (folder / ABOUT).exists() or (shared and not is_shared(folder)):
                about = {"dmafuzz": "store", "format": FORMAT, **({"shared": True} if shared else {})}
                write_whole(folder / ABOUT, (json.dumps(about) + "\n").encode())
            store = cls(folder, writes=True)
            store._running = running
            store._clear_leftovers()
            if running is not None:
                store._mend_ledgers()
            if anew:
                store.reindex()
            else:
                store.refresh(everything=True)
        return store

    def close(self) -> None:
        """Gives up the locks. A store that is not closed is as good: the locks end with the process."""
        self._index.close()
        if self._running is not None:
            os.close(self._running)
            self._running = None

    # What is in it.

    def targets(self, every_build: bool = False) -> list[Target]:
        """What there are findings of, each as the build judges it that was at work last, or as every one."""
        if every_build:
            return self._index.targets()
        newest = {line["target"]: line["at"] for line in read_ledgers(self.folder / "ledger", STARTED).of(STARTED)}
        ordered = sorted(self._index.targets(), key=lambda target: (newest.get(target.key, 0.0), target.key))
        found = list({target.lineage: target for target in ordered}.values())
        # A slug asks for every portfolio there is, which takes a while.
        return sorted(found, key=lambda target: target.slug) if len(found) > 1 else found

    def causes(self, target: Target | None = None, label: str | None = None) -> Iterator[StoredCause]:
        """The causes of a target, or of all; smallest program first."""
        tests = {"target = ?": target and target.key, "label = ?": label}
        given = {test: value for test, value in tests.items() if value is not None}
        return self._index.causes(" AND ".join(given), list(given.values()))

    def has(self, target: Target, cause: str) -> bool:
        """Whether a target's cause is filed."""
        return self._index.has(target.key, cause)

    def names(self, target: Target) -> set[str]:
        """The causes of a target, by name alone."""
        return self._index.names(target.key)

    def counts(self, target: Target) -> Counter[str]:
        """How many causes of each label a target has."""
        return Counter(self._index.counts(target.key))

    def leads(self, target: Target, known: Container[Topic] | None = None) -> list[Lead[Filed]]:
        """What there is to look at of a target, in order, as `dmafuzz.triage.triaged` of all its findings."""
        return leads_of(self._index, target, known)

    def shown(self, target: Target) -> list[tuple[str, int, int]]:
        """Of each label and set of the target's platforms (a bit each, by their place): how many causes show there."""
        return self._index.shown(target.key)

    def topic_facts(self, target: Target) -> list[TopicFacts]:
        """Of each label and topic: causes by grade, and when the first was filed."""
        return self._index.topics(target.key)

    def find(self, text: str) -> list[StoredCause]:
        """The causes that a text names: a cause or a unique beginning of one, the name or path of a finding's file.

        More than one: of several targets, or the beginning is not unique. None: there is none.
        """
        name = Path(text).name
        name = name.removesuffix(".dma").rpartition("-")[2] if name.endswith(".dma") else name
        if not name or not all(digit in "0123456789abcdef" for digit in name):
            return []
        return list(self._index.causes("cause >= ? AND cause < ?", (name, name + "g")))

    def target(self, key: str) -> Target:
        """By its key. Raises KeyError."""
        return {target.key: target for target in self.targets(every_build=True)}[key]

    def finding(self, cause: StoredCause) -> Finding:
        """In full, checked. Raises StoreError where its pack is damaged."""
        pack = self._pack(cause.pack)
        try:
            return item_to_finding(pack.items[cause.item], Target.from_json(pack.table["target"]))
        except (IndexError, KeyError, ValueError) as error:
            where = self.folder / "packs" / cause.pack
            raise StoreError(f"{where}: damaged: {pack.damage or error}") from None

    def findings(self, target: Target | None = None) -> Iterator[Finding]:
        """All of a target, pack by pack."""
        causes = sorted(self.causes(target), key=lambda cause: (cause.pack, cause.item))
        return (self.finding(cause) for cause in causes)

    def items(self, target: Target) -> Iterator[bytes]:
        """The findings of a target as items of a pack, sorted."""
        causes = sorted(self.causes(target), key=lambda cause: (cause.pack, cause.item))
        return iter(sorted(self._pack(cause.pack).items[cause.item] for cause in causes))

    def programs(self, target: Target) -> Iterator[bytes]:
        """The corpus of a target, whichever build found it. Raises StoreError."""
        with told_in_one_line(self.folder):
            yield from read_corpus(self.folder, target)

    def corpus_packs(self, target: Target, before: int | None = None) -> tuple[str, ...]:
        """The names of the packs of a target's corpus, sorted; ``before``: none of this slice's or a later one's.

        Raises StoreError.
        """
        names = []
        with told_in_one_line(self.folder):
            for path in self._packs(CORPUS):
                if path.name not in self._corpus:
                    pack = read_pack(path)
                    self._corpus[path.name] = (target_of_pack(pack), slice_of(pack))
                of, number = self._corpus[path.name]
                ours = of is not None and of.lineage == target.lineage
                if ours and (before is None or of != target or number < before):
                    names.append(path.name)
        return tuple(names)

    def confirmed(self, target: Target) -> dict[str, list[Confirmed]]:
        """What booted kernels have said of a target's causes, by cause; whichever build of dmafuzz had it judged."""
        keys = {each.key for each in self.targets(every_build=True) if each.lineage == target.lineage}
        found = confirmed_of(read_ledgers(self.folder / "ledger", CONFIRMED))
        return {cause: answers for (key, cause), answers in found.items() if key in keys}

    def runs(self) -> list[Run]:
        """What has been done, by the ledgers."""
        return runs_of(read_ledgers(self.folder / "ledger"))

    # What is added to it.

    def add(self, target: Target, findings: Sequence[Finding]) -> list[Finding]:
        """Files what is new of a target's findings, as one pack, and returns it. It is on the disk then.

        Raises StoreError; nothing is filed then.
        """
        known = self.names(target)
        new: dict[str, Finding] = {}
        for finding in findings:
            if finding.cause not in known:
                new.setdefault(finding.cause, finding)
        if new:
            with told_in_one_line(self.folder):
                self._file(target, sorted(finding_to_item(finding, target) for finding in new.values()))
        return list(new.values())

    def add_programs(self, target: Target, programs: Sequence[bytes], number: int | None = None) -> None:
        """Puts programs into the corpus of a target. ``number``: of the slice that has found them.

        Raises StoreError.
        """
        if programs:
            table = {"kind": "corpus", "target": target.to_json(), **({} if number is None else {SLICE: number})}
            with told_in_one_line(self.folder):
                write_pack(self.folder / "packs", CORPUS, table, programs)

    def report(self, target: Target, found: Sequence[RawFinding]) -> None:
        """Keeps what an engine reports until it is replayed. Raises StoreError."""
        if found:
            with told_in_one_line(self.folder):
                write_report(self.folder / "reported", target, found)

    def waiting(self, target: Target, findings_max: int | None = None) -> list[Report]:
        """A target's reports that wait to be replayed, as many as have ``findings_max`` findings, or one."""
        reports: list[Report] = []
        count = 0
        for report in read_reports(self.folder / "reported"):
            if findings_max is not None and count >= findings_max:
                break
            if report.damage is not None:
                self._put_aside(report.path, report.damage, f"{len(report.found):,} reports of it were readable")
                if report.target is not None:
                    self.report(report.target, report.found)
            elif report.target is not None and report.target.lineage == target.lineage:
                reports.append(report)
                count += len(report.found)
        return reports

    def settle(self, target: Target, reports: Sequence[Report], findings: Sequence[Finding | None]) -> Settled:
        """Files what replayed reports came to, ``findings`` in their order.

        Reports go when all that came of them is on the disk. Raises StoreError; they are there still then.
        """
        new = {finding.cause: finding for finding in self.add(target, [each for each in findings if each is not None])}
        settled = Settled()
        answers = iter(findings)
        with told_in_one_line(self.folder):
            for report in reports:
                found = [next(answers) for _ in report.found]
                if report.origin is not None:
                    settled.changed += found.count(None)
                    for finding in found:
                        new.pop("" if finding is None else finding.cause, None)
                if report.origin is None and None in found:
                    settled.unconfirmed += found.count(None)
                    move(report.path, self.folder / "unconfirmed")
                else:
                    report.path.unlink(missing_ok=True)
        settled.new = list(new.values())
        return settled

    def judge_again(self, target: Target) -> int:
        """Reports what other builds of dmafuzz have found of a target, once; how many findings that is.

        Raises StoreError.
        """
        done = {line.get("origin") for line in read_ledgers(self.folder / "ledger").of(AGAIN) if _into(line, target)}
        count = 0
        for other in self.targets(every_build=True):
            if other.lineage == target.lineage and other.key != target.key and other.key not in done:
                found = [raw_of(finding) for finding in self.findings(other)]
                with told_in_one_line(self.folder):
                    for at in range(0, len(found), AGAIN_AT_ONCE):
                        write_report(self.folder / "reported", target, found[at : at + AGAIN_AT_ONCE], other.key)
                self.note(AGAIN, sync=True, origin=other.key, target=target.key)
                count += len(found)
        return count

    def confirm(self, answer: Confirmed) -> None:
        """Writes down what a booted kernel has said of a cause. Raises StoreError."""
        self.note(CONFIRMED, True, **answer.to_line())

    def note(self, what: str, sync: bool = False, **facts: Any) -> None:
        """A line in this process's ledger. Raises StoreError."""
        with told_in_one_line(self.folder):
            self.ledger.write(what, sync, **facts)

    def write_leaders(self, target: Target) -> None:
        """The programs for people: the leader of each topic, in ``leaders/``. Raises StoreError."""
        folder = self.folder / "leaders"
        leaders = [lead.leader.stored for lead in self.leads(target)]
        wanted = {f"{target.slug}-{cause.file_name}": cause for cause in leaders}
        with told_in_one_line(self.folder):
            there = {path.name for path in folder.glob(f"{glob.escape(target.slug)}-[FhbN]*.dma")}
            for name in sorted(wanted.keys() - there):
                write_whole(folder / name, self.finding(wanted[name]).file_text().encode())
            for name in there - wanted.keys():
                (folder / name).unlink(missing_ok=True)

    def merge(self, other: Path) -> int:
        """Copies what another store has and this one lacks; how many packs that was. Twice is as good as once.

        Raises StoreError.
        """
        check_format(other)
        copied = 0
        with told_in_one_line(self.folder):
            for path in sorted((other / "packs").iterdir()):
                if path.suffix in (FINDINGS, CORPUS, COUNTED) and not (self.folder / "packs" / path.name).exists():
                    copied += self._take(path)
            for path in sorted((other / "ledger").glob("*.jsonl")):
                data = read_regular(path, LEDGER_BYTES_MAX) or b""
                here = self.folder / "ledger" / path.name
                if not here.exists() or here.stat().st_size < len(data):
                    write_whole(here, data)
        self.refresh()
        return copied

    def compact(self, joining: Joining | None = None) -> int:
        """Makes one pack of the small ones of each target and kind; how many went. For the only writer, but where
        packs that others need are left out.

        Raises StoreError.
        """
        with told_in_one_line(self.folder):
            joining = joining or Joining()
            small = (path for path in self._packs(FINDINGS, CORPUS, COUNTED) if joining.looks_at(path))
            checked = ((path, self._checked(path)) for path in small)
            gone = join(((path, pack) for path, pack in checked if pack is not None), joining, FINDINGS)
            for path in gone:
                path.unlink(missing_ok=True)
        self.refresh()
        return len(gone)

    def keep_to(self, keep: Keep, needed: Collection[str] = ()) -> tuple[int, int]:
        """Keeps to limits; how many causes are kept as counts from now on, and how many packs of programs went.
        ``needed``: packs that somebody is at.

        Raises StoreError.
        """
        counted = 0
        with told_in_one_line(self.folder):
            for target in self.targets(every_build=True):
                beyond = too_many(self.causes(target), keep.causes_per_topic)
                count_only(self.folder / "packs", target, beyond)
                counted += len(beyond)
            dropped = 0
            if keep.corpus_days is not None or keep.corpus_megabytes is not None:
                dropped = drop_programs(self._packs(CORPUS), keep, needed)
        self._read = None
        self.refresh()
        return counted, dropped

    # The index, and what is damaged.

    def refresh(self, everything: bool = False) -> None:
        """Makes the index agree with the packs. ``everything``: every pack is read and checked, not only those that
        the index does not know. Raises StoreError."""
        with told_in_one_line(self.folder), self._index_lock():
            try:
                self._make_agree(everything)
            except sqlite3.DatabaseError:  # damaged, or no room for it: the packs are what counts
                self._index.close()
                self._index = Index(None)
                self._make_agree(everything)

    def _make_agree(self, everything: bool) -> None:
        known = self._index.packs()
        there = {path.name: path for path in self._packs(FINDINGS, COUNTED)}
        facts = {name: _facts(path) for name, path in there.items()}
        gone = [name for name in known if name not in there]  # where they were joined, their findings are in another
        self._index.forget(name for name in there if known.get(name, facts[name]) != facts[name])
        known = self._index.packs()
        unknown = [name for name in there if name not in known]
        times = self._times() if unknown else {}
        for path in self._packs(FINDINGS, CORPUS, COUNTED) if everything and self._writes else []:
            if (path.suffix == CORPUS or path.name in known) and self._checked(path) is None:
                self._index.forget([path.name])
        with self._index.filling() if unknown else contextlib.nullcontext():
            for name in unknown:
                self._index_pack(there[name], facts[name], times, gone)
        self._index.forget(gone)

    def reindex(self) -> None:
        """Makes the index anew. Raises StoreError."""
        self._index.close()
        with told_in_one_line(self.folder), self._index_lock():
            self._index_path().unlink(missing_ok=True)
        self._index = self._opened_index()
        self.refresh(everything=True)

    def _opened_index(self) -> Index:
        """In the folder; a damaged one is made anew; where nothing can be written, in memory."""
        path = self._index_path()
        try:
            return Index(path)
        except sqlite3.OperationalError:
            return Index(None)  # no room, or not ours to write
        except sqlite3.DatabaseError:
            pass
        with contextlib.suppress(OSError, sqlite3.DatabaseError), self._index_lock():
            try:
                return Index(path)  # somebody was just filling it, and holds the lock meanwhile
            except sqlite3.DatabaseError:
                path.unlink(missing_ok=True)
            return Index(path)
        return Index(None)

    def _index_path(self) -> Path:
        """In the folder; where many hosts share that, in this host's cache."""
        if not self._shared:
            return self.folder / INDEX
        name = hashlib.sha256(os.fsencode(self.folder.resolve())).hexdigest()[:32]
        return private_folder(cache_root() / "indexes") / f"{name}.sqlite"

    def _index_lock(self) -> contextlib.AbstractContextManager[None]:
        if os.access(self.folder, os.W_OK):
            return locked(self._index_path().with_suffix(".lock"), wait=True)
        return contextlib.nullcontext()

    def _index_pack(self, path: Path, facts: PackFacts, times: Times, gone: Collection[str] = ()) -> None:
        pack = self._checked(path)
        of = None if pack is None else target_of_pack(pack)
        if pack is None or of is None:
            return
        if path.suffix == COUNTED:
            self._index.add_counted(path.name, facts, of, counted_rows(pack))
            return
        found = readable_facts(pack)
        if wrong := found.count(None):
            self._salvage(path, pack, f"{wrong:,} items are no findings")
        else:
            self._index.add(path.name, facts, of, [item for item in found if item is not None], times, gone)

    def _checked(self, path: Path) -> Pack | None:
        """A pack that is as it was written; of a damaged one the readable part becomes another pack."""
        pack = read_pack(path)
        damage = pack.damage or wrong_in(pack, path.suffix)
        if damage is None:
            return pack
        self._salvage(path, pack, damage)
        return None

    def _salvage(self, path: Path, pack: Pack, damage: str) -> None:
        good = pack.items
        if path.suffix == FINDINGS:
            good = [item for item, facts in zip(pack.items, readable_facts(pack), strict=True) if facts is not None]
        self._put_aside(path, damage, f"{len(good):,} items of it were readable")
        if self._writes and good and target_of_pack(pack) is not None:
            kept = write_pack(path.parent, path.suffix, pack.table, good)
            if path.suffix != CORPUS:
                self._index_pack(kept, _facts(kept), self._times())

    def _put_aside(self, path: Path, damage: str, kept: str) -> None:
        where = path
        if self._writes:
            where = move(path, self.folder / "damaged")
            self.ledger.write("damaged", file=path.name, why=damage)
        self.damage.append(f"{shown_path(where)}: damaged: {damage}; {kept}")

    def _pack(self, name: str) -> Pack:
        if self._read is None or self._read[0] != name:
            try:
                self._read = name, read_pack(self.folder / "packs" / name)
            except OSError as error:
                raise StoreError(f"{shown_path(self.folder / 'packs' / name)}: {error.strerror}") from None
        return self._read[1]

    def _packs(self, *suffixes: str) -> list[Path]:
        return sorted(
            path for path in (self.folder / "packs").iterdir() if path.suffix in suffixes and path.name[0] != "."
        )

    def _file(self, target: Target, items: Sequence[bytes]) -> None:
        """A pack of findings, in the ledger and in the index."""
        table = {"kind": "findings", "target": target.to_json()}
        path = write_pack(self.folder / "packs", FINDINGS, table, items)
        facts = [facts_of(item) for item in items]
        self.ledger.write(FILED, target=target.key, causes=[item["cause"] for item in facts])
        times = {(target.key, item["cause"]): time.time() for item in facts}
        with self._index_lock(), contextlib.suppress(sqlite3.DatabaseError):  # no room: refresh() makes up for it
            self._index.add(path.name, _facts(path), target, facts, times)
            return
        self.refresh()

    def _times(self) -> Times:
        return filing_times(read_ledgers(self.folder / "ledger"))

    def _take(self, path: Path) -> bool:
        """Copies another store's pack, if it is whole."""
        data = read_regular(path, PACK_BYTES_MAX)
        pack = pack_of(data, path.name)
        damage = pack.damage or wrong_in(pack, path.suffix)
        if damage is not None or data is None:
            self.damage.append(f"{shown_path(path)}: damaged: {damage}; not merged")
            return False
        write_whole(self.folder / "packs" / path.name, data)
        return True

    def _clear_leftovers(self) -> None:
        """What a writer that was killed has left half written. For the only writer."""
        for part in PARTS:
            for path in (self.folder / part).glob(".*.tmp"):
                # Where hosts share the folder another one may be writing.
                with contextlib.suppress(FileNotFoundError):
                    if not self._shared or time.time() - path.stat().st_mtime > LEFTOVER_S:
                        path.unlink()

    def _mend_ledgers(self) -> None:
        for name, count in mend_ledgers(self.folder / "ledger", self.folder / "damaged").items():
            where = shown_path(self.folder / "damaged" / name)
            self.damage.append(f"{where}: damaged: {count:,} lines cannot be believed; the others are kept")


def _into(line: dict[str, Any], target: Target) -> bool:
    return line.get("target") == target.key


def _facts(path: Path) -> PackFacts:
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns
