# SPDX-License-Identifier: GPL-2.0-only
"""Schedules: in which of the orders that a program's CPUs and devices can run a label shows."""

from .errors import ScheduleError
from .exploration import (
    DEFAULT_LIMIT,
    DEFAULT_PREEMPTIONS,
    Count,
    Exploration,
    check_size,
    count,
    explore,
    modality_of,
    threads,
)
from .modality import Modality, Schedule, Sight, Switch

__all__ = [
    "DEFAULT_LIMIT",
    "DEFAULT_PREEMPTIONS",
    "Count",
    "Exploration",
    "Modality",
    "Schedule",
    "ScheduleError",
    "Sight",
    "Switch",
    "check_size",
    "count",
    "explore",
    "modality_of",
    "threads",
]
