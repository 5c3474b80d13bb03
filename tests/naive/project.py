# SPDX-License-Identifier: GPL-2.0-only
"""Lines are independent of each other, given the program: each reads its part of the log. docs/spec/coherency.md §7."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby, pairwise

from .component import Found, Local, Shape
from .events import Event, Log
from .happenings import Point, advance, start
from .inputs import PAGE, Platform

History = tuple[tuple[Local, ...], ...]
BEGINNINGS: dict[tuple[Shape, History], Point] = {}

STACK_DATA = -1
"""The "buffer" of live stack data."""
TOGETHER = 4
"""So many columns of a line are looked at together, flags and all; of more, one at a time.

Whether a step is possible depends on who owns what and on the line's presence, never on flags, and what is looked for
concerns one granule: so one at a time comes to the same. A test holds the two against each other."""

STOPPED = Local("stopped", (), (), -1, -1, -1, -1, -1)
"""The kernel has faulted: nothing goes on after this."""

Result = tuple[str, int, str, int, int]
"""(kind, op, buffer, offset, size in bytes)."""


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


ALWAYS = frozenset({"maintained", "copied_in", "copied_back", "scribbled"})
"""Events that change a line even where nobody lives in their part of it."""


class View:
    """The part of the log that concerns one component: the memory lines at some addresses."""

    def __init__(self, lines: tuple[int, ...], log: Log, platform: Platform, together: int, stopped: int) -> None:
        self.lines = lines
        self.platform = platform
        self.together = together
        self.numbers: dict[tuple[str, object], int] = {}
        self.labels: dict[int, tuple[str, int]] = {}  # per buffer: its name, the byte of it in column 0
        end = platform.line
        mine = [
            (op, event, number, line)
            for op, events in enumerate(log)
            for event in events
            for number, line in enumerate(lines)
            if (event.start < line + end and line < event.end) or event.name == "exorcised"
        ]
        self.owned = frozenset(
            column for _, event, _, line in mine if event.name == "born" for column in self._columns(event, line)
        )
        self.ops: list[int] = []
        local: list[tuple[Local, ...]] = []
        for op, group in groupby(mine, key=lambda found: found[0]):
            happened = tuple(
                self._local(event, number, columns)
                for _, event, number, line in group
                for columns in (self._columns(event, line) & self.owned,)
                if columns
                or event.name in ALWAYS
                or (event.name == "exorcised" and number == 0)
                or (event.name == "wild" and event.args[0])
            )
            if happened:
                self.ops.append(op)
                local.append((*happened, STOPPED) if op == stopped else happened)
        local, self.ops = without_exorcisms(local, self.ops)
        self.history, self.members, self.twins = merged(local, sorted(self.owned))

    def _columns(self, event: Event, line: int) -> frozenset[int]:
        """The bytes of a line that lie in an event's range."""
        start, end = max(event.start, line), min(event.end, line + self.platform.line)
        return frozenset(range(start - line, end - line))

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
        # A slot is known line by line of what it stands for: pages of one buffer may follow each other by chance.
        slot = None if event.slot is None else (event.slot, number if event.other is None else other)
        return Local(
            name=event.name,
            columns=tuple(sorted(columns)),
            args=args,
            line=number,
            other=other,
            buffer=buffer,
            reach=self._number("reach", event.reach),
            slot=self._number("slot", slot),
        )

    def _shapes(self) -> Iterator[Shape]:
        """All columns together, or one at a time; of neighbours that are alike one is enough."""
        columns = range(len(self.members))
        groups = (
            [tuple(columns)] if len(columns) <= self.together else [(at,) for at in columns if at not in self.twins]
        )
        for focus in groups:
            slots = sum(
                len(set(event.columns) & set(focus))
                for mine in self.history
                for event in mine
                if event.name == "slot_taken"
            )
            platform = self.platform
            yield Shape(len(self.lines), len(columns), focus, slots, platform.speculates,
                        platform.mismatched_aliases_hit)  # fmt: skip

    def results(self, lines: int) -> Iterator[Result]:
        """Everything that can be found, each with the first operation, for so many lines that are alike."""
        for shape in self._shapes():
            done: set[tuple[str, int, int]] = set()
            for op, found in zip(self.ops, found_by(shape, self.history), strict=True):
                for kind, column, buffer in found - done:
                    name, offset = self.labels[buffer]
                    alone = len(shape.focus) < len(self.members) and column + 1 in self.twins
                    bytes_ = self.members[column] + (self.members[column + 1] if alone else ())
                    for first, last in spans(bytes_):
                        for line in range(lines):
                            yield kind, op, name, offset + line * self.platform.line + first, last + 1 - first
                done |= found


