# SPDX-License-Identifier: GPL-2.0-only
"""Where the copies of one byte can be after each operation, all of them together: what a behaviour is held against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from .closure import variants
from .component import Component
from .events import Log
from .happenings import Point, advance, start
from .inputs import Op, Platform
from .lines import Line, Place, State
from .machine import Oops
from .project import STACK_DATA, View, components
from .simulate import Walk

FLAGS: Final = ("fresh", "lagging", "stale", "foreign", "wild", "posted")
PRESENCES: Final = ("absent", "clean", "dirty")


class Copy(NamedTuple):
    """One copy: ``place`` is "memory", "old-page" or "slot"; a slot is known by what is in it alone."""

    place: str
    memory: str
    line: str
    cached: str | None


class Joint(NamedTuple):
    """All copies of a byte at one moment, in the order of their names, and whether it is given up."""

    copies: tuple[Copy, ...]
    given_up: bool


def joint_states(ops: Sequence[Op], platform: Platform, buffer: str, offset: int) -> list[set[Joint]]:
    """For each operation, tidy-up included, all joint states of a byte of a buffer ("b0", "stack") after it, and
    after what may happen unasked then; none while the byte is not there. Raises TooLarge."""
    walk = Walk(platform, flushes=platform.iommu_flushes)
    with suppress(Oops):
        walk._run(ops)
    chains = list(dict.fromkeys(walk.calls.chain_of.values()))
    reached: list[set[Joint]] = [set() for _ in range(walk.op + 1)]
    for view, column in _views(walk.log, chains, platform, buffer, offset):
        _collect(view, column, walk.op_of, reached)
    return reached


def _views(
    log: Log, chains: list[tuple[int, ...]], platform: Platform, buffer: str, offset: int
) -> Iterator[tuple[View, int]]:
    """The component in which the byte lives, and its column there."""
    for lines, alike in components(log, chains, platform.line):
        view = View(lines, log, platform, 1, -1)
        for number, members in enumerate(view.members):
            for name, first in view.labels.values():
                inside = {first + line * platform.line + byte for line in range(alike) for byte in members}
                if name == buffer and offset in inside:
                    # One that is like its neighbour: what holds for that one holds for it.
                    yield view, number - 1 if number in view.twins else number


def _collect(view: View, column: int, op_of: Sequence[int], reached: list[set[Joint]]) -> None:
    [shape] = [shape for shape in view._shapes() if column in shape.focus]
    point = start(shape)
    entries = dict(zip(view.ops, view.history, strict=True))
    for entry, op in enumerate(op_of):
        if entry in entries:
            point = advance(point, entries[entry])
        if point.component.columns[column].buffer is not None:
            reached[op] |= set(_joints(point, column))


def _joints(point: Point, column: int) -> Iterator[Joint]:
    places = list(_places(point.component, column))
    for state in point.states:
        yield from _joint(state, places, column in state.given_up)


def _joint(state: State, places: Sequence[tuple[str, Place]], given_up: bool) -> Iterator[Joint]:
    """The joint states that one stands for: a line that may be filled at any time is written once."""
    ways: list[tuple[Copy, ...]] = [()]
    for name, place in places:
        copies = [_copy(name, line, place.granule) for line in variants(state.lines[place.line])]
        ways = [(*way, copy) for way in ways for copy in copies]
    yield from (Joint(tuple(sorted(way, key=str)), given_up) for way in ways)


def _copy(name: str, line: Line, at: int) -> Copy:
    return Copy(name, FLAGS[line.memory[at]], PRESENCES[line.presence], FLAGS[line.cached[at]] if line.cached else None)


def _places(component: Component, column: int) -> Iterator[tuple[str, Place]]:
    yield "memory", component.home(column)
    for line in component.columns[column].old:
        yield "old-page", component.place(line, column)
    for (_, at), slot in component.slots.items():
        if at == column and component.slot_alive(slot, at):
            yield "slot", Place(slot.line, 0)


__all__ = ["STACK_DATA", "Copy", "Joint", "joint_states"]
