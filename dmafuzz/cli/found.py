# SPDX-License-Identifier: GPL-2.0-only
"""What was found, wherever it lies: a folder of `dmafuzz fuzz`, or a catalogue; and one of it by its ID."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dmafuzz import catalogue as catalogues
from dmafuzz import platforms
from dmafuzz.catalogue.files import read_catalogue
from dmafuzz.findings import Finding
from dmafuzz.findings.reading import read_finding, read_findings
from dmafuzz.program import ProgramError
from dmafuzz.store import Confirmed, Store, StoreError, Target, uses_of
from dmafuzz.store.folder import ABOUT
from dmafuzz.store.leads import Filed
from dmafuzz.trackers import default_portfolio
from dmafuzz.triage import IN_THE_TREE, Lead, Topic, Uses, triaged
from dmafuzz.triage.bench import Bench
from dmafuzz.triage.headline import Headline, headlines_of

from .errors import BadInput

if TYPE_CHECKING:
    from dmafuzz.fuzzing import Plan

Shown = Mapping[tuple[str, tuple[str, ...]], int]  # causes by label and the platforms that show them


class Causes(Protocol):
    """The causes in a folder or a file."""

    def __len__(self) -> int: ...

    def leads(self, known: Container[Topic] | None) -> list[Lead[Any]]:
        """What there is to look at, in order; ``known`` are the topics of a baseline."""
        ...

    def beginning(self, name: str) -> list[Any]:
        """The findings, or entries of a catalogue, whose causes begin so."""
        ...

    def shown(self) -> Shown:
        """How many causes show where."""
        ...


@dataclass(frozen=True)
class Listed:
    """Causes that are all at hand."""

    items: Sequence[Finding] | Sequence[catalogues.Entry]

    def __len__(self) -> int:
        return len(self.items)

    def leads(self, known: Container[Topic] | None) -> list[Lead[Any]]:
        return triaged(self.items, known)

    def beginning(self, name: str) -> list[Any]:
        return [item for item in self.items if item.cause.startswith(name)]

    def shown(self) -> Shown:
        causes = (item.triage_cause for item in self.items)
        return Counter((cause.label, cause.shown_on) for cause in causes)


@dataclass(frozen=True)
class InStore:
    """The causes of a target, which may be a hundred thousand: the store's index answers."""

    store: Store
    target: Target
    uses: Uses = IN_THE_TREE  # what is everyday: the index has the order of this one alone

    def __len__(self) -> int:
        return sum(self.store.counts(self.target).values())

    def leads(self, known: Container[Topic] | None) -> list[Lead[Any]]:
        if self.uses is IN_THE_TREE:
            return self.store.leads(self.target, known)
        return triaged((Filed(cause, self.target) for cause in self.store.causes(self.target)), known, self.uses)

    def beginning(self, name: str) -> list[Any]:
        return [self.store.finding(each) for each in self.store.find(name) if each.target == self.target.key]

    def shown(self) -> Shown:
        names = self.target.platforms
        return {
            (label, tuple(name for at, name in enumerate(names) if bits >> at & 1)): count
            for label, bits, count in self.store.shown(self.target)
        }


@dataclass(frozen=True)
class Found:
    """Findings, or entries of a catalogue, with what they were judged by."""

    causes: Causes
    tracker: str
    portfolio: str | None
    platforms: tuple[str, ...]
    confirmed: Mapping[str, Sequence[Confirmed]] = field(default_factory=dict)  # by booted kernels, by cause

    def bench(self) -> Bench:
        return Bench(self.tracker, self.platforms)

    def leads(self, baseline: Found | None = None) -> list[Lead[Any]]:
        """What there is to look at, in order; what is not in ``baseline`` is marked, and comes first in its grade."""
        known = None if baseline is None else {lead.topic for lead in baseline.leads()}
        return self.causes.leads(known)

    def headlines(self, leads: Sequence[Lead[Any]]) -> list[Headline]:
        shown = headlines_of(leads, self.bench())
        said = {cause: tuple(answer.sentence for answer in answers) for cause, answers in self.confirmed.items()}
        return [replace(headline, confirmed=said.get(headline.id, ())) for headline in shown]

    def one(self, name: str) -> Any:
        """That with a cause of this beginning, or this file name. Raises BadInput."""
        wanted = Path(name).name.removesuffix(".dma").rsplit("-", 1)[-1]
        fitting = self.causes.beginning(wanted)
        if len(fitting) == 1:
            return fitting[0]
        if not fitting:
            raise BadInput(f"{name}: no cause has this ID; dmafuzz top lists IDs")
        ids = ", ".join(sorted(item.cause for item in fitting)[:4])
        raise BadInput(f"{name}: {len(fitting)} causes begin so: {ids}{', ...' if len(fitting) > 4 else ''}")


