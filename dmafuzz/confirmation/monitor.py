# SPDX-License-Identifier: GPL-2.0-only
"""QEMU's monitor, for snapshots: a guest as it was just after it came up, without another boot."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from pathlib import Path

from .errors import ConfirmationError

_PROMPT = b"(qemu) "
_SECONDS = 120.0
_SNAPSHOT = "up"
_DISK_BYTES = "4G"  # a sparse file: what is used of it is what the guest's memory holds


def can_snapshot() -> bool:
    """Whether the tool that makes the disk for snapshots is here."""
    return shutil.which("qemu-img") is not None


class Monitor:
    """``folder``: where socket and disk are. ``kept``: where a disk with a guest that is up is kept, for the next time.

    Used once the guest is up.
    """

    def __init__(self, folder: Path, kept: Path) -> None:
        self._folder, self._kept = folder, kept
        self._socket: socket.socket | None = None
        self.is_up = False  # the guest comes up where an earlier one was saved

    def arguments(self) -> list[str]:
        """QEMU's arguments; makes the disk, or takes the one that is kept."""
        disk = self._folder / "disk"
        self.is_up = self._kept.is_file()
        if self.is_up:
            shutil.copy(self._kept, disk)
        else:
            make = ["qemu-img", "create", "-q", "-f", "qcow2", str(disk), _DISK_BYTES]
            made = subprocess.run(make, capture_output=True, text=True)
            if made.returncode:
                raise ConfirmationError(f"qemu-img: {made.stderr.strip()}")
        monitor = f"unix:{self._folder / 'monitor'},server=on,wait=off"
        drive = ["-monitor", monitor, "-drive", f"if=none,id=disk,format=qcow2,file={disk}"]
        return [*drive, "-loadvm", _SNAPSHOT] if self.is_up else drive

    def save(self) -> None:
        """Keeps the guest as it is now, for this process and for others."""
        self._command(f"savevm {_SNAPSHOT}")
        part = self._kept.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):  # a cache that cannot be written costs a boot the next time
            shutil.copy(self._folder / "disk", part)
            part.replace(self._kept)

    def load(self) -> None:
        """Brings the guest back to where it was saved."""
        self._command(f"loadvm {_SNAPSHOT}")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _command(self, command: str) -> None:
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX)
                self._socket.settimeout(_SECONDS)
                self._socket.connect(str(self._folder / "monitor"))
                self._until_prompt()
            self._socket.sendall(f"{command}\n".encode())
            said = self._until_prompt()
        except OSError as error:
            raise ConfirmationError(f"QEMU's monitor does not answer to {command}: {error}") from None
        if b"Error" in said:
            with contextlib.suppress(ValueError):
                said = said[said.index(b"Error") :]
            raise ConfirmationError(f"QEMU: {command}: {said.decode('utf-8', 'replace').splitlines()[0]}")

    def _until_prompt(self) -> bytes:
        assert self._socket is not None
        said = b""
        while not said.endswith(_PROMPT):
            part = self._socket.recv(4096)
            if not part:
                raise OSError("closed")
            said += part
        return said
