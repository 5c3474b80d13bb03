# SPDX-License-Identifier: GPL-2.0-only
"""Entries of a dump of all live mappings: debugfs's `dma-api/dump`, or the same in the log."""

from __future__ import annotations

import re

from .splat import Live

_ENTRY = re.compile(
    r"""\b(?P<type>single|page|scath?er-gather|scatter-gather|coherent|noncoherent|resource|phy)\s+idx\s+\d+\s+
    P=(?:0x)?(?P<physical>[0-9a-f]{1,16})\s+ (?:N=(?P<page>[0-9a-f]{1,16})\s+)?
    D=(?:0x)?(?P<dma>[0-9a-f]{1,16})\s+ L=(?:0x)?(?P<length>[0-9a-f]{1,8})\s+
    (?:cln=(?:0x)?[0-9a-f]{1,16}\s+)?
    (?P<direction>DMA_BIDIRECTIONAL|DMA_TO_DEVICE|DMA_FROM_DEVICE|DMA_NONE)
    (?:\s+dma\s+map\s+error\s+(?P<checked>check\s+not\s+applicable|(?:check\s+)?not\s+checked|checked))?
    (?:\s+attrs=(?:0x)?(?P<attrs>[0-9a-f]{1,8}))?""",
    re.VERBOSE,
)
BEGINS = " idx "  # stands in every entry's first line


def entry_of(window: str, line: int) -> Live | None:
    """The entry that begins in the first line of ``window``; the other lines are what follows in the log."""
    found = _ENTRY.search(window)
    first = window.split("\n", 1)[0]
    if found is None or found.start() > len(first):
        return None
    words = window[: found.start()].split()
    device = words[-1].rstrip(":") if words else ""
    driver = words[-2].rstrip(":") if len(words) > 1 else ""
    checked = " ".join((found["checked"] or "").split())
    return Live(
        driver=driver,
        device=device,
        type="scatter-gather" if found["type"].startswith("sca") else found["type"],
        physical=int(found["physical"], 16),
        dma=int(found["dma"], 16),
        length=int(found["length"], 16),
        direction=found["direction"],
        checked=None if checked in ("", "check not applicable") else checked == "checked",
        attrs=int(found["attrs"] or "0", 16),
        line=line,
    )
