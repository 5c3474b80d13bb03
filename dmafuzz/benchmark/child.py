# SPDX-License-Identifier: GPL-2.0-only
"""One engine in a process of its own, ``python -P -m dmafuzz.benchmark.child JOB``.

Its parent reads the board and ends it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

from dmafuzz import _core
from dmafuzz.benchmark.job import Job
from dmafuzz.benchmark.signatures import entry_bytes

_BURST_CHILDREN = 20_000
_BURST_MS = 50


def _engine(job: Job) -> _core.Engine:
    engine = _core.Engine(job.core_tracker, job.machines(), job.seed, job.ops)
    engine.look_with(job.cause_probe())
    return engine


def _native(job: Job) -> None:
    engine = _engine(job)
    while True:
        engine.burst(_BURST_CHILDREN, _BURST_MS)
        _drain(engine, job)


def _drain(engine: _core.Engine, job: Job) -> None:
    """A campaign would write them to files."""
    engine.take_novel()
    findings = engine.take_findings()
    if job.recall and findings:
        now = time.monotonic_ns()
        with job.signatures.open("ab", buffering=0) as file:
            file.write(b"".join(entry_bytes(now, _core.encode(found.ops)) for found in findings))


def _atheris(job: Job, bursts: bool) -> None:
    """libFuzzer drives. With bursts the engine is its mutator, without it mutates bytes as it sees fit."""
    if bursts:
        _core.expose_mutator()
    import atheris
    from atheris import core_with_libfuzzer

    engine = _engine(job)
    engine.register_counters(core_with_libfuzzer.__file__)
    if bursts:
        engine.drive_libfuzzer(_BURST_CHILDREN, _BURST_MS)

    def target(records: bytes) -> None:
        engine.run(records)
        if bursts:
            _drain(engine, job)

    atheris.Setup([sys.argv[0], *libfuzzer_options(job)], target, internal_libfuzzer=True)
    atheris.Fuzz()


def libfuzzer_options(job: Job) -> list[str]:
    """The same for atheris and raw libFuzzer. Its corpus stays in memory."""
    return [
        "-verbosity=0",
        "-len_control=0",
        "-timeout=60",
        "-rss_limit_mb=0",
        f"-max_len={job.bytes_max}",
        f"-max_total_time={round(job.longest)}",
        f"-artifact_prefix={job.folder}{os.sep}",
        f"-seed={1 + job.seed}",
    ]


def _hypothesis(job: Job) -> None:
    from dmafuzz.benchmark.stateful import run

    run(job)


def _random(job: Job, uniform: bool) -> None:
    subject = _core.Subject(job.core_tracker, job.machines(), job.cause_probe())
    subject.roam(uniform, job.seed, job.ops, round(1000 * (job.longest)))


RUNS: dict[str, Callable[[Job], None]] = {
    "native": _native,
    "atheris": lambda job: _atheris(job, True),
    "atheris-plain": lambda job: _atheris(job, False),
    "hypothesis": _hypothesis,
    "generator": lambda job: _random(job, False),
    "uniform": lambda job: _random(job, True),
}


def main() -> None:
    """Runs until the parent ends it, or until its time is up."""
    job = Job.from_json(sys.argv[1])
    late = threading.Timer(job.longest, os._exit, [0])
    late.daemon = True
    late.start()
    # libFuzzer's chatter is not for the user.
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    if job.engine.startswith("atheris"):
        os.dup2(quiet, 2)
    RUNS[job.engine](job)


if __name__ == "__main__":
    main()
