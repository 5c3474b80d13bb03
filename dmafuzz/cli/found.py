# SPDX-License-Identifier: GPL-2.0-only
"""What was found, wherever it lies: a folder of `dmafuzz fuzz`, or a catalogue; and one of it by its ID."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from dmafuzz import catalogue as catalogues
from dmafuzz import platforms
from dmafuzz.catalogue.files import read_catalogue
from dmafuzz.findings import Finding
from dmafuzz.findings.reading import read_finding, read_findings
from dmafuzz.fuzzing import Plan
from dmafuzz.program import ProgramError
from dmafuzz.store import Confirmed, Store, StoreError, Target, uses_of
from dmafuzz.store.folder import ABOUT
from dmafuzz.trackers import default_portfolio
from dmafuzz.triage import IN_THE_TREE, Lead, Topic, Uses, triaged
from dmafuzz.triage.bench import Bench
from dmafuzz.triage.headline import Headline, headlines_of

from .errors import BadInput

Item: TypeAlias = Finding | catalogues.Entry


@dataclass(frozen=True)
class Found:
    """Findings, or entries of a catalogue, with what they were judged by."""

    items: tuple[Any, ...]
    tracker: str
    portfolio: str | None
    platforms: tuple[str, ...]
    confirmed: Mapping[str, Sequence[Confirmed]] = field(default_factory=dict)  # by booted kernels, by cause
    uses: Uses = IN_THE_TREE  # what is everyday

    def bench(self) -> Bench:
        return Bench(self.tracker, self.platforms)

    def leads(self, known: Container[Topic] | None = None) -> list[Lead[Any]]:
        """What to look at, in order; ``known``: the topics of a baseline."""
        return triaged(self.items, known, self.uses)

    def headlines(self, leads: Sequence[Lead[Any]]) -> list[Headline]:
        shown = headlines_of(leads, self.bench())
        said = {cause: tuple(answer.sentence for answer in answers) for cause, answers in self.confirmed.items()}
        return [replace(headline, confirmed=said.get(headline.id, ())) for headline in shown]

    def one(self, name: str) -> Any:
        """That with a cause of this beginning, or this file name. Raises BadInput."""
        wanted = Path(name).name.removesuffix(".dma").rsplit("-", 1)[-1]
        fitting = [item for item in self.items if item.cause.startswith(wanted)]
        if len(fitting) == 1:
            return fitting[0]
        if not fitting:
            raise BadInput(f"{name}: no cause has this ID; dmafuzz top lists IDs")
        ids = ", ".join(sorted(item.cause for item in fitting)[:4])
        raise BadInput(f"{name}: {len(fitting)} causes begin so: {ids}{', ...' if len(fitting) > 4 else ''}")


def read_found(store: Path, tracker: str | None = None) -> Found:
    """What is in a store of one tracker's, which has to be named where there are several. Raises BadInput."""
    if not store.exists():
        raise BadInput(f"{store}: not found; a folder of dmafuzz fuzz, or a catalogue, was expected")
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
    findings = tuple(opened.findings(target))
    about = (target.tracker, target.portfolio, target.platforms, opened.confirmed(target))
    return Found(findings, *about, uses_of(opened.folder))


def found_in(plan: Plan) -> Found:
    """What a run has found, and the runs before it in the same folder."""
    items = tuple(Store.open(plan.out).findings(plan.target))
    return Found(items, plan.tracker, plan.portfolio, plan.platforms, uses=uses_of(plan.out))


def _of_findings(findings: Sequence[Finding], store: Path) -> Found:
    if not findings:
        raise BadInput(f"{store}: has no findings")
    first = findings[0]
    name = first.portfolio or default_portfolio(first.tracker)
    asked = tuple(platform for platform, _ in first.outcomes)
    names = asked or tuple(member.name for member in platforms.portfolio(name))
    return Found(tuple(findings), first.tracker, first.portfolio, names)


def _of_catalogue(file: Path) -> Found:
    try:
        made = read_catalogue(file)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BadInput(f"{file}: no catalogue, nor a folder of findings") from None
    return Found(made.entries, made.tracker, made.portfolio, tuple(made.labels))


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
