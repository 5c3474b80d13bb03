# SPDX-License-Identifier: GPL-2.0-only
"""What the benchmark measures with: known causes, the probe, harnesses, statistics, tables. No timings."""

from __future__ import annotations

import importlib.util
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dmafuzz import _core, platforms
from dmafuzz.benchmark import engines, harness, hunt, scaling
from dmafuzz.benchmark.board import Board, Sighting, distinct, read_board
from dmafuzz.benchmark.causes import PORTFOLIO, TRACKER, Cause, causes
from dmafuzz.benchmark.engines import ENGINES, Engine, EngineError
from dmafuzz.benchmark.job import Job
from dmafuzz.benchmark.statistics import NEVER, Spread, a12, mann_whitney
from dmafuzz.benchmark.table import Table
from dmafuzz.fuzzing import atheris_available
from dmafuzz.program import Program, parse, read

ROOT = Path(__file__).parent.parent
MODELS = platforms.portfolio(PORTFOLIO)
NAMES = tuple(model.name for model in MODELS)
MACHINES = [platforms.to_core(model) for model in MODELS]
# By name: what pytest keeps until the end must not hold on to the core.
CAUSES = pytest.mark.parametrize("name", [cause.name for cause in causes()])
PYTHON_ENGINES = [
    pytest.param(
        engine,
        id=engine.name,
        marks=pytest.mark.skipif("atheris" in engine.name and not atheris_available(), reason="needs atheris"),
    )
    for engine in ENGINES
    if not engine.native
]


@pytest.fixture
def cause(name: str) -> Cause:
    return next(each for each in causes() if each.name == name)


def where_shown(judge: _core.Judge, cause: Cause) -> list[int]:
    """For whatever reason."""
    targets = [judge.signatures_on(cause.program.ops, i) for i in range(len(NAMES))]
    return [i for i, shown in enumerate(targets) if (cause.label, cause.kind) in {target[:2] for target in shown}]


@CAUSES
def test_a_known_cause_shows_where_it_counts_and_breaks_its_rules(cause: Cause) -> None:
    judge = _core.Judge(TRACKER, MACHINES)
    shown = where_shown(judge, cause)
    assert set(cause.platforms) <= {NAMES[i] for i in shown}
    for index in (i for i in shown if not cause.platforms or NAMES[i] in cause.platforms):
        broken = {str(breach.rule) for breach in judge.judge(cause.program.ops, index).breaches}
        assert broken == set(cause.rules)


@CAUSES
def test_a_known_cause_is_given_by_a_minimal_program(cause: Cause) -> None:
    judge = _core.Judge(TRACKER, MACHINES)
    counts = [i for i in where_shown(judge, cause) if not cause.platforms or NAMES[i] in cause.platforms]
    minimal = [judge.minimize(cause.program.ops, i, cause.label, cause.kind).ops for i in counts]
    assert tuple(cause.program.ops) in minimal


def look(program: Program, folder: Path) -> Board:
    cause_probe = _core.CauseProbe([cause.named() for cause in causes()], str(folder / "board"))
    subject = _core.Subject(TRACKER, MACHINES, cause_probe)
    subject.run(program.encode())
    return read_board(folder / "board", len(causes()))


@CAUSES
def test_the_lookout_sees_a_cause_where_its_program_is_judged(cause: Cause, tmp_path: Path) -> None:
    index = _core.platform_of(cause.program.encode(), len(NAMES))
    expected = index in where_shown(_core.Judge(TRACKER, MACHINES), cause) and (
        not cause.platforms or NAMES[index] in cause.platforms
    )
    board = look(cause.program, tmp_path)
    seen = {each.name for each, sighting in zip(causes(), board.seen, strict=True) if sighting}
    assert (cause.name in seen) == expected


@CAUSES
def test_the_lookout_sees_a_cause_on_a_portfolio_that_begins_with_its_platform(cause: Cause, tmp_path: Path) -> None:
    shown = where_shown(_core.Judge(TRACKER, MACHINES), cause)
    first = NAMES.index(cause.platforms[0]) if cause.platforms else shown[0]
    # The program decides on which platform it is judged: that one is put there.
    at = _core.platform_of(cause.program.encode(), len(NAMES))
    order = list(range(len(NAMES)))
    order[at], order[first] = order[first], order[at]
    cause_probe = _core.CauseProbe([cause.named()], str(tmp_path / "board"))
    _core.Subject(TRACKER, [MACHINES[i] for i in order], cause_probe).run(cause.program.encode())
    assert read_board(tmp_path / "board", 1).seen[0] is not None


