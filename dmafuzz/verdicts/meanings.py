# SPDX-License-Identifier: GPL-2.0-only
"""What the names in a verdict mean: labels, corruptions and harms, each in a phrase. Warnings: dmafuzz.checks.

Sources: docs/spec/verdicts.md §3 (labels) and docs/spec/coherency.md §6 (the rest).
"""

from __future__ import annotations

from functools import cache

from dmafuzz import _core

# In the order in which verdicts are shown: what has to be looked at first comes first.
LABELS = {
    "broken": "the tracker's own code faults, hangs, or waits for a lock that it holds; nothing else is judged then",
    "FN": "a corruption that no warning explains",
    "FP": "a warning that no platform of the portfolio justifies",
    "hazard": "a warning that only another platform of the portfolio justifies",
    "TP": "every corruption explained, every warning justified",
    "bookkeeping": "a warning justified only by a harm that is no corruption",
    "TN": "no warning, no corruption",
}

# What a label is called in sentences, where that is not its name.
SPOKEN = {"broken": "tracker crash"}

# The verdict on a warning, by the core's name; {where} and {here} say on which of several platforms.
JUSTIFICATIONS = {
    "justified": "justified{where}: data that it covers is corrupt",
    "hazard": "hazard{where}: no data that it covers is corrupt {here}, but data is corrupt on {hurts}",
    "bookkeeping": "bookkeeping{where}: it reports a harm other than corruption",
    "broken": "tracker crash{where}: the tracker's own code failed, whatever the program does",
    "false": "false positive{where}: no data that it covers is corrupt, and nothing else is harmed, on any platform of "
    "portfolio {portfolio}",
}

CORRUPTIONS = {
    "stale-cpu-data": "the CPU may read stale data: older than the last write",
    "lost-cpu-write": "an unordered CPU write (user space writing to a mapped page) is lost",
    "clobbered": "the CPU may read unrelated data or the result of a stray write: its own data is overwritten, or "
    "discarded with "
    "a dirty cacheline",
    "stale-device-data": "a device may read stale data: older than the last write",
    "foreign-device-data": "a device may read unrelated memory, or the result of a stray write",
    "stale-cpu-read": "a read of the program does not return what was last written",
}

HARMS = {
    "exposure": "data of another owner is visible in a buffer whose content is undefined",
    "leak": "a mapping, bounce buffer slot, IOVA or page is never released",
    "fault": "a device's access is refused by the IOMMU",
    "sleep-in-atomic": "an allocation sleeps with interrupts off",
    "oops": "the kernel itself faults, and the program ends there",
    "wrong-free": "pages are freed that belong to another owner, outside the program",
}


@cache
def reasons() -> dict[str, str]:
    """The tracker's reasons: why it is silent, or which entry its check used when it warned."""
    return {str(name): words for name, words, _ in _core.reasons()}


def reason_words(reason: str) -> str:
    """A reason in a sentence, without its full stop."""
    return reasons()[reason]
