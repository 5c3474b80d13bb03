# SPDX-License-Identifier: GPL-2.0-only
"""Families of causes: the same reason of the tracker, the same way of losing data.

A family is a function of a signature alone. The family of a false negative is the tracker's reason; where dma-debug has
no check, the contract's rules that the program breaks name it. The family of a false positive or a hazard is its check,
and how the entry that the check used relates to the call.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from dmafuzz import _core, checks
from dmafuzz.exhaustive.result import Signature

UNSEEN = "not-looked-at"


@dataclass(frozen=True, order=True)
class Family:
    """``label``; ``rule``: what the tracker lacks (FN) or its check (others); ``way``: how data is lost (FN), or whose
    entry a warning is about where that is not the call's own; ``change``: the changed rule (`_core.what_ifs`) that
    would end a false negative, where there is one."""

    label: str
    rule: str
    way: str = ""
    change: str = ""

    @property
    def name(self) -> str:
        return f"{self.rule}: {self.way}" if self.way else self.rule


def family_of(signature: Signature) -> Family:
    """The family of a cause with that signature."""
    facts = _facts()
    if signature.label != "FN":
        check = checks.named(signature.kind).family
        rule = f"{check} without consequence" if signature.label == "FP" else check
        return Family(signature.label, rule, facts["entries"].get(signature.reason, ""))
    way = facts["ways"][signature.kind]
    if signature.reason == UNSEEN:
        rows = (row for row in facts["unseen"] if not row["rules"] or set(row["rules"]) & set(signature.rules))
        return Family("FN", next(rows)["lacks"], way)
    words, change = _reasons()[signature.reason]
    return Family("FN", words, way, change)


@cache
def _reasons() -> dict[str, tuple[str, str]]:
    return {name: (words, change) for name, words, change in _core.reasons()}


@cache
def _facts() -> dict[str, Any]:
    text = resources.files("dmafuzz.catalogue").joinpath("families.toml").read_text()
    return tomllib.loads(text)
