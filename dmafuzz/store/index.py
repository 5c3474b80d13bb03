# SPDX-License-Identifier: GPL-2.0-only
"""The index of a store: derived from packs and ledgers, made anew whenever it is missing or cannot be believed."""

from __future__ import annotations

import gc
import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dmafuzz.triage import topic_of

from .entries import StoredCause, rank_of, worth_in
from .target import Target

_FORMAT = 8  # of the index alone: another one is made anew
_CACHE_KIB = 1 << 16  # rows come in the order of their packs, and go all over the file
_TABLES = """
CREATE TABLE target (key TEXT PRIMARY KEY, facts TEXT NOT NULL);
CREATE TABLE pack (name TEXT PRIMARY KEY, target TEXT NOT NULL, size INTEGER NOT NULL, changed INTEGER NOT NULL);
CREATE TABLE cause (
  target TEXT NOT NULL, cause TEXT NOT NULL, label TEXT NOT NULL, kinds TEXT NOT NULL, rules TEXT NOT NULL,
  reason TEXT NOT NULL, topic TEXT NOT NULL, minimal TEXT, modality TEXT, ops INTEGER NOT NULL,
  shown_on INTEGER NOT NULL, platforms INTEGER NOT NULL, found REAL, pack TEXT NOT NULL, item INTEGER NOT NULL,
  worth TEXT NOT NULL, rank TEXT NOT NULL, text TEXT NOT NULL, shown_bits TEXT NOT NULL,
  PRIMARY KEY (target, cause)
);
CREATE TABLE counted (
  target TEXT NOT NULL, cause TEXT NOT NULL, label TEXT NOT NULL, topic TEXT NOT NULL, pack TEXT NOT NULL,
  PRIMARY KEY (target, cause)
);
CREATE TABLE topic_group (
  target TEXT NOT NULL, label TEXT NOT NULL, topic TEXT NOT NULL, kinds TEXT NOT NULL, rules TEXT NOT NULL,
  first TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (target, label, topic, kinds, rules)
) WITHOUT ROWID;
"""
_INDEXES = f"""
CREATE INDEX by_topic ON cause (target, label, topic, worth, rank);
CREATE INDEX by_cause ON cause (cause);
CREATE INDEX by_pack ON cause (pack);
PRAGMA user_version = {_FORMAT};
"""
_DROP_INDEXES = """
DROP INDEX by_topic;
DROP INDEX by_cause;
DROP INDEX by_pack;
PRAGMA user_version = -1;
"""
_COLUMNS = (
    "target, cause, label, kinds, rules, reason, topic, minimal, modality, ops, shown_on, platforms, found, pack, "
    "item, text, shown_bits"
)
FOLDED = ("FP", "hazard")  # labels of which one may be folded under the other
_ORDER = "worth, rank, text, cause"  # in which people read them
_ADD_GROUPS = f"""
INSERT INTO topic_group
SELECT target, label, topic, CASE WHEN label IN {FOLDED} THEN kinds ELSE '' END AS these,
  CASE WHEN label IN {FOLDED} THEN rules ELSE '' END AS broken,
  min(worth || ' ' || rank || char(9) || text || char(9) || cause), count(*)
FROM cause WHERE {{where}} GROUP BY target, label, topic, these, broken
ON CONFLICT DO UPDATE SET size = size + excluded.size, first = min(first, excluded.first)
"""

_COUNTED_ALONE = (
    "SELECT label, topic, count(*) FROM counted WHERE target = ? AND NOT EXISTS (SELECT 1 FROM cause WHERE "
    "cause.target = counted.target AND cause.cause = counted.cause) GROUP BY label, topic"
)
# A grade is the first letter of what sorts causes.
_BY_GRADE = (
    "SELECT label, topic, substr(worth, 1, 1) AS grade, count(*), min(found) FROM cause WHERE target = ? "
    "GROUP BY label, topic, grade ORDER BY label, topic, grade"
)
_PLACES = "SELECT label, topic, count(DISTINCT shown_bits) FROM cause WHERE target = ? GROUP BY label, topic"

Times = Mapping[tuple[str, str], float]  # by target and cause (Unix time, s)
PackFacts = tuple[int, int]  # bytes, time of the last change (ns): a pack that differs is read again


@dataclass
class TopicFacts:
    """A topic of a target: how many causes it has of each of the ``grades``, and ``counted`` ones besides; on how many
    ``places``, sets of platforms, they show; when the ``first`` was filed (Unix time, s), None where no ledger says
    so."""

    label: str
    topic: str
    grades: dict[str, int]
    counted: int = 0
    places: int = 1
    first: float | None = None

    @property
    def grade(self) -> str:
        """That of its first cause."""
        return min(self.grades)

    @property
    def causes(self) -> int:
        return sum(self.grades.values()) + self.counted


