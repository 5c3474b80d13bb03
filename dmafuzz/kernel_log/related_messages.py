# SPDX-License-Identifier: GPL-2.0-only
"""Messages that are not dma-debug's warnings, but often met with them (related_messages.toml)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

# Words of which each message has one, so that most lines are looked at once only.
_HINTS = (
    "swiotlb", "SW-IOMMU", "DMAR", "arm-smmu", "AMD-Vi", "overflow", "rejecting DMA", "kernel/dma/", "drivers/iommu/",
    "DMA-API", "BUG", "corruption",
)  # fmt: skip


@dataclass(frozen=True)
class RelatedKind:
    """A kind of message: how it is known, what it says; whether it counts by itself, and whether nothing is wrong."""

    name: str
    pattern: re.Pattern[str]
    says: str
    alone: bool
    harmless: bool


@cache
def kinds() -> dict[str, RelatedKind]:
    """All of them, by name."""
    text = resources.files("dmafuzz.kernel_log").joinpath("related_messages.toml").read_text(encoding="utf-8")
    return {
        name: RelatedKind(
            name,
            re.compile(facts["pattern"]),
            facts["says"],
            facts.get("alone", True),
            facts.get("harmless", False),
        )
        for name, facts in tomllib.loads(text).items()
    }


def kind_of(line: str) -> str:
    """The kind of the message in a line, "" for none."""
    if not any(hint in line for hint in _HINTS):
        return ""
    return next((name for name, kind in kinds().items() if kind.pattern.search(line)), "")
