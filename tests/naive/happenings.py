# SPDX-License-Identifier: GPL-2.0-only
"""What each event does to a component, and a component's way through a program. docs/spec/coherency.md §2 to §5"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from .closure import closure, spread
from .component import Aim, Column, Component, Footprint, Found, Haunt, Local, Shape, SlotGranule
from .lines import (
    FOREIGN,
    FRESH,
    MAINTENANCE,
    NOTICED,
    POSTED,
    WILD,
    Change,
    Line,
    Place,
    State,
    Step,
    after,
    behind,
    filled,
    flushed,
    forgotten,
    invalidated,
    seen_to_be_late,
    through_cache,
    unknown,
    wild_write,
    with_cached,
    with_memory,
)

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


def one_of(states: States, steps: Iterable[Step]) -> States:
    """The states after one of some steps."""
    steps = list(steps)
    return frozenset(after(step, state) for step in steps for state in states) if steps else states


# Events: each changes the component, and gives the states after it.


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
            at = c.at(number)
            lines[e.line] = forgotten(lines[e.line], at)
            if how != "cache":
                lines[e.line] = with_memory(lines[e.line], at, FRESH)
            if how != "memory":
                lines[e.line] = with_cached(lines[e.line], at, FRESH)

    return keep(on_lines(states, change), e.columns)


def died(c: Component, e: Local, states: States) -> States:
    """Nothing is expected of it any more; a line in which nobody lives is as good as new."""
    gone: list[Place] = []
    for number in e.columns:
        gone += c.copies(number)
        c.columns[number].buffer = None
        c.columns[number].posted = False
    empty = [i for i in range(c.shape.lines) if not any(c.lives_at(i, number) for number in range(c.shape.columns))]

    def change(lines: list[Line]) -> None:
        for line, granule in gone:
            lines[line] = forgotten(lines[line], granule) if line < c.shape.lines else unknown(1)
        for line in empty:
            lines[line] = unknown(len(c.shape.focus))

    return keep(on_lines(states, change), e.columns)


def overwritten(c: Component, e: Local, states: States) -> States:
    """The pages were freed under a live buffer, and are somebody else's: memory and cached copy are foreign."""

    def change(lines: list[Line]) -> None:
        for number in e.columns:
            if c.lives_at(e.line, number):
                lines[e.line] = forgotten(lines[e.line], c.at(number))

    return on_lines(states, change)


def scribbled(c: Component, e: Local, states: States) -> States:
    """A CPU copy brings bytes of somebody else through the cache."""

    def change(lines: list[Line]) -> None:
        lines[e.line] = with_cached(lines[e.line], -1, FOREIGN)
        for number in e.columns:
            lines[e.line] = with_cached(lines[e.line], c.at(number), FOREIGN)

    return on_lines(states, change)


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
    """What an explicit read (or a copy-on-write's) sees of granules that are not given up: anything but fresh, or
    posted."""
    found = set()
    for number in set(e.columns) & set(c.shape.focus):
        column = c.columns[number]
        for state in states:
            seen = c.cpu_view(state.lines[column.home], number)
            if column.buffer is not None and number not in state.given_up and not seen <= {FRESH, POSTED}:
                found.add(("stale-cpu-read", number, column.buffer))
                break
    return frozenset(found)


def glimpses(c: Component, e: Local, states: States) -> Found:
    """A named device read past the end of its mapping: of bytes of the same buffer it counts like an entitled one."""
    coherent, kind = e.args
    where = {"memory": e.other, "slot": e.slot, "void": -1}[kind]
    seen = set()
    for number in set(e.columns) & set(c.shape.focus):
        if c.columns[number].buffer == e.buffer:
            views = c.device_view(states, number, c.located(kind, where, number), coherent)
            seen |= {(number, True, up, flag) for up, flag in views}
    return c.judged(seen)


def glimpsed(c: Component, e: Local, states: States) -> States:
    """A device read changes nothing."""
    return states


def moved(c: Component, e: Local, states: States) -> States:
    """A copy-on-write break of anonymous memory: the CPU copies, the owner moves."""
    new = e.other
    states = read(c, e, states)
    homes = {number: c.columns[number].home for number in e.columns}

    def change(lines: list[Line]) -> None:
        for number, home in homes.items():
            at = c.at(number)
            lines[new] = with_cached(lines[new], at, through_cache(lines[home], at) if at >= 0 else FRESH)

    for number in e.columns:
        column = c.columns[number]
        column.old.append(column.home)
        column.home = new
    return on_lines(states, change)


def left(c: Component, e: Local, states: States) -> States:
    """Nothing refers to an old page any more."""
    for number in e.columns:
        if e.line in c.columns[number].old:
            c.columns[number].old.remove(e.line)

    def change(lines: list[Line]) -> None:
        for number in e.columns:
            if not c.lives_at(e.line, number):
                lines[e.line] = forgotten(lines[e.line], c.at(number))

    return on_lines(states, change)


