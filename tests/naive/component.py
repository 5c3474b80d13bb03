"""One component: a line of memory with everything that concerns its granules. coherency.md 2 to 6.

A component has one column for each granule of the line. If copy-on-write has moved a column's page, the lines of
all its pages belong to the component, and every copy of a granule is in the granule's column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

from .closure import closure, spread
from .lines import (
    FOREIGN,
    FRESH,
    MAINTENANCE,
    WILD,
    Change,
    Line,
    Place,
    State,
    Step,
    after,
    cpu_write,
    device_write,
    filled,
    flushed,
    forgotten,
    hardware,
    invalidated,
    seen_to_be_late,
    through_cache,
    unknown,
    wild_write,
    with_cached,
    with_memory,
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


@dataclass
class SlotGranule:
    """A granule of a slot: its line in the state, the line it was mapped from."""

    line: int
    buffer: int
    origin: int
    cacheable: bool


@dataclass
class Reach:
    """A linear piece of a live mapping: what it leads to, and the columns its device owns."""

    buffer: int
    direction: str
    coherent: bool
    joint: bool
    memory: int  # its line; -1: it leads to a slot, or into the void
    slot: int
    columns: tuple[int, ...]
    owned: set[int] = field(default_factory=set)

    @property
    def reads(self) -> bool:
        """Whether the device may read."""
        return self.direction != "from_device"

    @property
    def writes(self) -> bool:
        """Whether the device may write."""
        return self.direction != "to_device"


class Component:
    """The part of a component that does not depend on what happens unasked."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.columns = [Column() for _ in range(shape.columns)]
        self.slots: dict[tuple[int, int], SlotGranule] = {}  # by slot and column
        self.next_line = shape.lines
        self.reaches: dict[int, Reach] = {}

    def copy(self) -> Component:
        """A copy that may be changed."""
        new = Component(self.shape)
        new.columns = [replace(column, old=list(column.old)) for column in self.columns]
        new.slots = dict(self.slots)
        new.next_line = self.next_line
        new.reaches = {number: replace(reach, owned=set(reach.owned)) for number, reach in self.reaches.items()}
        return new

    # Who is where.

    def copies(self, number: int) -> tuple[Place, ...]:
        """All places that hold a copy of the granule that lives in a column."""
        column = self.columns[number]
        memory = [Place(line, number) for line in (column.home, *column.old)]
        slots = [Place(s.line, 0) for (_, at), s in self.slots.items() if at == number and s.buffer == column.buffer]
        return (*memory, *slots)

    def lives_at(self, line: int, number: int) -> bool:
        """Whether a place holds a copy of a live granule."""
        column = self.columns[number]
        return column.buffer is not None and line in (column.home, *column.old)

    def slot_alive(self, slot: SlotGranule, number: int) -> bool:
        """Whether the granule that a slot was mapped for is alive."""
        return slot.buffer == self.columns[number].buffer

    def target(self, reach: Reach, number: int) -> Place | None:
        """Where a reach leads; None: into the void."""
        if reach.memory >= 0:
            return Place(reach.memory, number)
        slot = self.slots.get((reach.slot, number))
        return Place(slot.line, 0) if slot else None

    def covering(self, number: int) -> Iterator[Reach]:
        """The reaches of the granule that lives in a column."""
        column = self.columns[number]
        for reach in self.reaches.values():
            if number in reach.columns and reach.buffer == column.buffer:
                yield reach

    # Rights: coherency.md 3 and 5.

    def cpu_may_write(self, number: int) -> bool:
        """Left to themselves the CPUs write only what no live mapping covers."""
        column = self.columns[number]
        return column.buffer is not None and not column.image and all(r.joint for r in self.covering(number))

    def cpu_may_read(self, number: int) -> bool:
        """What no live mapping's device with write permission owns."""
        if self.columns[number].buffer is None:
            return False
        return not any(r.writes and number in r.owned and not r.joint for r in self.covering(number))

    def cpu_step(self, number: int, ordered: bool = True) -> Step:
        """A CPU write of the granule that lives in a column."""
        column = self.columns[number]
        return cpu_write(number, Place(column.home, number), self.copies(number), column.cached, ordered)

    def device_step(self, reach: Reach, number: int) -> Step | None:
        """What a write by the device that owns a column of a reach does there."""
        column, target = self.columns[number], self.target(reach, number)
        same = column.buffer == reach.buffer
        if same and not column.image:
            return device_write(number, target, self.copies(number), reach.coherent)
        if target is None or (not same and reach.memory < 0):
            return None
        if reach.memory < 0 or self.lives_at(*target):
            return wild_write(target, reach.coherent)
        return Step((Change(target.line, flushed),)) if reach.coherent else None

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
        for reach in self.reaches.values():
            for number in sorted(reach.owned) if reach.writes else ():
                step = self.device_step(reach, number)
                steps += [step] if step else []
        for line in (*range(self.shape.lines), *self.slot_lines()):
            steps += hardware(line)
        return tuple(steps)

    # Corruption: coherency.md 6.

    def cpu_view(self, line: Line, number: int) -> set[int]:
        """The flags a CPU may see; several where an uncached read may hit a cached alias."""
        column = self.columns[number]
        if column.cached:
            return {through_cache(line, number)}
        hits = {through_cache(line, number)} if self.shape.mismatched_aliases else set()
        return {line.memory[number]} | hits

    def find(self, states: frozenset[State]) -> Found:
        """Corruption and exposure that some state shows to a CPU or device that may read."""
        found: set[tuple[str, int, int]] = set()
        seen: set[tuple[int, bool, bool, int]] = set()  # column, by a device, given up, flag
        for number, column in enumerate(self.columns):
            if self.cpu_may_read(number):
                looks = {(state.lines[column.home], number in state.given_up) for state in states}
                seen |= {(number, False, up, flag) for line, up in looks for flag in self.cpu_view(line, number)}
            for reach in self.covering(number):
                if not reach.reads or number not in reach.owned:
                    continue
                target = self.target(reach, number)
                if target is None:
                    seen |= {(number, True, number in state.given_up, FOREIGN) for state in states}
                    continue
                looks = {(state.lines[target.line], number in state.given_up) for state in states}
                for line, up in looks:
                    at = target.granule
                    seen.add((number, True, up, through_cache(line, at) if reach.coherent else line.memory[at]))
        for number, device, given_up, flag in seen:
            buffer = self.columns[number].buffer
            assert buffer is not None
            kind = DEVICE_KINDS[flag] if device else CPU_KINDS[flag]
            if given_up:
                kind = "exposure" if flag == FOREIGN else ""
            if kind:
                found.add((kind, number, buffer))
        return frozenset(found)


