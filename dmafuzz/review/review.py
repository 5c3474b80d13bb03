# SPDX-License-Identifier: GPL-2.0-only
"""The review of a change to dma-debug: all that its report says, before it is rendered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dmafuzz import platforms
from dmafuzz.exhaustive import PairPlan
from dmafuzz.exhaustive.progress import Bar
from dmafuzz.exhaustive.side_by_side import Moves

from .changes import ChangedCause, TopicChange, by_topic
from .costs import Costs, costs
from .exact import Exact, exact
from .hunting import Hunted, Known, corpus_programs, hunt
from .sides import Sides
from .verdict import sentence


@dataclass(frozen=True)
class Scope:
    """How much is looked at: all programs of up to ``ops`` operations, then those of ``corpus`` (None: the checkout's),
    and mutants of these until ``seconds`` have passed. The same result each time only with 0 seconds."""

    ops: int = 3
    seconds: float = 10.0
    seed: int = 0
    jobs: int = 1
    corpus: Path | None = None


@dataclass(frozen=True)
class Review:
    """``moves``: by platform, programs of the alphabet by their labels under the first tracker and under the second;
    ``topics``: what has changed, gravest first, of the complete part and beyond."""

    sides: Sides
    scope: Scope
    platforms: tuple[str, ...]
    programs: int
    moves: dict[str, Moves]
    topics: tuple[TopicChange, ...]
    hunted: Hunted
    costs: Costs | None

    @property
    def causes(self) -> list[ChangedCause]:
        return [cause for topic in self.topics for cause in topic.causes]

    @property
    def worse(self) -> bool:
        """Is there anything that a maintainer has to know before the change is taken?"""
        return any(topic.effect.worse for topic in self.topics)

    @property
    def sentence(self) -> str:
        return sentence(self.sides.first.name, self.sides.second.name, self.causes, self.costs)


def review(sides: Sides, scope: Scope, bar: Bar, hunting: Callable[[float, int], object]) -> Review:
    """Goes through all of it. ``hunting`` is told the seconds of the hunt that have passed, and what was found.

    Raises PlatformError for an unknown portfolio, ProgramError for a program of the corpus that cannot be read.
    """
    members = tuple(platforms.portfolio(sides.portfolio))
    jobs = scope.jobs if sides.threads else 1
    plan = PairPlan(*sides.core, sides.portfolio, members, scope.ops, jobs=jobs)
    complete = exact(plan, bar)
    bar.end()
    corpus = list(corpus_programs(scope.corpus))
    hunted = hunt(sides.core, members, corpus, scope.seconds, scope.seed, _known(complete), hunting)
    causes = (*complete.causes, *hunted.causes)
    return Review(
        sides,
        scope,
        tuple(member.name for member in members),
        complete.programs,
        complete.seen.moves,
        tuple(by_topic(causes, complete.on_platform)),
        hunted,
        costs(sides.core, members[0]),
    )


def _known(complete: Exact) -> Known:
    """What the complete part has: the hunt tells nothing twice."""
    seen = complete.seen
    return {(True, s) for s in seen.gained} | {(False, s) for s in seen.ended}
