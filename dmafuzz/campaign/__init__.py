# SPDX-License-Identifier: GPL-2.0-only
"""Campaigns: several targets share the time by weight, slice by slice; what was done is in the store's ledgers."""

from .baseline import Baseline, BaselineError, read_baseline
from .executors import Executor, ExecutorError, leases, open_executor
from .news import News
from .plan_file import CampaignFile, PlanFileError, read_plan_file
from .running import CampaignRun
from .status import Standing, standings

__all__ = [
    "Baseline",
    "BaselineError",
    "CampaignFile",
    "CampaignRun",
    "Executor",
    "ExecutorError",
    "News",
    "PlanFileError",
    "Standing",
    "leases",
    "open_executor",
    "read_baseline",
    "read_plan_file",
    "standings",
]
