# SPDX-License-Identifier: GPL-2.0-only
"""Every era's judge on the platforms of its time, and what a program's warnings come to there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from dmafuzz import _core, platforms
from dmafuzz.trackers import builtins, default_portfolio, resolve

# The verdict on a warning, the gravest first (verdicts/meanings.py).
JUSTIFICATIONS = ("justified", "hazard", "bookkeeping", "false", "broken")


@dataclass(frozen=True)
class Outcome:
    """The result of one check for one program: platforms by the gravest verdict on its warnings there.

    ``silent`` are the platforms on which it does not fire. ``losing`` are those on which what it is about is corrupt:
    where it is justified, and where a hazard hurts, whether or not it fires there. ``kinds`` are the kinds of
    corruption there, ``rules`` those of the contract that the program breaks.
    """

    by_justification: Mapping[str, tuple[str, ...]]
    silent: tuple[str, ...]
    losing: tuple[str, ...]
    kinds: tuple[str, ...]
    rules: tuple[str, ...]

    @property
    def fires(self) -> bool:
        return bool(self.by_justification)

    @property
    def platforms(self) -> tuple[str, ...]:
        """Those on which it fires."""
        return tuple(name for names in self.by_justification.values() for name in names)


class Bench:
    """One era (or any tracker) and the platforms of a portfolio, its own if none is given, ``extra`` ones behind."""

    def __init__(self, tracker: str, extra: Sequence[str] = (), portfolio: str = "") -> None:
        self.portfolio = portfolio or default_portfolio(tracker)
        names, machines = _machines(self.portfolio)
        guests = tuple(name for name in extra if name not in names)
        self.platforms = (*names, *guests)
        loaded = [*machines, *(platforms.to_core(platforms.load(name)) for name in guests)]
        self._judge = _core.Judge(resolve(tracker).core, loaded)

    def outcomes(self, ops: Sequence[_core.Op]) -> dict[str, Outcome]:
        """By check: the result of each that fires on any platform."""
        judgements = self._judge.judge_all(ops)
        found = dict.fromkeys(str(warning.id) for each in judgements for warning in each.warnings)
        return {check: self._outcome(check, judgements) for check in found}

    def losses(self, ops: Sequence[_core.Op]) -> dict[str, tuple[str, ...]]:
        """The platforms on which data can be lost, warned about or not, with the kinds of corruption."""
        found = {}
        for name, each in zip(self.platforms, self._judge.judge_all(ops), strict=True):
            if kinds := dict.fromkeys(str(c.kind) for c in each.corruptions):
                found[name] = tuple(kinds)
        return found

    def outcome(self, ops: Sequence[_core.Op], check: str) -> Outcome:
        """The result of one check."""
        return self._outcome(check, self._judge.judge_all(ops))

    def _outcome(self, check: str, judgements: Sequence[_core.Judgement]) -> Outcome:
        by_justification: dict[str, list[str]] = {justification: [] for justification in JUSTIFICATIONS}
        silent: list[str] = []
        rules: dict[str, None] = {}
        hurt: set[str] = set()
        for name, each in zip(self.platforms, judgements, strict=True):
            warnings = [warning for warning in each.warnings if warning.id == check]
            if not warnings:
                silent.append(name)
                continue
            by_justification[
                min((str(warning.justification) for warning in warnings), key=JUSTIFICATIONS.index)
            ].append(name)
            hurt.update(warning.hurts for warning in warnings if warning.hurts is not None)
            rules.update((str(breach.rule), None) for breach in each.breaches)
        losing = tuple(name for name in self.platforms if name in hurt or name in by_justification["justified"])
        kinds = dict.fromkeys(
            str(corruption.kind)
            for name, each in zip(self.platforms, judgements, strict=True)
            for corruption in each.corruptions
            if name in losing and (corruption.explained or name in silent)
        )
        told = {justification: tuple(names) for justification, names in by_justification.items() if names}
        return Outcome(told, tuple(silent), losing, tuple(kinds), tuple(rules))


@cache
def bench(tracker: str, extra: tuple[str, ...] = (), portfolio: str = "") -> Bench:
    """The bench of a tracker, made once; ``extra`` are platforms beside the portfolio's."""
    return Bench(tracker, extra, portfolio)


def eras() -> list[str]:
    """The eras, oldest first; vendors' kernels last."""
    rows = [each for each in reversed(builtins()) if each.kind == "era"]
    return [each.name for each in rows if not each.vendor] + [each.name for each in rows if each.vendor]


def vendors() -> set[str]:
    """Those of them that are a vendor's."""
    return {each.name for each in builtins() if each.vendor}


@cache
def _machines(portfolio: str) -> tuple[tuple[str, ...], tuple[_core.Platform, ...]]:
    members = platforms.portfolio(portfolio)
    return tuple(member.name for member in members), tuple(platforms.to_core(member) for member in members)
