# SPDX-License-Identifier: GPL-2.0-only
"""How a walk goes: in whole layers up to the last two operations, and from there in parts, each by itself.

A part is a range of the states that the whole layers end in. What follows it is merged inside the part only. So parts
are independent: each program is met in one of them, and what they come to does not depend on where the cuts are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from dmafuzz import _core

LAST_OPS = 2  # operations that parts go on for
PART_PAIRS = 2_000  # pairs of a state and an operation that a part begins with: five seconds or so
_PIECE_PAIRS = 100_000  # of a whole layer, between two looks at how far it is

Harvested = TypeVar("Harvested")
Harvester = Callable[[_core.Expander], Harvested]


class Part(NamedTuple):
    """The states from ``first`` up to, and without, ``last``; ``number`` is its place among all parts."""

    number: int
    first: int
    last: int


def whole_layers(ops: int) -> range:
    """The lengths of programs that are walked in whole layers."""
    return range(1, max(ops - LAST_OPS, 0) + 1)


def grow(walk: _core.Walk, harvest: Harvester[Harvested], progress: Callable[[int], object]) -> Harvested:
    """All programs of one more operation; the walk goes there. ``progress`` is told of pairs that are done."""
    expander = _core.Expander(walk)
    for first, last in _ranges(walk, _PIECE_PAIRS):
        expander.extend(walk, first, last)
        progress(walk.pairs(first, last))
    found = harvest(expander)
    walk.turn()
    return found


def parts_of(walk: _core.Walk) -> list[Part]:
    """A walk's last layer in parts of about as much work each."""
    return [Part(number, *cut) for number, cut in enumerate(_ranges(walk, PART_PAIRS))]


def follow(walk: _core.Walk, part: Part, ops: int, harvest: Harvester[Harvested]) -> list[tuple[int, Harvested]]:
    """What follows a part, up to so many operations: by length, what its programs have shown.

    Several threads may follow parts of one walk at once.
    """
    inner = walk.part(part.first, part.last)
    found = []
    while inner.length + 1 < ops:
        found.append((inner.length + 1, grow(inner, harvest, lambda _: None)))
    expander = _core.Expander(inner)
    expander.survey(0, inner.size)
    found.append((ops, harvest(expander)))
    return found


def _ranges(walk: _core.Walk, pairs_each: int) -> Iterator[tuple[int, int]]:
    first, size = 0, walk.size
    while first < size:
        last, pairs = first, 0
        while last < size and pairs < pairs_each:
            pairs += walk.pairs(last, last + 1)
            last += 1
        yield first, last
        first = last
