# SPDX-License-Identifier: GPL-2.0-only
"""Reports judged anew: by a child that has judged nothing else, of a process that stays, whichever of them dies."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dmafuzz import _core, platforms
from dmafuzz.findings import RawFinding, Replaying, ReplayServer
from support import ops_of, raw_findings

NAMES = [model.name for model in platforms.portfolio("6.12")]
TRACKER_OF_ONES_OWN = """
import os
class Tracker:
    def on_hook(self, call):
        {does}
"""


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    made = ReplayServer("6.12", NAMES)
    yield made
    made.stop()


def of_one_s_own(place: Path, does: str) -> str:
    (place / "own_tracker.py").write_text(TRACKER_OF_ONES_OWN.format(does=does))
    return f"py:{place}:own_tracker:Tracker"


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def is_there(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def process_of(server: ReplayServer) -> int:
    assert server._process is not None
    return server._process._process.pid


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def start(server: ReplayServer, raw: list[RawFinding]) -> Replaying:
    return Replaying(raw, "6.12", "6.12", NAMES, "6.12", server=server)


def test_one_process_serves_all_batches_each_with_a_child_of_its_own(server: ReplayServer) -> None:
    raw = raw_findings(60)
    first = start(server, raw[:30]).findings()
    pid = process_of(server)
    two = start(server, raw[30:]), start(server, raw[:30])  # side by side
    assert all(first)
    assert all(two[0].findings())
    assert two[1].findings() == first
    assert process_of(server) == pid
    assert children(pid) == []


def test_a_child_has_judged_nothing_else(tmp_path: Path) -> None:
    marked = tmp_path / "pids"
    core_tracker = of_one_s_own(tmp_path, f"open({str(marked)!r}, 'a').write(f'{{os.getpid()}}\\n')")
    server = ReplayServer(core_tracker, NAMES[:1])
    ops = ops_of("cpu0 b0 = alloc pages 64", "cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE")
    raw = RawFinding("FN", "clobbered", NAMES[0], (), _core.encode(ops), "not-looked-at")
    for _ in range(3):
        assert Replaying([raw], "6.12", core_tracker, NAMES[:1], None, server=server).findings() == [None]
    pid = process_of(server)
    server.stop()
    judged_by = {int(line) for line in marked.read_text().split()}
    assert len(judged_by) == 3
    assert pid not in judged_by


def test_one_that_ends_its_child_costs_few_of_them() -> None:
    raw = raw_findings(64)
    asked: list[int] = []

    class Asked:
        """A batch of which the 18th report ends whoever judges it."""

        def __init__(self, items: list[RawFinding]) -> None:
            asked.append(len(items))
            self.items = items

        def wait(self) -> None: ...

        def answers(self) -> list[dict[str, Any]] | None:
            if raw[17] in self.items:
                return None
            facts: dict[str, Any] = {"shown": True, "shown_on": [], "outcomes": [], "modality": None}
            return [{**facts, "kinds": [item.kind]} for item in self.items]

    class Server:
        def ask(self, items: list[RawFinding], schedules: int) -> Asked:
            return Asked(items)

    found = Replaying(raw, "6.12", "6.12", [], None, server=Server()).findings()  # type: ignore[arg-type]
    assert [index for index, finding in enumerate(found) if finding is None] == [17]
    assert len(asked) <= 2 * 6 + 2


def test_a_tracker_that_ends_its_process_is_asked_without_schedules_and_then_given_up(tmp_path: Path) -> None:
    core_tracker = of_one_s_own(tmp_path, "os.abort()")
    ops = ops_of("cpu0 b0 = alloc pages 64", "cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE")
    raw = RawFinding("FN", "clobbered", NAMES[0], (), _core.encode(ops), "not-looked-at")
    server = ReplayServer(core_tracker, NAMES[:1])
    assert Replaying([raw] * 3, "6.12", core_tracker, NAMES[:1], None, server=server).findings() == [None] * 3
    assert is_there(process_of(server))
    server.stop()


def test_a_child_that_is_killed_loses_nothing(server: ReplayServer) -> None:
    raw = raw_findings(40)
    replaying = start(server, raw)
    pid = process_of(server)
    wait_for(lambda: children(pid) or replaying.done())
    for child in children(pid):
        os.kill(child, signal.SIGKILL)
    assert all(replaying.findings())
    assert process_of(server) == pid


def test_a_process_that_is_killed_loses_nothing_and_takes_its_children_along(server: ReplayServer) -> None:
    raw = raw_findings(40)
    assert all(start(server, raw[:2]).findings())
    two = start(server, raw * 20), start(server, raw)
    pid = process_of(server)
    wait_for(lambda: children(pid))
    begun = children(pid)
    os.kill(pid, signal.SIGKILL)
    assert all(two[1].findings())
    assert all(two[0].findings())
    assert process_of(server) != pid
    wait_for(lambda: not any(is_there(child) for child in begun))


def test_a_process_that_is_killed_each_time_is_a_fault(server: ReplayServer, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = server.ask

    def killed(raw: list[RawFinding], schedules: int) -> object:
        batch = ask(raw, schedules)
        os.kill(process_of(server), signal.SIGKILL)
        return batch

    monkeypatch.setattr(server, "ask", killed)
    with pytest.raises(RuntimeError, match="the replaying process failed"):
        start(server, raw_findings(200) * 10).findings()


def test_a_process_that_cannot_start_says_why() -> None:
    with pytest.raises(RuntimeError, match=r"the replaying process failed.*no-such-machine"):
        Replaying(raw_findings(1), "6.12", "6.12", ["no-such-machine"], None).findings()


def test_a_tracker_that_cannot_be_made_says_why_and_the_process_goes_on() -> None:
    server = ReplayServer("6.13x", NAMES)
    for _ in range(5):
        with pytest.raises(RuntimeError, match=r"the replaying process failed.*6.13x"):
            start(server, raw_findings(1)).findings()
    server.stop()


def test_what_is_given_up_ends_its_child(server: ReplayServer, tmp_path: Path) -> None:
    core_tracker = of_one_s_own(tmp_path, "exec('while True: pass')")
    server = ReplayServer(core_tracker, NAMES[:1])
    ops = ops_of("cpu0 b0 = alloc pages 64", "cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE")
    raw = RawFinding("FN", "clobbered", NAMES[0], (), _core.encode(ops), "not-looked-at")
    replaying = Replaying([raw], "6.12", core_tracker, NAMES[:1], None, server=server)
    pid = process_of(server)
    wait_for(lambda: children(pid))
    assert not replaying.done()
    replaying.stop()
    wait_for(lambda: not children(pid))
    assert is_there(pid)
    server.stop()
    assert not is_there(pid)


_PARENT = """
import signal, sys, time
from dmafuzz.findings import RawFinding, ReplayServer
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell is born without
server = ReplayServer(sys.argv[1], sys.argv[3:])
batch = server.ask([RawFinding("FN", "clobbered", sys.argv[3], (), bytes.fromhex(sys.argv[2]), "")], 0)
print(server._process._process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_process_goes_when_its_parent_goes(number: signal.Signals, tmp_path: Path) -> None:
    core_tracker = of_one_s_own(tmp_path, "exec('while True: pass')")
    records = _core.encode(ops_of("cpu0 b0 = alloc pages 64", "cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE"))
    command = [sys.executable, "-P", "-c", _PARENT, core_tracker, records.hex(), NAMES[0]]
    paths = os.pathsep.join([str(Path(_core.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    facts = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "env": {**os.environ, "PYTHONPATH": paths}}
    parent = subprocess.Popen(command, text=True, **facts)  # type: ignore[call-overload]
    pid = int(parent.stdout.readline())
    wait_for(lambda: children(pid))
    begun = children(pid)
    parent.send_signal(number)
    parent.wait()
    wait_for(lambda: not is_there(pid) and not any(map(is_there, begun)))
