# SPDX-License-Identifier: GPL-2.0-only
"""The engines that are compared, what each needs to be there, and how one of them is run for a while."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dmafuzz.benchmark import harness
from dmafuzz.benchmark.board import Board, read_board
from dmafuzz.benchmark.child import libfuzzer_options
from dmafuzz.benchmark.harness import AFL, LIBFUZZER, HarnessError, Kind
from dmafuzz.benchmark.job import Job
from dmafuzz.benchmark.processor_time import ProcessorClock
from dmafuzz.fuzzing import atheris_available

_LOOK_EVERY_S = 0.05
_START_S_MAX = 60.0
_END_S_MAX = 5.0


@dataclass(frozen=True)
class Engine:
    """``letter`` is the one of the table; ``native``: an executable around the core, not a Python process."""

    name: str
    letter: str
    title: str
    native: Kind | None = None
    map_of_states: bool = False


ENGINES = (
    Engine("native", "a", "own native loop: bursts, feedback, minimizing"),
    Engine("atheris", "b", "atheris, native bursts"),
    Engine("atheris-plain", "b", "atheris, its own mutations, our counters"),
    Engine("libfuzzer", "c", "raw libFuzzer, edge coverage", LIBFUZZER),
    Engine("libfuzzer-states", "c", "raw libFuzzer, edge coverage and our counters", LIBFUZZER, True),
    Engine("afl", "d", "AFL++, persistent mode", AFL),
    Engine("hypothesis", "e", "Hypothesis state machine, Python API"),
    Engine("uniform", "f", "uniformly random programs"),
    Engine("generator", "f", "own generator, no feedback"),
)


class EngineError(Exception):
    """An engine that does not run, and why."""


def missing(engine: Engine) -> str | None:
    """What an engine lacks here, or None."""
    if engine.native:
        if not harness.compiler_version(engine.native):
            return f"needs {engine.native.compiler} (Debian: apt-get install {engine.native.package})"
        try:
            harness.checkout()
        except HarnessError as error:
            return str(error)
    if engine.name.startswith("atheris") and not atheris_available():
        return "needs atheris (wheels for Linux x86-64, CPython 3.11 to 3.13 only)"
    return None


def versions() -> dict[str, str]:
    """Of whatever is there, by name."""
    found = {"Python": sys.version.split()[0]}
    for package in ("dmafuzz", "atheris", "hypothesis"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    clang = harness.compiler_version(LIBFUZZER)
    if clang:
        found["clang"] = clang
    if shutil.which("afl-fuzz"):
        shown = subprocess.run(["afl-fuzz", "-h"], capture_output=True, text=True, check=False)
        number = re.search(r"afl-fuzz\+\+([\w.]+)", shown.stdout + shown.stderr)
        found["AFL++"] = number.group(1) if number else "unknown"
    return found


Enough = Callable[[ProcessorClock], bool]


def run(engine: Engine, job: Job, enough: Enough = lambda clock: False) -> Board:
    """Runs an engine until its time is up, it has seen all it looks for, or there is ``enough``: processor time where
    many run at once. Raises EngineError, HarnessError."""
    with _process(engine, job) as process:
        started = time.monotonic()
        clock = ProcessorClock(process.pid)
        while True:
            board = read_board(job.board, len(job.causes))
            if job.by_processor_time:
                passed, board = clock.look(board)
                passed -= board.aside_processor
            else:
                passed = time.monotonic() - board.began - board.aside if board.programs else 0.0
            if passed >= job.seconds or enough(clock):
                return board
            if board.seen and None not in board.seen:
                return board
            if process.poll() is not None:
                raise EngineError(f"{engine.name} ended by itself: {_last_words(job)}")
            patience = max(_START_S_MAX, job.longest)
            if not board.programs and time.monotonic() - started > patience:
                raise EngineError(f"{engine.name} judged nothing in {patience:.0f} s: {_last_words(job)}")
            time.sleep(_LOOK_EVERY_S)


def prepare(engine: Engine, job: Job, say: Callable[[str], None]) -> None:
    """Builds what has to be built. Raises HarnessError."""
    if engine.native:
        harness.build(engine.native, job.core_tracker, job.machines(), job.causes, say)


@contextlib.contextmanager
def _process(engine: Engine, job: Job) -> Iterator[subprocess.Popen[bytes]]:
    """The engine's process, in a session of its own, so that its children end with it."""
    command, environment = _command(engine, job)
    with (Path(job.folder) / "errors").open("wb") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, env=environment, cwd=job.folder, start_new_session=True
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for by in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, by)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_S_MAX)


def _last_words(job: Job) -> str:
    lines = (Path(job.folder) / "errors").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no message"


def _command(engine: Engine, job: Job) -> tuple[list[str], Mapping[str, str]]:
    # The engine works in a folder of its own; what it imports must not depend on it.
    paths = os.pathsep.join(path for path in (os.environ.get("PYTHONPATH"), str(Path(__file__).parents[2])) if path)
    environment = {**os.environ, "DMAFUZZ_BOARD": str(job.board)}
    if job.distinct:
        environment["DMAFUZZ_DISTINCT"] = "1"
    if job.looks_into_programs:
        environment["DMAFUZZ_SIGNATURES"] = str(job.signatures)
    if not engine.native:
        command = [sys.executable, "-P", "-m", "dmafuzz.benchmark.child", job.to_json()]
        return command, {**environment, "PYTHONPATH": paths}
    program = str(harness.build(engine.native, job.core_tracker, job.machines(), job.causes))
    if engine.native is AFL:
        return _afl_command(program, job), {**environment, **_AFL_QUIET}
    if engine.map_of_states:
        environment["DMAFUZZ_STATE_MAP"] = "1"
    return [program, *libfuzzer_options(job)], environment


# It must not ask for another governor or another way of dumping cores, nor for a screen.
_AFL_QUIET = {
    "AFL_NO_UI": "1",
    "AFL_SKIP_CPUFREQ": "1",
    "AFL_NO_AFFINITY": "1",
    "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
}


def _afl_command(program: str, job: Job) -> list[str]:
    seeds = Path(job.folder) / "seeds"
    seeds.mkdir(exist_ok=True)
    (seeds / "nothing").write_bytes(bytes(32))  # it wants one
    limits = ["-V", str(round(job.longest)), "-s", str(1 + job.seed), "-G", str(job.bytes_max)]
    return ["afl-fuzz", "-i", str(seeds), "-o", str(Path(job.folder) / "out"), *limits, "--", program]
