# SPDX-License-Identifier: GPL-2.0-only
"""The content of the page of a run: its headlines, and what all trackers make of the same programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from dmafuzz.program import Program
from dmafuzz.reporting.history import Row, row_of
from dmafuzz.verdicts.meanings import LABELS, SPOKEN

from .content import Bar, Finding, Headline, HeatMap, Run
from .sharing import by_owners

FIRST = 10
_HOTTEST = 3
# The trackers whose results stand side by side: some eras, and every proposal.
COMPARED = (
    "4.19", "5.15", "6.12", "7.2", "2011-reader-writer", "2016-from-device-only", "2020-rcu", "2021-different-regions",
    "full-range", "cache-alignment",
)  # fmt: skip


def run_of(title: str, subtitle: str, findings: Sequence[Finding], programs: Sequence[Program], command: str) -> Run:
    """The page of programs that are all that there is to look at, in their order. ``command`` judges them again."""
    headlines = [headline_of(number, finding) for number, finding in enumerate(findings, 1)]
    first = findings[0] if findings else None
    run = Run(
        title=title,
        subtitle=subtitle,
        tracker=first.tracker if first else "",
        portfolio=first.portfolio if first else "",
        causes=len(findings),
        topics=len(findings),
        grades=(),
        first=tuple(headlines[:FIRST]),
        rest=tuple(headlines[FIRST:]),
        findings=tuple(findings),
        platforms=platforms_of(first) if first else (),
        commands=(command,),
    )
    return with_trackers(
        run, [f"{number}. {finding.title}" for number, finding in enumerate(findings[:FIRST], 1)], programs[:FIRST]
    )


def headline_of(number: int, finding: Finding) -> Headline:
    """A finding in the list of a run."""
    by_platform = {platform: place.label for place in finding.places for platform in place.platforms}
    strip = tuple(_square(by_platform[platform], finding.label) for platform in platforms_of(finding))
    shown = sum(square != "none" for square in strip)
    rules = ", ".join(rule.rule for rule in finding.contract)
    return Headline(
        number=number,
        id=finding.id,
        grade=finding.grade,
        label=finding.label,
        title=finding.title,
        doing=finding.title,
        program="; ".join(line.text for line in finding.lines if not line.tidy_up),
        rules=f"breaks {rules}" if rules else "keeps the contract",
        more=0,
        strip=strip,
        where=f"{shown} of {len(strip)} platforms",
        repair=finding.ways_out[0].words if finding.ways_out else "",
        page=finding.page,
    )


def platforms_of(finding: Finding) -> tuple[str, ...]:
    """The platforms of a finding, by name."""
    return tuple(sorted(platform for place in finding.places for platform in place.platforms))


def _square(labels: str, wanted: str) -> str:
    """The label of a platform's square: the finding's own where it shows it."""
    return wanted if SPOKEN.get(wanted, wanted) in labels.split(", ") else "none"


def with_trackers(run: Run, names: Sequence[str], programs: Iterable[Program]) -> Run:
    """The run with what every compared tracker makes of these programs."""
    results = [{tracker: row_of(program, tracker) for tracker in COMPARED} for program in programs]
    if not results:
        return run
    all_rows = ((name, tuple(_heat(found[t]) for t in COMPARED)) for name, found in zip(names, results, strict=True))
    rows = tuple(row for row in all_rows if any(row[1]))
    return replace(
        run,
        labels=tuple(_bar(tracker, [found[tracker] for found in results]) for tracker in COMPARED),
        labels_aside="The programs above, judged by each tracker on all platforms of its time.",
        lacks=HeatMap(COMPARED, rows) if rows else None,
        lacks_aside="On how many platforms of its time each tracker lets data be lost in silence (FN), by program.",
    )


@dataclass(frozen=True)
class Catalogued:
    """What the complete catalogue of one tracker says: labels by number of programs and platforms, how many causes of
    silent loss each topic has, and what is lost: whatever tells these causes apart, but for the tracker's reason."""

    tracker: str
    labels: dict[str, int]
    lacking: dict[str, int]
    lost: frozenset[Hashable] = frozenset()


def with_catalogues(run: Run, catalogues: Sequence[Catalogued]) -> Run:
    """The run with complete catalogues side by side, in place of the results of its first programs."""
    most = Counter[str]()
    for each in catalogues:
        most.update(each.lacking)
    hottest = max((count for each in catalogues for count in each.lacking.values()), default=1)
    rows = tuple(
        (topic, tuple(_warmth(each.lacking.get(topic, 0), hottest) for each in catalogues))
        for topic, _ in most.most_common()
    )
    return replace(
        run,
        labels=tuple(
            Bar(each.tracker, tuple((label, each.labels[label]) for label in LABELS if each.labels.get(label)))
            for each in catalogues
        ),
        labels_aside="Every program of the catalogue on every platform of the tracker's portfolio.",
        lacks=HeatMap(tuple(each.tracker for each in catalogues), rows) if rows else None,
        lacks_aside="Causes of data lost in silence (FN), by what the tracker lacks.",
        shared=by_owners("causes", {each.tracker: each.lost for each in catalogues}),
        shared_title="Which causes trackers share",
        shared_aside="Causes of data lost in silence (FN), for whatever reason, by the trackers that are silent: "
        "behind each tracker how many, above each column how many only those with a dot miss.",
    )


def _warmth(count: int, hottest: int) -> tuple[int, int] | None:
    return (count, min(_HOTTEST, 1 + _HOTTEST * count // (hottest + 1))) if count else None


def _heat(result: Row) -> tuple[int, int] | None:
    return _warmth(dict(result.labels).get("FN", 0), result.platforms)


def _bar(tracker: str, results: Sequence[Row]) -> Bar:
    counts = Counter[str]()
    for result in results:
        counts.update(dict(result.labels))
    return Bar(tracker, tuple((label, counts[label]) for label in LABELS if counts[label]))
