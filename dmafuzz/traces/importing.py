# SPDX-License-Identifier: GPL-2.0-only
"""A trace as programs: each distinct one once, with how often it occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dmafuzz.program import Program
from dmafuzz.triage.uses import SKIPPED_SYNC

from .comments import commented
from .counts import Counts
from .event import Event
from .judging import CLIPPED, UNPROGRAMMED, WINDOWS, groups_of
from .live_mappings import LiveMappings
from .names import SKIP_CPU_SYNC
from .shape import Shape, operations
from .windows import shapes_of

DISTINCT_MAX = 100_000
BEYOND = f"groups unlike the first {DISTINCT_MAX:,} distinct ones, of which there is no program"


@dataclass
class Imported:
    """A distinct window of a trace, and how many are equal to it."""

    shape: Shape
    count: int = 1

    def program(self, source: str = "") -> Program:
        """It, with comments. Raises ValueError where it is no valid program."""
        return commented(self.shape, Program(operations(self.shape.lines)), self.count, source)


def imported(events: Iterable[Event | int], counts: Counts) -> list[Imported]:
    """The distinct programs of a trace, the most frequent first."""
    found: dict[tuple[object, ...], Imported] = {}
    for group in groups_of(events, counts, LiveMappings(counts)):
        for shape in shapes_of(group):
            if shape.lines:
                _add(found, shape, counts)
        if group.windows:
            counts.note(WINDOWS, group.steps[0].where.line)
    valid = [each for each in found.values() if _valid(each, counts)]
    return sorted(valid, key=lambda each: -each.count)


def _add(found: dict[tuple[object, ...], Imported], shape: Shape, counts: Counts) -> None:
    known = found.get(shape.lines)
    if known is not None:
        known.count += 1
        return
    line = next(source.line for source in shape.sources if source is not None)
    if shape.clipped:
        counts.note(CLIPPED, line)
    if len(found) < DISTINCT_MAX:
        found[shape.lines] = Imported(shape)
    else:
        counts.note(BEYOND, line)


def _valid(each: Imported, counts: Counts) -> bool:
    try:
        Program(operations(each.shape.lines))
    except ValueError:
        counts.note(UNPROGRAMMED, next(source.line for source in each.shape.sources if source is not None))
        return False
    return True


def names_of(programs: Iterable[Imported]) -> Iterator[tuple[str, Imported]]:
    """Names of files, in order: by number and by the call that begins it."""
    for number, each in enumerate(programs, 1):
        first = each.shape.origins[0]
        yield f"{number:05}-{first.call}.dma", each


def frequencies(programs: Iterable[Imported]) -> dict[str, int]:
    """How often each operation of programs occurs, over all groups, and each mapping with SKIP_CPU_SYNC."""
    found: Counter[str] = Counter()
    for each in programs:
        for line, source in zip(each.shape.lines, each.shape.sources, strict=True):
            if source is not None:
                found[line[0].name] += each.count
        found[SKIPPED_SYNC] += each.count * sum(bool(origin.attrs & SKIP_CPU_SYNC) for origin in each.shape.origins)
    return {name: count for name, count in found.most_common() if count}
