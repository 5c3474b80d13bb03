# SPDX-License-Identifier: GPL-2.0-only
"""Causes put into the order in which people read them: a lead for each topic, what is more of it behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from .cause import Cause
from .grade import Grade, grade_of
from .order import Order, order_of
from .topic import Topic, topic_of
from .uses import IN_THE_TREE, Uses


class HasCause(Protocol):
    """A finding, or an entry of a catalogue."""

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
    causes: tuple[Item, ...]
    folded: tuple[Item, ...] = ()
    new: bool = False

    @property
    def leader(self) -> Item:
        return self.causes[0]


def topic_of_cause(cause: Cause) -> Topic:
    return topic_of(cause.label, cause.kinds, cause.rules, cause.reason)


def triaged(items: Iterable[Item], known: Container[Topic] | None = None, uses: Uses = IN_THE_TREE) -> list[Lead[Item]]:
    """A lead for each topic, in order; ``known`` are the topics of the baseline: what is new comes first in its grade.
    ``uses``: what is everyday.

    The same whatever the order of ``items``.
    """
    ranked = sorted(((order_of(item.triage_cause, uses), item) for item in items), key=lambda pair: pair[0])
    spurious = _spurious(item.triage_cause for _, item in ranked)
    members: dict[Topic, list[tuple[Order, Item]]] = defaultdict(list)
    folded: dict[Topic, list[Item]] = defaultdict(list)
    for order, item in ranked:
        under = _folded_under(item.triage_cause, spurious)
        if under is None:
            members[topic_of_cause(item.triage_cause)].append((order, item))
        else:
            folded[under].append(item)
    leads = []
    for topic, causes in members.items():
        order, leader = causes[0]
        items_of = tuple(item for _, item in causes)
        new = known is not None and topic not in known
        lead = Lead(topic, grade_of(leader.triage_cause), items_of, tuple(folded[topic]), new)
        leads.append(((lead.grade, not new, order), lead))
    return [lead for _, lead in sorted(leads, key=lambda pair: pair[0])]


def _spurious(causes: Iterable[Cause]) -> dict[tuple[str, tuple[str, ...]], Topic]:
    """The topic of the first false positive of each check and rules."""
    found: dict[tuple[str, tuple[str, ...]], Topic] = {}
    for cause in causes:
        for kind in cause.kinds if cause.label == "FP" else ():
            found.setdefault((kind, cause.rules), topic_of_cause(cause))
    return found


def _folded_under(cause: Cause, spurious: dict[tuple[str, tuple[str, ...]], Topic]) -> Topic | None:
    return spurious.get((cause.kinds[0], cause.rules)) if cause.label == "hazard" else None
