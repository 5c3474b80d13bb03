# SPDX-License-Identifier: GPL-2.0-only
"""What a part that was looked at says of the whole: how many are left to find, and totals, with intervals."""

from .total import Estimate, total
from .unseen import Unseen, unseen, unseen_in_sample

__all__ = ["Estimate", "Unseen", "total", "unseen", "unseen_in_sample"]
