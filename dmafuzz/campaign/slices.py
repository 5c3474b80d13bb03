# SPDX-License-Identifier: GPL-2.0-only
"""Slices: the unit of a campaign's work, and what one gives back. Both travel as plain bytes that are checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dmafuzz import _core, platforms
from dmafuzz.campaign.guests import GUEST, guest_plan
from dmafuzz.confirmation import ConfirmationError
from dmafuzz.fuzzing import Plan
from dmafuzz.platforms import PlatformError
from dmafuzz.storage import Pack, pack_bytes, unpacked
from dmafuzz.store import facts_of
from dmafuzz.trackers import KERNEL, TrackerError, added_kernels, resolve
from dmafuzz.trackers.python import PYTHON

RESULT_BYTES_MAX = 16 << 20  # what a scheduler passes on without trouble
CORPUS_NAMES_MAX = 10_000
ENUMERATING_SLICES = 8  # of a target, the first ones: together they go through all short programs
_KIND = "slice-result"
_FINDING, _PROGRAM, _QUARANTINED = b"f", b"p", b"q"
_ID_DIGITS = 16
_PACK_NAME = re.compile(r"[0-9a-f]{32}\.corpus")


class SliceError(ValueError):
    """A slice that cannot be carried out here, or what is no slice."""


@dataclass(frozen=True)
class Slice:
    """One target searched once, by one worker process.

    ``target`` is its key, which says by which build of dmafuzz; ``number`` counts the target's slices, and is the seed.
    The budget is ``seconds``, or ``programs``: with the latter the slice gives the same result to the byte wherever it
    is carried out. ``corpus`` are the names of the packs that it starts from.
    """

    tracker: str
    portfolio: str
    target: str
    number: int
    seconds: float | None
    programs: int | None
    ops_limit: int
    corpus: tuple[str, ...]

    @property
    def id(self) -> str:
        """The hash of all that decides about the result."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:_ID_DIGITS]

    @property
    def is_hunt(self) -> bool:
        """Whether the target is a kernel, booted; ``portfolio`` is its machine then."""
        return self.tracker.startswith(GUEST)

    @property
    def repeatable(self) -> bool:
        return self.programs is not None

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Slice:
        """Raises SliceError for what is none: it may have come from another host."""
        try:
            facts: dict[str, Any] = json.loads(text)
            facts["corpus"] = tuple(facts["corpus"])
            piece = cls(**facts)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise SliceError("not a slice") from None
        if not _is_right(piece):
            raise SliceError("not a slice: its facts are of other kinds, or too many")
        return piece

    def plan(self, folder: Path) -> Plan:
        """What is to be done in an empty folder. Raises SliceError where this dmafuzz is another one, or lacks the
        tracker: a slice names no code."""
        name = self.tracker
        if name.startswith(PYTHON) or (name.startswith(KERNEL) and all(name != known for known, _ in added_kernels())):
            raise SliceError(f"{name}: not added here (dmafuzz kernel add)")
        try:
            plan = self._guest_plan(folder) if self.is_hunt else self._search_plan(folder)
        except (TrackerError, PlatformError, ConfirmationError) as error:
            raise SliceError(str(error)) from None
        if plan.target.key != self.target:
            raise SliceError(f"{name}: another build of dmafuzz, or other code, than the campaign's")
        return plan

    def _search_plan(self, folder: Path) -> Plan:
        core = resolve(self.tracker).core
        names = tuple(model.name for model in platforms.portfolio(self.portfolio))
        about = (core, names, self.portfolio, folder, "native", self.seconds, 1, self.number, self.ops_limit)
        return Plan(self.tracker, *about, self.programs, self.number, ENUMERATING_SLICES)

    def _guest_plan(self, folder: Path) -> Plan:
        about = (self.tracker, self.portfolio, folder, self.ops_limit)
        return guest_plan(*about, self.seconds, self.number, self.programs)


