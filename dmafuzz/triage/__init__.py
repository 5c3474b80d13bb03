# SPDX-License-Identifier: GPL-2.0-only
"""Triage: of thousands of causes the ten that a person reads first. Source: docs/spec/verdicts.md §8, §9."""

from .cause import Cause
from .grade import GRADES, Grade, grade_of
from .order import order_of
from .topic import Topic, topic_of
from .triaged import Lead, triaged
from .uses import IN_THE_TREE, Uses

__all__ = [
    "GRADES",
    "IN_THE_TREE",
    "Cause",
    "Grade",
    "Lead",
    "Topic",
    "Uses",
    "grade_of",
    "order_of",
    "topic_of",
    "triaged",
]