def maintained(c: Component, e: Local, states: States) -> States:
    """Maintenance of one whole line of memory."""

    def change(lines: list[Line]) -> None:
        lines[e.line] = MAINTENANCE[e.args[0]](lines[e.line])

    return on_lines(states, change)


def _slots(c: Component, e: Local) -> list[tuple[int, SlotGranule]]:
    return [(number, c.slots[e.slot, number]) for number in e.columns if (e.slot, number) in c.slots]


def slot_taken(c: Component, e: Local, states: States) -> States:
    """A slot is born foreign in memory, its line absent. It is for whoever lives where it was mapped from."""
    for number in set(e.columns) & set(c.shape.focus):
        buffer = c.columns[number].buffer if c.lives_at(e.line, number) else None
        c.slots[e.slot, number] = SlotGranule(c.next_line, buffer, e.line, e.args[0])
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
    granules = _slots(c, e)

    def change(lines: list[Line]) -> None:
        lines[e.line] = filled(lines[e.line])
        for number, slot in granules:
            if c.slot_alive(slot, number):
                write = with_cached if slot.cacheable else with_memory
                lines[slot.line] = write(lines[slot.line], 0, through_cache(lines[slot.origin], c.at(number)))

    return on_lines(states, change)


def copied_back(c: Component, e: Local, states: States) -> States:
    """The CPU copies the slot to where it was mapped from; for a dead buffer that is wild for whoever lives there."""
    granules = dict(_slots(c, e))

    def change(lines: list[Line]) -> None:
        lines[e.line] = with_cached(lines[e.line], -1, FOREIGN)
        for number in e.columns:
            slot = granules.get(number)
            if slot and c.slot_alive(slot, number):
                lines[slot.line] = filled(lines[slot.line]) if slot.cacheable else lines[slot.line]
                flag = through_cache(lines[slot.line], 0)
            else:
                flag = WILD if c.lives_at(e.line, number) else FOREIGN
            lines[e.line] = with_cached(lines[e.line], c.at(number), flag)

    return on_lines(states, change)


def slot_scribbled(c: Component, e: Local, states: States) -> States:
    """A CPU copy takes bytes that do not belong there into the slot."""
    granules = _slots(c, e)

    def change(lines: list[Line]) -> None:
        for number, slot in granules:
            if c.slot_alive(slot, number):
                write = with_cached if slot.cacheable else with_memory
                lines[slot.line] = write(lines[slot.line], 0, WILD)

    return on_lines(states, change)


def slot_maintained(c: Component, e: Local, states: States) -> States:
    """Every granule of a slot is a whole line."""
    granules = _slots(c, e)

    def change(lines: list[Line]) -> None:
        for number, slot in granules:
            if slot.cacheable and c.slot_alive(slot, number):
                lines[slot.line] = MAINTENANCE[e.args[0]](lines[slot.line])

    return on_lines(states, change)


def mapped(c: Component, e: Local, states: States) -> States:
    """A mapping. CPU and device own a coherent allocation together."""
    direction, coherent, joint = e.args
    c.reaches[e.reach] = Footprint(e.buffer, direction, coherent, joint, e.columns, set(e.columns) if joint else set())
    return states


def aimed(c: Component, e: Local, states: States) -> States:
    """What a mapping leads to from now on; `too`: besides what it may lead to otherwise."""
    kind, too, reads, writes = e.args
    reach = c.reaches[e.reach]
    aim = Aim(kind, {"memory": e.other, "slot": e.slot, "void": -1}[kind], reads, writes)
    for number in e.columns:
        reach.aims[number] = (*(reach.aims.get(number, ()) if too else ()), aim)
    return states


def waits(c: Component, e: Local, states: States) -> States:
    """Mapped, unchecked: the device is not told yet."""
    c.reaches[e.reach].waiting = set(e.columns)
    return states


def called(c: Component, e: Local, states: States) -> States:
    """A map call has done its work, and has not returned yet."""
    c.reaches[e.reach].inside = True
    return states


def returned(c: Component, e: Local, states: States) -> States:
    """Now the driver knows the address."""
    c.reaches[e.reach].inside = False
    return states


def handed_over(c: Component, e: Local, states: States) -> States:
    """The device owns it from here on. It must see everything so far; FROM_DEVICE, the content is given up."""
    reach = c.reaches[e.reach]
    reach.owned |= set(e.columns)
    reach.waiting -= set(e.columns)
    alive = [number for number in e.columns if c.columns[number].buffer == reach.buffer]
    targets = {number: c.signatures_on(reach, number) for number in alive if c.at(number) >= 0}

    def change(lines: list[Line]) -> None:
        for number in targets:
            for target in targets[number]:
                if target is not None:
                    lines[target.line] = seen_to_be_late(lines[target.line], target.granule, reach.coherent)

    states = on_lines(states, change)
    if reach.direction == "from_device":
        columns = ((number, c.columns[number]) for number in alive if c.at(number) >= 0)
        states = give_up(states, [number for number, column in columns if not column.image and not column.posted])
    return states


