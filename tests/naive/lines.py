"""Copies of granules in memory and cache, line by line. coherency.md 1 and 3.

A state is one joint state of a component: memory lines and, each a line of its own, granules of bounce slots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple

from .inputs import TooLarge

FRESH, LAGGING, STALE, FOREIGN, WILD = range(5)
ABSENT, CLEAN, DIRTY, EITHER = range(4)
MOST_STATES: Final = 200_000  # less than 2 ** 18, see `Known`


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """A cache line: is it in the cache, and the flags of its granules in memory and, unless absent, in the cache.

    Equal lines are one object, made by `line_of`, so that states compare fast.
    """

    presence: int
    memory: tuple[int, ...]
    cached: tuple[int, ...]


@cache
def line_of(presence: int, memory: tuple[int, ...], cached: tuple[int, ...] = ()) -> Line:
    """The line with these flags."""
    return Line(presence, memory, cached)


def put(flags: tuple[int, ...], granule: int, flag: int) -> tuple[int, ...]:
    """The flags with one replaced."""
    return (*flags[:granule], flag, *flags[granule + 1 :])


class State(NamedTuple):
    """All lines of a component, and whose granules are given up."""

    lines: tuple[Line, ...]
    given_up: frozenset[int]  # columns


class Place(NamedTuple):
    """A granule of a line."""

    line: int
    granule: int


@cache
def unknown(granules: int) -> Line:
    """A line that nobody has used yet."""
    return line_of(ABSENT, (FOREIGN,) * granules)


@lru_cache(maxsize=1 << 16)
def filled(line: Line) -> Line:
    """The line is read into the cache."""
    return line_of(CLEAN, line.memory, line.memory) if line.presence == ABSENT else line


@lru_cache(maxsize=1 << 16)
def cleaned(line: Line) -> Line:
    """Clean: a dirty line is written back."""
    return line_of(CLEAN, line.cached, line.cached) if line.presence == DIRTY else line


@lru_cache(maxsize=1 << 16)
def invalidated(line: Line) -> Line:
    """Invalidate: the line is dropped, dirty data and all."""
    return line_of(ABSENT, line.memory)


@lru_cache(maxsize=1 << 16)
def flushed(line: Line) -> Line:
    """Clean and invalidate."""
    return invalidated(cleaned(line))


MAINTENANCE: Final = {"clean": cleaned, "invalidate": invalidated, "clean_invalidate": flushed}


@lru_cache(maxsize=1 << 16)
def with_memory(line: Line, granule: int, flag: int) -> Line:
    """Memory is written, the cache is not."""
    return line_of(line.presence, put(line.memory, granule, flag), line.cached)


@lru_cache(maxsize=1 << 16)
def with_cached(line: Line, granule: int, flag: int) -> Line:
    """Written through the cache: that allocates the line and makes it dirty."""
    return line_of(DIRTY, line.memory, put(filled(line).cached, granule, flag))


@lru_cache(maxsize=1 << 16)
def behind(line: Line, granule: int, ordered: bool) -> Line:
    """Somebody has written elsewhere: copies become stale, or lagging if they were fresh and the write is unordered."""
    worse = (STALE, STALE, STALE, FOREIGN, WILD) if ordered else (LAGGING, LAGGING, STALE, FOREIGN, WILD)
    memory = put(line.memory, granule, worse[line.memory[granule]])
    cached = put(line.cached, granule, worse[line.cached[granule]]) if line.cached else ()
    return line_of(line.presence, memory, cached)


@lru_cache(maxsize=1 << 16)
def forgotten(line: Line, granule: int) -> Line:
    """The granule's content does not matter any more: every copy of it here is foreign."""
    cached = put(line.cached, granule, FOREIGN) if line.cached else ()
    return line_of(line.presence, put(line.memory, granule, FOREIGN), cached)


@lru_cache(maxsize=1 << 16)
def seen_to_be_late(line: Line, granule: int, coherent: bool) -> Line:
    """A hand-over to a device: if what it sees is lagging, that becomes stale."""
    if coherent and line.cached:
        late = line.cached[granule] == LAGGING
        return line_of(line.presence, line.memory, put(line.cached, granule, STALE)) if late else line
    return with_memory(line, granule, STALE) if line.memory[granule] == LAGGING else line


def through_cache(line: Line, granule: int) -> int:
    """What a CPU, or a coherent device, sees."""
    return line.cached[granule] if line.cached else line.memory[granule]


@lru_cache(maxsize=1 << 16)
def written_by_cpu(line: Line, granule: int, cached: bool, ordered: bool) -> Line:
    """The line a CPU writes: its copy becomes fresh, and the other one falls behind."""
    return (with_cached if cached else with_memory)(behind(line, granule, ordered), granule, FRESH)


@lru_cache(maxsize=1 << 16)
def written_by_device(line: Line, granule: int, coherent: bool) -> Line:
    """The line an entitled device writes: memory becomes fresh; a coherent device has the line flushed first."""
    return with_memory(behind(flushed(line) if coherent else line, granule, True), granule, FRESH)


