# SPDX-License-Identifier: GPL-2.0-only
"""Programs in files."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from dmafuzz.storage import write_whole

from .errors import ProgramError, nearest
from .parse import parse
from .program import Program
from .render import render
from .tokens import FILE_BYTES_MAX

_ENDING = ".dma"
_DASH, _STDIN = "-", "/dev/stdin"  # what others call it
_SHELLS_FIFOS = ("/dev/", "/proc/")


def read(path: str | os.PathLike[str]) -> Program:
    """The program in a file, which is UTF-8.

    Raises ProgramError, and nothing else, if the file cannot be read or does not hold a valid program.
    """
    name = os.fspath(path)
    try:
        with open(_opened(path), "rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else None
        found, near = reason or str(error), _neighbour(name)
        raise ProgramError(name, 0, 0, "a file with a program", found, suggestion=near) from None
    if len(data) > FILE_BYTES_MAX:
        raise ProgramError(name, 1, 1, f"at most {FILE_BYTES_MAX} bytes", "more")
    return parse(_decoded(data, name), name)


def _neighbour(name: str) -> str:
    """The file of a program beside it whose name is most like it, or ""."""
    if name == _DASH:
        return _STDIN
    folder, base = os.path.split(name)
    try:
        there = [other for other in os.listdir(folder or ".") if other.endswith(_ENDING) and other != base]
    except (OSError, ValueError):
        return ""
    near = nearest(base, there)
    return os.path.join(folder, near) if near else ""


def _opened(path: str | os.PathLike[str]) -> int:
    """A handle on a file. A FIFO among other files would wait for ever; one that a shell has made is meant."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISFIFO(os.fstat(handle).st_mode) and not os.fspath(path).startswith(_SHELLS_FIFOS):
        os.close(handle)
        raise OSError(errno.EINVAL, "a FIFO, no file")
    os.set_blocking(handle, True)
    return handle


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8").split("\n")
        line_start = error.start - len(before[-1].encode())
        source = data[line_start:].partition(b"\n")[0].decode("utf-8", "replace")
        found = f"byte 0x{data[error.start]:02x}"
        raise ProgramError(name, len(before), len(before[-1]) + 1, "UTF-8 text", found, source) from None


def write(path: str | os.PathLike[str], program: Program) -> None:
    """Writes a program's canonical text so that the file is, at any moment, the old one or the new one, whole.

    Raises OSError if that fails, ValueError if the program has no text (see render); the file is as before then.
    """
    text = render(program)
    write_whole(Path(path), text.encode())
