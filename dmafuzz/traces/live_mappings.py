# SPDX-License-Identifier: GPL-2.0-only
"""The live mappings of a trace: which mapping a call is about, and which mappings belong together.

Memory is that of what is live, and of a fixed number of groups that have ended: a call on a mapping that has ended a
short time ago still finds it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Container, Iterator, Sequence

from .counts import Counts
from .ended_mappings import EndedMappings, Key
from .event import Call, Event
from .lengths import cpu_lengths
from .mapped_memory import MappedMemory
from .mapping import Group, Mapping, Step
from .retain import STEPS_MAX, retained

_ENDED_MAX = 1024  # groups that have ended and may still be called upon
_WALK_MAX = 16  # entries that are looked at to find the one around an address

OLDER = "calls on mappings that the trace does not have: older than it, or mapped while events were lost"
AMBIGUOUS = "calls that fit several live mappings equally: taken to be about the oldest of them"

_MAPS = (Call.MAP, Call.MAP_RESOURCE, Call.MAP_SG, Call.ALLOC, Call.ALLOC_PAGES, Call.ALLOC_SGT)
_ENDS = {
    Call.UNMAP: Call.MAP,
    Call.UNMAP_RESOURCE: Call.MAP_RESOURCE,
    Call.UNMAP_SG: Call.MAP_SG,
    Call.FREE: Call.ALLOC,
    Call.FREE_PAGES: Call.ALLOC_PAGES,
    Call.FREE_SGT: Call.ALLOC_SGT,
}
_FOR_DEVICE = (Call.SYNC_FOR_DEVICE, Call.SYNC_SG_FOR_DEVICE)
_LISTED = (Call.UNMAP_SG, Call.SYNC_SG_FOR_CPU, Call.SYNC_SG_FOR_DEVICE)


Reached = tuple[int, int, int, Mapping]
"""An entry of a mapping: where it begins, what puts the older of two behind the younger, its bytes, the mapping."""


class LiveMappings:
    """Takes events in order, gives groups: whole ones when nothing of them is live, and long ones in windows."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._by_dma: dict[Key, list[Mapping]] = {}
        self._by_list: dict[Key, list[Mapping]] = {}
        self._entries: dict[str, list[Reached]] = {}
        self._memory = MappedMemory()
        self._waiting: OrderedDict[Group, None] = OrderedDict()
        self._ended = EndedMappings()
        self.live = 0
        self.live_max = 0

    def take(self, event: Event) -> Iterator[Group]:
        """The groups that are to be judged now."""
        if event.call in _MAPS:
            yield from self._map(event)
            return
        mapping = self._find(event)
        if mapping is None:
            self._counts.note(OLDER, event.where.line)
            return
        group = mapping.group = mapping.group.root()
        step = _step(event, mapping)
        group.steps.append(step)
        if step.call in _ENDS:
            if mapping.live:
                self._end(mapping, group)
        elif step.call in _FOR_DEVICE:
            mapping.given_to_device = True
        yield from self._grown(group)

    def forget(self) -> Iterator[Group]:
        """Events were lost: what is live may have ended since. What is known so far is judged; nothing is kept."""
        groups = {mapping.group.root(): None for mappings in self._by_dma.values() for mapping in mappings}
        yield from (group for group in {**self._waiting, **groups} if len(group.steps) > group.kept)
        for known in (self._by_dma, self._by_list, self._entries, self._waiting):
            known.clear()
        self._ended.clear()
        self._memory.clear()
        self.live = 0

    finish = forget  # the end of a trace is like a loss: what is live then is no leak

    def _map(self, event: Event) -> Iterator[Group]:
        sizes, said = cpu_lengths(event)
        if said:
            self._counts.note(said, event.where.line)
        if not sizes:
            return
        group = Group()
        mapping = Mapping(
            event.call,
            event.device,
            event.direction,
            event.attrs,
            event.dma,
            event.sizes,
            event.phys,
            sizes,
            group,
            event.where.line,
        )
        if event.cut:
            self._counts.note("scatterlists of which the event has the first entries only", event.where.line)
        if mapping.cached:
            for other in self._memory.sharing(mapping):
                group = _joined(group, other.group.root())
        mapping.group = group
        group.live += 1
        group.steps.append(Step(event.call, mapping, event.where))
        self._enter(mapping)
        self._waiting.pop(group, None)
        yield from self._grown(group)

    def _enter(self, mapping: Mapping) -> None:
        self.live += 1
        self.live_max = max(self.live_max, self.live)
        key = (mapping.device, mapping.dma[0])
        self._by_dma.setdefault(key, []).append(mapping)
        self._ended.covered(*key)
        entries = self._entries.setdefault(mapping.device, [])
        for reached in _reached(mapping):
            insort(entries, reached)
        if mapping.call is Call.MAP_SG:
            self._by_list.setdefault((mapping.device, mapping.phys[0]), []).append(mapping)
        if mapping.cached:
            self._memory.add(mapping)

    def _end(self, mapping: Mapping, group: Group) -> None:
        self.live -= 1
        mapping.live = False
        key = (mapping.device, mapping.dma[0])
        _drop(self._by_dma, key, mapping)
        entries = self._entries[mapping.device]
        for reached in _reached(mapping):
            del entries[bisect_left(entries, reached)]
        if mapping.call is Call.MAP_SG:
            _drop(self._by_list, (mapping.device, mapping.phys[0]), mapping)
        if mapping.cached:
            self._memory.remove(mapping)
        self._ended.add(mapping)
        group.live -= 1

    def _grown(self, group: Group) -> Iterator[Group]:
        """A group after a call: long ones give a window, ended ones wait, and the one that has waited longest goes."""
        if len(group.steps) - group.kept >= STEPS_MAX:
            yield group
            before = group.steps
            retained(group)
            self._forget(before, {id(step.mapping) for step in group.steps})
        if not group.live:
            self._waiting[group] = None
            self._waiting.move_to_end(group)
            if len(self._waiting) > _ENDED_MAX:
                oldest, _ = self._waiting.popitem(last=False)
                self._forget(oldest.steps)
                if len(oldest.steps) > oldest.kept:
                    yield oldest

    def _forget(self, steps: Sequence[Step], but: Container[int] = ()) -> None:
        """The mappings of these calls can be called upon no more; ``but`` are those of these IDs."""
        for step in steps:
            if step.call is step.mapping.call and not step.mapping.live and id(step.mapping) not in but:
                self._ended.forget(step.mapping)

    def _find(self, event: Event) -> Mapping | None:
        """The mapping that a call is about: the live one that fits best, else one that has ended there."""
        device = event.device
        if event.call is Call.UNMAP_SG:
            return self._list(event)
        address = event.dma[0]
        exact = self._by_dma.get((device, address))
        if exact:
            return exact[0] if len(exact) == 1 else self._oldest(_fitting(exact, event), event)
        return self._around(device, address) or self._ended.find(device, address)

    def _list(self, event: Event) -> Mapping | None:
        found = self._by_list.get((event.device, event.phys[0]), ())
        count = len(event.phys)
        same = [each for each in found if each.phys[:count] == event.phys and each.direction == event.direction]
        same = same or [each for each in found if each.phys[:count] == event.phys]
        if same:
            return self._oldest([each for each in same if len(each.phys) == count] or same, event)
        # No list: it may be one page's, by the wrong function, or one that has ended.
        start = event.phys[0]
        single = [each for each in self._memory.at(start) if each.device == event.device and each.phys[0] == start]
        return self._oldest(single, event) if single else self._ended.find_memory(event.device, start)

    def _oldest(self, fitting: list[Mapping], event: Event) -> Mapping:
        """Of those that a call fits, in their order; it is said where they differ in anything."""
        first = fitting[0]
        if any(_made_by(each) != _made_by(first) for each in fitting[1:]):
            self._counts.note(AMBIGUOUS, event.where.line)
        return first

    def _around(self, device: str, address: int) -> Mapping | None:
        """The live mapping of which an entry has an address; of several, the entry that begins last, the oldest."""
        entries = self._entries.get(device, ())
        at = bisect_right(entries, (address, 1))
        for start, _, size, mapping in entries[max(0, at - _WALK_MAX) : at][::-1]:
            if address < start + size and address >= mapping.dma[0]:
                return mapping
        return None


