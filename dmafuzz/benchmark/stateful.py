# SPDX-License-Identifier: GPL-2.0-only
"""The problem as a Hypothesis state machine over the public Python API, as one would write it without dmafuzz's engine.

Each rule adds a line to a program; at the end the program is parsed and judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from dmafuzz import _core
from dmafuzz.benchmark.job import Job
from dmafuzz.program import parse
from dmafuzz.verdicts import judging

_KINDS = ("pages", "kmalloc", "page_cache", "anonymous")
_SIZES = st.sampled_from((16, 32, 48, 64, 96, 128, 256, 4096, 8192))
_DIRECTIONS = st.sampled_from(("TO_DEVICE", "FROM_DEVICE", "BIDIRECTIONAL"))
_CPUS = st.sampled_from((0, 0, 1))
_DEVICES = st.sampled_from((0, 0, 1))
_EXAMPLES = 2**31


@dataclass(frozen=True)
class Buffer:
    name: str
    kind: str
    size: int


@dataclass(frozen=True)
class Mapping:
    name: str
    call: str


class DmaPrograms(RuleBasedStateMachine):
    """What a driver might do. Subclasses say what becomes of the program."""

    buffers = Bundle("buffers")
    mappings = Bundle("mappings")

    def __init__(self) -> None:
        super().__init__()
        self.lines = ["dmafuzz 1"]
        self.buffer_count = 0
        self.mapping_count = 0
        self.between: set[int] = set()  # CPUs between the two halves of a call
        self.dead: set[str] = set()

    def add(self, cpu: int, text: str, split: bool = False) -> None:
        if cpu in self.between:
            self.lines.append(f"cpu{cpu} finish")
            self.between.remove(cpu)
        self.lines.append(f"cpu{cpu} {text}{' split' if split else ''}")
        if split:
            self.between.add(cpu)

    def text(self, ops_max: int) -> str:
        """The program so far, cut where it gets too long: half a call takes two lines."""
        return "\n".join(self.lines[: 1 + ops_max])

    def new_mapping(self) -> str:
        self.mapping_count += 1
        return f"m{self.mapping_count - 1}"

    def new_buffer(self) -> str:
        self.buffer_count += 1
        return f"b{self.buffer_count - 1}"

    def room(self) -> bool:
        return self.buffer_count < _core.BUFFERS_MAX and self.mapping_count < _core.MAPPINGS_MAX

    @precondition(room)
    @rule(target=buffers, cpu=_CPUS, kind=st.sampled_from(_KINDS), size=_SIZES)
    def alloc(self, cpu: int, kind: str, size: int) -> Buffer:
        name = self.new_buffer()
        self.add(cpu, f"{name} = alloc {kind} {size}")
        return Buffer(name, kind, size)

    @precondition(room)
    @rule(
        target=mappings, cpu=_CPUS, call=st.sampled_from(("coherent", "noncoherent", "noncontiguous")), data=st.data()
    )
    def allocate(self, cpu: int, call: str, data: Any) -> Mapping:
        buffer, mapping = self.new_buffer(), self.new_mapping()
        direction = "" if call == "coherent" else f" {data.draw(_DIRECTIONS)}"
        size = data.draw(st.sampled_from((16, 64, 4096, 65552)))
        self.add(cpu, f"{buffer} {mapping} = alloc_{call} d0 {size}{direction}")
        return Mapping(mapping, call)

    @precondition(room)
    @rule(target=mappings, cpu=_CPUS, device=_DEVICES, buffer=buffers, direction=_DIRECTIONS, data=st.data())
    def map(self, cpu: int, device: int, buffer: Buffer, direction: str, data: Any) -> Mapping | None:
        if buffer.name in self.dead:
            return None
        offset = 16 * data.draw(st.integers(0, min(8, buffer.size // 16 - 1)))
        size = 16 * data.draw(st.integers(1, (buffer.size - offset) // 16))
        call = data.draw(st.sampled_from(("single", "page")))
        extra = data.draw(st.sampled_from(("", "", "", " attrs=SKIP_CPU_SYNC", " unchecked")))
        mapping = self.new_mapping()
        self.add(cpu, f"{mapping} = map_{call} d{device} {buffer.name} {offset} {size} {direction}{extra}")
        return Mapping(mapping, call)

    @precondition(room)
    @rule(
        target=mappings,
        cpu=_CPUS,
        device=_DEVICES,
        direction=_DIRECTIONS,
        entries=st.lists(buffers, min_size=1, max_size=3),
    )
    def map_list(self, cpu: int, device: int, direction: str, entries: list[Buffer]) -> Mapping | None:
        if any(buffer.name in self.dead for buffer in entries):
            return None
        mapping = self.new_mapping()
        each = " ".join(f"{buffer.name}:0:{buffer.size}" for buffer in entries)
        self.add(cpu, f"{mapping} = map_sg d{device} {direction} {each}")
        return Mapping(mapping, "sg")

    @rule(
        cpu=_CPUS, mapping=mappings, end=st.sampled_from(("cpu", "device")), extra=st.sampled_from(("", "", " size=16"))
    )
    def sync(self, cpu: int, mapping: Mapping | None, end: str, extra: str) -> None:
        if mapping is None:
            return
        what = "sg" if mapping.call in ("sg", "noncontiguous") else "single"
        self.add(cpu, f"sync_{what}_for_{end} {mapping.name}{extra if what == 'single' else ''}")

    @rule(
        cpu=_CPUS,
        mapping=mappings,
        wrong=st.sampled_from((None, None, None, "single", "resource")),
        split=st.booleans(),
    )
    def unmap(self, cpu: int, mapping: Mapping | None, wrong: str | None, split: bool) -> None:
        if mapping is None:
            return
        call = wrong or mapping.call
        word = "free" if call in ("coherent", "noncoherent", "noncontiguous") else "unmap"
        short = " nents=1" if split and call == "sg" else ""
        self.add(cpu, f"{word}_{call} {mapping.name}{short}", split and not short)

    @rule(cpu=_CPUS, buffer=buffers, access=st.sampled_from(("read", "write", "dirty")))
    def touch(self, cpu: int, buffer: Buffer, access: str) -> None:
        if buffer.name not in self.dead:
            self.add(cpu, f"{access} {buffer.name} 0 {buffer.size}")

    @rule(cpu=_CPUS, buffer=buffers)
    def copy_on_write(self, cpu: int, buffer: Buffer) -> None:
        if buffer.name not in self.dead and buffer.kind in ("page_cache", "anonymous"):
            self.add(cpu, f"cow {buffer.name} 0")

    @rule(cpu=_CPUS, buffer=buffers)
    def free(self, cpu: int, buffer: Buffer) -> None:
        if buffer.name not in self.dead:
            self.dead.add(buffer.name)
            self.add(cpu, f"free {buffer.name}")

    @rule(mapping=mappings, access=st.sampled_from(("read", "write")))
    def device(self, mapping: Mapping | None, access: str) -> None:
        if mapping is not None:
            self.lines.append(f"device {mapping.name} {access} 0 16")

    @rule(cpu=_CPUS, mapping=mappings)
    def check(self, cpu: int, mapping: Mapping | None) -> None:
        if mapping is not None and mapping.call in ("single", "page"):
            self.add(cpu, f"mapping_error {mapping.name}")


def run(job: Job) -> None:
    """Judges the programs of the state machine, on one platform each, until the parent ends the process."""
    subject = _core.Subject(job.core_tracker, job.machines(), job.cause_probe())
    bench = judging(job.tracker, job.portfolio)

    class Judged(DmaPrograms):
        def teardown(self) -> None:
            program = parse(self.text(job.ops))
            records = program.encode()
            bench.judge(program, job.platforms[_core.platform_of(records, len(job.platforms))])
            # Once more in the core, which looks and counts; a hundredth of what it took until here.
            subject.run(records)

    run_state_machine_as_test(
        seed(job.seed)(Judged),
        settings=settings(
            max_examples=_EXAMPLES,
            stateful_step_count=job.ops,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
