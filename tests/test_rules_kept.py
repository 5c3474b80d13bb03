# SPDX-License-Identifier: GPL-2.0-only
"""Programs that keep the rules of the DMA API lose nothing on any machine, and names mean nothing."""

from __future__ import annotations

import copy
import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmafuzz import _core, platforms
from dmafuzz._core import Direction, Maintenance
from dmafuzz.platforms import PlatformFile
from dmafuzz.program import Program, parse, read
from dmafuzz.program.forms import FORMS, is_device_access

CORPUS = Path(__file__).parent.parent / "corpus"
CONFORMING = sorted((CORPUS / "conforming").glob("*.dma"))
TRACKER = "6.12"

# The widest line there is: whole lines of it are whole lines everywhere.
LINE_BYTES = 128
PAGE_BYTES = _core.PAGE_BYTES
STACK_BYTES = 16 * 1024  # of one CPU; the offset of live stack data counts the lower CPUs' stacks as well

MACHINES = {name: platforms.load(name) for name in platforms.names()}
# Coherent memory that hits stale lines of its cacheable alias: no driver can do anything about it.
HIT_ALIASES = {name for name, machine in MACHINES.items() if machine.core.mismatched_aliases_hit}


@functools.cache
def judge_of_all() -> _core.Judge:
    return _core.Judge(TRACKER, [platforms.to_core(machine) for machine in MACHINES.values()])


def judged(ops: Sequence[_core.Op], platform: str) -> _core.Judgement:
    return judge_of_all().judge(ops, list(MACHINES).index(platform))


def may_expose(machine: PlatformFile) -> bool:
    """Whether this machine's kernel shows old memory, or old slot bytes, to who receives less than was mapped."""
    forgets = machine.core.for_device[Direction.from_device.value] == Maintenance.invalidate
    incoherent = any(not device.coherent for device in machine.core.devices)
    return (forgets and incoherent) or (machine.core.bounce_slots > 0 and not machine.core.copy_in_from_device)


def may_sleep(machine: PlatformFile) -> bool:
    """Whether a coherent allocation with interrupts off, which the rules permit, sleeps."""
    return machine.core.coherent_remaps and not machine.core.atomic_pool


def permitted_harms(machine: PlatformFile) -> set[str]:
    """Harms that history says this machine does to programs that keep the rules."""
    return {kind for kind, may in (("exposure", may_expose), ("sleep-in-atomic", may_sleep)) if may(machine)}


def wrong(ops: Sequence[_core.Op], platform: str) -> dict[str, Any]:
    """What a program that keeps the rules must not lead to."""
    found = judged(ops, platform)
    permitted = permitted_harms(MACHINES[platform])
    facts = {
        "corruptions": found.corruptions,
        "harms": [harm for harm in found.harms if harm.kind not in permitted],
        "rules": found.breaches,
        "warnings": found.warnings,
    }
    return {what: instances for what, instances in facts.items() if instances}


# The corpus


@pytest.mark.parametrize("platform", list(MACHINES))
@pytest.mark.parametrize("file", CONFORMING, ids=lambda file: file.stem)
def test_a_conforming_program_of_the_corpus_is_neither_corrupt_nor_warned_about(file: Path, platform: str) -> None:
    ops = read(file).ops
    allocates_coherent = any(op.kind == _core.OpKind.alloc_coherent for op in ops)
    if allocates_coherent and platform in HIT_ALIASES:
        assert set(wrong(ops, platform)) == {"corruptions"}
        assert {found.kind for found in wrong(ops, platform)["corruptions"]} <= {"stale-cpu-data", "stale-cpu-read"}
        return
    assert wrong(ops, platform) == {}


# Drivers


@dataclass
class Driver:
    """Lines of one driver, in its own order. Names of buffers and mappings come from ``Names``."""

    lines: list[str] = field(default_factory=list)

    def does(self, line: str) -> None:
        self.lines.append(line)


@dataclass
class Names:
    """The next free names, for all drivers together."""

    buffers: int = 0
    mappings: int = 0

    def buffer(self) -> str:
        self.buffers += 1
        return f"b{self.buffers - 1}"

    def mapping(self) -> str:
        self.mappings += 1
        return f"m{self.mappings - 1}"


_CPUS = st.sampled_from([f"cpu{i}" for i in range(_core.CPUS_MAX)])
_DEVICES = st.sampled_from([f"d{i}" for i in range(_core.DEVICES_MAX)])
_DIRECTIONS = st.sampled_from(("TO_DEVICE", "FROM_DEVICE", "BIDIRECTIONAL"))
_KINDS = st.sampled_from(("pages", "page_cache", "anonymous", "kmalloc"))
_ROUNDS_MAX = 2
_DRIVERS_MAX = 4


@st.composite
def ranges(draw: st.DrawFn, size: int) -> tuple[int, int]:
    """Offset and size of whole lines in a buffer."""
    lines = size // LINE_BYTES
    first = draw(st.integers(0, lines - 1))
    return first * LINE_BYTES, draw(st.integers(1, lines - first)) * LINE_BYTES