def _reached(mapping: Mapping) -> list[Reached]:
    """A mapping's entries as they are found by an address in them."""
    number = -mapping.line
    if len(mapping.dma) == 1:
        return [(mapping.dma[0], number, mapping.dma_sizes[0], mapping)] if mapping.dma_sizes else []
    entries = dict.fromkeys(zip(mapping.dma, mapping.dma_sizes, strict=False))
    return [(start, number, size, mapping) for start, size in entries]


def _drop(known: dict[Key, list[Mapping]], key: Key, mapping: Mapping) -> None:
    mappings = known[key]
    if len(mappings) == 1:
        del known[key]
    else:
        mappings.remove(mapping)


def _fitting(mappings: list[Mapping], event: Event) -> list[Mapping]:
    """Of several at one address: as dma-debug does, those with which most agrees."""

    def agrees(mapping: Mapping) -> int:
        same_size = not event.sizes or event.sizes[0] == mapping.dma_sizes[0]
        same_kind = _ENDS.get(event.call, mapping.call) is mapping.call
        return same_size + same_kind + (event.direction == mapping.direction)

    most = max(agrees(each) for each in mappings)
    return [each for each in mappings if agrees(each) == most]


def _made_by(mapping: Mapping) -> tuple[object, ...]:
    """All that its map call said."""
    return mapping.call, mapping.direction, mapping.attrs, mapping.dma_sizes, mapping.phys


def _joined(one: Group, other: Group) -> Group:
    """The two as one: the smaller one's calls go into the larger one's, in the order of the trace."""
    if one is other:
        return one
    if len(one.steps) > len(other.steps):
        one, other = other, one
    if one.steps:
        new = {step.where.line for step in (*one.steps[one.kept :], *other.steps[other.kept :])}
        other.steps = sorted([*other.steps, *one.steps], key=lambda step: step.where.line)
        other.kept = next((i for i, step in enumerate(other.steps) if step.where.line in new), len(other.steps))
    other.live += one.live
    other.windows |= one.windows
    one.merged, one.steps = other, []
    return other


def _step(event: Event, mapping: Mapping) -> Step:
    if event.call in _LISTED:
        count = len(event.phys or event.dma)
        return Step(event.call, mapping, event.where, 0, 0, count, event.direction, event.attrs)
    offset = event.dma[0] - mapping.dma[0]
    return Step(event.call, mapping, event.where, offset, event.sizes[0], 0, event.direction, event.attrs)
