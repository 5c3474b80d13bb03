# SPDX-License-Identifier: GPL-2.0-only
"""The one exception of this package."""


class TrackerError(Exception):
    """There is no such tracker, or it cannot be used. The message says what was asked for and what there is."""
