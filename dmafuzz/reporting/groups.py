# SPDX-License-Identifier: GPL-2.0-only
"""Platforms whose judgements read the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dmafuzz.program import render_op
from dmafuzz.verdicts.judgement import Judgement
from dmafuzz.verdicts.meanings import LABELS


@dataclass(frozen=True)
class Group:
    """Judgements that differ in their platforms only, in what ``summary`` shows."""

    judgements: tuple[Judgement, ...]

    @property
    def first(self) -> Judgement:
        """The one that stands for all."""
        return self.judgements[0]

    @property
    def platforms(self) -> tuple[str, ...]:
        """Their names, in the order in which they were judged."""
        return tuple(judgement.platform for judgement in self.judgements)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, what has to be looked at first in front."""
        return tuple(label for label in LABELS if label in self.first.labels)


def grouped(judgements: Iterable[Judgement]) -> list[Group]:
    """The groups, by their first label in the order of LABELS; among these the larger ones first."""
    by_summary: dict[object, list[Judgement]] = {}
    for judgement in judgements:
        by_summary.setdefault(summary(judgement), []).append(judgement)
    groups = [Group(tuple(members)) for members in by_summary.values()]
    order = list(LABELS)
    return sorted(groups, key=lambda g: (order.index(g.labels[0]), -len(g.judgements)))


def summary(judgement: Judgement) -> object:
    """What a group's line shows: labels, kinds with their operations, failed maps and tidy-up."""
    return (
        judgement.labels,
        tuple(dict.fromkeys((c.op, c.kind, c.explained) for c in judgement.corruptions)),
        tuple(dict.fromkeys((w.op, w.id, w.justification) for w in judgement.warnings)),
        tuple(dict.fromkeys((h.op, h.kind) for h in judgement.harms)),
        judgement.failed,
        tidy_up(judgement),
    )


def tidy_up(judgement: Judgement) -> tuple[str, ...]:
    """The lines of the operations that come after the program's own."""
    return tuple(render_op(op) for op in judgement.ops[judgement.program_ops :])
