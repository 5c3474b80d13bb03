# SPDX-License-Identifier: GPL-2.0-only
"""A catalogue: made from an exhaustive search, kept as JSON, one line of which a person can read as well."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from dmafuzz import _core, platforms
from dmafuzz.catalogue.reduce import Reduced, causes
from dmafuzz.exhaustive.result import Length, Result, Signature
from dmafuzz.platforms import PlatformFile, to_core
from dmafuzz.program import parse, render_op
from dmafuzz.program.render import LANGUAGE, VERSION
from dmafuzz.triage import Cause, Lead, Topic, grade_of, topic_of, triaged
from dmafuzz.verdicts.meanings import LABELS


@dataclass(frozen=True)
class Entry:
    """One cause. ``program`` are its lines; ``platforms`` those on which it shows the signature, rules included;
    ``count`` programs of the alphabet show just this, ``composite`` more show it with something else on top."""

    signature: Signature
    program: tuple[str, ...]
    platforms: tuple[str, ...]
    count: int
    composite: int

    @property
    def ops(self) -> tuple[_core.Op, ...]:
        return parse("\n".join((f"{LANGUAGE} {VERSION}", *self.program))).ops

    @property
    def topic(self) -> Topic:
        signature = self.signature
        return topic_of(signature.label, (signature.kind,), signature.rules, signature.reason)

    @cached_property
    def triage_cause(self) -> Cause:
        signature = self.signature
        kinds = (signature.kind,)
        return Cause(signature.label, kinds, signature.rules, signature.reason, self.ops, self.platforms)

    @property
    def cause(self) -> str:
        """A name for it that stays the same."""
        signature = self.signature
        parts = (signature.label, signature.kind, ",".join(signature.rules), signature.reason, *self.program)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Catalogue:
    """All causes of one tracker on one portfolio, smallest program first, and the tables of the search behind them."""

    tracker: str
    portfolio: str
    cpus: int
    devices: int
    lengths: tuple[Length, ...]
    labels: dict[str, dict[str, int]]
    entries: tuple[Entry, ...]

    @property
    def ops(self) -> int:
        """The number of operations up to which it is complete."""
        return len(self.lengths)

    def up_to(self, ops: int) -> Catalogue:
        """The causes with up to ``ops`` operations; the tables stay those of the whole search."""
        return replace(self, entries=tuple(entry for entry in self.entries if len(entry.program) <= ops))

    def topics(self) -> list[Lead[Entry]]:
        """A lead for each topic, in the order in which people read them."""
        return triaged(self.entries)

    def to_json(self) -> str:
        """An entry a line, so that a change of one is a change of one line."""
        head = {
            "tracker": self.tracker,
            "portfolio": self.portfolio,
            "cpus": self.cpus,
            "devices": self.devices,
            "lengths": [vars(length) for length in self.lengths],
            "labels": self.labels,
        }
        lines = [json.dumps(head)[:-1] + ', "entries": [']
        lines.append(",\n".join(json.dumps(_entry_fields(entry)) for entry in self.entries))
        lines.append("]}")
        return "\n".join(lines) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Catalogue:
        """Raises AttributeError, KeyError, TypeError or ValueError where the text is not what `to_json` makes."""
        data = json.loads(text)
        return cls(
            data["tracker"],
            data["portfolio"],
            data["cpus"],
            data["devices"],
            tuple(Length(**length) for length in data["lengths"]),
            data["labels"],
            tuple(_entry(fields) for fields in data["entries"]),
        )


def make(
    result: Result,
    core_tracker: str,
    members: Sequence[PlatformFile],
    progress: Callable[[int], object] = lambda _: None,
) -> Catalogue:
    """The catalogue of a search's result; ``progress`` is called for each signature that is done."""
    machines = [to_core(member) for member in members]
    judge = _core.Judge(core_tracker, machines)
    entries = tuple(_make_entry(cause, result, judge) for cause in causes(result.found, judge, progress))
    # In one order, whichever part of the search met a label first.
    labels = {
        platform: {label: result.labels[platform][label] for label in LABELS if label in result.labels[platform]}
        for platform in result.platforms
    }
    return Catalogue(
        result.tracker, result.portfolio, result.cpus, result.devices, tuple(result.lengths), labels, entries
    )


def _make_entry(cause: Reduced, result: Result, judge: _core.Judge) -> Entry:
    here = [shown.platforms for shown in judge.signatures(cause.ops) if Signature.of(shown) == cause.signature]
    return Entry(
        cause.signature,
        tuple(render_op(op) for op in cause.ops),
        result.platforms_of(here[0]),
        cause.count,
        cause.composite,
    )


def rejudge(catalogue: Catalogue) -> list[Entry]:
    """The entries that do not show any more what they are listed for, on the platforms that they are listed for."""
    from dmafuzz.trackers import resolve

    members = platforms.portfolio(catalogue.portfolio)
    judge = _core.Judge(resolve(catalogue.tracker).core, [to_core(member) for member in members])
    names = [member.name for member in members]
    wrong = []
    for entry in catalogue.entries:
        wanted = sum(1 << names.index(name) for name in entry.platforms)
        shown = {Signature.of(shown): shown.platforms for shown in judge.signatures(entry.ops)}
        if shown.get(entry.signature) != wanted:
            wrong.append(entry)
    return wrong


def counts_by_label(catalogue: Catalogue) -> Counter[str]:
    """How many causes there are of each label."""
    return Counter(entry.signature.label for entry in catalogue.entries)


def _entry_fields(entry: Entry) -> dict[str, Any]:
    return {
        "cause": entry.cause,
        "label": entry.signature.label,
        "kind": entry.signature.kind,
        "rules": list(entry.signature.rules),
        "reason": entry.signature.reason,
        "program": list(entry.program),
        "platforms": list(entry.platforms),
        "count": entry.count,
        "composite": entry.composite,
        "grade": grade_of(entry.triage_cause),
        "topic": {"id": entry.topic.id, "name": entry.topic.name, "change": entry.topic.change},
    }


def _entry(fields: dict[str, Any]) -> Entry:
    # Grade and topic are functions of the rest; what the file says of them is for its readers.
    signature = Signature(fields["label"], fields["kind"], tuple(fields["rules"]), fields["reason"])
    return Entry(
        signature,
        tuple(fields["program"]),
        tuple(fields["platforms"]),
        fields["count"],
        fields["composite"],
    )