CPU_KINDS = ("", "lost-cpu-write", "stale-cpu-data", "clobbered", "clobbered")
DEVICE_KINDS = ("", "", "stale-device-data", "foreign-device-data", "foreign-device-data")

States = frozenset[State]


def each(states: States, change: Callable[[State], State]) -> States:
    """The change in every state."""
    return frozenset(map(change, states))


def on_lines(states: States, change: Callable[[list[Line]], None]) -> States:
    """A change of the lines in every state."""

    def changed(state: State) -> State:
        lines = list(state.lines)
        change(lines)
        return State(tuple(lines), state.given_up)

    return each(states, changed)


def give_up(states: States, numbers: Iterable[int]) -> States:
    """The granules in these columns are given up."""
    return each(states, lambda state: State(state.lines, state.given_up.union(numbers)))


def keep(states: States, numbers: Iterable[int]) -> States:
    """The granules in these columns are not given up any more."""
    return each(states, lambda state: State(state.lines, state.given_up.difference(numbers)))


# Events: each changes the component, and gives the states after it and what an explicit read has found.


def born(c: Component, e: Local, states: States) -> States:
    """Allocation: the CPU writes all of it, through the cache or, where it does not use it, to memory.

    The live stack has been there before: its line is dirty, but its memory is fresh as well.
    """
    how, cached, image = e.args
    for number in e.columns:
        c.columns[number] = Column(e.buffer, e.line, [], cached, image)

    def change(lines: list[Line]) -> None:
        if how == "memory":
            lines[e.line] = invalidated(lines[e.line])
        for number in e.columns:
            lines[e.line] = forgotten(lines[e.line], number)
            if how != "cache":
                lines[e.line] = with_memory(lines[e.line], number, FRESH)
            if how != "memory":
                lines[e.line] = with_cached(lines[e.line], number, FRESH)

    return keep(on_lines(states, change), e.columns)


