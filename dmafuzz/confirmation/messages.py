# SPDX-License-Identifier: GPL-2.0-only
"""dma-debug's messages, and which of the trackers' warnings each is."""

from __future__ import annotations

from collections.abc import Iterable

from dmafuzz import checks

# Where the check for RAM in dma_map_resource() has no message of its own, its place is what is known of it.
_A_FILE, _ITS_FUNCTION = "kernel/dma/mapping.c", "dma_map_resource"


def warning_of(message: str) -> str | None:
    """The id of the warning that a message of the kernel's log is; None if it is another one."""
    if _A_FILE in message and _ITS_FUNCTION not in message:
        return None  # of another function there: a free with interrupts off
    known = ((part, check.id) for check in checks.checks().values() for part in check.known_by)
    return next((name for part, name in known if part in message), None)


def warnings_in(messages: Iterable[str]) -> list[str]:
    """The ids of all warnings among messages, in their order."""
    return [name for name in map(warning_of, messages) if name]


def other_messages(messages: Iterable[str]) -> list[str]:
    """What else the kernel had to say: IOMMU faults, a full bounce pool. Without the lines that go with a warning."""
    return [m for m in messages if "DMA-API" not in m and not ("WARNING:" in m and "kernel/dma/debug.c" in m)]
