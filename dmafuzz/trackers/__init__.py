# SPDX-License-Identifier: GPL-2.0-only
"""Trackers: which there are, by which names, and what they cost. What they do is the native core's."""

from .cost import COSTS, Workload
from .eras import builtins
from .errors import TrackerError
from .own_era import OwnEra, eras, like, own_era
from .resolve import (
    DEFAULT_TRACKER,
    KERNEL,
    Tracker,
    added_kernels,
    default_portfolio,
    kernel_of,
    kernel_tracker,
    names,
    portfolio_of_kernel,
    resolve,
)

__all__ = [
    "COSTS",
    "DEFAULT_TRACKER",
    "KERNEL",
    "OwnEra",
    "Tracker",
    "TrackerError",
    "Workload",
    "added_kernels",
    "builtins",
    "default_portfolio",
    "eras",
    "kernel_of",
    "kernel_tracker",
    "like",
    "names",
    "own_era",
    "portfolio_of_kernel",
    "resolve",
]
