# SPDX-License-Identifier: GPL-2.0-only
"""What a campaign has come to, as Markdown for the page of a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dmafuzz.campaign.status import Standing
from dmafuzz.findings import Finding
from dmafuzz.triage import GRADES, Lead
from dmafuzz.triage.titles import title_of

SHOWN_MAX = 50
_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|#"})


@dataclass(frozen=True)
class Verdict:
    """``new``: a lead for each topic with something that the base lacks; ``lost``: topics (tracker, name) of the base
    that were not seen; ``failing``: the grades of which anything new fails the change."""

    new: Sequence[Lead[Finding]]
    lost: Sequence[tuple[str, str]]
    failing: str
    faults: Sequence[str] = ()

    @property
    def fails(self) -> bool:
        return any(str(lead.grade) in self.failing for lead in self.new)


def markdown_of(verdict: Verdict, rows: Sequence[Standing]) -> str:
    return "\n".join(_lines(verdict, rows)) + "\n"


def _lines(verdict: Verdict, rows: Sequence[Standing]) -> Iterator[str]:
    failing = [lead for lead in verdict.new if str(lead.grade) in verdict.failing]
    programs = sum(row.programs for row in rows)
    answer = f"{len(failing):,} new topics of grade {verdict.failing}" if failing else "nothing new that counts"
    yield from (f"# dmafuzz: {answer}", "")
    seconds = sum(row.seconds for row in rows)
    yield f"{programs:,} programs in {seconds:,.0f} s of searching; {len(verdict.new):,} topics are not in the base."
    yield from (f"**{_plain(fault)}**" for fault in verdict.faults)
    if verdict.new:
        yield from ("", "| grade | tracker | cause | what | causes | platforms |", "|---|---|---|---|---|---|")
        yield from map(_row, verdict.new[:SHOWN_MAX])
        if len(verdict.new) > SHOWN_MAX:
            yield f"| | | | and {len(verdict.new) - SHOWN_MAX:,} more | | |"
        yield ""
        yield from (f"- {grade}: {meaning}" for grade, meaning in GRADES.items())
        yield ""
        for lead in failing[:SHOWN_MAX]:
            yield from (f"## {_plain(title_of(lead.leader.triage_cause))}", "", "```", lead.leader.text, "```", "")
    if verdict.lost:
        yield from ("", f"Not seen this time, of the base: {len(verdict.lost):,} topics.")
    yield from ("", "| target | slices | programs | causes |", "|---|---|---|---|")
    for row in rows:
        causes = ", ".join(f"{count:,} {label}" for label, count in sorted(row.causes.items())) or "none"
        yield f"| {_plain(row.table.tracker)} | {row.slices:,} | {row.programs:,} | {causes} |"


def _row(lead: Lead[Finding]) -> str:
    leader = lead.leader
    what = _plain(title_of(leader.triage_cause))
    where = len(leader.shown_on)
    return f"| {lead.grade} | {_plain(leader.tracker)} | {leader.cause} | {what} | {len(lead.causes):,} | {where} |"


def _plain(text: str) -> str:
    return " ".join(text.translate(_SPECIAL).split())
