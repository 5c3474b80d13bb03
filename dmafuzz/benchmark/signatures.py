# SPDX-License-Identifier: GPL-2.0-only
"""What an engine's programs have shown, by the file that it leaves (core/benchmark/signature_log.hpp)."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmafuzz import _core, platforms
from dmafuzz.benchmark.goals import Goals

_ENTRY = struct.Struct("=qqII")  # when, what looking took until then (ns), the platform, bytes of the program
_NS = 1e9

_Key = tuple[str, str, tuple[str, ...], str]


def entry_bytes(at_ns: int, records: bytes, platform: int = 0) -> bytes:
    """An entry of an engine that is not looked into."""
    return _ENTRY.pack(at_ns, 0, platform, len(records)) + records


@dataclass(frozen=True)
class Entry:
    """A program that showed something, on the platform of that place: ``at`` by the monotonic clock; ``aside`` is the
    processor time that looking had taken until then (s)."""

    at: float
    aside: float
    platform: int
    records: bytes


@dataclass(frozen=True)
class Shown:
    """The first program that showed a cause, and the processor time that settling had taken until then (s)."""

    by: Entry
    settling: float


class Settling:
    """Which causes of a catalogue the programs of a file show: each program on the whole portfolio, and, with
    ``minimize``, what it comes down to for each thing that it showed."""

    def __init__(self, goals: Goals, tracker: str, names: Sequence[str], minimize: bool) -> None:
        self.found: dict[int, Shown] = {}  # by the cause's place
        self._spent = 0.0
        self._names = names
        self._minimize = minimize
        # Causes of one signature differ in their platforms.
        self._wanted: dict[_Key, list[tuple[int, set[str]]]] = {}
        for at, cause in enumerate(goals.causes):
            self._wanted.setdefault(_key(*cause[:4]), []).append((at, set(cause[4])))
        machines = [platforms.to_core(platforms.load(name)) for name in names]
        self._judge = _core.Judge(tracker, machines)
        self._judged: dict[bytes, tuple[int, ...]] = {}
        self._read = 0  # bytes of the file

    def take(self, file: Path) -> None:
        """What has been written since it was last read."""
        for entry in self._entries(file):
            begun = time.thread_time()
            causes = set(self._shown(entry))
            self._spent += time.thread_time() - begun
            for cause in causes:
                self.found.setdefault(cause, Shown(entry, self._spent))

    def _entries(self, file: Path) -> Iterator[Entry]:
        try:
            with file.open("rb") as opened:
                opened.seek(self._read)
                data = opened.read()
        except FileNotFoundError:
            return
        at = 0
        while at + _ENTRY.size <= len(data):
            when, aside, platform, size = _ENTRY.unpack_from(data, at)
            end = at + _ENTRY.size + size
            if end > len(data):
                break  # it is being written
            yield Entry(when / _NS, aside / _NS, platform, data[at + _ENTRY.size : end])
            at = end
            self._read += _ENTRY.size + size

    def _shown(self, entry: Entry) -> Iterator[int]:
        ops = _core.decode(entry.records)
        yield from self._causes_of(ops)
        if self._minimize:
            for label, kind, reason in self._judge.signatures_on(ops, entry.platform):
                yield from self._causes_of(self._judge.minimize(ops, entry.platform, label, kind, reason).ops)

    def _causes_of(self, ops: Sequence[_core.Op]) -> tuple[int, ...]:
        records = _core.encode(ops)
        if records not in self._judged:
            self._judged[records] = tuple(self._judge_anew(ops))
        return self._judged[records]

    def _judge_anew(self, ops: Sequence[_core.Op]) -> Iterator[int]:
        for shown in self._judge.signatures(ops):
            there = {name for i, name in enumerate(self._names) if shown.platforms >> i & 1}
            for at, platforms_of_it in self._wanted.get(_key(shown.label, shown.kind, shown.rules, shown.reason), ()):
                if there & platforms_of_it:
                    yield at


def _key(label: Any, kind: str, rules: Sequence[Any], reason: str) -> _Key:
    return str(label), kind, tuple(sorted(map(str, rules))), reason