@st.composite
def accesses(draw: st.DrawFn, buffer: str, start: int, size: int, direction: str) -> list[str]:
    """What the CPU may do with a range it owns, while it is mapped."""
    may = {"TO_DEVICE": ("read", "write"), "FROM_DEVICE": ("read",), "BIDIRECTIONAL": ("read", "write")}[direction]
    verbs = draw(st.lists(st.sampled_from(may), max_size=2))
    return [f"{draw(_CPUS)} {verb} {buffer} {start} {size}" for verb in verbs]


@st.composite
def streams(draw: st.DrawFn, names: Names) -> list[str]:
    """A driver of one buffer: map, (sync_for_cpu, read or write, sync_for_device)*, unmap, read."""
    driver, buffer = Driver(), names.buffer()
    size = draw(st.sampled_from((1, 2))) * PAGE_BYTES
    kind, direction, device = draw(_KINDS), draw(_DIRECTIONS), draw(_DEVICES)
    high = " high" if kind != "kmalloc" and draw(st.booleans()) else ""
    driver.does(f"{draw(_CPUS)} {buffer} = alloc {kind} {size}{high}")
    for _ in range(draw(st.integers(1, _ROUNDS_MAX))):
        mapping, function = names.mapping(), draw(st.sampled_from(("single", "page")))
        start, length = draw(ranges(size))
        map_ = f"map_{function} {device} {buffer} {start} {length} {direction}"
        driver.does(f"{draw(_CPUS)} {mapping} = {map_}")
        for _ in range(draw(st.integers(0, _ROUNDS_MAX))):
            part, part_size = draw(ranges(length))
            sync = draw(st.sampled_from(("sync_single", "sync_range")))
            where = f"{mapping} offset={part} size={part_size}"
            driver.does(f"{draw(_CPUS)} {sync}_for_cpu {where}")
            driver.lines += draw(accesses(buffer, start + part, part_size, direction))
            driver.does(f"{draw(_CPUS)} {sync}_for_device {where}")
        driver.does(f"{draw(_CPUS)} unmap_{function} {mapping}")
        driver.does(f"{draw(_CPUS)} {draw(st.sampled_from(('read', 'write')))} {buffer} 0 {size}")
    return driver.lines


@st.composite
def lists(draw: st.DrawFn, names: Names) -> list[str]:
    """A driver of a scatterlist of whole pages."""
    driver, buffer, other = Driver(), names.buffer(), names.buffer()
    direction, device, mapping = draw(_DIRECTIONS), draw(_DEVICES), names.mapping()
    driver.does(f"{draw(_CPUS)} {buffer} = alloc {draw(_KINDS)} {2 * PAGE_BYTES}")
    driver.does(f"{draw(_CPUS)} {other} = alloc {draw(_KINDS)} {PAGE_BYTES}")
    entries = draw(
        st.permutations([f"{buffer}:0:{PAGE_BYTES}", f"{buffer}:{PAGE_BYTES}:{PAGE_BYTES}", f"{other}:0:4096"])
    )
    driver.does(f"{draw(_CPUS)} {mapping} = map_sg {device} {direction} {' '.join(entries)}")
    for _ in range(draw(st.integers(0, _ROUNDS_MAX))):
        driver.does(f"{draw(_CPUS)} sync_sg_for_cpu {mapping}")
        driver.lines += draw(accesses(buffer, 0, 2 * PAGE_BYTES, direction))
        driver.lines += draw(accesses(other, 0, PAGE_BYTES, direction))
        driver.does(f"{draw(_CPUS)} sync_sg_for_device {mapping}")
    driver.does(f"{draw(_CPUS)} unmap_sg {mapping}")
    driver.does(f"{draw(_CPUS)} read {buffer} 0 {2 * PAGE_BYTES}")
    return driver.lines


@st.composite
def shared(draw: st.DrawFn, names: Names) -> list[str]:
    """A buffer that several devices send at once, dirtied by user space meanwhile."""
    driver, buffer = Driver(), names.buffer()
    driver.does(f"{draw(_CPUS)} {buffer} = alloc page_cache {PAGE_BYTES}")
    mappings = [names.mapping() for _ in range(draw(st.integers(2, 3)))]
    for mapping in mappings:
        driver.does(f"{draw(_CPUS)} {mapping} = map_page {draw(_DEVICES)} {buffer} 0 {PAGE_BYTES} TO_DEVICE")
        if draw(st.booleans()):
            start, size = draw(ranges(PAGE_BYTES))
            driver.does(f"{draw(_CPUS)} {draw(st.sampled_from(('read', 'dirty')))} {buffer} {start} {size}")
    for mapping in draw(st.permutations(mappings)):
        driver.does(f"{draw(_CPUS)} unmap_page {mapping}")
    driver.does(f"{draw(_CPUS)} read {buffer} 0 {PAGE_BYTES}")
    return driver.lines


