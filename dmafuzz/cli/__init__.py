# SPDX-License-Identifier: GPL-2.0-only
"""The command line."""

from .main import main

__all__ = ["main"]
