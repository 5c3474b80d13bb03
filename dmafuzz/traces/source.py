# SPDX-License-Identifier: GPL-2.0-only
"""Files as lines: plain, gzip or zstd, or standard input; read as they come, and counted for a progress bar."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from .errors import TraceError

STDIN = "-"
LINE_BYTES_MAX = 1 << 16  # the longest event, a list of 128 entries as raw bytes, has some 13,000
_GZIP, _ZSTD, _BINARY = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x17\x08\x44tracing"
_BEGINNING = 8  # bytes that tell what a file is


def lines(file: str, read: Callable[[int], None] = lambda _: None) -> Iterator[str]:
    """The lines of a file; bytes that are no text become U+FFFD. ``read`` is told how many bytes of the file have been
    read since it was told before. Raises TraceError for what cannot be read."""
    try:
        raw: BinaryIO = sys.stdin.buffer if file == STDIN else open(file, "rb")  # noqa: SIM115
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise TraceError(f"{file}: cannot be read: {reason}") from None
    with raw:
        counted = io.BufferedReader(_Counted(raw, read, file), 1 << 20)
        try:
            yield from _decoded(_opened(counted, file))
        except TraceError:
            raise
        except OSError as error:  # gzip.BadGzipFile is one
            raise TraceError(f"{file}: cannot be read: {error.strerror or error}") from None
        except (EOFError, zlib.error) as error:
            raise TraceError(f"{file}: damaged: {error}") from None


def _opened(counted: io.BufferedReader[Any], file: str) -> Any:
    beginning = counted.peek(_BEGINNING)[: max(_BEGINNING, len(_BINARY))]
    if beginning.startswith(_BINARY):
        raise TraceError(f"{file}: trace-cmd's own file: give what `trace-cmd report -i FILE` prints")
    if beginning.startswith(b"PERFILE2"):
        raise TraceError(f"{file}: perf's own file: give what `perf script -i FILE` prints")
    if beginning.startswith(_GZIP):
        return gzip.open(counted)
    if beginning.startswith(_ZSTD):
        import zstandard  # slow to load, and seldom needed

        reader = zstandard.ZstdDecompressor().stream_reader(counted, read_across_frames=True)
        return io.BufferedReader(_Counted(reader, lambda _: None, file))
    return counted


def _decoded(stream: Any) -> Iterator[str]:
    """A line longer than any event is cut: a file without lines is read like any other."""
    while data := stream.readline(LINE_BYTES_MAX):
        yield data.decode("utf-8", "replace")


class _Counted(io.RawIOBase):
    """A stream that tells how much is read of it, and by a message that it is damaged."""

    def __init__(self, stream: Any, read: Callable[[int], None], file: str) -> None:
        self._stream, self._read, self._file = stream, read, file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read1(len(buffer)) if hasattr(self._stream, "read1") else self._stream.read(len(buffer))
        except OSError:
            raise
        except Exception as error:  # zstandard's own, whose name is known only where it is loaded
            raise TraceError(f"{self._file}: damaged: {error}") from None
        buffer[: len(data)] = data
        self._read(len(data))
        return len(data)
