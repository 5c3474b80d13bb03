# SPDX-License-Identifier: GPL-2.0-only
"""Findings that a complete catalogue does not have, and why not: a check of both."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dmafuzz import _core, platforms
from dmafuzz._core import OpKind
from dmafuzz.catalogue.catalogue import Catalogue
from dmafuzz.catalogue.recall import open_run
from dmafuzz.exhaustive.result import Signature
from dmafuzz.findings import Finding
from dmafuzz.platforms import to_core
from dmafuzz.program import canonical
from dmafuzz.trackers import resolve

Ops = Sequence[_core.Op]

_CALLS = {kind for kind in OpKind if kind.name.startswith(("sync_", "unmap_", "free_"))}


@dataclass
class Unmatched:
    """The findings of one folder, each in one of these."""

    longer: int = 0  # more operations than the catalogue is complete for
    silent: int = 0  # on the catalogue's portfolio it does not show what it is named after
    known: int = 0  # the signature is that of a cause
    composite: int = 0  # with the alphabet's ranges it shows the same, and comes down to a cause
    beyond: int = 0  # some line is no operation of the alphabet, whatever its ranges
    ranges: list[Finding] = field(default_factory=list)  # with none of the alphabet's ranges it shows the same

    @property
    def total(self) -> int:
        return self.longer + self.silent + self.known + self.composite + self.beyond + len(self.ranges)


def unmatched(folder: Path, catalogue: Catalogue) -> Unmatched:
    """Of what `dmafuzz fuzz` has left in a folder, compared with a catalogue. Raises RecallError, StoreError."""
    store, targets = open_run(folder, catalogue)
    members = platforms.portfolio(catalogue.portfolio)
    judge = _core.Judge(resolve(catalogue.tracker).core, [to_core(member) for member in members])
    causes = {entry.signature for entry in catalogue.entries}
    alphabet = Alphabet(catalogue.cpus, catalogue.devices)
    found = Unmatched()
    for finding in (finding for target in targets for finding in store.findings(target)):
        ops = finding.ops
        if len(ops) > catalogue.ops:
            found.longer += 1
            continue
        own = _signatures(judge, ops, finding)
        if not own:
            found.silent += 1
            continue
        if own & causes:
            found.known += 1
            continue
        others = list(alphabet.counterparts(ops))
        if not others:
            found.beyond += 1
        elif any(own & _signatures(judge, other, finding) for other in others):
            found.composite += 1
        else:
            found.ranges.append(finding)
    return found


def _signatures(judge: _core.Judge, ops: Ops, finding: Finding) -> set[Signature]:
    """Those of the label and kind that the finding is named after."""
    shown = (Signature.of(shown) for shown in judge.signatures(ops))
    name = (finding.label, finding.kinds[0])
    return {signature for signature in shown if (signature.label, signature.kind) == name}


class Alphabet:
    """That of a search with so many CPUs and devices."""

    _KEPT = 2_000  # beginnings of programs

    def __init__(self, cpus: int, devices: int) -> None:
        self._cpus, self._devices = cpus, devices
        self._successors: dict[bytes, list[_core.Op]] = {}

    def counterparts(self, ops: Ops) -> Iterator[list[_core.Op]]:
        """Its programs that differ from a program in offsets and sizes alone."""
        named = canonical(ops)
        if not _begins_with_d1(named):
            yield from self._extend([], named)
            return
        # The alphabet names d0 first; which of the two it is makes a difference to some platforms only.
        for other in self._extend([], _exchanged(named)):
            yield _exchanged(other)

    def _extend(self, before: list[_core.Op], ops: Ops) -> Iterator[list[_core.Op]]:
        if len(before) == len(ops):
            yield before
            return
        wanted = _shape(ops[len(before)])
        for letter in self._after(before):
            if _shape(letter) == wanted:
                yield from self._extend([*before, letter], ops)

    def _after(self, before: list[_core.Op]) -> list[_core.Op]:
        """The operations that can follow; most programs begin like others."""
        key = bytes(_core.encode(before))
        if key not in self._successors:
            if len(self._successors) >= self._KEPT:
                self._successors.clear()
            self._successors[key] = _core.successors(before, self._cpus, self._devices)
        return self._successors[key]


def _begins_with_d1(ops: Ops) -> bool:
    renamed = canonical(ops, devices=True)
    return any((old.device, new.device) == (1, 0) for old, new in zip(ops, renamed, strict=True))


def _exchanged(ops: Ops) -> list[_core.Op]:
    """With d0 for d1, and the other way round."""
    exchanged = []
    for old in ops:
        op = copy.copy(old)
        op.device = {0: 1, 1: 0}.get(op.device, op.device)
        exchanged.append(_core.clear_unused(op))
    return exchanged


def _shape(op: _core.Op) -> bytes:
    """The operation without its offsets and sizes; but that a call is given an offset at all is a fault of its own."""
    shape = copy.copy(op)
    shape.size = 0
    shape.offset = int(op.offset > 0 and op.kind in _CALLS)
    entries = shape.entries
    for entry in entries:
        entry.offset = entry.size = 0
    shape.entries = entries
    return bytes(_core.encode([shape]))