def test_the_lookout_sees_nothing_in_conforming_programs_and_counts_them(tmp_path: Path) -> None:
    cause_probe = _core.CauseProbe([cause.named() for cause in causes()], str(tmp_path / "board"))
    subject = _core.Subject(TRACKER, MACHINES, cause_probe)
    files = sorted((ROOT / "corpus" / "conforming").glob("*.dma"))
    programs = [read(file) for file in files]
    for program in programs:
        subject.run(program.encode())
    board = read_board(tmp_path / "board", len(causes()))
    assert board.seen == (None,) * len(causes())
    assert board.programs == len(programs)
    assert board.operations == sum(len(program.ops) for program in programs)


def test_the_engine_shows_the_lookout_what_it_judges(tmp_path: Path) -> None:
    engine = _core.Engine(TRACKER, MACHINES, seed=1, ops_limit=8)
    engine.look_with(_core.CauseProbe([cause.named() for cause in causes()], str(tmp_path / "board")))
    engine.burst(3_000, 60_000)
    board = read_board(tmp_path / "board", len(causes()))
    assert board.programs == engine.stats().programs
    assert board.operations == engine.stats().operations
    assert any(board.seen)


@pytest.mark.parametrize(
    ("label", "kind", "rule", "message"),
    [("TP", "clobbered", "inside", "TP"), ("FN", "leak", "inside", "leak"), ("FN", "clobbered", "outside", "outside")],
)
def test_names_that_the_lookout_does_not_know_are_refused(
    label: str, kind: str, rule: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        _core.CauseProbe([(label, kind, [rule], [], [])], str(tmp_path / "board"))


def test_a_board_that_is_not_there_or_cut_short_is_empty(tmp_path: Path) -> None:
    assert read_board(tmp_path / "none", 3) == Board()
    (tmp_path / "short").write_bytes(b"1234")
    assert read_board(tmp_path / "short", 3) == Board()


def test_uniform_programs_are_valid_and_as_many_as_are_counted(tmp_path: Path) -> None:
    cause_probe = _core.CauseProbe([], str(tmp_path / "board"))
    _core.Subject("silent", MACHINES[:1], cause_probe).roam(True, 7, 14, 50)
    board = read_board(tmp_path / "board", 0)
    assert board.programs > 0
    assert 2 <= board.length <= 14


def job(engine: Engine, folder: Path) -> Job:
    return Job(engine.name, TRACKER, TRACKER, PORTFOLIO, NAMES, True, 1, 0.2, 8, str(folder))


@pytest.mark.parametrize("engine", PYTHON_ENGINES)
def test_an_engine_runs_in_a_process_of_its_own_and_is_ended(engine: Engine, tmp_path: Path) -> None:
    board = engines.run(engine, job(engine, tmp_path))
    assert board.programs > 0
    assert len(board.seen) == len(causes())


def test_an_engine_that_cannot_run_says_why(tmp_path: Path) -> None:
    broken = Job("native", TRACKER, "no such tracker", PORTFOLIO, NAMES, True, 1, 0.2, 8, str(tmp_path))
    with pytest.raises(EngineError, match="no such tracker"):
        engines.run(ENGINES[0], broken)


def test_a_job_survives_the_way_to_its_process(tmp_path: Path) -> None:
    there = job(ENGINES[0], tmp_path)
    assert Job.from_json(there.to_json()) == there


def test_what_a_harness_judges_names_every_fact_of_every_platform() -> None:
    source = harness.setup_source(TRACKER, MACHINES, causes())
    assert source.count("Platform p;") == len(MACHINES)
    assert source.count("wanted(") == len(causes())
    for record, prefix in ((MACHINES[0], "p."), (MACHINES[0].devices[0], "p.devices[0].")):
        for field in (name for name in dir(record) if not name.startswith("_") and name != "devices"):
            assert f"{prefix}{field}" in source


@pytest.mark.skipif(not shutil.which("c++"), reason="needs a C++ compiler")
def test_the_harnesses_and_what_they_judge_are_cpp(tmp_path: Path) -> None:
    setup = tmp_path / "setup.cpp"
    setup.write_text(harness.setup_source(TRACKER, MACHINES, causes()))
    paths = [f"-I{ROOT / path}" for path in ("dmafuzz/core", "dmafuzz", "harnesses")]
    for unit in (setup, ROOT / "harnesses" / "libfuzzer.cpp", ROOT / "harnesses" / "board.cpp"):
        command = ["c++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *paths, str(unit)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_an_engine_without_its_compiler_is_missing_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for engine in (engine for engine in ENGINES if engine.native):
        assert engine.native
        assert engine.native.package in (engines.missing(engine) or "")


def test_programs_for_scaling_are_of_one_length() -> None:
    for lines in scaling.LINES:
        for apart in (False, True):
            assert len(scaling.lines_program(lines, apart)) == _core.OPS_MAX
    for live in scaling.MAPPINGS:
        ops = scaling.mappings_program(live)
        assert len(ops) == _core.OPS_MAX
        assert max(alive_after(ops)) == live


def alive_after(ops: list[_core.Op]) -> list[int]:
    alive, counts = 0, []
    for op in ops:
        alive += op.kind == _core.OpKind.map_page
        alive -= op.kind == _core.OpKind.unmap_page
        counts.append(alive)
    return counts


def test_a12_counts_wins_and_half_of_ties() -> None:
    assert a12([1, 2], [3, 4]) == 1.0
    assert a12([3, 4], [1, 2]) == 0.0
    assert a12([1, 2], [1, 2]) == 0.5
    assert a12([1, NEVER], [NEVER, NEVER]) == 0.75


def test_a_median_of_runs_of_which_most_find_nothing_is_never() -> None:
    assert Spread.of([NEVER, 2.0, NEVER]) == Spread(NEVER, 2.0, NEVER)
    assert Spread.of([1.0, NEVER, 2.0]) == Spread(2.0, 1.0, NEVER)


@pytest.mark.skipif(importlib.util.find_spec("scipy") is None, reason="needs scipy")
def test_the_u_test_tells_apart_what_is_apart() -> None:
    assert mann_whitney(list(range(10)), list(range(100, 110))) < 0.001
    assert mann_whitney(list(range(10)), [NEVER] * 10) < 0.001
    assert mann_whitney([1, 2, 3, 4], [1, 2, 3, 4]) > 0.5
    assert mann_whitney([NEVER] * 4, [NEVER] * 4) == 1.0


@pytest.mark.skipif(importlib.util.find_spec("scipy") is None, reason="needs scipy")
def test_tables_of_hunts_say_what_was_found_later_and_what_never() -> None:
    def boards(at: float | None) -> list[Board]:
        seen = tuple(Sighting(10, at) if at and index else None for index in range(len(causes())))
        return [Board(100, 800, 9.0, 0.0, seen)] * 3

    shown = {table.title: table for table in hunt.tables({"native": boards(1.0), "uniform": boards(2.0)}, 5.0)}
    against = shown["Time to find: native against uniform"]
    assert against.rows[0][:2] == (causes()[0].name, "-")
    assert against.rows[1][:2] == (causes()[1].name, "2.00")
    assert f"Found by neither in the median: {causes()[0].name}." in against.notes[1]
    assert causes()[1].name in against.notes[1].split("Found by neither")[0]
    never = {table.title: table for table in hunt.tables({"native": boards(2.0), "uniform": boards(None)}, 5.0)}
    note = never["Time to find: native against uniform"].notes[1]
    assert f"{causes()[1].name} (2.5 times at least: not by uniform within 5 s)" in note


def test_a_table_is_the_same_on_a_terminal_and_in_a_report() -> None:
    table = Table("Title", ("", "n"), (("a|b", "1"), ("long name", "22")), ("Note.",))
    assert list(table.text()) == ["Title", "            n", "a|b         1", "long name  22", "Note."]
    assert list(table.markdown())[2:6] == ["|  | n |", "| --- | --: |", "| a\\|b | 1 |", "| long name | 22 |"]


def test_different_programs_are_counted_whatever_their_names(tmp_path: Path) -> None:
    """Renamed ones are one; of many, the count is near enough. It takes no time that counts."""
    programs = [read(file) for file in sorted((ROOT / "corpus" / "conforming").glob("*.dma"))]
    renamed = parse("dmafuzz 1\ncpu1 b7 = alloc pages 64"), parse("dmafuzz 1\ncpu0 b0 = alloc pages 64")
    board = tmp_path / "board"
    subject = _core.Subject("silent", MACHINES[:1], _core.CauseProbe([], str(board), True))
    for program in (*programs, *programs, *renamed):
        subject.run(program.encode())
    counted = read_board(board, 0)
    assert counted.programs == 2 * len(programs) + 2
    assert round(counted.distinct) == len({program.encode() for program in programs}) + 1
    assert counted.aside > 0
    subject.roam(False, 7, 14, 300)
    assert read_board(board, 0).distinct <= read_board(board, 0).programs * 1.03


@pytest.mark.parametrize("different", [0, 5, 3_000, 60_000, 400_000])
def test_the_registers_say_how_many_different_things_there_were(different: int) -> None:
    ranks = bytearray(1 << 14)
    rng = random.Random(different)
    for _ in range(different):
        number = rng.getrandbits(64)
        at, rest = number >> 50, number & (1 << 50) - 1
        ranks[at] = max(ranks[at], 50 - rest.bit_length() + 1)
    assert distinct(bytes(ranks)) == pytest.approx(different, rel=0.03)


def test_where_nothing_is_counted_there_are_no_different_programs(tmp_path: Path) -> None:
    board = tmp_path / "board"
    _core.Subject("silent", MACHINES[:1], _core.CauseProbe([], str(board))).roam(True, 7, 14, 20)
    assert read_board(board, 0).distinct == 0
    assert read_board(board, 0).aside == 0


@pytest.mark.skipif(importlib.util.find_spec("scipy") is None, reason="needs scipy")
def test_the_better_of_other_fuzzers_is_compared_over_causes_that_take_any_of_them_long() -> None:
    def boards(*at: float | None) -> list[Board]:
        each = [*at, *([0.5] * (len(causes()) - len(at)))]
        return [Board(100, 800, 9.0, 0.0, tuple(Sighting(10, s) if s else None for s in each))]

    hunts = {"native": boards(0.5, 2.0, None), "libfuzzer": boards(None, 4.0, 3.0), "afl": boards(5.0, 10.0, None)}
    (shown,) = [table for table in hunt.tables(hunts, 60.0) if "the better" in table.title]
    # 5 by 0.5, 4 by 2, 3 by 60; the others take nobody more than a second.
    assert shown.rows == (("3", "2.0", "0.05 to 10"),)
    assert not [t for t in hunt.tables({"native": boards()}, 60.0) if "the better" in t.title]


def test_the_state_machine_writes_valid_programs() -> None:
    from hypothesis import HealthCheck, settings
    from hypothesis.stateful import run_state_machine_as_test

    from dmafuzz.benchmark.stateful import DmaPrograms

    lengths = []

    class Parsed(DmaPrograms):
        def teardown(self) -> None:
            lengths.append(len(parse(self.text(_core.OPS_MAX)).ops))

    some = settings(max_examples=100, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Parsed, settings=some)
    assert max(lengths) > 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--find", "--tracker", "5.9"], "known causes"),
        (["--tracker", "6.13x"], "6.12"),
        (["--platform", "x86-5,5"], "x86-5.5"),
        (["--seconds", "0"], "--seconds"),
        (["--endurance", "0"], "--endurance"),
        (["--report", "/proc/none"], "/proc/none"),
        (["--engine", "nobody"], "nobody"),
        (["--recall", "--tracker", "5.9"], "no catalogue of tracker 5.9"),
        (["--against", "/nowhere"], "/nowhere: no folder"),
        (["--against", "/etc"], "/etc: expected a checkout whose core is built in place"),
        (["--share", "0"], "--share"),
    ],
)
def test_bad_input_is_one_message_and_status_2(arguments: list[str], message: str) -> None:
    command = [sys.executable, "-P", "-m", "dmafuzz", "bench", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
