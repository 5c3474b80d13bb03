# SPDX-License-Identifier: GPL-2.0-only
"""A tracker's checks, by the ids of their warnings: what each means, and what the kernel prints. The facts are data."""

from .check import Check, Message, checks, named
from .find import find

__all__ = ["Check", "Message", "checks", "find", "named"]
