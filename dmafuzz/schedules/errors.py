# SPDX-License-Identifier: GPL-2.0-only
"""The errors of this package."""

from __future__ import annotations

from dmafuzz.verdicts import VerdictError


class ScheduleError(VerdictError):
    """Schedules that cannot be explored as asked: too many of them. The message is for users."""
