# SPDX-License-Identifier: GPL-2.0-only
"""The part of a review that no search completes: larger programs, other sizes, several CPUs, as time allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import dmafuzz
from dmafuzz import _core
from dmafuzz import program as language
from dmafuzz.exhaustive import Signature
from dmafuzz.exhaustive.result import places
from dmafuzz.platforms import PlatformFile, to_core
from dmafuzz.program import render_op

from .changes import ChangedCause, effect_of

OPS_LIMIT = 14  # operations of a program, at most
_BURST_MS = 200
Known = set[tuple[bool, Signature]]


@dataclass(frozen=True)
class Hunted:
    """``causes`` that the complete part does not have; of all ``programs`` tried the trackers warned otherwise on
    ``differing``."""

    causes: tuple[ChangedCause, ...]
    corpus: int
    programs: int
    differing: int
    seconds: float


CHECKOUT = Path(dmafuzz.__file__).parent.parent / "corpus"  # where dmafuzz runs from one


def corpus_programs(folder: Path | None) -> Iterator[Sequence[_core.Op]]:
    """Those of a folder; without one, of the checkout that dmafuzz runs from, if it does."""
    for file in sorted((folder or CHECKOUT).rglob("*.dma")):
        yield language.read(file).ops


def hunt(
    trackers: tuple[str, str],
    members: Sequence[PlatformFile],
    corpus: Sequence[Sequence[_core.Op]],
    seconds: float,
    seed: int,
    known: Known,
    progress: Callable[[float, int], object],
) -> Hunted:
    """Goes through the corpus, which is not cut short, then mutates what was new until the time is up. ``progress`` is
    told the seconds that have passed and how many changes were found."""
    search = _core.Hunt(*trackers, [to_core(member) for member in members], seed, OPS_LIMIT)
    start = time.monotonic()
    found: dict[tuple[bool, Signature], ChangedCause] = {}

    def settle() -> None:
        for change in search.take():
            signature = Signature.of(change)
            effect = effect_of(change.gained, signature)
            if effect is None or (change.gained, signature) in known:
                continue
            where = tuple(members[i].name for i in places(change.platforms))
            program = tuple(render_op(op) for op in change.ops)
            found[change.gained, signature] = ChangedCause(effect, signature, program, where)
        progress(time.monotonic() - start, len(found))

    for ops in corpus:
        search.add(ops)
        settle()
    while (left := seconds - (time.monotonic() - start)) > 0:
        search.burst(min(_BURST_MS, max(1, int(left * 1000))))
        settle()
    return Hunted(tuple(found.values()), len(corpus), search.programs, search.differing, time.monotonic() - start)
