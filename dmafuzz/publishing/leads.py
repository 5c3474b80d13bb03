# SPDX-License-Identifier: GPL-2.0-only
"""The content of the page of a run: the leaders of its topics, in the order of triage, and a page for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dmafuzz.program import Program
from dmafuzz.triage import GRADES, Lead
from dmafuzz.triage.headline import Headline as Told
from dmafuzz.triage.headline import compact
from dmafuzz.verdicts import Judging

from .content import Finding, GradeCount, Growth, Headline, Run, WayOut
from .finding import WAYS_OUT_MAX, Known, finding_of
from .run import FIRST, with_trackers
from .sharing import by_platforms

_POINTS_MIN = 4  # of a line


@dataclass(frozen=True)
class Source:
    """Where findings come from: a store's name, a tracker, and the platforms that were asked. ``bench``: to judge them
    again; None where the tracker is no longer there. ``baseline``: leads say whether they are in one."""

    name: str
    tracker: str
    portfolio: str | None
    platforms: tuple[str, ...]
    bench: Judging | None
    baseline: bool = False

    def pages(
        self, told: Sequence[Told], watched: Callable[[Sequence[Told]], Iterable[Told]] = iter
    ) -> list[tuple[Finding, Program]]:
        """The content of the page of each headline; ``watched`` shows progress."""
        return [self._page(each) for each in watched(told)] if self.bench is not None else []

    def _page(self, told: Told) -> tuple[Finding, Program]:
        assert self.bench is not None
        cause = told.lead.leader.triage_cause
        program = Program(ops=tuple(told.ops))
        known = Known(
            id=told.id,
            title=told.title,
            label=cause.label,
            grade=str(told.lead.grade),
            topic=told.lead.topic.name,
            ways_out=tuple(WayOut(way.words, way.diff) for way in told.repairs[:WAYS_OUT_MAX]),
            smallest=told.program if told.everyday is not None else (),
            again=(f"dmafuzz show {told.id} {self.name}",),
            file=f"{told.id}.dma",
            known=not told.lead.new if self.baseline else None,
            confirmed=told.confirmed,
        )
        return finding_of(told.id, program, self.bench, self.platforms, known), program


def run_of_leads(
    source: Source,
    leads: Sequence[Lead[Any]],
    told: Sequence[Told],
    pages: Sequence[tuple[Finding, Program]],
    growth: Growth | None = None,
    shown: Mapping[tuple[str, tuple[str, ...]], int] | None = None,
) -> Run:
    """The page of a run; ``told`` are headlines of the first leads, ``pages`` what is written of them, ``shown`` how
    many causes of each label show on which platforms."""
    causes = sum(len(lead.causes) + len(lead.folded) for lead in leads)
    there = {finding.id: finding.page for finding, _ in pages}
    of_rest = (Told(lead, len(source.platforms)) for lead in leads[len(told) :])
    headlines = [_headline(number, each, source, there) for number, each in enumerate((*told, *of_rest), 1)]
    run = Run(
        title=f"{causes:,} cause{'' if causes == 1 else 's'}, and {len(leads):,} things to look at",
        subtitle=f"tracker {source.tracker} · {len(source.platforms)} platforms · {source.name}",
        tracker=source.tracker,
        portfolio=source.portfolio or "",
        causes=causes,
        topics=len(leads),
        grades=tuple(_grades(leads)),
        first=tuple(headlines[:FIRST]),
        rest=tuple(headlines[FIRST:]),
        findings=tuple(finding for finding, _ in pages),
        platforms=source.platforms,
        growth=growth,
        shared=by_platforms("FN", source.platforms, shown or {}),
        shared_title="Where data is lost in silence",
        shared_aside="Causes of data lost in silence (FN), by the platforms that show them: behind each platform how "
        "many it shows, above each column how many show on just the platforms with a dot.",
        commands=(f"dmafuzz top {source.name} -n {max(len(leads), 1)}", f"dmafuzz show ID {source.name}"),
    )
    compared = [program for _, program in pages[:FIRST]]
    return with_trackers(run, [f"{h.number}. {h.title}" for h in headlines[: len(compared)]], compared)


def growth_of(found: Sequence[float], runs: Sequence[tuple[float, float]]) -> Growth | None:
    """Causes over time of searching, from when each was filed, and when runs began and how long they took (s).

    None where there are too few times for a line.
    """
    seconds = sorted(filter(None, (_searched(at, runs) for at in found)))
    if not seconds or not runs:
        return None
    counts = Counter(round(second, 1) for second in seconds)
    total, points = 0, [(0.0, 0)]
    for second in sorted(counts):
        total += counts[second]
        points.append((second, total))
    if len(points) < _POINTS_MIN:
        return None
    return Growth(tuple(second for second, _ in points), tuple(count for _, count in points), ())


def _searched(at: float, runs: Sequence[tuple[float, float]]) -> float | None:
    """How long had been searched at a time; None: before any run."""
    before = 0.0
    found = None
    for start, seconds in sorted(runs):
        if start > at:
            break
        found = before + at - start
        before += seconds
    return found


def _grades(leads: Sequence[Lead[Any]]) -> Iterator[GradeCount]:
    for grade, meaning in GRADES.items():
        of_grade = [lead for lead in leads if lead.grade == grade]
        if of_grade:
            causes = sum(len(lead.causes) + len(lead.folded) for lead in of_grade)
            yield GradeCount(str(grade), len(of_grade), causes, meaning)


def _headline(number: int, told: Told, source: Source, pages: dict[str, str]) -> Headline:
    cause, lead = told.lead.leader.triage_cause, told.lead
    rules = ", ".join(cause.rules)
    return Headline(
        number=number,
        id=told.id,
        grade=str(lead.grade),
        label=cause.label,
        title=told.title,
        doing=told.doing,
        program=compact(told.shown),
        rules=f"{', '.join(cause.kinds)} · {f'breaks {rules}' if rules else 'keeps the contract'}",
        more=len(lead.causes) + len(lead.folded) - 1,
        strip=tuple(cause.label if name in told.shown_on else "none" for name in source.platforms),
        where=told.where,
        repair=told.repairs[0].words if told.repairs else "",
        page=pages.get(told.id, ""),
        new=lead.new,
    )
