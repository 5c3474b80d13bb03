# SPDX-License-Identifier: GPL-2.0-only
"""What there is to look at of a store's findings, from its index alone: packs are not read."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import overload

from dmafuzz.program import parse
from dmafuzz.triage import Cause, Grade, Lead, Topic
from dmafuzz.triage.triaged import Group, led_by

from .entries import StoredCause
from .index import FOLDED, Index
from .target import Target

_GRADES = {str(grade): grade for grade in Grade}


@dataclass(frozen=True)
class Filed:
    """A cause of a target, as triage looks at it."""

    stored: StoredCause
    target: Target

    @property
    def cause(self) -> str:
        return self.stored.cause

    @cached_property
    def triage_cause(self) -> Cause:
        each = self.stored
        shown_on = tuple(name for at, name in enumerate(self.target.platforms) if each.shown_bits >> at & 1)
        ops = parse(f"dmafuzz 1\n{each.text}\n").ops
        return Cause(each.label, each.kinds, each.rules, each.reason, tuple(ops), shown_on)


def leads_of(index: Index, target: Target, known: Container[Topic] | None = None) -> list[Lead[Filed]]:
    """As `dmafuzz.triage.triaged` of all of a target's findings."""
    topics: dict[tuple[str, str], Topic] = {}
    groups = []
    for label, short, kinds, rules, first, count in index.groups(target.key):
        topic = topics.get((label, short))
        if topic is None:
            topic = topics[label, short] = _topic(label, short)
        groups.append(
            Group(
                topic,
                tuple(kinds.split()),
                tuple(rules.split()),
                (first,),
                _GRADES[first[0]],
                first.split("\t")[1],
                count,
            )
        )
    return [
        Lead(led.topic, led.grade, _Filed(index, target, led.groups), _Filed(index, target, led.folded), led.new)
        for led in led_by(groups, known)
    ]


def _topic(label: str, short: str) -> Topic:
    name, _, entry = short.partition(":")
    return Topic(label, name, entry)


class _Filed(Sequence[Filed]):
    """The causes of some groups in order, read when they are asked for."""

    def __init__(self, index: Index, target: Target, groups: Sequence[Group]) -> None:
        self._index, self._target = index, target
        self._wanted = {(group.topic.label, group.kinds, group.rules) for group in groups}
        self._topics = list(dict.fromkeys((group.topic.label, group.topic.short) for group in groups))
        self._count = sum(group.size for group in groups)
        self._first: Filed | None = None  # the leader, which is asked for again and again

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Filed]:
        for each in self._index.of_topics(self._target.key, self._topics):
            kinds, rules = (each.kinds, each.rules) if each.label in FOLDED else ((), ())
            if (each.label, kinds, rules) in self._wanted:
                yield Filed(each, self._target)

    @overload
    def __getitem__(self, at: int) -> Filed: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Filed]: ...
    def __getitem__(self, at: int | slice) -> Filed | Sequence[Filed]:
        if isinstance(at, slice):
            return list(self)[at]
        place = range(self._count)[at]
        if place == 0 and self._first is not None:
            return self._first
        found = next(islice(self, place, None), None)
        if found is None:
            raise IndexError(at)
        if place == 0:
            self._first = found
        return found
