# SPDX-License-Identifier: GPL-2.0-only
"""The search: workers that generate, judge and minimize programs, and the parent that looks after them."""

from dmafuzz.fuzzing.campaign import Campaign
from dmafuzz.fuzzing.failure import CampaignError
from dmafuzz.fuzzing.plan import ENGINES, Plan, atheris_available
from dmafuzz.fuzzing.summary import Summary

__all__ = ["ENGINES", "Campaign", "CampaignError", "Plan", "Summary", "atheris_available"]
