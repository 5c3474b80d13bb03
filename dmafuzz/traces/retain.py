# SPDX-License-Identifier: GPL-2.0-only
"""What a long group keeps when a window of it has been judged: the next one begins with it."""

from __future__ import annotations

from .event import Call
from .mapping import Group, Mapping, Step
from .names import SKIP_CPU_SYNC

STEPS_MAX = 32  # calls of a group after which it is judged; with allocations a program has room for them
_OVERLAP = 8  # calls that the next window has too
_FOR_CPU = (Call.SYNC_FOR_CPU, Call.SYNC_SG_FOR_CPU)
_SYNCS = (*_FOR_CPU, Call.SYNC_FOR_DEVICE, Call.SYNC_SG_FOR_DEVICE)
_BEGIN_WITH_CPU = (Call.ALLOC_PAGES, Call.ALLOC_SGT)


def retained(group: Group) -> None:
    """Cuts what is over: mappings that have ended before the overlap, and of the others all but their map and the
    syncs that say who owns what when the overlap begins. So no call is seen without the one that made it right."""
    group.windows = True
    before, last = group.steps[:-_OVERLAP], group.steps[-_OVERLAP:]
    needed = {id(step.mapping) for step in last}
    needed.update(id(step.mapping) for step in before if step.mapping.live)
    owners: dict[int, dict[tuple[int, int], Step]] = {}
    kept: list[Step] = []
    for step in before:
        mapping = step.mapping
        if id(mapping) not in needed:
            continue
        if step.call is mapping.call:
            kept.append(step)
        elif step.call in _SYNCS:
            parts = owners.setdefault(id(mapping), {})
            if step.size == mapping.dma_sizes[0] or step.entries:
                parts.clear()
            parts[step.offset, step.size] = step
        else:  # an end: what follows is late
            kept.append(step)
    changed = [
        step
        for parts in owners.values()
        for step in parts.values()
        if (step.call in _FOR_CPU) is not _cpu_first(step.mapping)
    ]
    kept = sorted([*kept, *changed], key=lambda step: step.where.line)
    group.steps = [*kept, *last]
    group.kept = len(group.steps)


def _cpu_first(mapping: Mapping) -> bool:
    """Whether the CPU owns it until the first sync for the device."""
    return mapping.call in _BEGIN_WITH_CPU or bool(mapping.attrs & SKIP_CPU_SYNC)
