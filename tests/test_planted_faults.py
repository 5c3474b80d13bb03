# SPDX-License-Identifier: GPL-2.0-only
"""Planted faults: every row of the table does something, has a name to ask for, and is watched while a search runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dmafuzz import _core, program
from dmafuzz.benchmark import planted, processor_time
from dmafuzz.benchmark.board import Board, Sighting, read_board
from dmafuzz.benchmark.causes import STAGES, Stage
from dmafuzz.trackers import builtins, default_portfolio, resolve
from support import CORPUS, machine, machines, ops_of, run

ROWS = planted.faults()
# What the corpus and some random programs do not trigger: a range sync of a list's other buffer.
RARE = """
cpu0 b0 = alloc pages 16
cpu0 b1 = alloc pages 16
cpu0 m0 = map_sg d0 TO_DEVICE b0:0:16 b1:0:16
cpu0 sync_range_for_device m0 offset=4096
cpu0 m1 = map_single d0 b1 0 16 BIDIRECTIONAL
"""
RANDOM = 1_000


def test_there_are_at_least_thirty_of_different_names() -> None:
    assert len({fault.name for fault in ROWS}) == len(ROWS) >= 30
    assert len({fault.what for fault in ROWS}) == len(ROWS)


@pytest.fixture(scope="module")
def programs() -> list[list[_core.Op]]:
    read = [list(program.read(file).ops) for file in sorted(CORPUS.rglob("*.dma"))]
    return [*read, ops_of(RARE), *(list(_core.random_program(seed, 14)) for seed in range(RANDOM))]


@pytest.mark.parametrize("fault", ROWS, ids=lambda fault: fault.name)
def test_each_changes_what_the_tracker_says(fault: planted.Fault, programs: list[list[_core.Op]]) -> None:
    base = next(each.base for each in builtins() if each.name == fault.tracker)
    names = ("x86-5.5", "armv7-5.18", "arm64-6.5", "x86-5.18-force-bounce", "arm64-6.5-iommu-strict")
    pair = _core.PairJudge(base, fault.tracker, [machine(name) for name in names])
    if any(pair.changes(ops) for ops in programs):
        return
    # Rarer: what it changes is a warning, on a machine behind an IOMMU.
    behind = [machine("arm64-6.5-iommu-strict"), machine("x86-5.5-iommu-lazy")]
    assert _core.compare_trackers(base, fault.tracker, behind, 20_000, differences_max=1).differing


def test_they_are_trackers_with_the_portfolio_of_their_era() -> None:
    for fault in ROWS:
        assert resolve(fault.tracker).core == fault.tracker
        assert default_portfolio(fault.tracker) == default_portfolio("6.12")
    assert not _core.is_tracker("canary:nobody")
    for name in ("canary:never-warns", "canary:always-warns"):
        assert _core.is_tracker(name)


def test_states_of_a_faulty_tracker_merge_like_those_of_a_sound_one() -> None:
    """The walk with states and every program by itself come to the same labels."""
    portfolio = [machine("x86-5.5"), machine("armv7-5.18")]
    for name in ("reader-stays", "other-cpu-unheard", "coherent-stays", "counts-to-one"):
        walk = _core.Walk(f"canary:{name}", portfolio, 1, 1)
        judge = _core.Judge(f"canary:{name}", portfolio)
        longest: list[list[_core.Op]] = [[]]
        for _ in range(2):
            expander = _core.Expander(walk)
            expander.extend(walk, 0, walk.size)
            harvest = expander.harvest()
            walk.turn()
            longest = [[*before, op] for before in longest for op in _core.successors(before, 1, 1)]
            for place in range(2):
                counts: dict[str, int] = {}
                for ops in longest:
                    for label in judge.judge(ops, place).labels:
                        counts[label] = counts.get(label, 0) + 1
                assert harvest.labels[place] == counts


class TestStages:
    def seen(
        self, fault: str, folder: Path, *programs: list[_core.Op], on: Sequence[_core.Platform] = ()
    ) -> list[bool]:
        board = folder / "board"
        board.unlink(missing_ok=True)
        portfolio = list(on) or [machine("armv7-5.18"), machine("x86-5.5")]
        probe = _core.CauseProbe([Stage(name, fault).named() for name in STAGES], str(board))
        subject = _core.Subject(f"canary:{fault}", portfolio, probe)
        for ops in programs:
            subject.run(bytes(_core.encode(ops)))
        return [sighting is not None for sighting in read_board(board, len(STAGES)).seen]

    def test_reached_but_not_triggered(self, tmp_path: Path) -> None:
        good = ops_of("cpu0 b0 = alloc pages 4096", "cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE", "cpu0 unmap_single m0")
        assert self.seen("free-size", tmp_path, good) == [True, False, False]

    def test_not_reached(self, tmp_path: Path) -> None:
        assert self.seen("free-size", tmp_path, ops_of("cpu0 b0 = alloc pages 4096")) == [False, False, False]

    def test_found(self, tmp_path: Path) -> None:
        """Two readers of one line are legal; the fault calls them an overlap, on whichever of the two machines."""
        two = ops_of(
            "cpu0 b0 = alloc pages 4096",
            "cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE",
            "cpu0 m1 = map_single d0 b0 0 64 TO_DEVICE",
        )
        assert self.seen("readers-tracked", tmp_path, two) == [True, True, True]

    def test_found_where_it_takes_most(self, tmp_path: Path) -> None:
        """The IOMMU merges a stack's second page into the entry before it; the device writes when all is unmapped."""
        late = ops_of(
            "cpu0 b0 = alloc pages 4096",
            "cpu0 b1 = alloc stack 4096",
            "cpu0 m0 = map_sg d0 FROM_DEVICE b0:0:4096 b1:4080:16",
            "cpu0 unmap_sg m0",
            "device m0 write 4096 16",
        )
        lazy = [machine("x86-5.5-iommu-lazy")]
        assert self.seen("mapped-entries-only", tmp_path, late, on=lazy) == [True, True, True]
        assert self.seen("mapped-entries-only", tmp_path, late[:3], on=lazy) == [True, True, False]

    def test_an_unknown_fault_or_stage(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="no planted fault: nobody"):
            _core.CauseProbe([("planted", "found", ["nobody"], [], [])], str(tmp_path / "board"))
        with pytest.raises(ValueError, match="no stage of a planted fault: felt"):
            _core.CauseProbe([("planted", "felt", ["leaks"], [], [])], str(tmp_path / "board"))


