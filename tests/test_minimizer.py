# SPDX-License-Identifier: GPL-2.0-only
"""The minimizer: what it leaves shows the same, and nothing of it can be left out.

Whether a program still shows the same is asked of the judge; what there is to leave out is said here once more, without
the minimizer.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import dedent
from typing import Any

import pytest

from dmafuzz import _core, platforms
from dmafuzz._core import BufferKind, Entry, Op
from dmafuzz.program import canonical, parse, render_op

TRACKER = PORTFOLIO = "6.12"
# Coherent; always bounced; three styles of maintenance; an IOMMU; segments; wide lines.
PLATFORMS = (
    "x86-5.5", "x86-5.18-force-bounce", "arm64-6.5", "mips-5.5", "armv7-5.18", "arm64-6.5-iommu-strict",
    "x86-5.5-segment-limits", "arm64-6.5-line128",
)  # fmt: skip
OPERATIONS = 40
SEEDS = range(150)

Ops = list[Op]


@functools.cache
def members() -> list[str]:
    return [member.name for member in platforms.portfolio(PORTFOLIO)]


def new_judge() -> Any:
    return _core.Judge(TRACKER, [platforms.to_core(member) for member in platforms.portfolio(PORTFOLIO)])


judge = functools.cache(new_judge)


@dataclass(frozen=True)
class Sight:
    """What is seen on a platform: a label, a kind of corruption or warning, the tracker's reason, and the rules that
    may be broken."""

    platform: str
    label: str
    kind: str
    rules: frozenset[str]
    reason: str

    def shows(self, ops: Sequence[Op]) -> bool:
        """For another reason where it breaks fewer rules."""
        broken = rules(ops, self.platform)
        reasons = {why for label, kind, why in targets(ops, self.platform) if (label, kind) == (self.label, self.kind)}
        return (self.reason in reasons and broken <= self.rules) or (bool(reasons) and broken < self.rules)

    def minimize(self, ops: Sequence[Op], by: Any = None) -> Ops:
        return self.reduce(ops, by)[0]

    def reduce(self, ops: Sequence[Op], by: Any = None) -> tuple[Ops, Sight]:
        """What it comes to, and what that shows."""
        found = (by or judge()).minimize(ops, members().index(self.platform), self.label, self.kind, self.reason)
        assert set(found.rules) == rules(found.ops, self.platform)
        assert (self.label, self.kind, found.reason) in targets(found.ops, self.platform)
        reached = replace(self, rules=frozenset(found.rules), reason=found.reason)
        return list(found.ops), reached


def targets(ops: Sequence[Op], platform: str) -> list[tuple[str, str, str]]:
    return list(judge().signatures_on(ops, members().index(platform)))


def rules(ops: Sequence[Op], platform: str) -> frozenset[str]:
    return frozenset(str(breach.rule) for breach in judge().judge(ops, members().index(platform)).breaches)


def sights(ops: Sequence[Op], platform: str) -> list[Sight]:
    broken = rules(ops, platform)
    return [Sight(platform, label, kind, broken, why) for label, kind, why in targets(ops, platform)]


@dataclass(frozen=True)
class Case:
    seed: int
    original: Ops
    sight: Sight
    minimal: Ops
    reached: Sight

    def __str__(self) -> str:
        return f"seed {self.seed}, {self.sight}:\n{text(self.minimal)}"


@functools.cache
def cases() -> list[Case]:
    """Random programs, minimized for everything that there is to see on some platforms."""
    found = []
    for seed in SEEDS:
        ops = _core.random_program(seed, OPERATIONS)
        for platform in PLATFORMS:
            found += [Case(seed, ops, sight, *sight.reduce(ops)) for sight in sights(ops, platform)]
    return found


def text(ops: Sequence[Op]) -> str:
    return "\n".join(render_op(op) for op in ops)


def program(lines: str) -> Ops:
    return list(parse("dmafuzz 1\n" + dedent(lines)).ops)


# What can be simpler about a program


def changed(ops: Ops, at: int, **fields: Any) -> Ops:
    op = copy.copy(ops[at])
    for name, value in fields.items():
        setattr(op, name, value)
    return [*ops[:at], _core.clear_unused(op), *ops[at + 1 :]]


def without_dependants(ops: Ops) -> Ops:
    """The lines that are valid one after the other."""
    left = list(ops)
    while (problem := _core.check(left)) is not None:
        del left[problem.op]
    return left


def without_a_line(ops: Ops) -> Iterator[Ops]:
    for at in range(len(ops)):
        yield without_dependants([*ops[:at], *ops[at + 1 :]])


PREFERRED = 16


def place(value: int) -> tuple[bool, int]:
    """A size or an offset by the specification's order: multiples of 16 come before all others."""
    return value % PREFERRED != 0, value