@st.composite
def interleaved(draw: st.DrawFn, drivers: list[list[str]]) -> list[str]:
    """All lines of all drivers, each driver's in its own order."""
    waiting = [list(lines) for lines in drivers]
    lines: list[str] = []
    while any(waiting):
        turn = draw(st.sampled_from([i for i, left in enumerate(waiting) if left]))
        lines.append(waiting[turn].pop(0))
    return lines


@st.composite
def well_behaved(draw: st.DrawFn) -> Program:
    """A program of drivers that keep every rule, on whole-line buffers."""
    names = Names()
    drivers: list[list[str]] = []
    for _ in range(draw(st.integers(1, _DRIVERS_MAX))):
        lines = draw(st.sampled_from((streams, lists, shared)).flatmap(lambda kind: kind(names)))
        if sum(map(len, drivers)) + len(lines) <= _core.OPS_MAX:
            drivers.append(lines)
    return parse("\n".join(["dmafuzz 1", *draw(interleaved(drivers))]) + "\n")


@given(well_behaved())
@settings(max_examples=300, deadline=None)
def test_drivers_that_keep_the_rules_lose_nothing_on_any_machine(program: Program) -> None:
    for platform in MACHINES:
        assert wrong(program.ops, platform) == {}


# Names


def permutations(count: int) -> st.SearchStrategy[list[int]]:
    return st.permutations(range(count))


@dataclass(frozen=True)
class Renaming:
    """New names for old ones, by index."""

    cpus: Sequence[int]
    buffers: Sequence[int]
    mappings: Sequence[int]

    def ops(self, ops: Sequence[_core.Op]) -> list[_core.Op]:
        return [self._op(op) for op in ops]

    def _op(self, old: _core.Op) -> _core.Op:
        op = copy.copy(old)
        form = FORMS[op.kind]
        if not is_device_access(op.kind):
            op.cpu = self.cpus[op.cpu]
        if "buffer" in (*form.results, *form.places):
            op.buffer = self.buffers[op.buffer]
        if "mapping" in (*form.results, *form.places):
            op.mapping = self.mappings[op.mapping]
        if op.reuse_list:
            op.list = self.mappings[op.list]
        op.entries = [_core.Entry(self.buffers[entry.buffer], entry.offset, entry.size) for entry in op.entries]
        return op

    def verdict(self, found: _core.Judgement) -> dict[str, Any]:
        """A judgement under the new names, without what only orders it."""
        return {
            "labels": found.labels,
            "warnings": sorted((w.id, w.op, w.justification, self._set(w.mappings)) for w in found.warnings),
            "corruptions": sorted(
                (c.kind, c.op, *self._place(c), c.explained, self._set(c.mappings)) for c in found.corruptions
            ),
            "harms": sorted((h.kind, h.op, *self._where(h)) for h in found.harms),
            # What the tidy-up breaks is left out: see the last test.
            "rules": sorted(
                (breach.rule, breach.op, None if breach.mapping is None else self.mappings[breach.mapping])
                for breach in found.breaches
                if breach.op < found.program_ops
            ),
        }

    def _set(self, mappings: Sequence[int]) -> tuple[int, ...]:
        return tuple(sorted(self.mappings[mapping] for mapping in mappings))

    def _place(self, found: _core.Corruption | _core.Harm) -> tuple[str, int, int]:
        assert found.buffer is not None
        assert found.offset is not None
        assert found.size is not None
        if found.buffer == "stack":
            return "stack", found.offset % STACK_BYTES, found.size
        return f"b{self.buffers[int(found.buffer[1:])]}", found.offset, found.size

    def _where(self, harm: _core.Harm) -> tuple[object, ...]:
        if harm.kind == "exposure":
            return self._place(harm)
        return (-1 if harm.mapping is None else self.mappings[harm.mapping],)


RENAMINGS = st.builds(
    Renaming, permutations(_core.CPUS_MAX), permutations(_core.BUFFERS_MAX), permutations(_core.MAPPINGS_MAX)
)
SAME = Renaming(range(_core.CPUS_MAX), range(_core.BUFFERS_MAX), range(_core.MAPPINGS_MAX))


@given(
    seed=st.integers(0, 2**64 - 1),
    ops=st.integers(1, 32),
    renaming=RENAMINGS,
    platform=st.sampled_from(list(MACHINES)),
)
@settings(max_examples=1000, deadline=None)
def test_names_of_buffers_mappings_and_cpus_change_no_verdict(
    seed: int, ops: int, renaming: Renaming, platform: str
) -> None:
    program = _core.random_program(seed, ops)
    renamed = renaming.ops(program)
    assert _core.check(renamed) is None
    assert SAME.verdict(judged(renamed, platform)) == renaming.verdict(judged(program, platform))


def test_the_tidy_up_frees_coherent_memory_with_interrupts_on() -> None:
    program = parse("dmafuzz 1\ncpu0 irq_off\ncpu0 b0 m0 = alloc_coherent d0 4096\n")
    assert judged(program.ops, "x86-5.5").breaches == ()
