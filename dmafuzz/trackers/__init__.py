"""Trackers: which there are, by which names, and what they cost. What they do is the native core's."""

from .cost import COSTS, Workload
from .eras import builtins
from .errors import TrackerError
from .resolve import DEFAULT_TRACKER, KERNEL, Tracker, added_kernels, default_portfolio, kernel_of, names, resolve

__all__ = [
    "COSTS",
    "DEFAULT_TRACKER",
    "KERNEL",
    "Tracker",
    "TrackerError",
    "Workload",
    "added_kernels",
    "builtins",
    "default_portfolio",
    "kernel_of",
    "names",
    "resolve",
]