def lower(value: int, least: int = 0) -> list[int]:
    """Small values, half, and one or sixteen less, of those that come before the value."""
    values = {*range(8), *range(0, 144, PREFERRED), value // 2, value // 32 * 16, value - 1, value - PREFERRED}
    return sorted(v for v in values if least <= v and place(v) < place(value))


def with_a_lower_number(ops: Ops) -> Iterator[Ops]:
    for at, op in enumerate(ops):
        for field in ("count", "cpu", "device"):
            yield from (changed(ops, at, **{field: value}) for value in range(getattr(op, field)))
        for field, least in (("size", 1), ("offset", 0), ("cpu_offset", 0)):
            yield from (changed(ops, at, **{field: value}) for value in lower(getattr(op, field), least))
        entries = [] if op.reuse_list else op.entries
        for i, entry in enumerate(entries):
            simpler = [Entry(entry.buffer, entry.offset, size) for size in lower(entry.size, least=1)]
            simpler += [Entry(entry.buffer, offset, entry.size) for offset in lower(entry.offset)]
            yield from (changed(ops, at, entries=[*entries[:i], one, *entries[i + 1 :]]) for one in simpler)


FLAGS = (
    "split", "unchecked", "high", "private", "reuse_list",
    "given_device", "given_size", "given_direction", "given_attrs", "given_count",
)  # fmt: skip


def without_a_flag(ops: Ops) -> Iterator[Ops]:
    for at, op in enumerate(ops):
        for flag in FLAGS:
            if getattr(op, flag):
                # With a call that is not split its second half goes.
                yield without_dependants(changed(ops, at, **{flag: False}))


def in_plain_pages(ops: Ops) -> Iterator[Ops]:
    for at, op in enumerate(ops):
        if op.kind == _core.OpKind.alloc and op.buffer_kind != BufferKind.pages:
            yield changed(ops, at, buffer_kind=BufferKind.pages)


def without_an_attribute(ops: Ops) -> Iterator[Ops]:
    for at, op in enumerate(ops):
        for bit in range(len(_core.ATTRS)):
            if op.attrs >> bit & 1:
                yield changed(ops, at, attrs=op.attrs & ~(1 << bit))


def without_an_entry(ops: Ops) -> Iterator[Ops]:
    for at, op in enumerate(ops):
        if not op.reuse_list and len(op.entries) > 1:
            for i in range(len(op.entries)):
                yield changed(ops, at, entries=[*op.entries[:i], *op.entries[i + 1 :]])


Simplify = Callable[[Ops], Iterator[Ops]]


def simpler(ops: Ops, sight: Sight, simplify: Simplify) -> Iterator[Ops]:
    """What is simpler, valid, and still shows it."""
    for candidate in simplify(ops):
        if candidate and candidate != ops and _core.check(candidate) is None and sight.shows(candidate):
            yield candidate


def assert_minimal(ops: Ops, sight: Sight, simplify: Simplify) -> None:
    for candidate in simpler(ops, sight, simplify):
        pytest.fail(f"{sight}:\n{text(ops)}\nis shown by\n{text(candidate)}")


# Random programs


def test_there_is_plenty_to_minimize() -> None:
    assert len(cases()) > 1000
    assert {case.sight.label for case in cases()} == {"FN", "FP", "hazard"}
    assert {case.sight.platform for case in cases()} == set(PLATFORMS)
    assert len({(case.sight.label, case.sight.kind) for case in cases()}) > 20


def test_the_result_shows_the_same_label_and_kind_and_breaks_no_other_rule() -> None:
    for case in cases():
        assert _core.check(case.minimal) is None, str(case)
        assert case.sight.shows(case.minimal), str(case)


@pytest.mark.parametrize(
    "simplify",
    [without_a_line, with_a_lower_number, without_a_flag, without_an_attribute, without_an_entry, in_plain_pages],
    ids=lambda f: f.__name__,
)
def test_nothing_of_the_result_can_be_simpler(simplify: Simplify) -> None:
    for case in cases():
        assert_minimal(case.minimal, case.reached, simplify)


def test_the_result_comes_no_later_than_the_original_in_the_order_of_programs() -> None:
    """Operations, then CPUs, split calls, devices, buffers (docs/spec/verdicts.md §6 (Minimal))."""
    for case in cases():
        assert order(case.minimal) <= order(case.original), str(case)


def order(ops: Ops) -> tuple[int, ...]:
    has_device = [op for op in ops if _core.traits(op.kind).names_device or op.given_device]
    buffers = sum(_core.traits(op.kind).defines_buffer for op in ops)
    cpus = {op.cpu for op in ops}
    return len(ops), len(cpus), sum(op.split for op in ops), len({op.device for op in has_device}), buffers


def test_minimizing_the_result_changes_nothing() -> None:
    for case in cases():
        assert case.reached.minimize(case.minimal) == case.minimal, str(case)


def test_results_have_canonical_names() -> None:
    for case in cases():
        assert canonical(case.minimal) == case.minimal, str(case)


def test_the_result_depends_on_the_program_alone() -> None:
    """Not on what the judge has judged before, nor on the order of work."""
    fresh = new_judge()
    for case in reversed(cases()):
        assert case.sight.minimize(case.original, by=fresh) == case.minimal, str(case)


def test_what_a_program_does_not_show_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the program shows no FN of kind clobbered on x86-5\.5"):
        judge().minimize(program("cpu0 b0 = alloc pages 16"), members().index("x86-5.5"), "FN", "clobbered")


def test_a_check_that_finds_nothing_would_be_noticed() -> None:
    """The checks above have teeth: originals can be simpler in every way."""
    for simplify in (without_a_line, with_a_lower_number, without_a_flag, in_plain_pages):
        assert any(any(simpler(case.original, case.sight, simplify)) for case in cases()[:200])


# Attributes and entries, one by one


def test_each_attribute_is_tried_alone() -> None:
    """NO_WARN has no part in it: SKIP_CPU_SYNC leaves out the clean that the device needs when it is told to go."""
    ops = program("""
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 BIDIRECTIONAL attrs=SKIP_CPU_SYNC,NO_WARN
        cpu0 start m0
    """)
    sight = Sight("armv7-5.18", "FN", "foreign-device-data", rules(ops, "armv7-5.18"), "not-looked-at")
    assert sight.shows(ops)
    assert_minimal(sight.minimize(ops), sight, without_an_attribute)


def test_each_entry_is_tried_alone() -> None:
    ops = program("""
        cpu0 b0 m0 = alloc_noncoherent d0 16 FROM_DEVICE
        cpu0 b1 = alloc pages 16
        cpu0 m1 = map_sg d0 BIDIRECTIONAL b1:0:16 b0:0:16 b1:0:16
    """)
    sight = Sight("arm64-6.5", "FN", "stale-cpu-data", rules(ops, "arm64-6.5"), "bounce-exempt")
    assert sight.shows(ops)
    assert_minimal(sight.minimize(ops), sight, without_an_entry)


# Classic causes, out of programs with more in them


def minimal(lines: str, platform: str, label: str, kind: str, tracker: str = TRACKER) -> str:
    ops = program(lines)
    by = _core.Judge(tracker, [platforms.to_core(member) for member in platforms.portfolio(PORTFOLIO)])
    return text(by.minimize(ops, members().index(platform), label, kind).ops)


def lines(listing: str) -> str:
    return dedent(listing).strip()


LOST_WRITE = """
    cpu1 b3 = alloc page_cache 8192
    cpu1 b7 = alloc kmalloc 256
    cpu1 m4 = map_page d1 b3 0 4096 BIDIRECTIONAL attrs=WEAK_ORDERING
    cpu1 m9 = map_single d0 b7 0 128 TO_DEVICE
    cpu1 sync_single_for_cpu m4
    cpu1 read b3 0 256
    cpu1 write b3 64 128
    cpu1 unmap_single m9
    cpu1 unmap_page m4
"""


def test_a_lost_write_keeps_the_sync_that_makes_it_legal() -> None:
    """The unmap is left to the tidy-up; without the sync the write would break a rule that the original keeps."""
    assert minimal(LOST_WRITE, "x86-5.18-force-bounce", "FN", "stale-cpu-data") == lines("""
        cpu0 b0 = alloc pages 16
        cpu0 m0 = map_single d0 b0 0 16 BIDIRECTIONAL
        cpu0 sync_single_for_cpu m0
        cpu0 write b0 0 16
    """)


def test_a_lost_write_covers_a_whole_line_where_edges_are_cleaned() -> None:
    """A line that the unmap covers in part is written back before it is dropped."""
    assert minimal(LOST_WRITE, "armv7-5.18", "FN", "stale-cpu-data") == lines("""
        cpu0 b0 = alloc pages 64
        cpu0 m0 = map_single d0 b0 0 64 BIDIRECTIONAL
        cpu0 sync_single_for_cpu m0
        cpu0 write b0 0 16
    """)


def test_a_lost_write_that_is_read_keeps_the_unmap_and_the_read() -> None:
    assert minimal(LOST_WRITE + "    cpu2 read b3 64 64", "x86-5.18-force-bounce", "FN", "stale-cpu-read") == lines("""
        cpu0 b0 = alloc pages 16
        cpu0 m0 = map_single d0 b0 0 16 BIDIRECTIONAL
        cpu0 sync_single_for_cpu m0
        cpu0 write b0 0 16
        cpu0 unmap_single m0
        cpu0 read b0 0 16
    """)


COPY_ON_WRITE = """
    cpu0 b2 = alloc anonymous 8192
    cpu0 b1 = alloc kmalloc 64
    cpu0 write b2 0 4096
    cpu0 m5 = map_page d1 b2 0 4096 FROM_DEVICE
    cpu1 m6 = map_single d0 b1 0 64 TO_DEVICE
    cpu2 cow b2 0
    cpu1 unmap_single m6
    cpu0 unmap_page m5
    cpu2 read b2 0 64
"""


def test_copy_on_write_of_a_page_that_is_received_into() -> None:
    for platform in ("x86-5.5", "arm64-6.5", "mips-5.5"):
        assert minimal(COPY_ON_WRITE, platform, "FN", "stale-cpu-data") == lines("""
            cpu0 b0 = alloc anonymous 16
            cpu0 m0 = map_single d0 b0 0 16 FROM_DEVICE
            cpu0 cow b0 0
        """)


def test_copy_on_write_copies_old_memory_where_the_map_drops_a_whole_line() -> None:
    assert minimal(COPY_ON_WRITE, "armv7-5.18", "FN", "clobbered") == lines("""
        cpu0 b0 = alloc anonymous 64
        cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
        cpu0 cow b0 0
    """)


TWO_FRAGMENTS = """
    cpu0 b5 = alloc pages 4096
    cpu0 b6 = alloc pages 4096
    cpu0 m1 = map_page d1 b5 0 16 FROM_DEVICE
    cpu0 m2 = map_page d1 b6 0 4096 TO_DEVICE
    cpu0 m3 = map_page d1 b5 16 32 FROM_DEVICE
    cpu0 unmap_page m1
    cpu0 unmap_page m3
    cpu0 read b5 0 16
"""


def test_two_fragments_of_one_line_stay_two() -> None:
    """Over the same fragment they would break a rule that the original keeps."""
    assert minimal(TWO_FRAGMENTS, "x86-5.5", "hazard", "line-overlap") == lines("""
        cpu0 b0 = alloc pages 32
        cpu0 m0 = map_single d0 b0 0 16 FROM_DEVICE
        cpu0 m1 = map_single d0 b0 16 16 FROM_DEVICE
    """)


def test_one_fragment_is_enough_where_nobody_warns() -> None:
    """What the second one adds is the warning: the CPUs write beside the first one as they like."""
    assert minimal(TWO_FRAGMENTS, "armv7-5.18", "FN", "stale-cpu-data", tracker="silent") == lines("""
        cpu0 b0 = alloc pages 32
        cpu0 m0 = map_single d0 b0 0 16 FROM_DEVICE
    """)


HUGE = 16 * 16_400


@pytest.mark.parametrize(
    "program",
    [
        f"cpu0 m0 = map_single d0 b0 0 {HUGE} FROM_DEVICE\ncpu0 write b0 0 {HUGE}\ncpu0 unmap_single m0\n",
        f"cpu0 m0 = map_single d0 b0 1024 260800 BIDIRECTIONAL\ncpu0 unmap_single m0 size={HUGE - 3200}\n",
        "cpu0 m0 = map_sg d0 FROM_DEVICE b0:0:80000 b0:80000:80000\ncpu0 unmap_sg m0 nents=1\n",
    ],
)
def test_huge_buffers_take_few_steps(program: str) -> None:
    ops = list(parse(f"dmafuzz 1\ncpu0 b0 = alloc pages {HUGE}\n{program}").ops)
    found = [(at, *each) for at in range(len(members())) for each in judge().signatures_on(ops, at)]
    assert found
    for at, label, kind, reason in found:
        assert judge().minimize(ops, at, label, kind, reason).tried < 2_000
