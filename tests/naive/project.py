"""Lines are independent of each other, given the program (coherency.md 7): each reads its part of the log."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

from .component import Found, Local, Point, Shape, advance, start
from .events import Event, Log
from .inputs import GRANULE, PAGE, Platform

History = tuple[tuple[Local, ...], ...]
BEGINNINGS: dict[tuple[Shape, History], Point] = {}

STACK_DATA = -1
"""The "buffer" of live stack data."""


@lru_cache(maxsize=1 << 15)
def found_by(shape: Shape, history: History) -> tuple[Found, ...]:
    """What can be found after each operation of a history. Beginnings with few states are kept for the next one."""
    found = []
    point = start(shape)
    for length, events in enumerate(history, 1):
        beginning = shape, history[:length]
        known = BEGINNINGS.get(beginning)
        point = known or advance(point, events)
        found.append(point.found)
        if not known and len(point.states) <= 300:
            if len(BEGINNINGS) >= 4_000:
                BEGINNINGS.clear()
            BEGINNINGS[beginning] = point
    return tuple(found)


class View:
    """The part of the log that concerns one component: the memory lines at some addresses."""

    def __init__(self, lines: tuple[int, ...], log: Log, platform: Platform) -> None:
        self.lines = lines
        self.platform = platform
        self.numbers: dict[tuple[str, object], int] = {}
        self.labels: dict[int, tuple[str, int]] = {}  # per buffer: its name, the byte of it in column 0
        self.owned = frozenset(c for event in births(log) for line in lines for c in self._columns(event, line))
        self.ops: list[int] = []
        local: list[tuple[Local, ...]] = []
        for op, events in enumerate(log):
            mine = tuple(
                self._local(event, number, columns)
                for event in events
                for number, line in enumerate(lines)
                if event.start < line + platform.line and line < event.end
                for columns in (self._columns(event, line) & self.owned,)
                if columns or event.name == "maintained" or (event.name == "wild" and event.args[0])
            )
            if mine:
                self.ops.append(op)
                local.append(mine)
        self.history, self.members = merged(local, sorted(self.owned))
        slots = sum(len(e.columns) for mine in self.history for e in mine if e.name == "slot_taken")
        self.shape = Shape(len(lines), len(self.members), slots, platform.speculates, platform.mismatched_aliases_hit)

    def _columns(self, event: Event, line: int) -> frozenset[int]:
        """The granules of a line that lie in an event's range."""
        start, end = max(event.start, line), min(event.end, line + self.platform.line)
        return frozenset(range((start - line) // GRANULE, (end - line) // GRANULE))

    def _number(self, kind: str, of: object | None) -> int:
        """A number for a buffer, reach or slot, in order of appearance in this component."""
        if of is None:
            return -1
        return self.numbers.setdefault((kind, of), sum(known == kind for known, _ in self.numbers))

    def _local(self, event: Event, number: int, columns: frozenset[int]) -> Local:
        line = self.lines[number]
        args = event.args
        buffer = self._number("buffer", event.buffer)
        if event.name == "maintained":
            inner, edge = event.args
            args = (inner if event.start <= line and line + self.platform.line <= event.end else edge,)
            columns = frozenset()
        if event.name == "born":
            name = "stack" if event.buffer == STACK_DATA else f"b{event.buffer}"
            self.labels[buffer] = (name, event.offset + line - event.start)
        other = -1 if event.other is None else self.lines.index(event.other + line - event.start)
        return Local(
            name=event.name,
            columns=tuple(sorted(columns)),
            args=args,
            line=number,
            other=other,
            buffer=buffer,
            reach=self._number("reach", event.reach),
            slot=self._number("slot", event.slot),
        )

    def results(self) -> Iterator[tuple[str, int, str, int]]:
        """(kind, op, buffer, offset) of everything that can be found, each with the first operation."""
        done: set[tuple[str, int, int]] = set()
        for op, found in zip(self.ops, found_by(self.shape, self.history), strict=True):
            for kind, column, buffer in found - done:
                name, offset = self.labels[buffer]
                for granule in self.members[column]:
                    yield kind, op, name, offset + granule * GRANULE
            done |= found


def merged(local: list[tuple[Local, ...]], columns: list[int]) -> tuple[History, list[tuple[int, ...]]]:
    """The history with columns renumbered, and the columns that each number stands for.

    Neighbours that every event of the program treats alike are represented by two of them: nothing tells a third
    one from the second, and one neighbour of a kind can do to the line whatever several can.
    """
    events = [event for mine in local for event in mine]
    alike = {column: tuple(i for i, event in enumerate(events) if column in event.columns) for column in columns}
    members: list[tuple[int, ...]] = []
    for _, group in groupby(columns, key=alike.__getitem__):
        first, *rest = group
        members += [(first,), tuple(rest)] if rest else [(first,)]
    number_of = {columns[0]: number for number, columns in enumerate(members)}
    history = tuple(
        tuple(event._replace(columns=tuple(number_of[c] for c in event.columns if c in number_of)) for event in mine)
        for mine in local
    )
    return history, members


def births(log: Log) -> list[Event]:
    """All allocations."""
    return [event for events in log for event in events if event.name == "born"]


def components(log: Log, chains: list[tuple[int, ...]], line: int) -> Iterator[tuple[int, ...]]:
    """The addresses of the memory lines of each component; chains are pages linked by copy-on-write."""
    chain_of = {page: chain for chain in chains for page in chain}
    done: set[int] = set()
    for event in births(log):
        for address in range(event.start // line * line, event.end, line):
            if address not in done:
                page = address // PAGE * PAGE
                lines = tuple(other + address - page for other in chain_of.get(page, (page,)))
                done.update(lines)
                yield lines


def corruptions(log: Log, chains: list[tuple[int, ...]], platform: Platform) -> set[tuple[str, int, str, int]]:
    """Everything that can be found in any line."""
    return {
        result for lines in components(log, chains, platform.line) for result in View(lines, log, platform).results()
    }
