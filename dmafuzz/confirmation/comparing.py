# SPDX-License-Identifier: GPL-2.0-only
"""What a guest has shown against what the simulator says: which of it is wrong, and which says nothing."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from dmafuzz import _core
from dmafuzz._core import HookCall, Op, OpKind
from dmafuzz.verdicts import Corruption, Judgement

from .actions import PAGE_BYTES
from .carrying import Lost, Seen
from .confirmation import Answer, Confirmation

DEVICE_KINDS = ("stale-device-data", "foreign-device-data")


def meets(lost: Lost, corruption: Corruption) -> bool:
    """Whether a corruption is of some of these bytes."""
    same = corruption.buffer == f"b{lost.buffer}"
    return same and lost.offset < corruption.offset + corruption.size and corruption.offset < lost.offset + lost.size


def impossible(seen: Seen, judgement: Judgement) -> list[Lost]:
    """What was found lost and the simulator does not know of; not of memory that is other memory in the model."""
    out: list[Lost] = []
    for lost in seen.lost:
        if lost.buffer in seen.elsewhere:
            continue
        by_device = lost.by != "cpu"
        known = [c for c in judgement.corruptions if c.op <= lost.op and (c.kind in DEVICE_KINDS) == by_device]
        for rest in _beyond(lost, known):
            if not any(
                (o.buffer, o.offset, o.size, o.by) == (rest.buffer, rest.offset, rest.size, rest.by) for o in out
            ):
                out.append(rest)
    return out


def _where(lost: Lost) -> tuple[int, int, int, str]:
    return lost.buffer, lost.offset, lost.size, lost.by


def _beyond(lost: Lost, known: Sequence[Corruption]) -> list[Lost]:
    """The parts of what is lost that no known corruption covers."""
    parts = [lost]
    for corruption in known:
        if corruption.buffer != f"b{lost.buffer}":
            continue
        start, end = corruption.offset, corruption.offset + corruption.size
        cut = []
        for part in parts:
            last = part.offset + part.size
            if part.offset < min(last, start):
                cut.append(replace(part, size=min(last, start) - part.offset))
            if max(part.offset, end) < last:
                cut.append(replace(part, offset=max(part.offset, end), size=last - max(part.offset, end)))
        parts = cut
    return parts


def placed_otherwise(hooks: Sequence[HookCall], placed: Mapping[int, str]) -> set[int]:
    """The mappings that share pages of DMA addresses with another one here and not there, or the other way round.

    ``placed``: the kernel's, "ADDRESS:SIZE,..." by mapping. Where a guest has refused a wrong free, the addresses that
    it would have given back come back in the model only.
    """
    model = {call.mapping: _pages_of(call.dma, call.size) for call in reversed(hooks) if call.mapping is not None}
    there: dict[int, set[int]] = {}
    for mapping, text in placed.items():
        spans = (span.split(":") for span in text.split(","))
        there[mapping] = set().union(*(_pages_of(int(address, 16), int(size)) for address, size in spans))
    pairs = itertools.combinations(sorted(model.keys() & there.keys()), 2)
    differ = [{a, b} for a, b in pairs if model[a].isdisjoint(model[b]) != there[a].isdisjoint(there[b])]
    return set().union(*differ)


def _pages_of(address: int, size: int) -> set[int]:
    return set(range(address // PAGE_BYTES, (address + max(size, 1) - 1) // PAGE_BYTES + 1))


def about(ops: Sequence[Op], buffers: Collection[int], placed: Collection[int] = ()) -> set[int]:
    """The operations whose warnings may depend on where some buffers lie, or the DMA addresses of some mappings
    (``placed``): calls on them and on what maps them, the second halves of those, and a driver's end, which tells of
    what is left.
    """
    out: set[int] = set()
    mappings: set[int] = set(placed)
    devices: set[int] = set()
    held: set[int] = set()  # CPUs inside such a call
    for number, op in enumerate(ops):
        traits = _core.traits(op.kind)
        lists = traits.defines_mapping and op.reuse_list and op.list in mappings
        names = (traits.names_buffer or traits.defines_buffer) and op.buffer in buffers
        names |= any(entry.buffer in buffers for entry in op.entries) or lists
        names |= (traits.names_mapping or traits.defines_mapping) and op.mapping in mappings
        if names and traits.defines_mapping:
            mappings.add(op.mapping)
            devices.add(op.device)
        names |= op.kind == OpKind.unbind and op.device in devices
        names |= op.kind == OpKind.finish and op.cpu in held
        if names:
            out.add(number)
            (held.add if op.split else held.discard)(op.cpu)
    return out


def answer_of(done: Confirmation, ops: Sequence[Op]) -> Answer:
    """What a guest refuses is no answer, and what comes after it says nothing; what comes before it does."""
    refused = min((op for op, why in done.refused if why != "give-back"), default=len(ops))
    if any(lost.op < refused for lost in done.impossible):
        return Answer.IMPOSSIBLE
    differ = _warnings_that_differ(done) | _maps_that_differ(done, ops)
    if done.oops is None and any(op < refused and op not in done.excused for op in differ):
        return Answer.DIFFER
    if refused < len(ops):
        return Answer.REFUSED
    if done.oops is not None or differ or any(not tried.shown for tried in done.tried):
        return Answer.NOT_REPRODUCED
    return Answer.CONFIRMED


def _warnings_that_differ(done: Confirmation) -> set[int]:
    expected, seen = Counter(done.expected), Counter(done.seen)
    return {op for op, _ in (expected - seen) + (seen - expected)}


def _maps_that_differ(done: Confirmation, ops: Sequence[Op]) -> set[int]:
    """The operations whose map fails here or there only."""
    mappings = set(done.failed["model"]) ^ set(done.failed["kernel"])
    return {n for n, op in enumerate(ops) if _core.traits(op.kind).defines_mapping and op.mapping in mappings}
