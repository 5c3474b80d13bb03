# SPDX-License-Identifier: GPL-2.0-only
"""What a finding is, and its file: a program of the language that re-judges itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

from dmafuzz import _core, platforms
from dmafuzz.program import Expect, Program, render, render_op
from dmafuzz.program.expect import writable_tracker
from dmafuzz.trackers import default_portfolio
from dmafuzz.triage import Cause, Topic, grade_of, topic_of
from dmafuzz.verdicts.meanings import reason_words

BROKEN = "broken"  # the tracker itself crashed
LABELS = (BROKEN, "FN", "FP", "hazard")
_OF_THE_CAUSE = ("ops", "triage_cause", "text", "cause")


@dataclass(frozen=True)
class RawFinding:
    """What a worker's engine reports: a minimal program, and one kind that it shows on one platform."""

    label: str
    kind: str
    platform: str
    rules: tuple[str, ...]
    records: bytes
    reason: str

    @cached_property
    def ops(self) -> tuple[_core.Op, ...]:
        return tuple(_core.decode(self.records))


@dataclass(frozen=True)
class Finding:
    """A minimal program and what it shows, judged anew on the whole portfolio: a function of its cause alone.

    ``label`` is FN, FP, hazard, or broken where the tracker itself crashed; ``rules`` are the contract's rules that it
    breaks, ``reason`` is the tracker's (`_core.reasons`); ``kinds`` are corruption kinds of an FN, warning ids of the
    others, over all platforms where it shows the label with these rules and for that reason, ``shown_on``.
    ``outcomes`` are the labels of every platform of the portfolio. ``modality`` says in how many of its schedules the
    label shows; None where there is one. ``minimal`` says what the exhaustive search knows of smaller programs; None:
    it was not asked.
    """

    label: str
    kinds: tuple[str, ...]
    rules: tuple[str, ...]
    tracker: str
    records: bytes
    outcomes: tuple[tuple[str, tuple[str, ...]], ...]
    reason: str
    shown_on: tuple[str, ...]
    portfolio: str | None = None
    modality: str | None = None
    minimal: str | None = None

    @cached_property
    def ops(self) -> tuple[_core.Op, ...]:
        return tuple(_core.decode(self.records))

    @property
    def topic(self) -> Topic:
        return topic_of(self.label, self.kinds, self.rules, self.reason)

    @cached_property
    def triage_cause(self) -> Cause:
        """What grade, topic, order and title are made from."""
        return Cause(self.label, self.kinds, self.rules, self.reason, self.ops, self.shown_on)

    @cached_property
    def text(self) -> str:
        """The program's lines, without comments and expectations."""
        return "\n".join(render_op(op) for op in self.ops)

    @cached_property
    def cause(self) -> str:
        """What makes two findings the same (docs/spec/verdicts.md): label, kinds, rules, the tracker's
        reason, minimal program."""
        parts = (self.label, ",".join(self.kinds), ",".join(self.rules), self.reason, self.text)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]

    def with_minimal(self, minimal: str | None) -> Finding:
        """The same finding with another ``minimal``, on which nothing else depends: what was worked out stays."""
        other = replace(self, minimal=minimal)
        vars(other).update({name: vars(self)[name] for name in _OF_THE_CAUSE if name in vars(self)})
        return other

    @property
    def file_name(self) -> str:
        """Content-addressed: what it shows, then its cause."""
        return f"{self.label}-{self.kinds[0].replace('>', '-beyond-')}-{self.cause}.dma"

    def order(self) -> tuple[int | str, ...]:
        """The order of programs in docs/spec/verdicts.md §6 (Minimal)."""
        return (*_core.order_of(self.ops), self.text)

    @property
    def program(self) -> Program:
        """With the expectation lines of its file."""
        return Program(ops=self.ops, expects=self._expectations())

    def file_text(self) -> str:
        """The program with a comment that says what it shows, and an ``expect`` line for each outcome."""
        head = [
            f"# {self.label}: {', '.join(self.kinds)}",
            f"# rules broken: {', '.join(self.rules) or 'none, the program keeps the contract'}",
            f"# tracker {self.tracker}; shows on {', '.join(self.shown_on)}",
        ]
        if self.reason:
            head.append(f"# reason: {self.reason}: {reason_words(self.reason)}")
        head.append(f"# topic: {self.topic.name}")
        head.append(f"# grade: {grade_of(self.triage_cause)}")
        if self.minimal is not None:
            head.append(f"# minimal: {self.minimal}")
        if self.modality is not None:
            head.append(f"# modality: {self.modality}")
        version, *rest = render(self.program).splitlines()
        return "\n".join([version, *head, *rest]) + "\n"

    def _expectations(self) -> list[Expect]:
        if not writable_tracker(self.tracker):
            return []
        # Labels depend on the portfolio that justifies warnings, and a file can only name the tracker's own; save where
        # the tracker crashed, which depends on nothing else.
        everywhere = self.portfolio is not None and self.portfolio == default_portfolio(self.tracker)
        by_labels: dict[tuple[str, ...], list[str]] = {}
        for platform, labels in self.outcomes:
            if everywhere or (labels == (BROKEN,) and platform in platforms.names()):
                by_labels.setdefault(labels, []).append(platform)
        return [
            Expect(tracker=self.tracker, platforms=tuple(platforms), labels=labels)
            for labels, platforms in by_labels.items()
        ]