def died(c: Component, e: Local, states: States) -> States:
    """Nothing is expected of it any more; a line in which nobody lives is as good as new."""
    gone: list[Place] = []
    for number in e.columns:
        gone += c.copies(number)
        c.columns[number].buffer = None
    empty = [i for i in range(c.shape.lines) if not any(c.lives_at(i, number) for number in range(c.shape.columns))]

    def change(lines: list[Line]) -> None:
        for line, granule in gone:
            lines[line] = forgotten(lines[line], granule) if line < c.shape.lines else unknown(1)
        for line in empty:
            lines[line] = unknown(c.shape.columns)

    return keep(on_lines(states, change), e.columns)


def written(c: Component, e: Local, states: States) -> States:
    """`write` (ordered) and `dirty` (not ordered)."""
    for number in e.columns:
        if c.columns[number].buffer is not None and not c.columns[number].image:
            states = each(states, partial(after, c.cpu_step(number, ordered=e.args[0])))
    return states


def read(c: Component, e: Local, states: States) -> States:
    """A CPU read fills the line."""

    def change(lines: list[Line]) -> None:
        for number in e.columns:
            column = c.columns[number]
            if column.cached and column.buffer is not None:
                lines[column.home] = filled(lines[column.home])

    return on_lines(states, change)


def stale_reads(c: Component, e: Local, states: States) -> Found:
    """What an explicit read (or a copy-on-write's) sees of granules that are not given up: anything but fresh."""
    found = set()
    for number in e.columns:
        column = c.columns[number]
        for state in states:
            seen = c.cpu_view(state.lines[column.home], number)
            if column.buffer is not None and number not in state.given_up and seen != {FRESH}:
                found.add(("stale-cpu-read", number, column.buffer))
                break
    return frozenset(found)


def moved(c: Component, e: Local, states: States) -> States:
    """A copy-on-write break of anonymous memory: the CPU copies, the owner moves."""
    new = e.other
    states = read(c, e, states)
    homes = {number: c.columns[number].home for number in e.columns}

    def change(lines: list[Line]) -> None:
        for number, home in homes.items():
            lines[new] = with_cached(lines[new], number, through_cache(lines[home], number))

    for number in e.columns:
        column = c.columns[number]
        column.old.append(column.home)
        column.home = new
    return on_lines(states, change)


def maintained(c: Component, e: Local, states: States) -> States:
    """Maintenance of one whole line of memory."""

    def change(lines: list[Line]) -> None:
        lines[e.line] = MAINTENANCE[e.args[0]](lines[e.line])

    return on_lines(states, change)


def _slots(c: Component, e: Local) -> list[tuple[int, SlotGranule]]:
    return [(number, c.slots[e.slot, number]) for number in e.columns if (e.slot, number) in c.slots]


def slot_taken(c: Component, e: Local, states: States) -> States:
    """A slot is born foreign in memory, its line absent."""
    for number in e.columns:
        c.slots[e.slot, number] = SlotGranule(c.next_line, e.buffer, e.line, e.args[0])
        c.next_line += 1
    return states


def slot_released(c: Component, e: Local, states: States) -> States:
    """Its copies are gone."""
    gone = _slots(c, e)
    for number, _ in gone:
        del c.slots[e.slot, number]

    def change(lines: list[Line]) -> None:
        for _, slot in gone:
            lines[slot.line] = unknown(1)

    return on_lines(states, change)


def copied_in(c: Component, e: Local, states: States) -> States:
    """The CPU copies the buffer's bytes into the slot; from a dead buffer they do not matter."""

    def change(lines: list[Line]) -> None:
        for number, slot in _slots(c, e):
            lines[slot.origin] = filled(lines[slot.origin])
            if c.slot_alive(slot, number):
                write = with_cached if slot.cacheable else with_memory
                lines[slot.line] = write(lines[slot.line], 0, through_cache(lines[slot.origin], number))

    return on_lines(states, change)


def copied_back(c: Component, e: Local, states: States) -> States:
    """The CPU copies the slot to where it was mapped from; for a dead buffer that is wild for whoever lives there."""

    def change(lines: list[Line]) -> None:
        for number, slot in _slots(c, e):
            if c.slot_alive(slot, number):
                lines[slot.line] = filled(lines[slot.line]) if slot.cacheable else lines[slot.line]
                flag = through_cache(lines[slot.line], 0)
            else:
                flag = WILD if c.lives_at(slot.origin, number) else FOREIGN
            lines[slot.origin] = with_cached(lines[slot.origin], number, flag)

    return on_lines(states, change)


