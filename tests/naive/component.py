# SPDX-License-Identifier: GPL-2.0-only
"""One component: a line of memory with everything that concerns its granules. docs/spec/coherency.md §2 to §6

A component has one column for each class of bytes of the line. If copy-on-write has moved a column's page, the lines
of all its pages belong to the component, and every copy of a granule is in the granule's column. Of the columns some
are in focus: their flags are kept, all together; of the others only what they do to the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from .lines import (
    FOREIGN,
    POSTED,
    Line,
    Place,
    State,
    Step,
    cpu_write,
    device_write,
    hardware,
    through_cache,
    wild_write,
)


class Local(NamedTuple):
    """An event as one component sees it. Buffers, reaches and slots are numbered as they appear here; -1: none."""

    name: str
    columns: tuple[int, ...]
    args: tuple[Any, ...]
    line: int  # the memory line the event's range lies in
    other: int  # the memory line its second address lies in
    buffer: int
    reach: int
    slot: int


class Shape(NamedTuple):
    """The size of a component, and what the platform does to it."""

    lines: int
    columns: int
    focus: tuple[int, ...]
    slot_granules: int
    speculates: bool
    mismatched_aliases: bool


Found = frozenset[tuple[str, int, int]]
"""(kind, column, buffer): corruptions, and "exposure"."""


@dataclass
class Column:
    """Who lives in a column. `old` are lines of pages that the granule was moved away from."""

    buffer: int | None = None
    home: int = 0
    old: list[int] = field(default_factory=list)
    cached: bool = True  # how the CPU accesses it
    image: bool = False  # kernel text or rodata
    posted: bool = False  # a device has posted, and nobody has looked since


@dataclass
class SlotGranule:
    """A granule of a slot: its line in the state, the line it was mapped from, whose granule that was."""

    line: int
    buffer: int | None
    origin: int
    cacheable: bool


Target = Place | None
"""Where an access leads; None: it is lost."""


class Aim(NamedTuple):
    """Where a mapping leads: memory (its line), a slot (its number), or the void; and what is allowed there."""

    kind: str
    where: int = -1
    reads: bool = True
    writes: bool = True


VOID = Aim("void")


@dataclass
class Footprint:
    """A linear piece of a live mapping: what each column of it may lead to, and the columns its device owns."""

    buffer: int
    direction: str
    coherent: bool
    joint: bool
    columns: tuple[int, ...]
    owned: set[int] = field(default_factory=set)
    waiting: set[int] = field(default_factory=set)  # mapped, but the device has been told nothing yet
    inside: bool = False  # the map call has not returned: nobody knows the address
    aims: dict[int, tuple[Aim, ...]] = field(default_factory=dict)

    @property
    def reads(self) -> bool:
        """Whether the device may read."""
        return self.direction != "from_device"

    @property
    def writes(self) -> bool:
        """Whether the device may write."""
        return self.direction != "to_device"


class Haunt(NamedTuple):
    """A place that a device may write without being entitled to: where its own mapping leads by now."""

    column: int
    line: int  # of memory; -1: a slot
    slot: int
    coherent: bool


class Component:
    """The part of a component that does not depend on what happens unasked."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.columns = [Column() for _ in range(shape.columns)]
        self.slots: dict[tuple[int, int], SlotGranule] = {}  # by slot and column
        self.next_line = shape.lines
        self.reaches: dict[int, Footprint] = {}
        self.haunts: set[Haunt] = set()

    def copy(self) -> Component:
        """A copy that may be changed."""
        new = Component(self.shape)
        new.columns = [replace(column, old=list(column.old)) for column in self.columns]
        new.slots = dict(self.slots)
        new.next_line = self.next_line
        new.reaches = {
            number: replace(reach, owned=set(reach.owned), waiting=set(reach.waiting), aims=dict(reach.aims))
            for number, reach in self.reaches.items()
        }
        new.haunts = set(self.haunts)
        return new

    # Who is where.

    def at(self, number: int) -> int:
        """The place of a column's flags in a line; -1: not in focus."""
        return self.shape.focus.index(number) if number in self.shape.focus else -1

    def place(self, line: int, number: int) -> Place:
        """A column's granule of a memory line."""
        return Place(line, self.at(number))

    def home(self, number: int) -> Place:
        """Where the CPU accesses a column."""
        return self.place(self.columns[number].home, number)

    def memory(self, number: int) -> tuple[Place, ...]:
        """All places in memory that hold a copy of the granule that lives in a column."""
        column = self.columns[number]
        return tuple(self.place(line, number) for line in (column.home, *column.old))

    def copies(self, number: int) -> tuple[Place, ...]:
        """All places that hold a copy of the granule that lives in a column."""
        slots = (
            Place(slot.line, 0) for (_, at), slot in self.slots.items() if at == number and self.slot_alive(slot, at)
        )
        return (*self.memory(number), *slots)

    def lives_at(self, line: int, number: int) -> bool:
        """Whether a place holds a copy of a live granule."""
        column = self.columns[number]
        return column.buffer is not None and line in (column.home, *column.old)

    def slot_alive(self, slot: SlotGranule, number: int) -> bool:
        """Whether the granule that a slot was mapped for is alive."""
        return slot.buffer is not None and slot.buffer == self.columns[number].buffer

    def located(self, kind: str, where: int, number: int) -> Target:
        """The place that an access of a column's granule leads to, if it holds a copy of it."""
        if kind == "memory" and self.lives_at(where, number):
            return self.place(where, number)
        if kind == "slot":
            slot = self.slots.get((where, number))
            if slot and self.slot_alive(slot, number):
                return Place(slot.line, 0)
        return None

    def signatures_on(self, reach: Footprint, number: int) -> tuple[Target, ...]:
        """Where a reach may lead."""
        aims = reach.aims.get(number, (VOID,))
        return tuple(self.located(aim.kind, aim.where, number) if aim.reads else None for aim in aims)

    def covering(self, number: int) -> Iterator[Footprint]:
        """The reaches of the granule that lives in a column."""
        column = self.columns[number]
        for reach in self.reaches.values():
            if number in reach.columns and reach.buffer == column.buffer:
                yield reach

    # Rights: docs/spec/coherency.md §3 and §5

    def cpu_may_write(self, number: int) -> bool:
        """Left to themselves the CPUs write only what no live mapping covers."""
        column = self.columns[number]
        return column.buffer is not None and not column.image and all(r.joint for r in self.covering(number))

    def cpu_may_read(self, number: int) -> bool:
        """What no live mapping's device with write permission owns, or is about to: a CPU that keeps the rules does
        not look between the map and the check of its error."""
        if self.columns[number].buffer is None:
            return False
        covering = self.covering(number)
        return not any(r.writes and number in r.owned | r.waiting and not r.joint for r in covering)

    def cpu_step(self, number: int, ordered: bool = True) -> Step:
        """A CPU write of the granule that lives in a column."""
        copies = self.copies(number) if self.at(number) >= 0 else (self.home(number),)
        return cpu_write(number, self.home(number), copies, self.columns[number].cached, ordered)

    def device_steps(self, reach: Footprint, number: int, post: bool = False) -> list[Step]:
        """What an entitled write of a live granule by a reach's device may do."""
        steps = []
        column = self.columns[number]
        for aim in reach.aims.get(number, (VOID,)):
            kind, where = (aim.kind, aim.where) if aim.writes else ("void", -1)
            if self.at(number) < 0:
                if kind == "memory" and self.lives_at(where, number):
                    steps.append(device_write(number, self.place(where, number), (self.place(where, number),),
                                              reach.coherent))  # fmt: skip
                continue
            target = self.located(kind, where, number)
            if column.image:
                steps += [wild_write(target, reach.coherent)] if target else []
                continue
            near = frozenset((*self.memory(number), *((target,) if target else ()))) if post else frozenset()
            steps.append(device_write(number, target, self.copies(number), reach.coherent, near))
        return steps

    def haunting(self, haunt: Haunt) -> Step | None:
        """What a device does to a place that its mapping should not lead to."""
        if haunt.line >= 0:
            alive = self.lives_at(haunt.line, haunt.column)
            return wild_write(self.place(haunt.line, haunt.column), haunt.coherent) if alive else None
        target = self.located("slot", haunt.slot, haunt.column)
        return wild_write(target, haunt.coherent) if target else None

    def fills(self) -> frozenset[int]:
        """The lines that may be filled unasked: by speculation, or by CPUs that may read them."""
        fills: set[int] = set()
        for number, column in enumerate(self.columns):
            if column.buffer is not None and self.shape.speculates:
                fills |= {column.home, *column.old}
            if self.cpu_may_read(number) and column.cached:
                fills.add(column.home)
        return frozenset(fills | set(self.slot_lines() if self.shape.speculates else ()))

    def slot_lines(self) -> list[int]:
        """The lines of slots that are in the cache at times."""
        return [slot.line for (_, at), slot in self.slots.items() if slot.cacheable and self.slot_alive(slot, at)]

    def unasked(self) -> tuple[Step, ...]:
        """Every other step that may happen without being asked: hardware, CPUs, devices."""
        steps = [self.cpu_step(number) for number in range(len(self.columns)) if self.cpu_may_write(number)]
        for number in range(len(self.columns)):
            for reach in self.covering(number):
                if reach.writes and number in reach.owned and not reach.inside:
                    steps += self.device_steps(reach, number)
        steps += [step for haunt in sorted(self.haunts) if (step := self.haunting(haunt))]
        for line in (*range(self.shape.lines), *self.slot_lines()):
            steps += hardware(line)
        return tuple(steps)

    # Corruption: docs/spec/coherency.md §6

    def cpu_view(self, line: Line, number: int) -> set[int]:
        """The flags a CPU may see; several where an uncached read may hit a cached alias."""
        column, at = self.columns[number], self.at(number)
        if column.cached:
            return {through_cache(line, at)}
        hits = {through_cache(line, at)} if self.shape.mismatched_aliases else set()
        return {line.memory[at]} | hits

    def device_view(
        self, states: frozenset[State], number: int, target: Target, coherent: bool
    ) -> set[tuple[bool, int]]:
        """Given up or not, and the flag that a device sees."""
        if target is None:
            return {(number in state.given_up, FOREIGN) for state in states}
        looks = {(state.lines[target.line], number in state.given_up) for state in states}
        at = target.granule
        return {(up, through_cache(line, at) if coherent else line.memory[at]) for line, up in looks}

    def find(self, states: frozenset[State]) -> Found:
        """Corruption and exposure that some state shows to a CPU or device that may read."""
        seen: set[tuple[int, bool, bool, int]] = set()  # column, by a device, given up, flag
        for number in self.shape.focus:
            column = self.columns[number]
            if self.cpu_may_read(number):
                looks = {(state.lines[column.home], number in state.given_up) for state in states}
                seen |= {(number, False, up, flag) for line, up in looks for flag in self.cpu_view(line, number)}
            for reach in self.covering(number):
                if reach.reads and number in reach.owned and not reach.inside:
                    for target in self.signatures_on(reach, number):
                        views = self.device_view(states, number, target, reach.coherent)
                        seen |= {(number, True, up, flag) for up, flag in views}
        return self.judged(seen)

    def judged(self, seen: set[tuple[int, bool, bool, int]]) -> Found:
        """The kinds of what was seen: column, by a device, given up, flag."""
        found: set[tuple[str, int, int]] = set()
        for number, device, given_up, flag in seen:
            buffer = self.columns[number].buffer
            assert buffer is not None
            kind = DEVICE_KINDS[flag] if device else CPU_KINDS[flag]
            if given_up:
                kind = "exposure" if flag == FOREIGN else ""
            if kind:
                found.add((kind, number, buffer))
        return frozenset(found)


CPU_KINDS = ("", "lost-cpu-write", "stale-cpu-data", "clobbered", "clobbered", "")
DEVICE_KINDS = ("", "", "stale-device-data", "foreign-device-data", "foreign-device-data", "")
assert len(CPU_KINDS) == POSTED + 1
