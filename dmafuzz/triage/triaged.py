# SPDX-License-Identifier: GPL-2.0-only
"""Causes put into the order in which people read them: a lead for each topic, what is more of it behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, Protocol, TypeVar

from .cause import Cause
from .grade import Grade, grade_of
from .order import Order, order_of, text_of
from .topic import Topic, topic_of
from .uses import IN_THE_TREE, Uses


class HasCause(Protocol):
    """A finding, or an entry of a catalogue or of a store."""

    @property
    def triage_cause(self) -> Cause: ...


Item = TypeVar("Item", bound=HasCause)


@dataclass(frozen=True)
class Lead(Generic[Item]):
    """One thing to look at: a topic, and its causes in order; the first of them stands for it.

    ``folded`` are hazards whose check and rules the topic, one of false positives, has shown already; ``new``: the
    topic is not in the baseline.
    """

    topic: Topic
    grade: Grade
    causes: Sequence[Item]
    folded: Sequence[Item] = ()
    new: bool = False

    @property
    def leader(self) -> Item:
        return self.causes[0]


class Group(NamedTuple):
    """The causes of one topic, with the same kinds and rules: what folding cannot tell apart.

    ``order``: that of the first of them, comparable among all groups; ``grade`` and ``program``: the first's; ``size``:
    how many.
    """

    topic: Topic
    kinds: tuple[str, ...]
    rules: tuple[str, ...]
    order: tuple[int | str, ...]
    grade: Grade
    program: str
    size: int


@dataclass(frozen=True)
class Led:
    """A lead, as the groups that it is made of; the first of ``groups`` has its leader."""

    groups: tuple[Group, ...]
    folded: tuple[Group, ...]
    new: bool

    @property
    def topic(self) -> Topic:
        return self.groups[0].topic

    @property
    def grade(self) -> Grade:
        return self.groups[0].grade


def topic_of_cause(cause: Cause) -> Topic:
    return topic_of(cause.label, cause.kinds, cause.rules, cause.reason)


def triaged(items: Iterable[Item], known: Container[Topic] | None = None, uses: Uses = IN_THE_TREE) -> list[Lead[Item]]:
    """A lead for each topic, in order; ``known`` are the topics of the baseline: what is new comes first in its grade.
    ``uses``: what is everyday.

    The same whatever the order of ``items``.
    """
    ranked = sorted(((order_of(item.triage_cause, uses), item) for item in items), key=lambda pair: pair[0])
    members: dict[tuple[Topic, tuple[str, ...], tuple[str, ...]], list[tuple[Order, Item]]] = defaultdict(list)
    for order, item in ranked:
        cause = item.triage_cause
        members[topic_of_cause(cause), cause.kinds, cause.rules].append((order, item))
    groups = [_group(key, here) for key, here in members.items()]

    def in_order(of: Iterable[Group]) -> tuple[Item, ...]:
        pairs = (pair for group in of for pair in members[group.topic, group.kinds, group.rules])
        return tuple(item for _, item in sorted(pairs, key=lambda pair: pair[0]))

    return [
        Lead(led.topic, led.grade, in_order(led.groups), in_order(led.folded), led.new) for led in led_by(groups, known)
    ]


def _group(key: tuple[Topic, tuple[str, ...], tuple[str, ...]], here: Sequence[tuple[Order, HasCause]]) -> Group:
    order, first = here[0]
    return Group(*key, order, grade_of(first.triage_cause), text_of(first.triage_cause.ops), len(here))


def led_by(groups: Iterable[Group], known: Container[Topic] | None = None) -> list[Led]:
    """The leads that groups of causes make, in order.

    Hazards whose check and rules a false positive has are folded, and so is a false positive whose program one of the
    same check has shown already: the check used two entries there.
    """
    ranked = sorted(groups, key=lambda group: group.order)
    spurious = _spurious(ranked)
    members: dict[Topic, list[Group]] = defaultdict(list)
    folded: dict[Topic, list[Group]] = defaultdict(list)
    for group in ranked:
        under = _folded_under(group, spurious)
        if under is None:
            members[group.topic].append(group)
        else:
            folded[under].append(group)
    leads = [
        Led(tuple(of), tuple(folded[topic]), known is not None and topic not in known) for topic, of in members.items()
    ]
    return list(_without_repeats(sorted(leads, key=lambda led: (led.grade, not led.new, led.groups[0].order))))


def _without_repeats(leads: Iterable[Led]) -> Iterator[Led]:
    shown: dict[tuple[str, str, str, str], Led] = {}
    for led in leads:
        entry = "" if led.topic.label == "FP" else led.topic.entry
        key = (led.topic.label, led.topic.id, entry, led.groups[0].program)
        first = shown.get(key)
        shown[key] = led if first is None else replace(first, folded=(*first.folded, *led.groups, *led.folded))
    yield from shown.values()


def _spurious(ranked: Iterable[Group]) -> Mapping[tuple[str, tuple[str, ...]], Topic]:
    """The topic of the first false positive of each check and rules."""
    found: dict[tuple[str, tuple[str, ...]], Topic] = {}
    for group in ranked:
        for kind in group.kinds if group.topic.label == "FP" else ():
            found.setdefault((kind, group.rules), group.topic)
    return found


def _folded_under(group: Group, spurious: Mapping[tuple[str, tuple[str, ...]], Topic]) -> Topic | None:
    return spurious.get((group.kinds[0], group.rules)) if group.topic.label == "hazard" else None
