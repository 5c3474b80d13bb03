# SPDX-License-Identifier: GPL-2.0-only
"""What a file system refuses is said in one line: what, where, and what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from dmafuzz.storage import UnreadableError, read_small, refusal
from dmafuzz.store import StoreError, told_in_one_line


def refused(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_the_folder_that_refuses_is_the_nearest_that_is_there(tmp_path: Path, number: int) -> None:
    error = refused(number, tmp_path / "a" / "b" / "c")
    said = refusal(error, tmp_path / "a")
    assert said == (
        f"{tmp_path}/a: cannot be used: {os.strerror(number)}; make the folder {tmp_path} readable and writable for "
        "yourself, or use another folder"
    )


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EROFS, "use a folder on a file system that can be written"),
        (errno.ENOSPC, "free some space, or use a folder on another disk"),
        (errno.ENOTDIR, "the file {file} is in the way: use another folder"),
        (errno.EIO, "use another folder"),
    ],
)
def test_each_reason_has_its_advice(tmp_path: Path, number: int, advice: str) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StoreError) as caught, told_in_one_line(file / "store"):
        raise refused(number, file / "store" / "packs")
    said = f"{file}/store: cannot be used: {os.strerror(number)}; {advice.format(file=file)}"
    assert str(caught.value) == said


def test_an_error_without_a_file_is_about_the_folder(tmp_path: Path) -> None:
    assert refusal(OSError(errno.ENOSPC, "full"), tmp_path).startswith(f"{tmp_path}: cannot be used: full; free ")


def test_a_file_that_cannot_be_read_or_is_too_large(tmp_path: Path) -> None:
    file = tmp_path / "a\x1bfile"
    with pytest.raises(UnreadableError, match=r"/a\\x1bfile: cannot be read: No such file or directory$"):
        read_small(file, 1 << 20)
    file.write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(UnreadableError, match=r"/a\\x1bfile: expected a file of at most 1 MiB$"):
        read_small(file, 1 << 20)
    file.write_bytes(b"x" * (1 << 20))
    assert len(read_small(file, 1 << 20)) == 1 << 20
