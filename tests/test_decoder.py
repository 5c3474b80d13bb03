# SPDX-License-Identifier: GPL-2.0-only
"""The byte form of programs: any bytes are one, and the harnesses that fuzz this."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from dmafuzz import _core
from dmafuzz.program import Program, parse, render
from dmafuzz.program.strategies import decoded_programs, operations, programs
from support import HARNESSES, harness

RECORD = _core.RECORD_BYTES


@given(st.binary(max_size=70 * RECORD))
def test_any_bytes_decode_to_a_valid_program(data: bytes) -> None:
    ops = _core.decode(data)
    assert _core.check(ops) is None
    assert len(ops) <= _core.OPS_MAX
    assert ops == [_core.clear_unused(op) for op in ops]


@given(decoded_programs() | programs())
def test_decoding_is_the_inverse_of_encoding(program: Program) -> None:
    data = program.encode()
    assert len(data) == RECORD * len(program.ops)
    assert Program.decode(data) == program
    assert Program.decode(data).encode() == data


@given(programs())
def test_repair_leaves_a_valid_program_alone(program: Program) -> None:
    assert _core.repair(program.ops) == list(program.ops)


@given(st.lists(operations(), max_size=80))
def test_repair_makes_any_operations_valid(ops: list[_core.Op]) -> None:
    assert _core.check(_core.repair(ops)) is None


@given(programs(), st.integers(0, 70 * RECORD))
def test_cut_bytes_decode_to_the_operations_that_are_whole(program: Program, length: int) -> None:
    whole = min(length, len(program.encode())) // RECORD
    assert Program.decode(program.encode()[:length]).ops[:whole] == program.ops[:whole]


@given(programs(min_ops=2), st.data())
def test_any_prefix_of_a_program_is_one(program: Program, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, len(program.ops)))
    assert _core.check(program.ops[:length]) is None


def test_a_trailing_part_of_a_record_counts_as_filled_up_with_zeros() -> None:
    data = parse("dmafuzz 1\ncpu0 b0 = alloc pages 16\n").encode().rstrip(b"\0")
    assert len(data) < RECORD
    assert render(Program.decode(data)) == "dmafuzz 1\ncpu0 b0 = alloc pages 16\n"


def test_no_bytes_are_the_empty_program() -> None:
    assert Program.decode(b"") == Program()


# Strategies


@pytest.mark.parametrize(("min_ops", "max_ops"), [(0, 0), (0, 5), (1, 1), (5, 10), (64, 64)])
def test_strategies_keep_to_their_bounds(min_ops: int, max_ops: int) -> None:
    @settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(programs(min_ops, max_ops))
    def bounded(program: Program) -> None:
        assert min_ops <= len(program.ops) <= max_ops

    bounded()


def test_strategies_make_up_for_what_repair_drops() -> None:
    @settings(max_examples=20)
    @given(programs(min_ops=3, max_ops=3, kinds=[_core.OpKind.free]))
    def padded(program: Program) -> None:
        assert len(program.ops) == 3

    padded()


def test_strategies_reach_every_kind_of_operation() -> None:
    seen: set[_core.OpKind] = set()

    @settings(max_examples=600, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(programs(min_ops=10))
    def collect(program: Program) -> None:
        seen.update(op.kind for op in program.ops)

    collect()
    assert seen == set(_core.OpKind)


@pytest.mark.parametrize(
    ("last", "least"),
    [
        (_core.OpKind.cow, "cpu0 b0 = alloc page_cache 1\ncpu0 cow b0 0\n"),
        (_core.OpKind.irq_on, "cpu0 irq_off\ncpu0 irq_on\n"),
        (
            _core.OpKind.unmap_single,
            "cpu0 b0 = alloc pages 1\ncpu0 m0 = map_single d0 b0 0 1 BIDIRECTIONAL\ncpu0 unmap_single m0\n",
        ),
    ],
)
def test_strategies_shrink_to_the_least_program(last: _core.OpKind, least: str) -> None:
    found = find(
        programs(max_ops=10, kinds=[_core.OpKind.alloc, _core.OpKind.map_single, _core.OpKind.irq_off, last]),
        lambda program: bool(program.ops) and program.ops[-1].kind == last,
        settings=settings(max_examples=2000, database=None),
    )
    assert render(found) == "dmafuzz 1\n" + least


# Harnesses


def random_records(rng: random.Random) -> bytes:
    """Bytes of which about half are records that leave something after repair."""
    size = rng.randrange(12 * RECORD)
    if rng.random() < 0.5:
        return rng.randbytes(size)
    # Small numbers: names that meet, sizes that fit.
    return bytes(rng.choice((0, 0, 0, 1, 2, 4, 6, 9, 10, rng.randrange(34))) for _ in range(size))


@pytest.mark.parametrize("name", ["parser", "decoder", "roundtrip"])
def test_harnesses_find_nothing_in_random_bytes(name: str) -> None:
    check = harness(name)
    rng = random.Random(name)
    for _ in range(2000):
        check(random_records(rng))


@pytest.mark.parametrize("name", ["parser", "decoder", "roundtrip"])
def test_a_harness_says_what_it_needs(name: str, tmp_path: Path) -> None:
    (tmp_path / "atheris.py").write_text("raise ImportError\n")  # stands before any real one
    code = f"import sys, runpy; sys.path[:0] = [{str(tmp_path)!r}, {str(HARNESSES)!r}]; sys.argv[1:] = ['-runs=1']; "
    code += f"runpy.run_path({str(HARNESSES / f'{name}.py')!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("This needs atheris")
    assert "Traceback" not in done.stderr
