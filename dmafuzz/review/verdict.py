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
    Effect.CRASH: "crashes where {base} does not ({causes}{topics})",
    Effect.LOST: "misses {causes} that {base} finds{topics}",
    Effect.NOISE: "warns without need, which {base} does not, of {causes}{topics}{kept}",
    Effect.UNTOLD: "does not tell any more {causes} of leaks and oopses{topics}",
    Effect.FOUND: "finds {causes} that {base} misses{topics}",
    Effect.MENDED: "does not crash any more in {causes}",
    Effect.HAZARD: "warns of {causes} also where they are harmless and lose data on other machines{topics}",
    Effect.QUIET: "is quiet now about {causes} that are harmless where it warned{topics}",
    Effect.TOLD: "tells {causes} of leaks and oopses that {base} does not{topics}",
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
    those = [cause for cause in causes if cause.effect is effect]
    if not those:
        return ""
    kept = sum(cause.keeps_contract for cause in those)
    return _PHRASES[effect].format(
        base=base,
        causes=_counted(len(those)),
        topics=_topics(those, ": " if effect is Effect.CRASH else ", "),
        kept=f" ({kept} of programs that keep every rule)" if kept else "",
    )


def _counted(number: int) -> str:
    return "1 cause" if number == 1 else f"{number:,} causes"


def _topics(causes: Sequence[ChangedCause], lead: str) -> str:
    """The topic of all or most of them, or how many there are."""
    counts: dict[str, int] = {}
    for cause in causes:
        counts[cause.topic] = counts.get(cause.topic, 0) + 1
    first = max(counts, key=lambda topic: counts[topic])
    if len(counts) == 1:
        return f"{lead}{'all ' if len(causes) > 1 else ''}{_quoted(first)}"
    if counts[first] >= _MOST * len(causes):
        return f"{lead}most of them {_quoted(first)}"
    return f"{lead}in {len(counts)} topics"


def _quoted(topic: str) -> str:
    """A topic is a phrase, a check or a whole sentence."""
    return f'"{topic}"'


def _of_cost(cost: Costs) -> Iterator[str]:
    for name, times in cost.changed.items():
        if math.isinf(times):
            yield f"{COSTS[name]}, which it had none of"
        elif abs(times - 1) >= _NOTED:
            yield f"{abs(times - 1):.0%} {'more' if times > 1 else 'less'} {COSTS[name]}"
