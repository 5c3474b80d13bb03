# SPDX-License-Identifier: GPL-2.0-only
"""Things to look at, three lines each: what the program does, the program, what comes of it and the way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from dmafuzz.triage import GRADES, Grade, Lead
from dmafuzz.triage.headline import Headline, compact
from dmafuzz.verdicts.meanings import SPOKEN

from .layout import width_chars, wrapped

ID_CHARS = 8  # of a cause; any unique beginning is understood
REPAIRS_MAX = 3
_INDENT = " " * 6
_MORE = " ..."


def headline_lines(headlines: Sequence[Headline]) -> Iterator[str]:
    """Three lines each, none longer than a terminal is wide."""
    for number, headline in enumerate(headlines, 1):
        lead = headline.lead
        label = SPOKEN.get(lead.topic.label, lead.topic.label)
        mark = "new " if lead.new else ""
        yield _cut(f"{number:3}  {lead.grade} {mark}{label} {headline.id[:ID_CHARS]}  {headline.doing}")
        yield _cut(f"{_INDENT}{compact(headline.shown)}")
        confirmed = f"; {headline.confirmed[0]}" if headline.confirmed else ""
        repair = f"; {way_out(lead.grade)}: {headline.repairs[0].words}" if headline.repairs else ""
        yield _cut(f"{_INDENT}{headline.outcome}{confirmed}{repair}")


def thing_lines(headline: Headline) -> Iterator[str]:
    """One thing with all that is known of it besides its story."""
    lead, topic = headline.lead, headline.lead.topic
    cause = lead.leader.triage_cause
    yield from _wrapped(f"{headline.title}.")
    yield ""
    yield from _wrapped(f"{'cause':<10}{headline.id}, grade {lead.grade}: {GRADES[lead.grade]}")
    yield from _wrapped(f"{'topic':<10}{topic.id}: {topic.name}")
    if topic.change:
        yield from _wrapped(f"{'tracker':<10}would warn with the rule {topic.change} changed")
    yield from _wrapped(f"{'rules':<10}{', '.join(cause.rules) or 'none broken, the program keeps the contract'}")
    yield from _wrapped(f"{'shows':<10}{headline.outcome}")
    for said in headline.confirmed:
        yield from _wrapped(f"{'booted':<10}{said}")
    if headline.everyday is not None:
        yield ""
        yield "The smallest program with this cause; the story below is of one with sizes that drivers use:"
        yield from (f"    {line}" for line in headline.program)
    for number, repair in enumerate(headline.repairs[:REPAIRS_MAX]):
        yield ""
        yield from _wrapped(f"{'Or' if number else way_out(lead.grade).capitalize()}: {repair.words}")
        yield from (f"    {line}" for line in repair.diff)


def way_out(grade: Grade) -> str:
    """What a change of the program is called: nothing is to be repaired in a driver that is not at fault."""
    return "workaround" if grade == Grade.A else "repair"


def _wrapped(text: str) -> list[str]:
    return [line.text for line in wrapped("", text, hang=10)]


def grade_counts(leads: Sequence[Lead[Any]]) -> str:
    """ "2 of grade A, 12 of B", of topics."""
    counts = Counter(lead.grade for lead in leads)
    parts = [f"{counts[grade]:,} of {grade}" for grade in GRADES if counts[grade]]
    return ", ".join([f"{parts[0].split()[0]} of grade {parts[0].split()[-1]}", *parts[1:]]) if parts else "none"


def _cut(text: str) -> str:
    """As much of it as fits, up to a word."""
    if len(text) <= width_chars():
        return text
    return text[: width_chars() - len(_MORE)].rsplit(" ", 1)[0] + _MORE
