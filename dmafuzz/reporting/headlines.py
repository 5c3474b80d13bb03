# SPDX-License-Identifier: GPL-2.0-only
"""Things to look at, three lines each: what the program does, the program, what comes of it and the way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from dmafuzz.triage import GRADES, Lead
from dmafuzz.triage.headline import Headline, compact
from dmafuzz.triage.triaged import HasCause
from dmafuzz.verdicts.meanings import SPOKEN

from .layout import WIDTH_CHARS

ID_CHARS = 8  # of a cause; any unique beginning is understood
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
        repair = f"; repair: {headline.repair}" if headline.repair else ""
        yield _cut(f"{_INDENT}{headline.effect}{repair}")


def grade_counts(leads: Sequence[Lead[HasCause]]) -> str:
    """ "2 of grade A, 12 of B", of topics."""
    counts = Counter(lead.grade for lead in leads)
    parts = [f"{counts[grade]:,} of {grade}" for grade in GRADES if counts[grade]]
    return ", ".join([f"{parts[0].split()[0]} of grade {parts[0].split()[-1]}", *parts[1:]]) if parts else "none"


def _cut(text: str) -> str:
    """As much of it as fits, up to a word."""
    if len(text) <= WIDTH_CHARS:
        return text
    return text[: WIDTH_CHARS - len(_MORE)].rsplit(" ", 1)[0] + _MORE