def spans(numbers: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Runs of consecutive numbers."""
    for _, group in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        yield run[0], run[-1]


def without_exorcisms(local: list[tuple[Local, ...]], ops: list[int]) -> tuple[list[tuple[Local, ...]], list[int]]:
    """The history without exorcisms of places that nothing haunts; operations that then have no event are left out."""
    haunted = False
    out, kept = [], []
    for op, events in zip(ops, local, strict=True):
        mine = []
        for event in events:
            if event.name != "exorcised" or haunted:
                mine.append(event)
            haunted = event.name == "haunted" or (haunted and event.name != "exorcised")
        if mine:
            out.append(tuple(mine))
            kept.append(op)
    return out, kept


def merged(local: list[tuple[Local, ...]], columns: list[int]) -> tuple[History, list[tuple[int, ...]], set[int]]:
    """The history with columns renumbered, the columns that each number stands for, and the numbers of those that are
    like the ones before them.

    Neighbours that every event of the program treats alike are represented by two of them: nothing tells a third
    one from the second, and one neighbour of a kind can do to the line whatever several can.
    """
    events = [event for mine in local for event in mine]
    touching: dict[int, list[int]] = {column: [] for column in columns}
    for i, event in enumerate(events):
        for column in event.columns:
            touching[column].append(i)
    alike = {column: tuple(touched) for column, touched in touching.items()}
    members: list[tuple[int, ...]] = []
    twins: set[int] = set()
    for _, group in groupby(columns, key=alike.__getitem__):
        first, *rest = group
        twins |= {len(members) + 1} if rest else set()
        members += [(first,), tuple(rest)] if rest else [(first,)]
    number_of = {columns[0]: number for number, columns in enumerate(members)}
    history = tuple(
        tuple(event._replace(columns=tuple(number_of[c] for c in event.columns if c in number_of)) for event in mine)
        for mine in local
    )
    return history, members, twins


def births(log: Log) -> list[Event]:
    """All allocations."""
    return [event for events in log for event in events if event.name == "born"]


class Cuts:
    """Where lines begin to differ: the ends of all events, of pages linked by copy-on-write together."""

    def __init__(self, log: Log, chains: list[tuple[int, ...]]) -> None:
        self.chain_of = {page: chain for chain in chains for page in chain}
        self.all = sorted({at for events in log for event in events for at in (event.start, event.end)})

    def between(self, start: int, end: int) -> list[int]:
        """The cuts inside a range, which lies in one page if that page is linked to others."""
        page = start // PAGE * PAGE
        found: set[int] = set()
        for other in self.chain_of.get(page, (page,)):
            first, last = start + other - page, end + other - page
            found |= {at - other + page for at in self.all[bisect_right(self.all, first) : bisect_left(self.all, last)]}
        return sorted(found)


def pieces(event: Event, line: int, cuts: Cuts) -> Iterator[tuple[int, int]]:
    """The lines of a birth, pages that are linked to others by themselves."""
    at, end = event.start // line * line, -(-event.end // line) * line
    while at < end:
        page = at // PAGE * PAGE
        stop = page + PAGE
        while page not in cuts.chain_of and stop < end and stop not in cuts.chain_of:
            stop += PAGE
        stop = min(stop, end)
        yield at, stop
        at = stop


def components(log: Log, chains: list[tuple[int, ...]], line: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """The addresses of the memory lines of each component, and how many lines from there on are alike."""
    cuts = Cuts(log, chains)
    done: set[int] = set()
    for event in births(log):
        for low, high in pieces(event, line, cuts):
            bounds = {low, high}
            for at in cuts.between(low, high):
                bounds |= {at // line * line, -(-at // line) * line}
            ordered = sorted(bounds)
            for first, last in pairwise(ordered):
                chain = cuts.chain_of.get(first // PAGE * PAGE, (first // PAGE * PAGE,))
                lines = tuple(page + first % PAGE for page in chain)
                if lines[0] not in done:
                    done.update(lines)
                    yield lines, (last - first) // line


def corruptions(
    log: Log,
    op_of: list[int],
    chains: list[tuple[int, ...]],
    platform: Platform,
    together: int = TOGETHER,
    stopped: int = -1,
) -> frozenset[Result]:
    """Everything that can be found in any line; bytes side by side together. `op_of`: the operation of each entry of
    the log. After the entry `stopped` of the log
    nothing goes on."""
    found: dict[tuple[str, int, str], list[tuple[int, int]]] = {}
    for lines, alike in components(log, chains, platform.line):
        for kind, entry, name, offset, size in View(lines, log, platform, together, stopped).results(alike):
            found.setdefault((kind, op_of[entry], name), []).append((offset, size))
    return frozenset(
        (kind, op, name, offset, size)
        for (kind, op, name), ranges in found.items()
        for offset, size in joined(sorted(ranges))
    )


def joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges (offset, size), in order, with those that touch made one."""
    out: list[tuple[int, int]] = []
    for offset, size in ranges:
        if out and offset <= out[-1][0] + out[-1][1]:
            first = out[-1][0]
            out[-1] = first, max(out[-1][1], offset + size - first)
        else:
            out.append((offset, size))
    return out
