# SPDX-License-Identifier: GPL-2.0-only
"""What is shown of a lead: one thing to look at, in words and as data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dmafuzz import _core
from dmafuzz.program import render_op

from .bench import Bench
from .everyday import EverydayForm, everyday_form
from .repairs import Repair, repairs_of
from .titles import doing_of, outcome_of, title_of
from .triaged import Lead

_PLAIN_PAGES = re.compile(r"cpu\d b\d+ = alloc pages \d+")


@dataclass(frozen=True)
class Headline:
    """A lead for people and for machines; ``platforms``: how many were asked.

    ``everyday`` is the same cause with sizes that drivers use, ``repairs`` the ways out of it; None and () where they
    were not looked for, or there are none.
    """

    lead: Lead[Any]
    platforms: int
    everyday: EverydayForm | None = None
    repairs: tuple[Repair, ...] = ()
    confirmed: tuple[str, ...] = ()  # what booted kernels have said, in sentences

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
        return _lines(self.lead.leader.triage_cause.ops)

    @property
    def ops(self) -> tuple[_core.Op, ...]:
        """The program to show first."""
        ops: tuple[_core.Op, ...] = self.lead.leader.triage_cause.ops
        return ops if self.everyday is None else self.everyday.ops

    @property
    def shown(self) -> tuple[str, ...]:
        """Its lines."""
        return _lines(self.ops)

    @property
    def shown_on(self) -> tuple[str, ...]:
        """The platforms on which what is shown first shows the cause."""
        on: tuple[str, ...] = self.lead.leader.triage_cause.shown_on
        return on if self.everyday is None else self.everyday.shown_on

    @property
    def where(self) -> str:
        """How many platforms these are; and of the smallest program, where that shows on more."""
        smallest = len(self.lead.leader.triage_cause.shown_on)
        where = f"{len(self.shown_on)} of {self.platforms} platforms"
        return where if smallest <= len(self.shown_on) else f"{where} (smallest: {smallest})"

    @property
    def outcome(self) -> str:
        """What comes of it in a few words, and where, of what is shown first."""
        return f"{outcome_of(self.lead.leader.triage_cause)} on {self.where}"

    def to_json(self) -> dict[str, Any]:
        cause, topic = self.lead.leader.triage_cause, self.lead.topic
        return {
            "id": self.id,
            "grade": str(self.lead.grade),
            "label": cause.label,
            "title": self.title,
            "topic": topic.to_json(),
            "kinds": list(cause.kinds),
            "rules": list(cause.rules),
            "reason": cause.reason,
            "platforms": list(cause.shown_on),
            "platforms_asked": self.platforms,
            "program": list(self.program),
            "everyday": _form_to_json(self.everyday),
            "repairs": [repair.to_json() for repair in self.repairs],
            "causes": len(self.lead.causes),
            "folded": len(self.lead.folded),
            "new": self.lead.new,
            "confirmed": list(self.confirmed),
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
    repairs = repairs_of(cause.ops if everyday is None else everyday.ops, bench)
    return Headline(lead, len(bench.names), everyday, tuple(repairs))


def _lines(ops: Sequence[_core.Op]) -> tuple[str, ...]:
    return tuple(render_op(op) for op in ops)


def _form_to_json(form: EverydayForm | None) -> dict[str, Any] | None:
    return None if form is None else {"program": list(_lines(form.ops)), "platforms": list(form.shown_on)}
