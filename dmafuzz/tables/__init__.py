# SPDX-License-Identifier: GPL-2.0-only
"""Tables for terminals."""

from .columns import columns

__all__ = ["columns"]
