# SPDX-License-Identifier: GPL-2.0-only
"""The exhaustive search: every program of a stated alphabet up to some length, and what it says of all of them."""

from .plan import SearchPlan
from .result import Found, Result, Signature
from .sample import Sample, Sampling
from .search import Search
from .side_by_side import PairPlan, PairSearch, SideBySide

__all__ = [
    "Found",
    "PairPlan",
    "PairSearch",
    "Result",
    "Sample",
    "Sampling",
    "Search",
    "SearchPlan",
    "SideBySide",
    "Signature",
]
