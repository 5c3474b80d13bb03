# SPDX-License-Identifier: GPL-2.0-only
"""What is read has a size, a depth and an end; what is printed obeys nobody else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dmafuzz import platforms, program
from dmafuzz.platforms import PlatformError
from dmafuzz.program import ProgramError
from support import run


def test_a_fifo_among_programs_is_no_program(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.dma")
    with pytest.raises(ProgramError, match="a FIFO, no file"):
        program.read(tmp_path / "p.dma")


def test_a_pipe_that_a_shell_made_is_read() -> None:
    ours, theirs = os.pipe()
    os.write(theirs, b"dmafuzz 1\ncpu0 b0 = alloc pages 64\n")
    os.close(theirs)
    assert len(program.read(f"/dev/fd/{ours}").ops) == 1
    os.close(ours)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.mkdir()])
def test_a_platform_is_a_file(make: object, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    make(path)  # type: ignore[operator]
    with pytest.raises(PlatformError):
        platforms.load(path)


def test_a_platform_is_not_too_deep(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("x = " + "[" * 100_000)
    with pytest.raises(PlatformError, match="is not TOML"):
        platforms.load(path)


def test_control_characters_in_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    result = run("judge", tmp_path / "a\x1b]0;title\x07b.dma")
    assert result.exit_code == 2
    assert "\x1b" not in result.output
    assert "a\\x1b]0;title\\x07b.dma" in result.output
