# SPDX-License-Identifier: GPL-2.0-only
"""A program, printed as the events of a kernel and imported again, has the same calls and the same judgement: whatever
program it was, in each form, as each kernel prints it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

import pytest
from hypothesis import HealthCheck, assume, given, settings

from dmafuzz import _core, platforms, traces
from dmafuzz._core import ATTRS, BufferKind, HookKind, OpKind
from dmafuzz.program import Program
from dmafuzz.program.strategies import programs
from dmafuzz.traces.live_mappings import OLDER
from dmafuzz.trackers import resolve
from dmafuzz.verdicts import judging

KERNELS = ("6.12", "6.18", "7.2")
PLAIN = "x86-5.5"
JUDGED_ON = ("x86-5.5", "x86-5.18-force-bounce", "arm64-6.5", "armv7-5.18", "mips-r10000-5.10")
ALLOCATIONS = (OpKind.alloc_coherent, OpKind.alloc_noncoherent, OpKind.alloc_noncontiguous)
MAPS = (OpKind.map_single, OpKind.map_page, OpKind.map_sg, OpKind.map_resource, *ALLOCATIONS)
CALLS = [kind for kind in OpKind if kind.name.startswith(("map_s", "map_p", "map_r", "sync_", "unmap_", "free_"))]
JUDGED = [kind for kind in CALLS if kind not in (OpKind.map_resource, OpKind.unmap_resource)]
KINDS = (OpKind.alloc, OpKind.map_single, OpKind.map_page, OpKind.map_sg, *ALLOCATIONS, *CALLS)
# What a program may say and no event has: halves of calls, questions after errors, kinds of memory, whose list it is.
UNSAID = ("split", "unchecked", "high", "given_device", "reuse_list")
MAKE = (HookKind.map_page, HookKind.map_sg, HookKind.map_resource, HookKind.alloc_coherent, HookKind.alloc_pages)
NO_EVENT = (HookKind.map_single_area, HookKind.mapping_error, HookKind.unbind, HookKind.cow)
PAGE_BYTES = 4096
MMIO, SKIP_CPU_SYNC = (1 << ATTRS.index(name) for name in ("MMIO", "SKIP_CPU_SYNC"))


def carried(program: Program, without: int = MMIO) -> Program:
    """Of a random program what events carry: its calls, on pages; ``without`` some attributes."""
    ops = []
    for each in program.ops:
        op = each.__copy__()
        for flag in UNSAID:
            setattr(op, flag, False)
        op.cpu_offset = 0
        op.attrs &= ~without
        if op.kind is OpKind.alloc:
            op.buffer_kind = BufferKind.pages
        if op.kind is OpKind.alloc_noncontiguous:
            op.size = -(-op.size // PAGE_BYTES) * PAGE_BYTES  # so long it is, and so long the event says it is
        ops.append(op)
    return Program(_core.repair(ops))


def events(program: Program, tracker: str = "6.12", platform: str = PLAIN) -> list[traces.Printed]:
    return traces.events_of(program, judging(tracker, "6.12"), platform)


def imported(program: Program, tracker: str, form: str) -> tuple[list[Program], traces.Counts]:
    counts = traces.Counts()
    found = traces.imported(traces.events(traces.lines_of(events(program, tracker), form), counts), counts)
    return [Program(each.program().ops) for each in found for _ in range(each.count)], counts


def calls(found: Iterable[traces.Printed]) -> Counter[str]:
    """Events by what they say, but for whose memory it is: devices, and of addresses all but the place in a page."""
    return Counter(
        event.name + re.sub(r"(?<=[={,])(?:0x)?[0-9a-f]+(?=[0-9a-f]{3}[ ,}])", "", re.sub(r"^\S+ ", " ", event.text))
        for event in found
    )


def astray(program: Program) -> int:
    """Calls of which no event says what mapping they are about: on addresses where none of their device has been."""
    by_dma: list[tuple[int, int, int]] = []
    by_phys: set[tuple[int, int]] = set()
    count = 0
    for call in judging("6.12", "6.12").hooks(program, PLAIN):
        if call.op >= len(program.ops) or call.hook in NO_EVENT:
            continue
        entries = [(entry.dma, entry.dma_size) for entry in call.entries] or [(call.dma, call.size)]
        first_phys = call.entries[0].phys if call.entries else call.phys
        if call.hook in MAKE:
            by_dma += [(call.device, dma, dma + size) for dma, size in entries]
            if call.hook in (HookKind.map_page, HookKind.map_sg) and program.ops[call.op].kind not in ALLOCATIONS:
                by_phys.add((call.device, first_phys))
        elif call.hook is HookKind.unmap_sg:  # its event has physical addresses alone
            count += (call.device, first_phys) not in by_phys
        else:
            count += not any(device == call.device and dma <= entries[0][0] < end for device, dma, end in by_dma)
    return count


# The same programs each time: of a few no event says what they are about (an unmap by the wrong function, of memory
# that a list and another mapping share), and conditions that exclude just these would be the importer once more.
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.mark.parametrize("form", traces.FORMATS)
@pytest.mark.parametrize("tracker", KERNELS)
@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=SLOW)
@given(drawn=programs(max_ops=12, kinds=KINDS))
def test_importing_a_printed_program_gives_its_calls(drawn: Program, tracker: str, form: str) -> None:
    program = carried(drawn)
    found, counts = imported(program, tracker, form)
    printed, again = calls(events(program, tracker)), calls(e for each in found for e in events(each, tracker))
    assert not again - printed
    assert (printed - again).total() == counts.notes.pop(OLDER, [0])[0] <= astray(program)
    assert not counts.notes


def maps_allocations(program: Program) -> bool:
    """Whether it maps memory of an allocation: where that lies no event says."""
    allocated = {op.buffer for op in program.ops if op.kind in ALLOCATIONS}
    streamed = (op for op in program.ops if op.kind in MAPS and op.kind not in ALLOCATIONS)
    return any(op.buffer in allocated or allocated & {entry.buffer for entry in op.entries} for op in streamed)


def judged(of: Sequence[Program]) -> list[tuple[set[str], set[str]]]:
    """Kinds of corruption and warnings of all together, by platform; memory that nothing maps holds nothing."""
    found: list[tuple[set[str], set[str]]] = [(set(), set()) for _ in JUDGED_ON]
    for program in of:
        for (corrupt, warned), judgement in zip(found, judge().judge_all(program.ops), strict=True):
            corrupt.update(str(each.kind) for each in judgement.corruptions)
            warned.update(str(each.id) for each in judgement.warnings)
    return found


@cache
def judge() -> _core.Judge:
    made = _core.Judge(resolve("6.12").core, [platforms.to_core(platforms.load(name)) for name in JUDGED_ON])
    made.judge_mapped_memory_only()
    return made


@settings(max_examples=80, derandomize=True, deadline=None, suppress_health_check=SLOW)
@given(drawn=programs(max_ops=12, kinds=(OpKind.alloc, *MAPS[:3], *ALLOCATIONS, *JUDGED)))
def test_importing_a_printed_program_gives_its_judgement(drawn: Program) -> None:
    program = carried(drawn, MMIO | SKIP_CPU_SYNC)
    assume(not astray(program) and not maps_allocations(program))
    found, _ = imported(program, "6.12", "ftrace")
    assert judged(found) == judged([program])