def read_found(store: Path, tracker: str | None = None) -> Found:
    """What is in a store of one tracker's, which has to be named where there are several. Raises BadInput."""
    if not store.exists():
        raise BadInput(f"{store}: not found; name a folder of dmafuzz fuzz or a catalogue, or run dmafuzz fuzz first")
    try:
        if not store.is_dir():
            return _of_catalogue(store)
        if (store / ABOUT).exists():
            return _of_store(Store.open(store), store, tracker)
        return _of_findings(read_findings(store), store)
    except (ProgramError, StoreError) as error:
        raise BadInput(str(error)) from None
    except OSError as error:
        raise BadInput(f"{store}: {error.strerror}") from None


def read_baseline(store: Path, found: Found) -> Found:
    """What was known before: of a store of several targets, that of the same tracker. Raises BadInput."""
    several = (store / ABOUT).exists() and len(read_targets(store)) > 1
    return read_found(store, found.tracker if several else None)


def read_targets(store: Path) -> list[Target]:
    """Raises BadInput."""
    try:
        return Store.open(store).targets()
    except StoreError as error:
        raise BadInput(str(error)) from None


def _of_store(opened: Store, store: Path, tracker: str | None) -> Found:
    targets = [target for target in opened.targets() if tracker in (None, target.tracker)]
    if not targets:
        raise BadInput(f"{store}: has no findings{f' of tracker {tracker}' if tracker else ''}")
    if len(targets) > 1:
        names = ", ".join(sorted({target.tracker for target in targets}))
        raise BadInput(f"{store}: findings of several targets; choose one with --tracker: {names}")
    [target] = targets
    return found_of(opened, target)


def found_of(opened: Store, target: Target) -> Found:
    """All that a store has of one target."""
    causes = InStore(opened, target, uses_of(opened.folder))
    return Found(causes, target.tracker, target.portfolio, target.platforms, opened.confirmed(target))


def found_in(plan: Plan) -> Found:
    """What a run has found, and the runs before it in the same folder."""
    causes = InStore(Store.open(plan.out), plan.target, uses_of(plan.out))
    return Found(causes, plan.tracker, plan.portfolio, plan.platforms)


def _of_findings(findings: Sequence[Finding], store: Path) -> Found:
    if not findings:
        raise BadInput(f"{store}: has no findings")
    first = findings[0]
    name = first.portfolio or default_portfolio(first.tracker)
    asked = tuple(platform for platform, _ in first.outcomes)
    names = asked or tuple(member.name for member in platforms.portfolio(name))
    return Found(Listed(findings), first.tracker, first.portfolio, names)


def _of_catalogue(file: Path) -> Found:
    try:
        made = read_catalogue(file)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BadInput(f"{file}: no catalogue, nor a folder of findings") from None
    return Found(Listed(made.entries), made.tracker, made.portfolio, tuple(made.labels))


def found_in_file(file: Path) -> Found:
    """A finding's file as a store of its own."""
    finding = finding_in(file)
    return _of_findings([finding] if finding else [], file)


def finding_in(file: Path) -> Finding | None:
    """The finding in a file of one; None: a program like any other, or none at all."""
    try:
        return read_finding(file)
    except (OSError, ProgramError):
        return None
