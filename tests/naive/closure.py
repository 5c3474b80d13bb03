# SPDX-License-Identifier: GPL-2.0-only
"""All states that unasked steps lead to. docs/spec/coherency.md §3

A line that may be filled at any time, and is absent or is clean and equal to memory, can always become the other of
the two. EITHER stands for both, here and between operations; it is spread before anything happens to the line.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from typing import Final

from .inputs import TooLarge
from .lines import ABSENT, CLEAN, EITHER, Change, Line, State, Step, line_of

MOST_STATES: Final = 50_000  # less than 2 ** 18, see `Known`


@lru_cache(maxsize=1 << 16)
def settled(line: Line, fills: bool) -> Line:
    """EITHER, if the line may be filled and is one of the two."""
    equal = line.presence == ABSENT or (line.presence == CLEAN and line.cached == line.memory)
    return line_of(EITHER, line.memory) if fills and equal else line


@lru_cache(maxsize=1 << 16)
def variants(line: Line) -> tuple[Line, ...]:
    """The lines that a line stands for."""
    if line.presence != EITHER:
        return (line,)
    return line_of(ABSENT, line.memory), line_of(CLEAN, line.memory, line.memory)


def spread(states: frozenset[State], lines: Iterable[int]) -> frozenset[State]:
    """The states with these lines spread."""
    for number in lines:
        if any(state.lines[number].presence == EITHER for state in states):
            states = frozenset(
                State((*state.lines[:number], line, *state.lines[number + 1 :]), state.given_up)
                for state in states
                for line in variants(state.lines[number])
            )
        if len(states) > MOST_STATES:
            raise TooLarge
    return states


@lru_cache(maxsize=1 << 16)
def outcomes(line: Line, changes: tuple[Change, ...], fills: bool) -> frozenset[Line]:
    """What the line may be after one of the changes."""
    return frozenset(
        settled(change.function(variant, *change.arguments), fills) for variant in variants(line) for change in changes
    )


# In here states are coded as numbers: for each line 18 bits that say which of the lines met so far at its place it is
# (8 are enough for a line of one granule), below them one bit for each column's giving up.


class Known:
    """The lines met at one place of the states."""

    def __init__(self, shift: int, like: Line, fills: bool) -> None:
        self.shift = shift
        self.fills = fills
        self.bits = 8 if len(like.memory) == 1 else 18
        self.mask = (1 << self.bits) - 1
        self.lines: list[Line] = []
        self.codes: dict[Line, int] = {}

    def code(self, line: Line) -> int:
        """The number of a line."""
        code = self.codes.setdefault(line, len(self.lines))
        if code == len(self.lines):
            self.lines.append(line)
        return code


class Table(dict[int, tuple[int, ...]]):
    """What one of some changes of a line may add to the code of a state, by the code of the line."""

    def __init__(self, known: Known) -> None:
        super().__init__()
        self.known = known
        self.changes: list[Change] = []

    def __missing__(self, code: int) -> tuple[int, ...]:
        lines = outcomes(self.known.lines[code], tuple(self.changes), self.known.fills)
        self[code] = tuple((self.known.code(line) - code) << self.known.shift for line in lines)
        return self[code]


def closure(
    steps: tuple[Step, ...], fills: frozenset[int], states: frozenset[State], focus: tuple[int, ...]
) -> frozenset[State]:
    """All states that these steps, and filling some lines, lead to, any number of them in any order."""
    states = spread(states, [number for number in range(len(next(iter(states)).lines)) if number not in fills])
    bit_of = {column: 1 << bit for bit, column in enumerate(focus)}
    columns = len(focus)
    known: list[Known] = []
    for number, line in enumerate(next(iter(states)).lines):
        known.append(Known(known[-1].shift + known[-1].bits if known else columns, line, number in fills))
    single: dict[tuple[int, int], Table] = {}  # steps that change one line, together: by it and the giving up they keep
    several: list[tuple[int, list[tuple[int, Table]]]] = []
    for step in steps:
        kept = ~sum(bit_of.get(column, 0) for column in step.keeps)
        tables = [(change.line, Table(known[change.line])) for change in step.changes]
        if len(tables) == 1:
            tables = [(line, single.setdefault((line, kept), table)) for line, table in tables]
        else:
            several.append((kept, tables))
        for (_, table), change in zip(tables, step.changes, strict=True):
            table.changes.append(change)
    reached = {
        sum(bit_of.get(column, 0) for column in state.given_up)
        + sum(at.code(settled(line, at.fills)) << at.shift for at, line in zip(known, state.lines, strict=True))
        for state in states
    }
    waiting = list(reached)
    places = [(at.shift, at.mask) for at in known]
    alone = [(place, kept, table) for (place, kept), table in single.items()]
    while waiting:
        code = waiting.pop()
        lines = [code >> shift & mask for shift, mask in places]
        after = [(code & kept) + delta for place, kept, table in alone for delta in table[lines[place]]]
        for kept, tables in several:
            after += [(code & kept) + sum(deltas) for deltas in product(*(table[lines[at]] for at, table in tables))]
        for new in after:
            if new not in reached:
                reached.add(new)
                waiting.append(new)
        if len(reached) > MOST_STATES:
            raise TooLarge
    given_up = [frozenset(c for at, c in enumerate(focus) if bits >> at & 1) for bits in range(1 << columns)]
    return frozenset(
        State(
            tuple(at.lines[code >> at.shift & at.mask] for at in known),
            given_up[code & (1 << columns) - 1],
        )
        for code in reached
    )
