# SPDX-License-Identifier: GPL-2.0-only
"""What is shared: causes by the platforms that show them, and by the trackers that have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from .content import Shared

COMBINATIONS_MAX = 24  # drawn


def shared_by(what: str, names: Sequence[str], combinations: Mapping[frozenset[str], int]) -> Shared | None:
    """How many of ``what`` are in each combination of the sets with these names; sets that have none are left out.

    None where there is at most one combination: nothing can be compared.
    """
    counts = Counter({members: count for members, count in combinations.items() if members and count})
    if len(counts) < 2:
        return None
    totals = {name: sum(count for members, count in counts.items() if name in members) for name in names}
    kept = [name for name in names if totals[name]]
    ranked = sorted(counts.items(), key=lambda item: (-item[1], [name not in item[0] for name in kept]))
    shown, others = ranked[:COMBINATIONS_MAX], ranked[COMBINATIONS_MAX:]
    return Shared(
        what,
        tuple((name, totals[name]) for name in kept),
        tuple((tuple(name in members for name in kept), count) for members, count in shown),
        (len(others), sum(count for _, count in others)),
    )


def by_platforms(
    label: str, platforms: Sequence[str], shown: Mapping[tuple[str, tuple[str, ...]], int]
) -> Shared | None:
    """The causes of a label, by the platforms that show them; ``shown`` counts them by label and platforms."""
    counts = Counter[frozenset[str]]()
    for (of, names), count in shown.items():
        if of == label:
            counts[frozenset(names)] += count
    return shared_by("causes", platforms, counts)


def by_owners(what: str, owned: Mapping[str, Collection[object]]) -> Shared | None:
    """Things by those who own them: a collection each."""
    owners: dict[object, set[str]] = {}
    for name, things in owned.items():
        for thing in things:
            owners.setdefault(thing, set()).add(name)
    return shared_by(what, list(owned), Counter(frozenset(names) for names in owners.values()))