def test_tables_say_what_was_found_and_what_was_not() -> None:
    found = Board(9, 90, 2.0, 0.0, (Sighting(1, 0.1), Sighting(2, 0.2), Sighting(5, 1.5)))
    not_found = Board(9, 90, 2.0, 0.0, (Sighting(1, 0.1), None, None))
    chosen = [fault for fault in ROWS if fault.name == "leaks"]
    ours, engines, _ = planted.tables(chosen, {"leaks": {"native": [found, not_found], "uniform": [not_found]}}, 2, 60)
    assert ours.rows == (("leaks", "0.10 (2/2)", "- (1/2)", "- (1/2)"),)
    assert engines.rows == (("leaks", "- (1/2)", "- (0/1)"),)
    assert "0 of 1" in ours.notes[0]


def test_the_command_refuses_unknown_names() -> None:
    for option in ("--fault", "--engine"):
        result = run("bench", "--planted", option, "nobody")
        assert result.exit_code == 2
        assert f"{option} nobody: " in result.stderr


def test_every_machine_takes_each_of_them() -> None:
    ops = ops_of("cpu0 b0 = alloc pages 4096", "cpu0 m0 = map_sg d0 FROM_DEVICE b0:0:64 b0:64:64", "cpu0 unmap_sg m0")
    for fault in ROWS:
        judge = _core.Judge(fault.tracker, list(machines()[:4]))
        assert judge.judge(ops, 0).labels


def test_a_sighting_has_the_processor_time_at_which_it_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the engine has waited for a busy machine; never more than its own clock says."""
    used = iter((5.0, 5.5, 9.0))
    monkeypatch.setattr(processor_time, "used_by", lambda pid: next(used))
    clock = processor_time.ProcessorClock(1)
    assert clock.look(Board()) == (0.0, Board())
    begun, found = Board(1, seen=(None, None)), Board(9, seen=(Sighting(7, 30.0), Sighting(8, 0.1)))
    assert clock.look(begun) == (0.0, begun)
    stamped = (Sighting(7, 0.5), Sighting(8, 0.1))
    assert clock.look(found) == (0.5, Board(9, seen=stamped))
    assert clock.look(found) == (4.0, Board(9, seen=stamped))


def test_processor_time_is_that_of_a_process_and_its_children() -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(3_000_000))']); input()"
    with subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE) as process:
        while processor_time.used_by(process.pid) == 0 and process.poll() is None:
            pass
        assert process.poll() is None
        process.communicate(b"\n")
    assert processor_time.used_by(process.pid) == 0
