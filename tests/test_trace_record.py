# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz trace record`, against a made-up tracefs: the names of the real files, and what writing to them does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dmafuzz import traces
from dmafuzz.cli.main import main

EVENT = (
    "     insmod-139     [000] .....    14.246557: dma_map_page: 0000:00:03.0 dir=TO_DEVICE dma_addr=1000 size=64 "
    "phys_addr=1000 attrs=\n"
)
STATS = "entries: 0\noverrun: {overrun}\ncommit overrun: 0\nbytes: 0\ndropped events: {dropped}\nread events: 1\n"
FILES = ("tracing_on", "buffer_size_kb", "events/dma/enable", "trace_pipe", "set_ftrace_filter")


class MadeUp(traces.Instance):
    """As the kernel does: the files of an instance come with its folder, and go with it; a pipe gives what is there
    when tracing is switched on."""

    overrun = dropped = 0

    def __init__(self, tracefs: Path, pid: int, buffer_kib: int = 64) -> None:
        super().__init__(tracefs, pid, buffer_kib)
        self.written: list[tuple[str, str]] = []

    def _mkdir(self) -> None:
        self.path.mkdir()
        for name in FILES:
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text("")
        for cpu in range(2):
            stats = self.path / f"per_cpu/cpu{cpu}/stats"
            stats.parent.mkdir(parents=True)
            stats.write_text(STATS.format(overrun=self.overrun, dropped=self.dropped))

    def _rmdir(self) -> None:
        shutil.rmtree(self.path)

    def _write(self, file: str, text: str) -> None:
        super()._write(file, text)
        self.written.append((file, text))
        if (file, text) == ("tracing_on", "1"):
            (self.path / "trace_pipe").write_text(EVENT * 3)


@pytest.fixture
def tracefs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "tracing"
    (place / "instances").mkdir(parents=True)
    (place / "events/dma").mkdir(parents=True)
    (place / "events/dma/enable").write_text("0\n")
    (place / "tracing_on").write_text("1\n")
    monkeypatch.setattr(traces, "Instance", MadeUp)
    monkeypatch.setattr(traces, "remove_left", lambda where: _remove_left(where, MadeUp))
    monkeypatch.chdir(tmp_path)
    return place


_remove_left = traces.remove_left


def run(tracefs: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["trace", "record", "--tracefs", str(tracefs), *arguments])


def test_records_while_a_command_runs_and_leaves_nothing_behind(tracefs: Path) -> None:
    result = run(tracefs, "--out", "t.trace", "--", sys.executable, "-c", "import sys; sys.exit(3)")
    assert result.exit_code == 3, result.output
    assert Path("t.trace").read_text() == EVENT * 3
    assert "see: dmafuzz trace judge t.trace" in result.output
    assert not list((tracefs / "instances").iterdir())
    assert (tracefs / "tracing_on").read_text() == "1\n"
    assert (tracefs / "events/dma/enable").read_text() == "0\n"
    counts = traces.Counts()
    assert len(list(traces.events(traces.lines("t.trace"), counts))) == 3


def test_switches_on_only_its_own_instance_and_off_again(tracefs: Path) -> None:
    instance = MadeUp(tracefs, os.getpid(), 64)
    done = traces.record(instance, Path("t.trace"), (), 0.05, {})
    assert (done.status, done.lost, done.still_running) == (0, 0, False)
    assert instance.written == [
        ("tracing_on", "0"), ("buffer_size_kb", "64"), ("events/dma/enable", "1"),
        ("tracing_on", "1"), ("tracing_on", "0"), ("tracing_on", "0"), ("events/dma/enable", "0"),
    ]  # fmt: skip


def test_counts_lost_events(tracefs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MadeUp, "overrun", 5)
    monkeypatch.setattr(MadeUp, "dropped", 2)
    result = run(tracefs, "--attach", "--for", "0.05s")
    assert result.exit_code == 0, result.output
    assert "14 events lost" in result.output
    assert Path("dma.trace").read_text().endswith("# 14 events were lost\n")


def test_what_a_killed_recording_left_is_named_and_removed(tracefs: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for pid in (ended.pid, os.getppid()):
        MadeUp(tracefs, pid).make()
    (tracefs / "instances/somebody-else").mkdir()
    result = run(tracefs, "--attach", "--for", "0.05")
    assert f"dmafuzz-{ended.pid}: left over from a recording that was killed: removed" in result.output
    left = {path.name for path in (tracefs / "instances").iterdir()}
    assert left == {"somebody-else", f"dmafuzz-{os.getppid()}"}


def test_a_command_that_cannot_run_leaves_no_instance(tracefs: Path) -> None:
    result = run(tracefs, "--", "/no/such/command")
    assert result.exit_code == 2
    assert result.output == "/no/such/command: cannot be run: No such file or directory\n"
    assert not list((tracefs / "instances").iterdir())
    result = run(tracefs, "--out", "/no/such/folder/t", "--attach", "--for", "1s")
    assert result.exit_code == 2
    assert not list((tracefs / "instances").iterdir())


def test_says_what_is_missing(tracefs: Path, tmp_path: Path) -> None:
    (tracefs / "events/dma/enable").unlink()
    result = run(tracefs, "--attach")
    assert result.exit_code == 2
    assert "this kernel has no trace events of the DMA API: they came with 6.12" in result.output
    result = run(tmp_path / "nothing", "--attach")
    assert result.exit_code == 2
    assert "no tracefs at" in result.output


@pytest.mark.parametrize("arguments", [(), ("--attach", "--", "true"), ("--attach", "--for", "soon")])
def test_refuses_what_makes_no_sense(tracefs: Path, arguments: tuple[str, ...]) -> None:
    assert run(tracefs, *arguments).exit_code == 2


def test_a_command_runs_as_the_user_of_sudo() -> None:
    assert traces.invoking_user({}) == {}
    assert traces.invoking_user({"SUDO_UID": "no number"}) == {}
    user = traces.invoking_user({"SUDO_UID": str(os.getuid()), "PATH": "/bin"})
    assert user["user"] == os.getuid()
    environment = user["env"]
    assert isinstance(environment, dict)
    assert environment["PATH"] == "/bin"
    assert environment["HOME"]
