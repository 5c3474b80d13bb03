# SPDX-License-Identifier: GPL-2.0-only
"""The figures of a target, each declared once: status, page, JSON and reports take them from here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dmafuzz.campaign.status import Standing
from dmafuzz.estimates import Unseen, unseen
from dmafuzz.store import Store
from dmafuzz.store.index import TopicFacts

Value: TypeAlias = float | int | dict[str, int] | dict[str, float] | None
RECENT_S = 3_600.0
DAY_S = 86_400.0


@dataclass(frozen=True)
class TargetState:
    """What the figures of a target are made from. ``now``: Unix time."""

    standing: Standing
    topics: Sequence[TopicFacts]
    now: float

    @property
    def unseen(self) -> Unseen:
        return unseen([topic.places for topic in self.topics])

    @property
    def recent_rate(self) -> float | None:
        """Programs a second of the slices that have ended within the hour before the last one did."""
        ended = [run for run in self.standing.runs if run.ended and run.seconds > 0]
        last = max((run.at for run in ended), default=0.0)
        recent = [run for run in ended if run.at > last - RECENT_S]
        seconds = sum(run.seconds for run in recent)
        return sum(run.programs for run in recent) / seconds if seconds else None


@dataclass(frozen=True)
class Figure:
    """``name`` as in JSON; ``title`` for people; ``unit``; what it ``means``."""

    name: str
    title: str
    unit: str
    means: str
    of: Callable[[TargetState], Value]

    def words(self, state: TargetState) -> str:
        """The value for people, with its unit."""
        value = self.of(state)
        if value is None:
            return "-"
        if isinstance(value, dict):
            return ", ".join(f"{_number(count)} {name}" for name, count in value.items()) or "none"
        return f"{_number(value)} {self.unit}".rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if isinstance(value, int) or value >= 100 or value == int(value) else f"{value:,.1f}"


def _grades(state: TargetState) -> dict[str, int]:
    found: Counter[str] = Counter()
    for topic in state.topics:
        for grade, count in topic.grades.items():
            found[grade] += count
    return dict(sorted(found.items()))


def _topic_grades(state: TargetState) -> dict[str, int]:
    return dict(sorted(Counter(topic.grade for topic in state.topics).items()))


def _last_new(state: TargetState) -> float | None:
    times = [topic.first for topic in state.topics if topic.first is not None]
    return round(state.now - max(times), 1) if times else None


def _new_today(state: TargetState) -> int:
    return sum(topic.first is not None and state.now - topic.first < DAY_S for topic in state.topics)


def _latest(state: TargetState, name: str) -> int | None:
    ended = [run for run in state.standing.runs if run.ended]
    return int(getattr(max(ended, key=lambda run: run.at), name)) if ended else None


def _left(state: TargetState) -> dict[str, float]:
    found = state.unseen
    return {"topics": round(found.left, 1), "at least": round(found.low, 1), "at most": round(min(found.high, 1e9), 1)}


FIGURES = (
    Figure("slices", "slices", "", "slices that have ended", lambda state: state.standing.slices),
    Figure("seconds", "searched", "s", "time that workers have searched",
           lambda state: round(state.standing.seconds, 1)),
    Figure("programs", "programs", "", "programs judged", lambda state: state.standing.programs),
    Figure("programs_per_second", "speed", "programs/s",
           "programs judged a second by one worker, of the last hour's slices",
           lambda state: state.recent_rate),
    Figure("coverage", "coverage", "cells", "cells of the coverage map that the last slice has reached",
           lambda state: _latest(state, "coverage")),
    Figure("causes", "causes", "", "causes by label", lambda state: dict(sorted(state.standing.causes.items()))),
    Figure("causes_by_grade", "by grade", "", "causes by grade", _grades),
    Figure("topics_by_grade", "topics", "", "topics by the grade of their first cause", _topic_grades),
    Figure("topics_new_today", "new today", "topics", "topics that were first seen within a day", _new_today),
    Figure("last_new_topic_age", "last new topic", "s ago", "how long no new topic has been seen", _last_new),
    Figure("waiting", "waiting", "programs",
           "novel programs that the last slice did not get to judge on every platform",
           lambda state: _latest(state, "waiting")),
    Figure("topics_left", "left to find", "",
           "topics not seen yet: an estimate from below, with its interval of 95 % (Chao 1987)", _left),
)  # fmt: skip


def states(rows: Sequence[Standing], store: Store, now: float) -> list[TargetState]:
    """Of each target of a campaign."""
    return [TargetState(row, store.topic_facts(row.target), now) for row in rows]


def figures_json(state: TargetState) -> Mapping[str, Value]:
    """All figures of a target, by name."""
    return {figure.name: figure.of(state) for figure in FIGURES}
