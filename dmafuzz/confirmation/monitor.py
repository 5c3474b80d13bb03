"""QEMU's monitor, for snapshots: a guest as it was just after it came up, without another boot."""

from __future__ import annotations

import contextlib
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
    """``folder``: where socket and disk are. Used once the guest is up."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket: socket.socket | None = None

    def arguments(self) -> list[str]:
        """QEMU's arguments; makes the disk."""
        disk = self._folder / "disk"
        made = subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", str(disk), _DISK_BYTES], capture_output=True, text=True
        )
        if made.returncode:
            raise ConfirmationError(f"qemu-img: {made.stderr.strip()}")
        monitor = f"unix:{self._folder / 'monitor'},server=on,wait=off"
        return ["-monitor", monitor, "-drive", f"if=none,id=disk,format=qcow2,file={disk}"]

    def save(self) -> None:
        """Keeps the guest as it is now."""
        self._command(f"savevm {_SNAPSHOT}")

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
