# SPDX-License-Identifier: GPL-2.0-only
"""Campaigns: several targets share the time by weight, slice by slice; what was done is in the store's ledgers."""

from .executors import Executor, ExecutorError, open_executor
from .plan_file import CampaignFile, PlanFileError, read_plan_file
from .running import CampaignRun
from .status import Standing, standings

__all__ = [
    "CampaignFile",
    "CampaignRun",
    "Executor",
    "ExecutorError",
    "PlanFileError",
    "Standing",
    "open_executor",
    "read_plan_file",
    "standings",
]