class Index:
    """The rows. Raises sqlite3.Error wherever the file cannot be used."""

    def __init__(self, path: Path | None) -> None:
        """``path`` None: in memory, for a store that cannot be written."""
        self._grouping = True
        self._rows = sqlite3.connect(":memory:" if path is None else path, timeout=60.0)
        try:
            # Made anew when it is lost: no sync, which would cost more than the packs'.
            self._rows.execute("PRAGMA synchronous = OFF")
            self._rows.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            (version,) = self._rows.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._rows.executescript(f"BEGIN; {_TABLES} {_INDEXES} COMMIT;")
            elif version != _FORMAT:
                raise sqlite3.DatabaseError("an index of another format")
            if self._rows.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("a damaged index")
        except BaseException:
            self._rows.close()
            raise

    def close(self) -> None:
        self._rows.close()

    @contextmanager
    def filling(self) -> Iterator[None]:
        """While packs are added that the index does not know. An empty one is made so in two thirds of the time; one
        that is cut off meanwhile is of no format, and is made anew."""
        collects = gc.isenabled()
        gc.disable()  # facts of findings are no cycles, and looking for some takes long
        try:
            if self.packs():
                yield
            else:
                with self._without_indexes():
                    yield
        finally:
            if collects:
                gc.enable()

    @contextmanager
    def _without_indexes(self) -> Iterator[None]:
        self._rows.executescript(f"BEGIN; {_DROP_INDEXES} COMMIT;")
        self._grouping = False
        try:
            yield
        finally:
            self._grouping = True
            self._rows.executescript(f"BEGIN; {_ADD_GROUPS.format(where='1')}; {_INDEXES} COMMIT;")

    def packs(self) -> dict[str, PackFacts]:
        """The packs that it is made of."""
        return {name: (size, changed) for name, size, changed in self._all("SELECT name, size, changed FROM pack")}

    def add(
        self,
        name: str,
        facts: PackFacts,
        target: Target,
        items: Sequence[dict[str, Any]],
        found: Times,
        gone: Collection[str] = (),
    ) -> None:
        """A pack's findings, and when each was filed; those that are known keep their place, but for those of packs
        that are ``gone``: they are in this one now."""
        with self._rows:
            self._add_pack(name, facts, target)
            moved = self._moved(name, target, items, gone)
            (last,) = self._rows.execute("SELECT coalesce(max(rowid), 0) FROM cause").fetchone()
            new = ((at, item) for at, item in enumerate(items) if item["cause"] not in moved)
            self._rows.executemany(
                f"INSERT OR IGNORE INTO cause VALUES ({', '.join('?' * 19)})",
                (_row(target, name, at, item, found.get((target.key, item["cause"]))) for at, item in new),
            )
            if self._grouping:
                self._rows.execute(_ADD_GROUPS.format(where="rowid > ?"), (last,))
        self._rows.execute("PRAGMA shrink_memory")  # a process that files for days must not keep what it has written

    def _moved(self, name: str, target: Target, items: Sequence[dict[str, Any]], gone: Collection[str]) -> set[str]:
        """The causes that were in packs which have gone, and are in this one now: nothing else of them changes."""
        there = f"SELECT cause FROM cause WHERE target = ? AND pack IN ({', '.join('?' * len(gone))})"
        moved = {cause for (cause,) in self._all(there, (target.key, *gone))} if gone else set()
        self._rows.executemany(
            "UPDATE cause SET pack = ?, item = ? WHERE target = ? AND cause = ?",
            ((name, at, target.key, item["cause"]) for at, item in enumerate(items) if item["cause"] in moved),
        )
        return moved

    def add_counted(self, name: str, facts: PackFacts, target: Target, rows: Iterable[tuple[str, str, str]]) -> None:
        """A pack of causes that are kept as counts: cause, label, topic."""
        with self._rows:
            self._add_pack(name, facts, target)
            self._rows.executemany(
                "INSERT OR IGNORE INTO counted VALUES (?, ?, ?, ?, ?)", ((target.key, *row, name) for row in rows)
            )

    def _add_pack(self, name: str, facts: PackFacts, target: Target) -> None:
        self._rows.execute("INSERT OR IGNORE INTO target VALUES (?, ?)", (target.key, json.dumps(target.to_json())))
        self._rows.execute("INSERT OR REPLACE INTO pack VALUES (?, ?, ?, ?)", (name, target.key, *facts))

    def forget(self, names: Iterable[str]) -> None:
        """Packs that have gone, and what was known by them alone."""
        gone = 0
        with self._rows:
            for name in names:
                self._rows.execute("DELETE FROM pack WHERE name = ?", (name,))
                self._rows.execute("DELETE FROM counted WHERE pack = ?", (name,))
                gone += self._rows.execute("DELETE FROM cause WHERE pack = ?", (name,)).rowcount
            if gone:
                self._rows.execute("DELETE FROM topic_group")
                self._rows.execute(_ADD_GROUPS.format(where="1"))

    def targets(self) -> list[Target]:
        """All that there are findings of, by their keys."""
        return [Target.from_json(json.loads(facts)) for (facts,) in self._all("SELECT facts FROM target ORDER BY key")]

    def causes(self, where: str = "", values: Sequence[object] = ()) -> Iterator[StoredCause]:
        """Smallest program first."""
        clause = f"WHERE {where} " if where else ""
        for row in self._all(f"SELECT {_COLUMNS} FROM cause {clause}ORDER BY rank, text, target", values):
            yield _cause(row)

    def has(self, target: str, cause: str) -> bool:
        """Whether a target has that cause, in full or counted."""
        values = (target, cause)
        tables = ("cause", "counted")
        return any(
            next(self._all(f"SELECT 1 FROM {table} WHERE target = ? AND cause = ?", values), None) for table in tables
        )

    def names(self, target: str) -> set[str]:
        """The causes of a target, in full or counted."""
        query = "SELECT cause FROM cause WHERE target = ? UNION SELECT cause FROM counted WHERE target = ?"
        return {cause for (cause,) in self._all(query, (target, target))}

    def topics(self, target: str) -> list[TopicFacts]:
        """By label and topic."""
        found: dict[tuple[str, str], TopicFacts] = {}
        for label, topic, grade, count, first in self._all(_BY_GRADE, (target,)):
            facts = found.setdefault((label, topic), TopicFacts(label, topic, {}))
            facts.grades[grade] = count
            if first is not None and (facts.first is None or first < facts.first):
                facts.first = first
        for label, topic, count in self._all(_PLACES, (target,)):
            found[label, topic].places = count
        for label, topic, count in self._all(_COUNTED_ALONE, (target,)):
            if (label, topic) in found:
                found[label, topic].counted = count
        return list(found.values())

    def groups(self, target: str) -> Iterator[tuple[str, str, str, str, str, int]]:
        """Of each label and topic, and of warnings of each kinds and rules too, for only they are folded: the place of
        the first in the order of triage, and how many there are."""
        query = "SELECT label, topic, kinds, rules, first, size FROM topic_group WHERE target = ?"
        return self._all(query, (target,))

    def of_topics(self, target: str, topics: Sequence[tuple[str, str]]) -> Iterator[StoredCause]:
        """The causes with one of these labels and topics, in the order of triage."""
        these = " OR ".join("label = ? AND topic = ?" for _ in topics) or "0"
        values = (target, *(value for topic in topics for value in topic))
        query = f"SELECT {_COLUMNS} FROM cause WHERE target = ? AND ({these}) ORDER BY {_ORDER}"
        return map(_cause, self._all(query, values))

    def shown(self, target: str) -> list[tuple[str, int, int]]:
        """Of each label and set of platforms (a bit each, by their place): how many causes show there."""
        query = "SELECT label, shown_bits, count(*) FROM cause WHERE target = ? GROUP BY label, shown_bits"
        return [(label, int(bits, 16), count) for label, bits, count in self._all(query, (target,))]

    def counts(self, target: str) -> dict[str, int]:
        """Causes by label."""
        counts = Counter(
            dict(self._all("SELECT label, count(*) FROM cause WHERE target = ? GROUP BY label", (target,)))
        )
        for label, _, count in self._all(_COUNTED_ALONE, (target,)):
            counts[label] += count
        return counts

    def _all(self, query: str, values: Sequence[object] = ()) -> Iterator[Any]:
        return iter(self._rows.execute(query, values))


def _row(target: Target, pack: str, at: int, item: dict[str, Any], found: float | None) -> tuple[object, ...]:
    return (
        target.key,
        item["cause"],
        item["label"],
        " ".join(item["kinds"]),
        " ".join(item["rules"]),
        item["reason"],
        _topic(item["label"], tuple(item["kinds"]), tuple(item["rules"]), item["reason"]),
        item.get("minimal"),
        item.get("modality"),
        item["size"][0],
        int(item["shown_on"], 16).bit_count(),
        len(target.platforms),
        found,
        pack,
        at,
        worth_in(item),
        rank_of(item),
        item["text"],
        item["shown_on"],
    )


@cache
def _topic(label: str, kinds: tuple[str, ...], rules: tuple[str, ...], reason: str) -> str:
    return topic_of(label, kinds, rules, reason).short


def _cause(row: Sequence[Any]) -> StoredCause:
    target, cause, label, kinds, rules, *rest, bits = row
    return StoredCause(target, cause, label, tuple(kinds.split()), tuple(rules.split()), *(*rest, int(bits, 16)))
