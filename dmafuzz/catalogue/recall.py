# SPDX-License-Identifier: GPL-2.0-only
"""How much of a complete catalogue fuzzing has found, and when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dmafuzz import _core, platforms
from dmafuzz.catalogue.catalogue import Catalogue, Entry
from dmafuzz.exhaustive.result import Signature
from dmafuzz.platforms import to_core
from dmafuzz.store import Store, StoreError, Target
from dmafuzz.trackers import resolve
from dmafuzz.triage import Topic


class RecallError(ValueError):
    """A folder that is none of a fuzzing run, or of another tracker."""


@dataclass(frozen=True)
class Run:
    """One fuzzing run: when a finding with each signature, on each platform, was first on disk, in seconds from the
    start; ``seconds`` is its length."""

    first: dict[tuple[Signature, str], float]
    seconds: float
    programs: int


def open_run(folder: Path, catalogue: Catalogue) -> tuple[Store, list[Target]]:
    """The store of a fuzzing run, and its targets of the catalogue's tracker. Raises RecallError."""
    try:
        store = Store.open(folder)
    except StoreError as error:
        raise RecallError(f"{folder}: no folder of a fuzzing run: {error}") from None
    targets = store.targets()
    own = [target for target in targets if target.tracker == catalogue.tracker]
    if targets and not own:
        others = ", ".join(sorted({target.tracker for target in targets}))
        raise RecallError(f"{folder}: a run of tracker {others}, the catalogue is of {catalogue.tracker}")
    return store, own


def read_run(folder: Path, catalogue: Catalogue) -> Run:
    """What `dmafuzz fuzz` has left in a folder, judged on the catalogue's portfolio. Raises RecallError.

    When a cause was found is what the ledgers say. One of which they say nothing counts as found at the end.
    """
    store, targets = open_run(folder, catalogue)
    keys = {target.key for target in targets}
    done = [run for run in store.runs() if run.target in keys]
    started, seconds = min((run.started for run in done), default=0.0), sum(run.seconds for run in done)
    members = platforms.portfolio(catalogue.portfolio)
    judge = _core.Judge(resolve(catalogue.tracker).core, [to_core(member) for member in members])
    first: dict[tuple[Signature, str], float] = {}
    for cause in (cause for target in targets for cause in store.causes(target)):
        age = seconds if cause.found is None else cause.found - started
        for shown in judge.signatures(store.finding(cause).ops):
            signature = Signature.of(shown)
            for member in (member.name for i, member in enumerate(members) if shown.platforms >> i & 1):
                first[signature, member] = min(age, first.get((signature, member), age))
    return Run(first, seconds, sum(run.programs for run in done))


@dataclass(frozen=True)
class TopicRecall:
    """Of one topic: its causes, and how many of them each run had found after each of the times asked for."""

    topic: Topic
    causes: int
    found: tuple[tuple[int, ...], ...]  # by time, by run


def recall(catalogue: Catalogue, runs: Sequence[Run], times: Sequence[float]) -> list[TopicRecall]:
    """Topic by topic, in the catalogue's order."""
    return [
        TopicRecall(
            lead.topic,
            len(entries),
            tuple(tuple(sum(_found(entry, run, at) for entry in entries) for run in runs) for at in times),
        )
        for lead in catalogue.topics()
        if (entries := (*lead.causes, *lead.folded))
    ]


def missed(catalogue: Catalogue, runs: Sequence[Run]) -> list[Entry]:
    """The causes that no run has found."""
    return [entry for entry in catalogue.entries if not any(_found(entry, run, math.inf) for run in runs)]


def _found(entry: Entry, run: Run, at: float) -> bool:
    """A finding shows the signature on one of the platforms of the cause."""
    ages = [age for name in entry.platforms if (age := run.first.get((entry.signature, name))) is not None]
    return bool(ages) and min(ages) <= at
