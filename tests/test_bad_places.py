# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz fuzz` where the system refuses it something: one line, or it does without; and its exit status."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dmafuzz.fuzzing import atheris_available
from dmafuzz.fuzzing.own_time import cpu_seconds
from support import said

QUICK = ("--engine", "native", "--programs", "30", "--ops", "4", "--platform", "arm64-6.5")


def command(out: str, *options: str) -> list[str]:
    return [sys.executable, "-P", "-m", "dmafuzz", "fuzz", "--out", out, *options]


def fuzzed(out: str, *options: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
    facts: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.run(command(out, *options), check=False, timeout=300, **facts)


def test_what_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    nowhere = fuzzed("/proc/findings", *QUICK)
    assert nowhere.returncode == 2
    assert nowhere.stderr.splitlines()[-1] == (
        b"/proc/findings: cannot be used: No such file or directory; use another folder"
    )
    with open("/dev/full", "wb") as full:
        done = fuzzed(str(tmp_path / "o"), *QUICK, stdout=full)
    assert (done.returncode, done.stderr) == (2, b"the output: No space left on device\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only_is_said_in_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    done = fuzzed(str(tmp_path / "o"), *QUICK)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(
        f"{tmp_path}/o: cannot be used: Permission denied; make the folder {tmp_path} readable and writable ".encode()
    )


def test_few_descriptors_are_said_in_one_line(tmp_path: Path) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))

    done = fuzzed(str(tmp_path / "o"), *QUICK, preexec_fn=few)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].count(b": Too many open files") == 1
    assert b"Traceback" not in done.stderr


def test_a_name_that_is_no_text_will_do_without_a_temporary_folder_and_standard_error(tmp_path: Path) -> None:
    out = os.fsdecode(os.fsencode(tmp_path) + b"/o\xff")
    done = fuzzed(out, *QUICK, env={**os.environ, "TMPDIR": "/nowhere"}, preexec_fn=lambda: os.close(2))
    assert done.returncode == 0
    assert rb"o\udcff" in done.stdout
    assert b"30 programs" in done.stdout
    assert (Path(out) / "store.json").exists()


@pytest.mark.slow
@pytest.mark.skipif(not atheris_available(), reason="needs atheris")
def test_atheris_works_in_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    out = Path(os.fsdecode(os.fsencode(tmp_path) + b"/o\xff"))
    process = subprocess.Popen(command(str(out), "--engine", "atheris", "--time", "300"), stderr=subprocess.PIPE)
    while process.poll() is None and not list((out / "workers").glob("*.programs")):
        time.sleep(0.1)
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert list((out / "packs").glob("*.corpus"))


@pytest.mark.slow
def test_an_interrupt_while_it_starts_leaves_no_traceback(tmp_path: Path) -> None:
    rng = random.Random(1)
    ends = set()
    for _ in range(10):
        process = subprocess.Popen(command(str(tmp_path / "o"), *QUICK), stderr=subprocess.PIPE)
        moment = rng.uniform(0.15, 0.75)  # of its processor time: before and after, the interpreter starts and ends
        while process.poll() is None and (cpu_seconds(process.pid) or 0.0) < moment:
            time.sleep(0.01)
        process.send_signal(rng.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))
        _, errors = process.communicate(timeout=60)
        assert b"Traceback" not in errors
        ends.add(process.returncode)
    # Before the first line of ours runs, and after the last one, a signal ends it as it ends any process.
    assert ends <= {0, 130, -signal.SIGINT, -signal.SIGTERM, -signal.SIGHUP}


def test_new_causes_of_a_grade_fail_on_demand_and_known_ones_do_not(tmp_path: Path) -> None:
    options = ("--engine", "native", "--ops", "7", "--platform", "arm64-6.5", "--fail-on", "ABC", "--out", tmp_path)
    status, text = said("fuzz", *options, "--programs", 250)
    assert status == 1
    assert "new causes of grade ABC" in text
    status, text = said("fuzz", *options, "--programs", 1)
    assert (status, "new causes of grade" in text) == (0, False)
