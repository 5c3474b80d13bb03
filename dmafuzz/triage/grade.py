# SPDX-License-Identifier: GPL-2.0-only
"""Grades: how much a cause is worth a person's time. Source: docs/spec/verdicts.md §8."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache

from dmafuzz import _core
from dmafuzz._core import Op
from dmafuzz.program.kinds import DEVICE_ACCESSES

from .cause import Cause


class Grade(StrEnum):
    """The first one that fits counts, E before B to D."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


GRADES = {
    Grade.A: "the contract is kept, or the tracker crashes: the driver is not at fault",
    Grade.B: "data is lost in silence, and a changed rule of the tracker would warn",
    Grade.C: "data is lost in silence, out of the tracker's sight",
    Grade.D: "a warning about a broken rule, with no data at stake here or anywhere",
    Grade.E: "two rules or more, a race inside a call, or a device that misbehaves",
}

# Rules that a device breaks by an access of its own, where the program has one.
_DEVICE_RULES = frozenset(("hands-off", "inside", "unmap-all", "unmap-once"))


def grade_of(cause: Cause) -> Grade:
    """The grade of a cause."""
    if cause.label == "broken" or cause.keeps_contract:
        return Grade.A
    if len(cause.rules) > 1 or _is_race(cause.ops) or _device_misbehaves(cause):
        return Grade.E
    if cause.label != "FN":
        return Grade.D
    return Grade.B if _changed_rule(cause.reason) else Grade.C


def _is_race(ops: Sequence[Op]) -> bool:
    return any(op.split for op in ops)


def _device_misbehaves(cause: Cause) -> bool:
    if "to-device-read-only" in cause.rules:
        return True
    return any(op.kind in DEVICE_ACCESSES for op in cause.ops) and not _DEVICE_RULES.isdisjoint(cause.rules)


@cache
def _changed_rules() -> dict[str, str]:
    return {str(name): change for name, _, change in _core.reasons()}


def _changed_rule(reason: str) -> str:
    """The changed rule (`_core.what_ifs`) with which a tracker that is silent for that reason would warn, "": none."""
    return _changed_rules().get(reason, "")
