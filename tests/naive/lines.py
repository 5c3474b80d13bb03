# SPDX-License-Identifier: GPL-2.0-only
"""Copies of granules in memory and cache, line by line. docs/spec/coherency.md §1 and §3

A state is one joint state of a component: memory lines and, each a line of its own, granules of bounce slots.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple

FRESH, LAGGING, STALE, FOREIGN, WILD, POSTED = range(6)
ABSENT, CLEAN, DIRTY, EITHER = range(4)


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """A cacheline: is it in the cache, and the flags of its granules in memory and, unless absent, in the cache.

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
    """The flags with one replaced; -1: a granule whose flags nobody keeps, only the line's presence counts."""
    return flags if granule < 0 else (*flags[:granule], flag, *flags[granule + 1 :])


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


# What becomes of copies when somebody writes elsewhere, by flag: fresh, lagging, stale, foreign, wild, posted.
ORDERED: Final = (STALE, STALE, STALE, FOREIGN, WILD, STALE)
UNORDERED: Final = (LAGGING, LAGGING, STALE, FOREIGN, WILD, STALE)
POST: Final = (POSTED, STALE, STALE, FOREIGN, WILD, POSTED)
# Of what was given up any content was as good as fresh.
GIVEN_UP: Final[dict[tuple[int, ...], tuple[int, ...]]] = {UNORDERED: 6 * (LAGGING,), POST: 6 * (POSTED,)}
NOTICED: Final = (FRESH, LAGGING, STALE, FOREIGN, WILD, STALE)


@lru_cache(maxsize=1 << 16)
def behind(line: Line, granule: int, worse: tuple[int, ...]) -> Line:
    """Somebody has written elsewhere: what each flag becomes."""
    if granule < 0:
        return line
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
    if granule < 0:
        return line
    if coherent and line.cached:
        late = line.cached[granule] == LAGGING
        return line_of(line.presence, line.memory, put(line.cached, granule, STALE)) if late else line
    return with_memory(line, granule, STALE) if line.memory[granule] == LAGGING else line


def through_cache(line: Line, granule: int) -> int:
    """What a CPU, or a coherent device, sees."""
    return line.cached[granule] if line.cached else line.memory[granule]


@lru_cache(maxsize=1 << 16)
def written_by_cpu(line: Line, granule: int, cached: bool, worse: tuple[int, ...]) -> Line:
    """The line a CPU writes: its copy becomes fresh, and the other one falls behind."""
    return (with_cached if cached else with_memory)(behind(line, granule, worse), granule, FRESH)


@lru_cache(maxsize=1 << 16)
def written_by_device(line: Line, granule: int, coherent: bool, worse: tuple[int, ...]) -> Line:
    """The line an entitled device writes: memory becomes fresh; a coherent device has the line flushed first."""
    return with_memory(behind(flushed(line) if coherent else line, granule, worse), granule, FRESH)


@lru_cache(maxsize=1 << 16)
def written_wildly(line: Line, granule: int, coherent: bool) -> Line:
    """The line that a device writes without a right to."""
    return with_memory(flushed(line) if coherent else line, granule, WILD)


class Change(NamedTuple):
    """What happens to one line: a function of the line and these arguments."""

    line: int
    function: Callable[..., Line]
    arguments: tuple[int | bool | tuple[int, ...], ...] = ()


class Step(NamedTuple):
    """Something that happens at once: changes of different lines, and the columns whose giving up it ends."""

    changes: tuple[Change, ...]
    keeps: frozenset[int] = frozenset()


def cpu_write(column: int, home: Place, copies: tuple[Place, ...], cached: bool, ordered: bool = True) -> Step:
    """A CPU writes a granule at its home: all other copies become stale or lagging. `home` is one of the copies."""
    worse = ORDERED if ordered else UNORDERED
    changes = [
        Change(place.line, written_by_cpu, (place.granule, cached, worse))
        if place == home
        else Change(place.line, behind, (place.granule, worse))
        for place in copies
    ]
    return Step(tuple(changes), frozenset({column}))


def device_write(
    column: int, target: Place | None, copies: tuple[Place, ...], coherent: bool, near: frozenset[Place] = frozenset()
) -> Step:
    """An entitled device write: all other copies become stale, but those `near` a CPU only posted. No target: into
    the void."""
    changes = []
    for place in copies:
        worse = POST if place in near else ORDERED
        if place == target:
            changes.append(Change(place.line, written_by_device, (place.granule, coherent, worse)))
        else:
            changes.append(Change(place.line, behind, (place.granule, worse)))
    return Step(tuple(changes), frozenset({column}))


def wild_write(target: Place, coherent: bool) -> Step:
    """A device write that nobody has a right to: it changes no ideal content and ends no giving up."""
    return Step((Change(target.line, written_wildly, (target.granule, coherent)),))


def hardware(line: int) -> tuple[Step, Step]:
    """Write back a dirty line, keeping or dropping it; drop a clean one. Filling: see closure.py."""
    return Step((Change(line, cleaned),)), Step((Change(line, flushed),))


def after(step: Step, state: State) -> State:
    """The state after a step."""
    lines = list(state.lines)
    given_up = bool(step.keeps & state.given_up)
    for number, function, arguments in step.changes:
        if given_up:
            arguments = tuple(GIVEN_UP.get(each, each) if isinstance(each, tuple) else each for each in arguments)
        lines[number] = function(lines[number], *arguments)
    return State(tuple(lines), state.given_up - step.keeps)
