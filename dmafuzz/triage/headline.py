# SPDX-License-Identifier: GPL-2.0-only
"""What is shown of a lead: one thing to look at, in words and as data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dmafuzz.program import render_op

from .bench import Bench
from .everyday import everyday_form
from .repairs import repairs_of
from .titles import doing_of, effect_of, title_of
from .triaged import Lead



_PLAIN_PAGES = re.compile(r"cpu\d b\d+ = alloc pages \d+")


@dataclass(frozen=True)
class Headline:
    """A lead for people and for machines; ``platforms`` that were asked, ``program`` and ``everyday`` are lines.

    ``everyday`` is the same cause with sizes that drivers use, ``repair`` the first way out in words; both None where
    they were not looked for, or there is none.
    """

    lead: Lead[Any]
    platforms: int
    everyday: tuple[str, ...] | None = None
    repair: str | None = None

    @property
    def id(self) -> str:
        return str(self.lead.leader.cause)

    @property
    def title(self) -> str:
        return title_of(self.lead.leader.triage_cause)

    @property
    def doing(self) -> str:
        return doing_of(self.lead.leader.triage_cause)

    @property
    def program(self) -> tuple[str, ...]:
        return tuple(render_op(op) for op in self.lead.leader.triage_cause.ops)

    @property
    def shown(self) -> tuple[str, ...]:
        """The lines to show first."""
        return self.everyday or self.program

    @property
    def effect(self) -> str:
        """What comes of it, and where."""
        cause = self.lead.leader.triage_cause
        return f"{effect_of(cause)}: on {len(cause.shown_on)} of {self.platforms} platforms"

    def to_json(self) -> dict[str, Any]:
        cause, topic = self.lead.leader.triage_cause, self.lead.topic
        return {
            "id": self.id,
            "grade": str(self.lead.grade),
            "label": cause.label,
            "title": self.title,
            "topic": {"id": topic.id, "entry": topic.entry, "name": topic.name, "change": topic.change},
            "kinds": list(cause.kinds),
            "rules": list(cause.rules),
            "reason": cause.reason,
            "platforms": list(cause.shown_on),
            "platforms_asked": self.platforms,
            "program": list(self.program),
            "everyday": list(self.everyday) if self.everyday else None,
            "repair": self.repair,
            "causes": len(self.lead.causes),
            "folded": len(self.lead.folded),
            "new": self.lead.new,
        }


def compact(lines: Sequence[str]) -> str:
    """A program in one line: without the CPU where there is one, and without plain pages."""
    one_cpu = all(not line.startswith("cpu") or line.startswith("cpu0 ") for line in lines)
    shown = [line for line in lines if not _PLAIN_PAGES.fullmatch(line)]
    return "; ".join(line.removeprefix("cpu0 ") if one_cpu else line for line in shown)


def headlines_of(leads: Sequence[Lead[Any]], bench: Bench) -> list[Headline]:
    """The leads with their everyday forms and first repairs, where the tracker is none whose code may fail on them."""
    if bench.runs_kernel_code:
        return [Headline(lead, len(bench.names)) for lead in leads]
    return [_headline(lead, bench) for lead in leads]


def _headline(lead: Lead[Any], bench: Bench) -> Headline:
    cause = lead.leader.triage_cause
    everyday = everyday_form(cause, bench)
    lines = None if everyday is None else tuple(render_op(op) for op in everyday)
    ways = repairs_of(everyday or cause.ops, bench)
    return Headline(lead, len(bench.names), lines, ways[0].words if ways else None)
