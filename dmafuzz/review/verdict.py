# SPDX-License-Identifier: GPL-2.0-only
"""A review in one sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from dmafuzz.trackers import COSTS

from .changes import ChangedCause, Effect
from .costs import Costs

_MOST = 0.6  # of the causes, for a topic that the sentence names alone
_NOTED = 0.005  # a figure of cost that has changed by less is not worth a word
# How the sentence speaks of them, with the number of causes; {base}: the other tracker.
_PHRASES = {
    Effect.CRASH: "crashes where {base} does not, in {causes}{topics}",
    Effect.LOST: "misses {causes} that {base} finds{topics}",
    Effect.NOISE: "adds warnings without need, of {causes}{topics}{kept}",
    Effect.UNTOLD: "no longer reports leaks or oopses, of {causes}{topics}",
    Effect.FOUND: "finds {causes} that {base} misses{topics}",
    Effect.MENDED: "crashes no more in {causes}{topics}",
    Effect.HAZARD: "adds hazards, of {causes}{topics}",
    Effect.QUIET: "drops harmless warnings, of {causes}{topics}",
    Effect.TOLD: "reports leaks or oopses that {base} does not, of {causes}{topics}",
}
# What the figures of cost count, in a sentence.
_COUNTED = {
    "tree_locks": "acquisitions of radix_lock",
    "pool_locks": "acquisitions of free_entries_lock",
    "tree_operations": "tree operations",
    "lockless_operations": "tree operations without a lock",
}


def sentence(base: str, patched: str, causes: Sequence[ChangedCause], cost: Costs | None) -> str:
    """What the second tracker does that the first does not, gravest first."""
    parts = [part for effect in Effect if (part := _part(effect, base, causes))]
    same = "" if parts else f"judges all programs that were tried like {base}"
    parts = [same] if same else parts
    if cost is not None:
        parts.append(", ".join(_of_cost(cost)) or "costs the same")
    return f"{patched} {'; '.join(parts)}."


def _part(effect: Effect, base: str, causes: Sequence[ChangedCause]) -> str:
    """By what the complete part has, which depends on no time and no seed; without any, by what lies beyond."""
    all_those = [cause for cause in causes if cause.effect is effect]
    those = [cause for cause in all_those if cause.exact] or all_those
    if not those:
        return ""
    kept = sum(cause.keeps_contract for cause in those)
    beyond = "" if those[0].exact else ", beyond the alphabet"
    return _PHRASES[effect].format(
        base=base,
        causes=_counted(len(those)),
        topics=_topics(those) + beyond,
        kept=f", {kept} of them of programs that keep every rule" if kept else "",
    )


def _counted(number: int) -> str:
    return "1 cause" if number == 1 else f"{number:,} causes"


def _topics(causes: Sequence[ChangedCause]) -> str:
    """The topic of all or most of them, or how many there are."""
    counts: dict[str, int] = {}
    for cause in causes:
        counts[cause.topic] = counts.get(cause.topic, 0) + 1
    first = max(counts, key=lambda topic: counts[topic])
    if len(counts) == 1:
        return f' ({"all " if len(causes) > 1 else ""}"{first}")'
    if counts[first] >= _MOST * len(causes):
        return f' (most of them "{first}")'
    return f" in {len(counts)} topics"


def _of_cost(cost: Costs) -> Iterator[str]:
    for name, times in cost.changed.items():
        counted = _COUNTED.get(name, COSTS[name])
        if math.isinf(times):
            yield f"{counted}, of which there were none"
        elif abs(times - 1) >= _NOTED:
            yield f"{100 * abs(times - 1):,.0f} % {'more' if times > 1 else 'fewer'} {counted}"
