# SPDX-License-Identifier: GPL-2.0-only
"""The source itself: lints, types, and files that stay short enough to read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("dmafuzz", "tests", "harnesses", "docs")
LINES_MAX = 560
COLUMNS_MAX = 120
KERNEL_LAYOUT = ("dmafuzz/confirmation/guest/", "dmafuzz/export/module/", "tests/exported_in_guest.c")
SOURCES = [
    path
    for folder in ("dmafuzz", "harnesses", "tests")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".py", ".cpp", ".hpp", ".c", ".h"}
]


LICENCE = "SPDX-License-Identifier: GPL-2.0-only"
# How a comment begins. `_core.pyi` is made by a program, and other files say nothing of their own.
MARKS = {".py": "#", ".toml": "#", ".yaml": "#", ".cpp": "//", ".hpp": "//", ".c": "//", ".h": "//"}
LICENSED = [
    *(ROOT / name for name in (".ci/run", "pyproject.toml", "dmafuzz/core/CMakeLists.txt", ".pre-commit-config.yaml")),
    *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in MARKS),
]


@pytest.mark.parametrize("command", [["ruff", "check"], ["ruff", "format", "--check"]], ids=["lints", "layout"])
def test_ruff_is_content(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command, "dmafuzz", "tests", "harnesses", "docs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_clang_format_is_content() -> None:
    """As pinned among the tests' tools: versions lay out differently. What a kernel builds is laid out as it does."""
    native = [path for path in SOURCES if path.suffix in {".cpp", ".hpp", ".c", ".h"}]
    files = [path for path in native if not str(path.relative_to(ROOT)).startswith(KERNEL_LAYOUT)]
    tool = shutil.which("clang-format", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert tool is not None
    done = subprocess.run([tool, "--dry-run", "-Werror", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_types_are_strict_throughout() -> None:
    done = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_name_their_licence(promote: bool) -> None:
    """In the first line, or below that of the interpreter. Written there by --promote."""
    wanting = [path for path in LICENSED if path.exists() and not any(LICENCE in line for line in beginning(path))]
    for path in wanting if promote else []:
        first, interpreter, rest = (
            path.read_text().partition("\n") if beginning(path)[0].startswith("#!") else ("",) * 3
        )
        head = first + interpreter
        path.write_text(f"{head}{MARKS.get(path.suffix, '#')} {LICENCE}\n{rest if head else path.read_text()}")
    assert promote or not wanting


def beginning(path: Path) -> list[str]:
    return [*path.read_text().splitlines()[:2], ""]


def test_lines_fit() -> None:
    """But for those that a marker for another tool makes longer."""
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > COLUMNS_MAX and "# type: ignore" not in line and "# noqa" not in line
    ]
    assert not long


def test_files_stay_short() -> None:
    assert SOURCES
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert not {name for name, count in lines.items() if count > LINES_MAX}


def test_there_is_no_room_for_odds_and_ends() -> None:
    assert not [path for path in SOURCES if path.stem in {"utils", "util", "helpers", "misc", "common"}]