def given_back(c: Component, e: Local, states: States) -> States:
    """sync_for_cpu: the CPU owns it again."""
    c.reaches[e.reach].owned -= set(e.columns)
    c.reaches[e.reach].waiting -= set(e.columns)
    return states


def noticed(c: Component, e: Local, states: States) -> States:
    """A sync_for_cpu or an unmap: a copy that is still behind a post is stale."""
    reach = c.reaches[e.reach]
    places: list[Place] = []
    for number in e.columns:
        if c.columns[number].buffer == reach.buffer:
            c.columns[number].posted = False
            places += c.copies(number)

    def change(lines: list[Line]) -> None:
        for line, granule in places:
            lines[line] = behind(lines[line], granule, NOTICED)

    return on_lines(states, change)


def ended(c: Component, e: Local, states: States) -> States:
    """The mapping is over."""
    c.reaches.pop(e.reach, None)
    return states


def device_wrote(c: Component, e: Local, states: States, post: bool = False) -> States:
    """A device write that the program names, where the device is entitled to it."""
    reach = c.reaches[e.reach]
    for number in e.columns:
        if c.columns[number].buffer == reach.buffer:
            c.columns[number].posted |= post
            states = one_of(states, c.device_steps(reach, number, post))
    return states


def device_posted(c: Component, e: Local, states: States) -> States:
    """The device writes while the CPU looks."""
    return device_wrote(c, e, states, post=True)


def wild(c: Component, e: Local, states: States) -> States:
    """A device write that lands where the device had no right to write; `perhaps` (lazy IOMMU) it does not land."""
    coherent, perhaps = e.args
    before = states
    if e.slot >= 0:
        targets = [Place(slot.line, 0) for number, slot in _slots(c, e) if c.slot_alive(slot, number)]
    else:
        targets = [c.place(e.line, number) for number in e.columns if c.lives_at(e.line, number)]
        if coherent:
            states = each(states, partial(after, Step((Change(e.line, flushed),))))
    for target in targets:
        states = each(states, partial(after, wild_write(target, coherent)))
    return states | before if perhaps else states


def haunted(c: Component, e: Local, states: States) -> States:
    """A device may write here from now on, though its mapping should not lead here."""
    c.haunts |= {Haunt(number, -1 if e.slot >= 0 else e.line, e.slot, e.args[0]) for number in e.columns}
    return states


def exorcised(c: Component, e: Local, states: States) -> States:
    """No device may write here any more without being entitled to."""
    c.haunts.clear()
    return states


EVENTS: dict[str, Callable[[Component, Local, States], States]] = {
    event.__name__: event
    for event in (
        born, died, overwritten, scribbled, written, read, glimpsed, moved, maintained, slot_taken, slot_released,
        copied_in, copied_back, slot_scribbled, slot_maintained, mapped, aimed, handed_over, given_back, noticed,
        ended, device_wrote, device_posted, wild, haunted, exorcised, waits, left, called, returned,
    )
}  # fmt: skip
NO_MATTER = frozenset(
    {"stopped", "mapped", "aimed", "given_back", "ended", "haunted", "exorcised", "glimpsed", "slot_taken", "waits",
     "called", "returned"}
)  # fmt: skip
"""Events that change no line."""


class Point(NamedTuple):
    """A component after some operations: all its states, and what was found after the last one."""

    component: Component
    states: States
    found: Found


def touched_slots(c: Component, e: Local) -> list[int]:
    """The lines of slots that an event changes."""
    all_of_them = e.name in ("written", "device_wrote", "device_posted", "handed_over", "noticed")
    return [granule.line for (of, at), granule in c.slots.items() if at in e.columns and (all_of_them or of == e.slot)]


def start(shape: Shape) -> Point:
    """A component before the program."""
    lines = (unknown(len(shape.focus)),) * shape.lines + (unknown(1),) * shape.slot_granules
    return Point(Component(shape), frozenset({State(lines, frozenset())}), frozenset())


def advance(before: Point, events: tuple[Local, ...]) -> Point:
    """The component after one more operation."""
    component = before.component.copy()
    states = before.states
    if any(event.name not in NO_MATTER for event in events):
        states = spread(states, range(component.shape.lines))
    found: Found = frozenset()
    for event in events:
        if event.name not in NO_MATTER:
            states = spread(states, touched_slots(component, event))
        if event.name in ("read", "moved"):
            found |= stale_reads(component, event, states)
        if event.name == "glimpsed":
            states = spread(states, (*range(component.shape.lines), *touched_slots(component, event)))
            found |= glimpses(component, event, states)
        if event.name != "stopped":
            states = EVENTS[event.name](component, event, states)
    if events[-1].name == "stopped":
        return Point(component, states, found)
    states = closure(component.unasked(), component.fills(), states, component.shape.focus)
    return Point(component, states, found | component.find(states))
