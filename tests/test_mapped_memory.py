# SPDX-License-Identifier: GPL-2.0-only
"""Which mappings of a trace share cachelines, and by which addresses they are found, against looking at all."""

import random

import pytest

from dmafuzz.traces.event import Call
from dmafuzz.traces.mapped_memory import MappedMemory
from dmafuzz.traces.mapping import LINE_SHIFT, Group, Mapping

SIZES = (1, 64, 128, 4096, 5000, 1 << 16, 1 << 20, (1 << 20) + 1, 3 << 20)


def some_mapping(rng: random.Random, line: int) -> Mapping:
    """Of one entry or several, dense or far apart, some longer than what is found by pages."""
    spread = rng.choice((1 << 13, 1 << 18, 1 << 24))
    count = rng.choice((1, 1, 1, 2, 5))
    phys = tuple(rng.randrange(spread) for _ in range(count))
    sizes = tuple(rng.choice(SIZES) for _ in range(count))
    call = Call.MAP_SG if count > 1 else Call.MAP
    return Mapping(call, "d", 1, 0, phys, sizes, phys, sizes, Group(), line)


def lines(mapping: Mapping) -> set[int]:
    """The numbers of its cachelines."""
    found: set[int] = set()
    for start, size in zip(mapping.phys, mapping.sizes, strict=True):
        found.update(range(start >> LINE_SHIFT, (start + size - 1 >> LINE_SHIFT) + 1))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_sharing_is_what_looking_at_all_lines_finds(seed: int) -> None:
    rng = random.Random(seed)
    memory = MappedMemory()
    live: dict[Mapping, set[int]] = {}
    met = 0
    for number in range(150):
        new = some_mapping(rng, number)
        touched = lines(new)
        expected = {id(each) for each, theirs in live.items() if theirs & touched}
        found = [id(each) for each in memory.sharing(new)]
        assert len(found) == len(set(found))
        assert set(found) == expected
        met += bool(expected)
        memory.add(new)
        live[new] = touched
        if rng.random() < 0.3:
            gone = rng.choice(list(live))
            memory.remove(gone)
            del live[gone]
    assert met > 20
