# SPDX-License-Identifier: GPL-2.0-only
"""Programs that a worker died on: each is run again, alone, before it is blamed.

``python -P -m dmafuzz.fuzzing.suspect`` reads one JSON request from standard input. A worker may have been killed by
anybody; only what ends this process too is quarantined.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from dmafuzz import _core, platforms
from dmafuzz.fuzzing.plan import Plan
from dmafuzz.kernel.confine import confine
from dmafuzz.program import Program, render
from dmafuzz.storage import write_whole
from dmafuzz.store import Target

CPU_S_MAX = 30  # of its own: that the machine is busy says nothing of the program
_WALL_S_MAX = 600.0
_SUFFIX = ".dma"


def program_name(records: bytes) -> str:
    """What a program is called in the quarantine: the hash of its records."""
    return hashlib.sha256(records).hexdigest()[:16]


def harm_of(plan: Plan, records: bytes) -> str | None:
    """How a process ends that runs this program alone: "signal 11", "hang"; None: as it should."""
    paths = os.pathsep.join(path for path in (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")) if path)
    request = {"tracker": plan.core_tracker, "platforms": list(plan.platforms), "records": records.hex()}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "dmafuzz.fuzzing.suspect"],
            input=json.dumps(request).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
            timeout=_WALL_S_MAX,
            check=False,
            start_new_session=True,  # Ctrl-C is for the parent
        )
    except subprocess.TimeoutExpired:
        return "hang"
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return "hang" if done.returncode == -signal.SIGXCPU else None  # killed by another: that says nothing
    return f"signal {-done.returncode}" if done.returncode < 0 else None


def quarantine(plan: Plan, records: bytes, why: str) -> Path:
    """Puts a program away, as a file that `dmafuzz judge` reads. Raises OSError."""
    text = render(Program(ops=tuple(_core.decode(records))))
    version, *rest = text.splitlines()
    about = f"# a process that judged it with tracker {plan.target.tracker} ended: {why}"
    path = plan.quarantine / f"{plan.target.slug}-{program_name(records)}{_SUFFIX}"
    write_whole(path, ("\n".join([version, about, *rest]) + "\n").encode())
    return path


def quarantined(folder: Path, target: Target) -> set[str]:
    """The names (`program_name`) of a target's programs that must not be run."""
    beginning = f"{target.slug}-"
    names = [path.name for path in folder.glob(f"*{_SUFFIX}") if path.name.startswith(beginning)]
    return {name.removeprefix(beginning).removesuffix(_SUFFIX) for name in names}


def main() -> None:
    """Runs the program as an engine does, then on every platform."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    request = json.load(sys.stdin)
    models = [platforms.to_core(platforms.load(name)) for name in request["platforms"]]
    records = bytes.fromhex(request["records"])
    engine, judge = _core.Engine(request["tracker"], models), _core.Judge(request["tracker"], models)
    if request["tracker"].startswith("kernel"):
        confine([])
    engine.run(records)
    judge.outcomes(_core.decode(records))


if __name__ == "__main__":
    main()