def _is_right(piece: Slice) -> bool:
    texts = (piece.tracker, piece.portfolio, piece.target)
    numbers = (piece.number, piece.ops_limit)
    budgets = (piece.seconds, piece.programs)
    return (
        all(isinstance(text, str) and len(text) < 200 for text in texts)
        and all(isinstance(number, int) and 0 <= number < 1 << 40 for number in numbers)
        and all(budget is None or (isinstance(budget, int | float) and budget > 0) for budget in budgets)
        and budgets.count(None) == 1
        and 2 <= piece.ops_limit <= 64
        and len(piece.corpus) <= CORPUS_NAMES_MAX
        and all(isinstance(name, str) and _PACK_NAME.fullmatch(name) for name in piece.corpus)
    )


@dataclass(frozen=True)
class SliceResult:
    """What a slice came to: ``findings`` as items of a pack, novel ``programs`` as records, ``quarantined`` files of
    programs that ended their process; of a hunt, those on which guest and model disagree. ``seconds`` of searching;
    ``interrupted``: before its budget was used up."""

    id: str
    target: str
    findings: Sequence[bytes]
    programs: Sequence[bytes]
    counted: int
    seconds: float
    coverage: int
    waiting: int
    unconfirmed: int
    host: str
    interrupted: bool = False
    quarantined: dict[str, bytes] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """As a pack; where it would be too large, programs are left out, the last ones first."""
        programs = list(self.programs)
        while True:
            data = pack_bytes(self._table(), self._items(programs))
            if len(data) <= RESULT_BYTES_MAX or not programs:
                return data
            programs = programs[: len(programs) // 2]

    def _table(self) -> dict[str, Any]:
        named = ("id", "target", "counted", "seconds", "coverage", "waiting", "unconfirmed", "host", "interrupted")
        return {"kind": _KIND, **{name: getattr(self, name) for name in named}}

    def _items(self, programs: Sequence[bytes]) -> list[bytes]:
        files = [name.encode() + b"\n" + text for name, text in sorted(self.quarantined.items())]
        kinds = ((_FINDING, self.findings), (_PROGRAM, programs), (_QUARANTINED, files))
        return [mark + item for mark, items in kinds for item in items]

    @classmethod
    def from_bytes(cls, data: bytes) -> SliceResult:
        """Raises SliceError for what is none: it may have come from another host."""
        pack = unpacked(data)
        if pack.damage is not None or pack.table.get("kind") != _KIND:
            raise SliceError(f"not the result of a slice: {pack.damage or 'a pack of another kind'}")
        try:
            return _result(cls, pack)
        except (KeyError, TypeError, ValueError):
            raise SliceError("not the result of a slice: its facts are not what they should be") from None


def _result(cls: type[SliceResult], pack: Pack) -> SliceResult:
    found: dict[bytes, list[bytes]] = {_FINDING: [], _PROGRAM: [], _QUARANTINED: []}
    for item in pack.items:
        found[item[:1]].append(item[1:])
    for item in found[_FINDING]:
        facts_of(item)
    if any(not records or len(records) % _core.RECORD_BYTES for records in found[_PROGRAM]):
        raise ValueError("not a program")
    quarantined = {}
    for item in found[_QUARANTINED]:
        name, _, text = item.partition(b"\n")
        if not re.fullmatch(rb"[A-Za-z0-9][A-Za-z0-9._+-]{0,200}\.dma", name):
            raise ValueError("not the name of a program's file")
        quarantined[name.decode()] = text
    table = pack.table
    numbers = (int(table["counted"]), float(table["seconds"]), int(table["coverage"]), int(table["waiting"]))
    about = (str(table["id"]), str(table["target"]), found[_FINDING], found[_PROGRAM])
    rest = (int(table["unconfirmed"]), str(table["host"])[:200], bool(table["interrupted"]), quarantined)
    return cls(*about, *numbers, *rest)