def slot_maintained(c: Component, e: Local, states: States) -> States:
    """Every granule of a slot is a whole line."""

    def change(lines: list[Line]) -> None:
        for number, slot in _slots(c, e):
            if slot.cacheable and c.slot_alive(slot, number):
                lines[slot.line] = MAINTENANCE[e.args[0]](lines[slot.line])

    return on_lines(states, change)


def mapped(c: Component, e: Local, states: States) -> States:
    """A mapping leads to memory, to a slot, or into the void. CPU and device own a coherent allocation together."""
    direction, coherent, joint = e.args
    memory = e.other if e.slot < 0 else -1
    owned = set(e.columns) if joint else set()
    c.reaches[e.reach] = Reach(e.buffer, direction, coherent, joint, memory, e.slot, e.columns, owned)
    return states


def handed_over(c: Component, e: Local, states: States) -> States:
    """The device owns it from here on. It must see everything so far; FROM_DEVICE, the content is given up."""
    reach = c.reaches[e.reach]
    reach.owned |= set(e.columns)
    alive = [number for number in e.columns if c.columns[number].buffer == reach.buffer]

    def change(lines: list[Line]) -> None:
        for number in alive:
            target = c.target(reach, number)
            if target is not None:
                lines[target.line] = seen_to_be_late(lines[target.line], target.granule, reach.coherent)

    states = on_lines(states, change)
    if reach.direction == "from_device":
        states = give_up(states, [number for number in alive if not c.columns[number].image])
    return states


def given_back(c: Component, e: Local, states: States) -> States:
    """sync_for_cpu: the CPU owns it again."""
    c.reaches[e.reach].owned -= set(e.columns)
    return states


def ended(c: Component, e: Local, states: States) -> States:
    """The mapping is over."""
    c.reaches.pop(e.reach, None)
    return states


def voided(c: Component, e: Local, states: States) -> States:
    """The mapping has lost its slot or translation."""
    reach = c.reaches[e.reach]
    reach.memory = reach.slot = -1
    return states


def device_wrote(c: Component, e: Local, states: States) -> States:
    """A device write that the program names, where the device owns the granule."""
    for number in e.columns:
        step = c.device_step(c.reaches[e.reach], number)
        if step:
            states = each(states, partial(after, step))
    return states


def wild(c: Component, e: Local, states: States) -> States:
    """A device write that lands where the device had no right to write; `perhaps` (lazy IOMMU) it does not land."""
    coherent, perhaps = e.args
    before = states
    if e.slot >= 0:
        targets = [Place(slot.line, 0) for number, slot in _slots(c, e) if c.slot_alive(slot, number)]
    else:
        targets = [Place(e.line, number) for number in e.columns if c.lives_at(e.line, number)]
        if coherent:
            states = each(states, partial(after, Step((Change(e.line, flushed),))))
    for target in targets:
        states = each(states, partial(after, wild_write(target, coherent)))
    return states | before if perhaps else states


EVENTS: dict[str, Callable[[Component, Local, States], States]] = {
    event.__name__: event
    for event in (
        born, died, written, read, moved, maintained, slot_taken, slot_released, copied_in, copied_back,
        slot_maintained, mapped, handed_over, given_back, ended, voided, device_wrote, wild,
    )
}  # fmt: skip


class Point(NamedTuple):
    """A component after some operations: all its states, and what was found after the last one."""

    component: Component
    states: States
    found: Found


def touched_slots(c: Component, e: Local) -> list[int]:
    """The lines of slots that an event changes."""
    writes = e.name in ("written", "device_wrote")
    slot = c.reaches[e.reach].slot if e.name == "handed_over" else e.slot
    return [granule.line for (of, at), granule in c.slots.items() if at in e.columns and (writes or of == slot)]


def start(shape: Shape) -> Point:
    """A component before the program."""
    lines = (unknown(shape.columns),) * shape.lines + (unknown(1),) * shape.slot_granules
    return Point(Component(shape), frozenset({State(lines, frozenset())}), frozenset())


def advance(before: Point, events: tuple[Local, ...]) -> Point:
    """The component after one more operation."""
    component = before.component.copy()
    states = spread(before.states, range(component.shape.lines))
    found: Found = frozenset()
    for event in events:
        states = spread(states, touched_slots(component, event))
        if event.name in ("read", "moved"):
            found |= stale_reads(component, event, states)
        states = EVENTS[event.name](component, event, states)
    states = closure(component.unasked(), component.fills(), states, component.shape.columns)
    return Point(component, states, found | component.find(states))
