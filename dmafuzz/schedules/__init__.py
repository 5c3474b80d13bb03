"""Schedules: in which of the orders that a program's CPUs and devices can run a label shows."""

from .errors import ScheduleError
from .exploration import DEFAULT_LIMIT, DEFAULT_PREEMPTIONS, Count, Exploration, count, explore, threads
from .modality import Modality, Schedule, Sight, Switch
from .record import to_json
from .report import report

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
    "count",
    "explore",
    "report",
    "threads",
    "to_json",
]
