# SPDX-License-Identifier: GPL-2.0-only
"""Schedules: in which of the orders that a program's CPUs and devices can run a label shows."""

from .errors import ScheduleError
from .exploration import (
    DEFAULT_LIMIT,
    DEFAULT_PREEMPTIONS,
    Exploration,
    check_size,
    count,
    explore,
    modality_of,
    threads,
)
from .modality import Modality, Sight

__all__ = [
    "DEFAULT_LIMIT",
    "DEFAULT_PREEMPTIONS",
    "Exploration",
    "Modality",
    "ScheduleError",
    "Sight",
    "check_size",
    "count",
    "explore",
    "modality_of",
    "threads",
]
