"""What the words of a verdict mean: labels, corruptions and harms, each in a phrase. Warnings: dmafuzz.checks.

Sources: docs/spec/verdicts.md §3 (labels) and docs/spec/coherency.md §6 (the rest).
"""

from __future__ import annotations

from functools import cache

from dmafuzz import _core

# In the order in which verdicts are shown: what has to be looked at first comes first.
LABELS = {
    "broken": "the tracker's own code crashed, hangs, or waits for a lock that it holds; nothing else is judged then",
    "FN": "a corruption that no warning explains",
    "FP": "a warning that no platform of the portfolio justifies",
    "hazard": "a warning that only another platform of the portfolio justifies",
    "TP": "every corruption explained, every warning justified",
    "bookkeeping": "a warning justified only by a harm that is no corruption",
    "TN": "no warning, no corruption",
}

# What people are told instead of a label's name.
SPOKEN = {"broken": "tracker crash"}

# What a warning comes to, by the core's name; {where} and {here} say on which of several platforms.
WORTH = {
    "justified": "justified{where}: what it covers is corrupt",
    "hazard": "hazard{where}: nothing it covers is corrupt {here}, but on {hurts} it is",
    "bookkeeping": "bookkeeping{where}: it belongs to a harm that is no corruption",
    "breakdown": "tracker crash{where}: the tracker's own code went wrong, whatever the program is worth",
    "false": "false positive{where}: nothing it covers is corrupt, or otherwise harmed, on any platform of portfolio "
    "{portfolio}",
}

CORRUPTIONS = {
    "stale-cpu-data": "the CPU may read something older than what was last written",
    "lost-cpu-write": "a CPU's unordered write is gone from the CPU's view",
    "clobbered": "the CPU may read bytes of somebody else, or written without right",
    "stale-device-data": "a device may read something older than what was last written",
    "foreign-device-data": "a device may read bytes of somebody else, or written without right",
    "stale-cpu-read": "a read of the program sees something else than what was last written",
}

HARMS = {
    "exposure": "bytes of somebody else show where nothing in particular is expected",
    "leak": "a mapping, bounce slot, IOVA or page is never given back",
    "fault": "a device's access is refused by the IOMMU",
    "sleep-in-atomic": "an allocation sleeps with interrupts off",
    "oops": "the kernel itself faults, and the program ends there",
    "wrong-free": "pages are freed that belong to somebody outside the program",
}


@cache
def reasons() -> dict[str, str]:
    """The tracker's reasons: why it says nothing, or what it looked at when it spoke."""
    return {str(name): words for name, words, _ in _core.reasons()}


def reason_words(reason: str) -> str:
    """A reason in a sentence, without its full stop."""
    return reasons()[reason]
