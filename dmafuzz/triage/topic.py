# SPDX-License-Identifier: GPL-2.0-only
"""Topics: what the tracker lacks where it is silent, the check that warns where it is not.

The topic of a false negative is the tracker's reason; where dma-debug has no check, the contract's rules that the
program breaks name it. That of a false positive or a hazard is its check, and whose entry the check used.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from dmafuzz import _core, checks

UNSEEN = "not-looked-at"
KEPT = "contract-kept"


@dataclass(frozen=True, order=True)
class Topic:
    """``label``; ``id``: the tracker's reason, a row of topics.toml (FN), or the check (others); ``entry``: the
    relation of the entry that a warning is about to the call, where it is not the call's own."""

    label: str
    id: str
    entry: str = ""

    @property
    def name(self) -> str:
        """In words."""
        if self.label == "FN":
            return _lacks()[self.id]
        words = checks.named(self.id).topic
        return f"{words}: {_facts()['entries'][self.entry]}" if self.entry else words

    @property
    def change(self) -> str:
        """The changed rule of the tracker (`_core.what_ifs`) that would end a false negative; "": there is none."""
        return _changes().get(self.id, "") if self.label == "FN" else ""

    @property
    def short(self) -> str:
        """The id, and whose entry."""
        return f"{self.id}:{self.entry}" if self.entry else self.id

    def to_json(self) -> dict[str, str]:
        return {"id": self.id, "entry": self.entry, "name": self.name, "change": self.change}

    def is_called(self, name: str) -> bool:
        """Whether a user who asks for that topic means this one: by its id, with or without label and entry."""
        return name in (self.id, self.short, f"{self.label}:{self.short}", f"{self.label}:{self.id}")


def topic_of(label: str, kinds: Sequence[str], rules: Sequence[str], reason: str) -> Topic:
    """The topic of a cause; of several kinds of warning the first one counts."""
    if label != "FN":
        return Topic(label, kinds[0], entry_of(kinds[0], reason))
    if reason != UNSEEN:
        return Topic(label, reason)
    if not rules:
        return Topic(label, KEPT)
    broken = set(rules)
    return Topic(label, next(name for name, row in _unseen().items() if not row["rules"] or broken & set(row["rules"])))


def entry_of(check: str, reason: str) -> str:
    """The relation of the entry that a check has used to the call, "" where it is no news."""
    always = check in _facts()["always"].get(reason, ())
    return reason if reason in _facts()["entries"] and not always else ""


def topic_ids() -> list[str]:
    """All ids that a topic can have, for messages."""
    return sorted({*_lacks(), *checks.checks()})


@cache
def _changes() -> dict[str, str]:
    return {str(name): change for name, _, change in _core.reasons()}


@cache
def _lacks() -> dict[str, str]:
    reasons = {str(name): words for name, words, _ in _core.reasons()}
    return {**reasons, **{name: row["lacks"] for name, row in _unseen().items()}}


def _unseen() -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = _facts()["unseen"]
    return rows


@cache
def _facts() -> dict[str, Any]:
    text = resources.files("dmafuzz.triage").joinpath("topics.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
