# SPDX-License-Identifier: GPL-2.0-only
"""How the rooms above keep files: whole, or not at all."""

from .whole import write_all_whole, write_whole

__all__ = ["write_all_whole", "write_whole"]
