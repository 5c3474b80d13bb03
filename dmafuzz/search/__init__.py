"""The search: workers that generate, judge and minimise programs, and the parent that looks after them."""

from dmafuzz.search.campaign import Campaign
from dmafuzz.search.plan import ENGINES, Plan, atheris_available
from dmafuzz.search.summary import Summary

__all__ = ["ENGINES", "Campaign", "Plan", "Summary", "atheris_available"]
