# SPDX-License-Identifier: GPL-2.0-only
"""dmafuzz judges trackers of the DMA API against an exact simulator of caches and bounce buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dmafuzz.api import fuzz, judge, minimize, neighbours, parse, portfolio, search, tracker

__all__ = ["fuzz", "judge", "minimize", "neighbours", "parse", "portfolio", "search", "tracker"]


def __getattr__(name: str) -> object:
    """The functions of `dmafuzz.api`, loaded when one is asked for: a command needs few of the packages below."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dmafuzz import api

    return getattr(api, name)
