# SPDX-License-Identifier: GPL-2.0-only
"""What a run has come to, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dmafuzz.findings.finding import LABELS
from dmafuzz.store import shown_path
from dmafuzz.triage import GRADES, Lead
from dmafuzz.triage.headline import Headline
from dmafuzz.verdicts.meanings import SPOKEN

from .headlines import grade_counts, headline_lines

if TYPE_CHECKING:
    from dmafuzz.fuzzing.plan import Plan
    from dmafuzz.fuzzing.summary import Summary

TOP = 10  # things shown at the end of a run
SCHEMA = 1


def summary_lines(plan: Plan, summary: Summary) -> Iterator[str]:
    """Figures, and how many causes."""
    rate = summary.programs / summary.seconds if summary.seconds else 0.0
    how = "interrupted after" if summary.interrupted else "in"
    speed = f"{how} {summary.seconds:.0f} s ({rate:,.0f} a second)"
    yield f"{summary.programs:,} programs {speed}, coverage {summary.coverage}"
    if summary.waiting:
        what = f"{summary.waiting:,} novel programs"
        yield f"{what} still wait to be judged on every platform; a second run goes on with them"
    for path in summary.quarantined:
        yield f"a worker died on {shown_path(path)}"
    if summary.unreplayed:
        yield f"{summary.unreplayed:,} reports have not been replayed yet; a second run goes on with them"
    if summary.changed:
        yield f"{summary.changed:,} findings of another build of dmafuzz do not show with this one: changed by dmafuzz"
    if summary.unconfirmed:
        folder = shown_path(plan.out / "unconfirmed")
        yield f"{summary.unconfirmed} reports did not show when replayed; they are in {folder}: a bug of dmafuzz"
    yield from _causes(summary)


def things_lines(plan: Plan, leads: Sequence[Lead[Any]], headlines: Sequence[Headline]) -> Iterator[str]:
    """Counts by grade, the things to look at first, and where the rest is."""
    if not leads:
        return
    yield ""
    yield f"{len(leads):,} topics: {grade_counts(leads)} (A: the driver is not at fault; E: two faults or a race)"
    yield from headline_lines(headlines)
    yield ""
    where = "" if plan.out == Path("findings") else f" {shown_path(plan.out)}"
    yield f"More: dmafuzz top{where} -n {len(leads)}; one of them in full: dmafuzz show ID{where}"


def summary_record(
    plan: Plan, summary: Summary, leads: Sequence[Lead[Any]], headlines: Sequence[Headline]
) -> dict[str, Any]:
    """The same for json.dumps: ``seconds`` of searching, causes by label, topics by grade, what to look at first."""
    grades = Counter(str(lead.grade) for lead in leads)
    return {
        "schema": SCHEMA,
        "tracker": plan.tracker,
        "portfolio": plan.portfolio,
        "platforms": list(plan.platforms),
        "engine": plan.engine,
        "out": str(plan.out),
        "interrupted": summary.interrupted,
        "seconds": round(summary.seconds, 3),
        "programs": summary.programs,
        "coverage": summary.coverage,
        "corpus": summary.corpus,
        "waiting": summary.waiting,
        "restarts": summary.restarts,
        "quarantined": [str(path) for path in summary.quarantined],
        "unconfirmed": summary.unconfirmed,
        "changed": summary.changed,
        "unreplayed": summary.unreplayed,
        "causes": {label: summary.causes[label] for label in LABELS if summary.causes[label]},
        "new": {label: summary.new[label] for label in LABELS if summary.new[label]},
        "topics": {str(grade): grades[str(grade)] for grade in GRADES if grades[str(grade)]},
        "first": [headline.to_json() for headline in headlines],
    }


def _causes(summary: Summary) -> Iterator[str]:
    """How many causes there are, and how many of them were there before."""
    labels = [label for label in LABELS if summary.causes[label]]
    counts = ", ".join(f"{summary.causes[label]:,} of {SPOKEN.get(label, label)}" for label in labels)
    total = sum(summary.causes.values())
    earlier = total - sum(summary.new.values())
    yield f"{total:,} causes{f': {counts}' if counts else ''}{f'; {earlier:,} from earlier runs' if earlier else ''}"
