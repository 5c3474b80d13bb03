# SPDX-License-Identifier: GPL-2.0-only
"""Plants faults in the core, one at a time, and says which test notices each, and how soon.

    python tests/planted/plant.py [NAME]... [--tests TEST...] [--list]

Faults are data (faults.toml): a file of the core, a text in it that occurs exactly once, and the text in its place.
Everything happens in a copy of the tree outside the checkout: the checkout is only read. With each fault the core is
built there, and the quick tests run in an order that finds faults soon, until one fails. What no test notices is
listed at the end, as are faults that no longer apply, because the source has changed since.

Needs cmake, ninja, a compiler and what the tests need; uses ccache where there is one. Exits with 1 where a fault is
missed or does not apply.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAULTS = Path(__file__).with_name("faults.toml")
CORE = Path("dmafuzz/core")

# What is copied: all that the tests read, and nothing that was built.
COPIED = ("dmafuzz", "tests", "corpus", "docs", "pyproject.toml")
NOT_COPIED = shutil.ignore_patterns("*.so", "__pycache__", ".*_cache")

# Soonest first: most faults change the verdict of some program of the corpus.
QUICK_TESTS = (
    "tests/test_corpus.py::test_what_a_file_expects_holds",
    "tests/test_contract.py",
    "tests/test_covering.py",
    "tests/test_segments.py",
    "tests/test_corpus.py",
    "tests/test_rules_kept.py",
    "tests/test_checks.py",
    "tests/test_era_programs.py",
    "tests/test_platforms.py",
    "tests/test_concurrency.py",
    "tests/test_threads.py",
    "tests/test_story.py",
    "tests/test_judge_command.py",
    "tests/test_reuse.py",
    "tests/test_simulator.py",
)


@dataclass(frozen=True)
class Fault:
    """``text`` occurs once in ``file`` (a path below the core); ``planted`` stands there instead."""

    name: str
    file: str
    text: str
    planted: str
    breaks: str


@dataclass(frozen=True)
class Outcome:
    """``noticed_by`` is a test, or None where all passed; ``trouble`` says why a fault could not be tried."""

    fault: Fault
    seconds: float = 0.0
    noticed_by: str | None = None
    trouble: str | None = None


def read_faults(file: Path = FAULTS) -> list[Fault]:
    """All faults of the table. Raises ValueError where two have one name."""
    faults = [Fault(**entry) for entry in tomllib.loads(file.read_text(encoding="utf-8"))["fault"]]
    names = [fault.name for fault in faults]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two faults of one name: {', '.join(sorted(twice))}")
    return faults


def why_not(fault: Fault, root: Path = ROOT) -> str | None:
    """Why the fault does not apply to the source as it is, or None."""
    file = root / CORE / fault.file
    if not file.is_file():
        return f"there is no {CORE / fault.file}"
    if fault.text == fault.planted:
        return "it changes nothing"
    count = file.read_text(encoding="utf-8").count(fault.text)
    return None if count == 1 else f"its text occurs {count} times in {CORE / fault.file}"


class Copy:
    """The tree once more, built in place, to plant faults in."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "tree"
        self.build_folder = self.root / "build"
        self.root.mkdir()
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.root / name, ignore=NOT_COPIED)
            elif source.exists():
                shutil.copy2(source, self.root / name)
        self.environment = os.environ | {"PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}
        # Other copies have other paths: what ccache keeps is good for all of them.
        self.environment |= {"CCACHE_BASEDIR": str(self.root), "CCACHE_NOHASHDIR": "1"}

    def configure(self) -> None:
        command = ["cmake", "-G", "Ninja", "-S", str(self.root / CORE), "-B", str(self.build_folder)]
        command += ["-DCMAKE_BUILD_TYPE=Release", f"-DPython_EXECUTABLE={sys.executable}"]
        command += [f"-DCMAKE_LIBRARY_OUTPUT_DIRECTORY={self.root / 'dmafuzz'}"]
        if shutil.which("ccache"):
            command += ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=self.environment)

    def build(self) -> str | None:
        """What the compiler says where it refuses, or None."""
        done = subprocess.run(
            ["cmake", "--build", str(self.build_folder)], capture_output=True, text=True, env=self.environment
        )
        errors = [line for line in done.stdout.splitlines() if "error" in line]
        return None if done.returncode == 0 else "\n".join(errors[:3]) or done.stdout[-300:]

    def first_failure(self, tests: Sequence[str]) -> str | None:
        """The first test that fails, or None. A crash of the tests counts as the test that was running."""
        command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-x", "-v", "--tb=no", *tests]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, env=self.environment)
        if done.returncode == 0:
            return None
        failed = re.findall(r"^(\S.*?) (?:FAILED|ERROR)", done.stdout, re.MULTILINE)
        started = re.findall(r"^(tests/\S+)", done.stdout, re.MULTILINE)
        return failed[0] if failed else f"{started[-1] if started else 'pytest'} (does not end well)"

    @contextmanager
    def planted(self, fault: Fault) -> Iterator[None]:
        file = self.root / CORE / fault.file
        sound = file.read_text(encoding="utf-8")
        file.write_text(sound.replace(fault.text, fault.planted), encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(sound, encoding="utf-8")


def try_fault(copy: Copy, fault: Fault, tests: Sequence[str]) -> Outcome:
    if trouble := why_not(fault, copy.root):
        return Outcome(fault, trouble=f"no longer applies: {trouble}")
    with copy.planted(fault):
        if trouble := copy.build():
            return Outcome(fault, trouble=f"does not compile: {trouble}")
        start = time.monotonic()
        noticed_by = copy.first_failure(tests)
        return Outcome(fault, time.monotonic() - start, noticed_by)


def report(outcome: Outcome, width: int) -> str:
    said = outcome.trouble or outcome.noticed_by or "NOT NOTICED"
    return f"{outcome.fault.name:{width}} {outcome.seconds:6.1f} s  {said}"


def plant(faults: Sequence[Fault], tests: Sequence[str]) -> int:
    width = max(len(fault.name) for fault in faults)
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        copy = Copy(Path(folder))
        copy.configure()
        if trouble := copy.build():
            raise SystemExit(f"the source does not compile as it is: {trouble}")
        if failing := copy.first_failure(tests):
            raise SystemExit(f"a test fails without any fault: {failing}")
        for fault in faults:
            outcomes.append(try_fault(copy, fault, tests))
            print(report(outcomes[-1], width), flush=True)
    missed = [outcome for outcome in outcomes if outcome.noticed_by is None]
    tried = [outcome for outcome in outcomes if outcome.trouble is None]
    noticed = len(outcomes) - len(missed)
    print(f"{noticed} of {len(tried)} faults noticed, {len(outcomes) - len(tried)} could not be tried")
    for outcome in missed:
        print(f"  {outcome.fault.name}: {outcome.trouble or 'not noticed'}; {outcome.fault.breaks}")
    return 1 if missed else 0


def chosen(faults: Sequence[Fault], names: Sequence[str]) -> list[Fault]:
    if unknown := set(names) - {fault.name for fault in faults}:
        raise SystemExit(f"no such fault: {', '.join(sorted(unknown))}")
    return [fault for fault in faults if not names or fault.name in names]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="faults to plant; all of them if none is named")
    parser.add_argument("--tests", nargs="+", default=QUICK_TESTS, metavar="TEST", help="the tests, in their order")
    parser.add_argument("--list", action="store_true", help="what there is, and whether it still applies")
    options = parser.parse_args()
    faults = chosen(read_faults(), options.names)
    if not options.list:
        return plant(faults, options.tests)
    for fault in faults:
        print(f"{fault.name} ({fault.file}): {why_not(fault) or fault.breaks}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
