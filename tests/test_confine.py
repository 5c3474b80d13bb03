# SPDX-License-Identifier: GPL-2.0-only
"""What a process that runs a kernel's own code can still do after it has confined itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dmafuzz.kernel.confine import landlock_version

PROGRAM = """
import os, socket, subprocess, sys
from pathlib import Path
from dmafuzz.kernel.confine import confine
inside, outside = map(Path, sys.argv[1:])
assert confine([inside])

def refused(what):
    try:
        what()
    except PermissionError:
        return True
    return False

(inside / "part").write_text("x")
os.replace(inside / "part", inside / "whole")
(inside / "whole").unlink()
open(os.devnull, "w").write("x")
assert (outside / "kept").read_text() == "kept"
print(
    refused(lambda: (outside / "new").write_text("x")),
    refused(lambda: (outside / "kept").unlink()),
    refused(lambda: (outside / "kept").write_text("")),
    refused(lambda: subprocess.run(["/bin/true"])),
    refused(lambda: os.symlink("/etc", inside / "link")),
)
"""


@pytest.mark.skipif(landlock_version() < 3, reason="this kernel has no Landlock, or an early one")
def test_it_writes_where_it_must_and_nowhere_else(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
    (outside / "kept").write_text("kept")
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, str(inside), str(outside)], capture_output=True, text=True, cwd=Path.cwd()
    )
    assert done.stdout.split() == ["True"] * 5, done.stderr
    assert (outside / "kept").read_text() == "kept"


def test_without_landlock_it_is_said_once() -> None:
    program = (
        "from dmafuzz.kernel import confine\n"
        "confine.landlock_version = lambda: 0\n"
        "print(confine.confine([]), confine.confine([]))\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, cwd=Path.cwd())
    assert done.stdout.split() == ["False", "False"]
    assert done.stderr.count("has no Landlock") == 1
