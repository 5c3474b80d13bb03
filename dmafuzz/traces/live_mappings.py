# SPDX-License-Identifier: GPL-2.0-only
"""The live mappings of a trace: which mapping a call is about, and which mappings belong together.

Memory is that of what is live, and of a fixed number of groups that have ended: a call on a mapping that has ended a
short time ago still finds it.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import OrderedDict
from collections.abc import Container, Iterable, Iterator, Sequence

from .counts import Counts
from .ended_mappings import EndedMappings, Key
from .event import Call, Event
from .lengths import cpu_lengths
from .mapping import LINE_SHIFT, PAGE_SHIFT, Group, Mapping, Step
from .retain import STEPS_MAX, retained

_ENDED_MAX = 1024  # groups that have ended and may still be called upon
_WALK_MAX = 16  # mappings that are looked at to find the one around an address
_LARGE_BYTES = 1 << 20  # of a mapping that is found by its pages; larger ones are looked through one by one

OLDER = "calls on mappings that the trace does not have: older than it, or mapped while events were lost"

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


class LiveMappings:
    """Takes events in order, gives groups: whole ones when nothing of them is live, and long ones in windows."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._by_dma: dict[Key, list[Mapping]] = {}
        self._by_list: dict[Key, list[Mapping]] = {}
        self._starts: dict[str, list[int]] = {}
        self._by_page: dict[int, list[Mapping]] = {}
        self._large: list[Mapping] = []
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
        for known in (self._by_dma, self._by_list, self._starts, self._by_page, self._waiting):
            known.clear()
        self._ended.clear()
        self._large.clear()
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
            event.call, event.device, event.direction, event.attrs, event.dma, event.sizes, event.phys, sizes, group
        )
        if event.cut:
            self._counts.note("scatterlists of which the event has the first entries only", event.where.line)
        if mapping.cached:
            for other in self._sharing(mapping):
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
        insort(self._starts.setdefault(mapping.device, []), mapping.dma[0])
        if mapping.call is Call.MAP_SG:
            self._by_list.setdefault((mapping.device, mapping.phys[0]), []).append(mapping)
        if not mapping.cached:
            return
        if _is_large(mapping):
            self._large.append(mapping)
            return
        for page in _pages(mapping):
            self._by_page.setdefault(page, []).append(mapping)

    def _end(self, mapping: Mapping, group: Group) -> None:
        self.live -= 1
        mapping.live = False
        key = (mapping.device, mapping.dma[0])
        _drop(self._by_dma, key, mapping)
        starts = self._starts[mapping.device]
        del starts[bisect_right(starts, mapping.dma[0]) - 1]
        if mapping.call is Call.MAP_SG:
            _drop(self._by_list, (mapping.device, mapping.phys[0]), mapping)
        if mapping.cached:
            if _is_large(mapping):
                self._large.remove(mapping)
            else:
                for page in _pages(mapping):
                    _drop(self._by_page, page, mapping)
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
            return exact[0] if len(exact) == 1 else _fitting(exact, event)
        return self._around(device, address) or self._in_list(device, address) or self._ended.find(device, address)

    def _list(self, event: Event) -> Mapping | None:
        found = self._by_list.get((event.device, event.phys[0]), ())
        count = len(event.phys)
        same = [each for each in found if each.phys[:count] == event.phys and each.direction == event.direction]
        same = same or [each for each in found if each.phys[:count] == event.phys]
        if same:
            return next((each for each in same if len(each.phys) == count), same[0])
        # No list: it may be one page's, by the wrong function, or one that has ended.
        start = event.phys[0]
        pages = self._by_page.get(start >> PAGE_SHIFT, ())
        single = (each for each in pages if each.device == event.device and each.phys[0] == start)
        return next(single, None) or self._ended.find_memory(event.device, start)

    def _around(self, device: str, address: int) -> Mapping | None:
        """The live mapping that an address lies in, behind its beginning."""
        starts = self._starts.get(device)
        if not starts:
            return None
        at = bisect_right(starts, address) - 1
        for start in starts[max(0, at - _WALK_MAX + 1) : at + 1][::-1]:
            for mapping in self._by_dma[device, start]:
                if address < start + mapping.dma_sizes[0]:
                    return mapping
        return None

    def _in_list(self, device: str, address: int) -> Mapping | None:
        """The live list of which an entry behind the first has an address: rare, so there is no index of them."""
        for (owner, _), lists in self._by_list.items():
            for mapping in lists if owner == device else ():
                if address >= mapping.dma[0] and any(
                    start <= address < start + size for start, size in zip(mapping.dma, mapping.dma_sizes, strict=False)
                ):
                    return mapping
        return None

    def _sharing(self, mapping: Mapping) -> Iterator[Mapping]:
        """The live mappings that share a cacheline with a new one."""
        near: Iterable[Mapping]
        if _is_large(mapping):
            near = [each for mappings in self._by_dma.values() for each in mappings if each.cached]
            yield from (each for each in near if share_lines(mapping, each))
            return
        pages = _pages(mapping)
        if len(pages) == 1:
            near = self._by_page.get(pages[0], ())
        else:
            near = {id(each): each for page in pages for each in self._by_page.get(page, ())}.values()
        yield from (each for each in near if share_lines(mapping, each))
        yield from (each for each in self._large if share_lines(mapping, each))


