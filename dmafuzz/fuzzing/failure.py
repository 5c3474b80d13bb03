# SPDX-License-Identifier: GPL-2.0-only
"""What ends a run before its time."""


class CampaignError(RuntimeError):
    """In one line. ``ours``: dmafuzz itself is at fault, not what it was given or where it runs."""

    def __init__(self, message: str, ours: bool = False) -> None:
        super().__init__(message)
        self.ours = ours
