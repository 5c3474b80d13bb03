# SPDX-License-Identifier: GPL-2.0-only
"""Whether a pack is what it says it is, and what of a damaged one can be believed."""

from __future__ import annotations

from typing import Any

from dmafuzz.storage import Pack

from .entries import facts_of
from .target import Target


def target_of_pack(pack: Pack) -> Target | None:
    """The target that a pack's table names, or None."""
    try:
        return Target.from_json(pack.table["target"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def wrong_in(pack: Pack, suffix: str) -> str | None:
    """What is wrong with a pack whose checksums are right: it may have been made elsewhere."""
    if target_of_pack(pack) is None:
        return "it does not say of which target"
    if pack.table.get("kind") != suffix[1:]:
        return f"not a pack of {suffix[1:]}"
    return None


def readable_facts(pack: Pack) -> list[dict[str, Any] | None]:
    """The facts of each item of a pack of findings; None for one that is none."""
    return [_facts_or_none(item) for item in pack.items]


def _facts_or_none(item: bytes) -> dict[str, Any] | None:
    try:
        return facts_of(item)
    except ValueError:
        return None
