# SPDX-License-Identifier: GPL-2.0-only
"""Reviews of changes to dma-debug: two trackers on the same programs, and what the second one does otherwise."""

from .changes import ChangedCause, Effect, TopicChange
from .costs import CallCost, Costs
from .hunting import Hunted
from .review import Review, Scope, review
from .sides import Sides, by_names, by_patch, neighbouring_eras

__all__ = [
    "CallCost",
    "ChangedCause",
    "Costs",
    "Effect",
    "Hunted",
    "Review",
    "Scope",
    "Sides",
    "TopicChange",
    "by_names",
    "by_patch",
    "neighbouring_eras",
    "review",
]