def share_lines(one: Mapping, other: Mapping) -> bool:
    """Whether two mappings have a cacheline in common."""
    return share_entry_lines(one, range(len(one.sizes)), other, range(len(other.sizes)))


def share_entry_lines(one: Mapping, entries: Sequence[int], other: Mapping, others: Sequence[int]) -> bool:
    """Whether some entries of two mappings do."""
    for i in entries:
        start = one.phys[i]
        first, last = start >> LINE_SHIFT, (start + one.sizes[i] - 1) >> LINE_SHIFT
        for j in others:
            start = other.phys[j]
            if first <= (start + other.sizes[j] - 1) >> LINE_SHIFT and start >> LINE_SHIFT <= last:
                return True
    return False


def _is_large(mapping: Mapping) -> bool:
    return sum(mapping.sizes) > _LARGE_BYTES


def _pages(mapping: Mapping) -> list[int]:
    if len(mapping.phys) == 1:
        start = mapping.phys[0]
        return list(range(start >> PAGE_SHIFT, (start + mapping.sizes[0] - 1 >> PAGE_SHIFT) + 1))
    pages: dict[int, None] = {}
    for start, size in zip(mapping.phys, mapping.sizes, strict=True):
        pages.update(dict.fromkeys(range(start >> PAGE_SHIFT, (start + size - 1 >> PAGE_SHIFT) + 1)))
    return list(pages)


def _drop(known: dict[Key, list[Mapping]] | dict[int, list[Mapping]], key: Key | int, mapping: Mapping) -> None:
    mappings = known[key]  # type: ignore[index]
    if len(mappings) == 1:
        del known[key]  # type: ignore[arg-type]
    else:
        mappings.remove(mapping)


def _fitting(mappings: list[Mapping], event: Event) -> Mapping:
    """Of several at one address: as dma-debug does, the one with which most agrees, the oldest first."""

    def agrees(mapping: Mapping) -> int:
        same_size = not event.sizes or event.sizes[0] == mapping.dma_sizes[0]
        same_kind = _ENDS.get(event.call, mapping.call) is mapping.call
        return -(same_size + same_kind + (event.direction == mapping.direction))

    return min(mappings, key=agrees)


def _joined(one: Group, other: Group) -> Group:
    """The two as one: the smaller one's calls go into the larger one's, in the order of the trace."""
    if one is other:
        return one
    if len(one.steps) > len(other.steps):
        one, other = other, one
    if one.steps:
        other.steps = sorted([*other.steps, *one.steps], key=lambda step: step.where.line)
    other.live += one.live
    other.kept = min(len(other.steps), other.kept + one.kept)
    other.windows |= one.windows
    one.merged, one.steps = other, []
    return other


def _step(event: Event, mapping: Mapping) -> Step:
    if event.call in _LISTED:
        count = len(event.phys or event.dma)
        return Step(event.call, mapping, event.where, 0, 0, count, event.direction, event.attrs)
    offset = event.dma[0] - mapping.dma[0]
    return Step(event.call, mapping, event.where, offset, event.sizes[0], 0, event.direction, event.attrs)
