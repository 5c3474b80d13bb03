"""What the words of a verdict mean: labels, warnings, corruptions and harms, each in a phrase.

Sources: the specification's verdicts.md (labels), trackers.md (warnings) and coherency.md, 6. (the rest).
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

# What a warning comes to, by the core's name.
WORTH = {
    "justified": "justified: what it covers is corrupt",
    "hazard": "hazard: nothing it covers is corrupt here, but on {hurts} it is",
    "bookkeeping": "bookkeeping: nothing it covers is corrupt on any platform of portfolio {portfolio}, but there is a "
    "leak, a fault or a sleep in atomic context",
    "breakdown": "tracker crash: the tracker's own code went wrong, whatever the program is worth",
    "false": "false positive: nothing it covers is corrupt, or otherwise harmed, on any platform of portfolio "
    "{portfolio}",
}

WARNINGS = {
    "free-invalid": "an error cookie is unmapped",
    "free-unallocated": "what is unmapped or freed was not mapped by this device at this address, or is ambiguous",
    "free-size": "unmapped with another size than mapped",
    "free-wrong-function": "unmapped with a function that does not belong to the map",
    "free-cpu-address": "freed with another CPU address than allocated",
    "free-sg-count": "a scatter list is unmapped with another number of entries than mapped",
    "free-direction": "unmapped with another direction than mapped",
    "free-unchecked": "unmapped without a check of dma_mapping_error",
    "free-attributes": "unmapped with other attributes than mapped",
    "sync-unallocated": "what is synced is not inside a mapping of this device, or is ambiguous",
    "sync-range": "a sync is larger than the mapping",
    "sync-direction": "synced with another direction than mapped",
    "sync-read-only-for-cpu": "mapped TO_DEVICE, synced for the CPU with another direction",
    "sync-write-only-for-device": "mapped FROM_DEVICE, synced for the device with another direction",
    "sync-sg-count": "a scatter list is synced with another number of entries than mapped",
    "map-stack": "memory of the current stack is mapped",
    "map-text-rodata": "kernel text or rodata is mapped",
    "map-invalid-area": "map_single of an address that is not in the linear map",
    "map-vmalloc": "map_single of a vmalloc address",
    "sg-too-long": "a segment is longer than the device's maximum",
    "sg-boundary": "a segment crosses the device's boundary",
    "line-overlap": "a mapping begins in the cache line in which a live one begins",
    "overlap>7": "more than seven mappings beyond the first begin in one cache line",
    "line-enomem": "no memory to remember a cache line",
    "assert-idle": "copy-on-write reads a page that has an active mapping",
    "leak": "a device is unbound while it has mappings",
    "resource-ram": "map_resource of RAM",
    "crash": "the kernel's own code touches memory that is not its own, corrupts a list, or fails a check",
    "hang": "the kernel's own code did not return",
    "deadlock": "the kernel's own code waits for a lock that it holds",
    "unknown": "a message of the kernel's own code that is not known here",
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
    "leak": "a mapping, bounce slot or IOVA is never given back",
    "fault": "a device's access is refused by the IOMMU",
    "sleep-in-atomic": "an allocation sleeps with interrupts off",
}


@cache
def reasons() -> dict[str, str]:
    """The tracker's reasons: why it says nothing, or what it looked at when it spoke."""
    return {name: words for name, words, _ in _core.reasons()}


def reason_words(reason: str) -> str:
    """A reason in a sentence, without its full stop."""
    return reasons()[reason]
