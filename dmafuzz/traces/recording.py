# SPDX-License-Identifier: GPL-2.0-only
"""Recording: the events of the DMA API while a command runs, or for a time."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .errors import TraceError
from .tracefs import Instance

_WAIT_S = 0.02  # between two looks at an empty buffer


@dataclass(frozen=True)
class Recorded:
    """How much was recorded: bytes written, events lost, and how the command ended (0 where there was none)."""

    bytes: int
    lost: int
    status: int
    still_running: bool


def invoking_user(environment: Mapping[str, str]) -> dict[str, object]:
    """Who ran sudo, as arguments of Popen: its user, groups and home; none where nobody did."""
    if "SUDO_UID" not in environment or not environment["SUDO_UID"].isdigit():
        return {}
    try:
        who = pwd.getpwuid(int(environment["SUDO_UID"]))
    except KeyError:
        return {}
    return {
        "user": who.pw_uid,
        "group": who.pw_gid,
        "extra_groups": os.getgrouplist(who.pw_name, who.pw_gid),
        "env": {**environment, "HOME": who.pw_dir, "USER": who.pw_name, "LOGNAME": who.pw_name},
    }


def record(
    instance: Instance,
    out: Path,
    command: Sequence[str],
    seconds: float | None,
    user: Mapping[str, object],
    read: Callable[[int], None] = lambda _: None,
) -> Recorded:
    """Records into a file until the command ends, the time is over, or an interrupt comes; ``read`` is told how many
    bytes have come. The instance is removed whatever happens. Raises TraceError."""
    process: subprocess.Popen[bytes] | None = None
    try:
        instance.make()
        try:
            stream = open(out, "wb")  # noqa: SIM115
        except OSError as error:
            raise TraceError(f"{out}: cannot be written: {error.strerror}") from None
        with stream:
            instance.switch(True)
            process = _started(command, user)
            written = _follow(instance, stream, process, seconds, read)
            instance.switch(False)
            written += _drain(instance, stream, read)
            lost = instance.lost()
            if lost:
                stream.write(f"# {lost} events were lost\n".encode())
    finally:
        instance.remove()
    running = process is not None and process.poll() is None
    return Recorded(written, lost, 0 if process is None or running else process.wait(), running)


def _started(command: Sequence[str], user: Mapping[str, object]) -> subprocess.Popen[bytes] | None:
    if not command:
        return None
    try:
        return subprocess.Popen(list(command), **user)  # type: ignore[call-overload,no-any-return]
    except OSError as error:
        raise TraceError(f"{command[0]}: cannot be run: {error.strerror}") from None


def _follow(
    instance: Instance,
    stream: IO[bytes],
    process: subprocess.Popen[bytes] | None,
    seconds: float | None,
    read: Callable[[int], None],
) -> int:
    written, end = 0, None if seconds is None else time.monotonic() + seconds
    try:
        while (process is None or process.poll() is None) and (end is None or time.monotonic() < end):
            data = instance.read()
            stream.write(data)
            read(len(data))
            written += len(data)
            if not data:
                time.sleep(_WAIT_S)
    except KeyboardInterrupt:
        pass  # it ends a recording as the end of the time does
    return written


def _drain(instance: Instance, stream: IO[bytes], read: Callable[[int], None]) -> int:
    written = 0
    while data := instance.read():
        stream.write(data)
        read(len(data))
        written += len(data)
    return written