@lru_cache(maxsize=1 << 16)
def written_wildly(line: Line, granule: int, coherent: bool) -> Line:
    """The line that a device writes without a right to."""
    return with_memory(flushed(line) if coherent else line, granule, WILD)


class Change(NamedTuple):
    """What happens to one line: a function of the line and these arguments."""

    line: int
    function: Callable[..., Line]
    arguments: tuple[int | bool, ...] = ()


class Step(NamedTuple):
    """Something that happens at once: changes of different lines, and the columns whose giving up it ends."""

    changes: tuple[Change, ...]
    keeps: frozenset[int] = frozenset()


def cpu_write(column: int, home: Place, copies: tuple[Place, ...], cached: bool, ordered: bool = True) -> Step:
    """A CPU writes a granule at its home: all other copies become stale or lagging. `home` is one of the copies."""
    changes = [
        Change(place.line, written_by_cpu, (place.granule, cached, ordered))
        if place == home
        else Change(place.line, behind, (place.granule, ordered))
        for place in copies
    ]
    return Step(tuple(changes), frozenset({column}))


def device_write(column: int, target: Place | None, copies: tuple[Place, ...], coherent: bool) -> Step:
    """An entitled device write: all other copies become stale. No target: into the void."""
    changes = [
        Change(place.line, written_by_device, (place.granule, coherent))
        if place == target
        else Change(place.line, behind, (place.granule, True))
        for place in copies
    ]
    return Step(tuple(changes), frozenset({column}))


def wild_write(target: Place, coherent: bool) -> Step:
    """A device write that nobody has a right to: it changes no ideal content and ends no giving up."""
    return Step((Change(target.line, written_wildly, (target.granule, coherent)),))


def hardware(line: int) -> tuple[Step, Step]:
    """Write back a dirty line, keeping or dropping it; drop a clean one. (Filling: see `settled`.)"""
    return Step((Change(line, cleaned),)), Step((Change(line, flushed),))


def after(step: Step, state: State) -> State:
    """The state after a step."""
    lines = list(state.lines)
    for number, function, arguments in step.changes:
        lines[number] = function(lines[number], *arguments)
    return State(tuple(lines), state.given_up - step.keeps)


# A line that may be filled at any time, and is absent or clean and equal to memory, can always become the other of
# the two: EITHER stands for both. It is spread again before anything happens to the line.


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


# The closure. States are coded as numbers: for each line 18 bits that say which of the lines met so far at its
# place it is (6 of them are enough for a line of one granule), below them one bit for each column's giving up.


class Known:
    """The lines met at one place of the states."""

    def __init__(self, shift: int, like: Line, fills: bool) -> None:
        self.shift = shift
        self.fills = fills
        self.bits = 6 if len(like.memory) == 1 else 18
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
    """What a change may add to the code of a state, by the code of its line."""

    def __init__(self, known: Known, change: Change) -> None:
        super().__init__()
        self.known = known
        self.change = change

    def __missing__(self, code: int) -> tuple[int, ...]:
        function, arguments = self.change.function, self.change.arguments
        lines = {settled(function(v, *arguments), self.known.fills) for v in variants(self.known.lines[code])}
        self[code] = tuple((self.known.code(line) - code) << self.known.shift for line in lines)
        return self[code]


def closure(
    steps: tuple[Step, ...], fills: frozenset[int], states: frozenset[State], columns: int
) -> frozenset[State]:
    """All states that these steps, and filling some lines, lead to, any number of them in any order."""
    states = spread(states, [number for number in range(len(next(iter(states)).lines)) if number not in fills])
    known: list[Known] = []
    for number, line in enumerate(next(iter(states)).lines):
        known.append(Known(known[-1].shift + known[-1].bits if known else columns, line, number in fills))
    flags = {kept: sum(1 << column for column in kept) for kept in {step.keeps for step in steps}}
    tables = [
        (~flags[step.keeps], [(change.line, Table(known[change.line], change)) for change in step.changes])
        for step in steps
    ]
    reached = {
        sum(1 << column for column in state.given_up)
        + sum(at.code(settled(line, at.fills)) << at.shift for at, line in zip(known, state.lines, strict=True))
        for state in states
    }
    waiting = list(reached)
    digits = [(at.shift, at.mask) for at in known]
    while waiting:
        code = waiting.pop()
        lines = [code >> shift & mask for shift, mask in digits]
        for kept, changes in tables:
            news = [code & kept]
            for place, table in changes:
                deltas = table[lines[place]]
                news = [new + delta for new in news for delta in deltas]
            for new in news:
                if new not in reached:
                    reached.add(new)
                    waiting.append(new)
        if len(reached) > MOST_STATES:
            raise TooLarge
    given_up = [frozenset(c for c in range(columns) if bits >> c & 1) for bits in range(1 << columns)]
    return frozenset(
        State(
            tuple(at.lines[code >> at.shift & at.mask] for at in known),
            given_up[code & (1 << columns) - 1],
        )
        for code in reached
    )
