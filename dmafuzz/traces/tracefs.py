# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's tracefs: an instance of our own, with the events of the DMA API and nothing else (Documentation/trace/
ftrace.rst, section Instances). Nothing outside of that instance is written."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Sequence
from pathlib import Path

from .errors import TraceError

PLACES = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))
BUFFER_KIB = 16384  # of each CPU
_PREFIX = "dmafuzz-"
_LOST = re.compile(r"^(?:overrun|commit overrun|dropped events): (\d+)", re.M)
_READ_BYTES = 1 << 16


def find(places: Sequence[Path] = PLACES) -> Path:
    """Where tracefs is, with the events of the DMA API. Raises TraceError that says what is missing."""
    for place in places:
        try:
            mounted = (place / "instances").is_dir()
        except PermissionError:
            raise TraceError(f"{place}: only root may record: sudo dmafuzz trace record ...") from None
        if not mounted:
            continue
        if not (place / "events/dma/enable").exists():
            raise TraceError(
                f"{place}/events/dma: this kernel has no trace events of the DMA API: they came with 6.12, and need "
                "CONFIG_TRACING and CONFIG_HAS_DMA"
            )
        return place
    raise TraceError(f"no tracefs at {' or '.join(map(str, places))}: mount -t tracefs nodev {PLACES[0]}")


class Instance:
    """An instance of tracefs: made, switched on, read, removed."""

    def __init__(self, tracefs: Path, pid: int, buffer_kib: int = BUFFER_KIB) -> None:
        self.path = tracefs / "instances" / f"{_PREFIX}{pid}"
        self._buffer_kib = buffer_kib
        self._pipe = -1

    def make(self) -> None:
        """Makes it. Raises TraceError where the kernel does not let us."""
        try:
            self._mkdir()
            self._write("tracing_on", "0")
            self._write("buffer_size_kb", str(self._buffer_kib))
            self._write("events/dma/enable", "1")
            self._pipe = os.open(self.path / "trace_pipe", os.O_RDONLY | os.O_NONBLOCK)
        except PermissionError:
            raise TraceError(f"{self.path}: only root may record: sudo dmafuzz trace record ...") from None
        except OSError as error:
            raise TraceError(f"{self.path}: {error.strerror}") from None

    def switch(self, on: bool) -> None:
        """Lets the kernel write events into it, or no more."""
        self._write("tracing_on", "1" if on else "0")

    def read(self) -> bytes:
        """What has come since; b"" where there is nothing yet."""
        try:
            return os.read(self._pipe, _READ_BYTES)
        except BlockingIOError:
            return b""

    def lost(self) -> int:
        """Events that were overwritten or dropped before they were read."""
        total = 0
        for stats in sorted(self.path.glob("per_cpu/cpu*/stats")):
            total += sum(int(count) for count in _LOST.findall(stats.read_text()))
        return total

    def remove(self) -> None:
        """Removes it; what has been done by half is no matter."""
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
        if not self.path.is_dir():
            return
        for file, off in (("tracing_on", "0"), ("events/dma/enable", "0")):
            with contextlib.suppress(OSError):
                self._write(file, off)
        try:
            self._rmdir()
        except OSError as error:
            raise TraceError(f"{self.path}: cannot be removed: {error.strerror}: rmdir it later") from None

    def _write(self, file: str, text: str) -> None:
        # A control file exists, or the kernel does not have it: it is never made.
        with open(os.open(self.path / file, os.O_WRONLY), "w") as stream:
            stream.write(text)

    def _mkdir(self) -> None:
        self.path.mkdir()

    def _rmdir(self) -> None:
        """A kernel takes the files of an instance away with it."""
        self.path.rmdir()


def remove_left(tracefs: Path, made: type[Instance] = Instance) -> list[str]:
    """Removes instances of recordings whose process is gone; gives their names."""
    removed = []
    for path in sorted((tracefs / "instances").glob(f"{_PREFIX}*")):
        number = path.name.removeprefix(_PREFIX)
        if number.isdigit() and not _runs(int(number)):
            made(tracefs, int(number)).remove()
            removed.append(path.name)
    return removed


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return error.errno == errno.EPERM
    return True
