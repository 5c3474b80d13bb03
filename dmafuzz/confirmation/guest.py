# SPDX-License-Identifier: GPL-2.0-only
"""A guest: something that carries out actions, one line at a time. Here, a kernel under QEMU."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from .answer import ANSWER, Answer, read_answer
from .errors import ConfirmationError, GuestDiedError
from .machines import Machine
from .monitor import Monitor, can_snapshot

_BOOT_SECONDS = 600.0  # of the emulator's CPU time, so that a busy host is no reason to give up
_ACTION_SECONDS = 60.0
_WALL_FACTOR = 10  # a guest that waits for ever takes no CPU time
_LOOK_SECONDS = 1.0
_LOG_CHARS = 4000
_PR_SET_PDEATHSIG = 1


class Guest(Protocol):
    """What the host needs of a guest."""

    def do(self, action: str) -> Answer:
        """Raises GuestDiedError if the guest does not answer any more."""

    def do_all(self, actions: Sequence[str]) -> Iterator[Answer]:
        """The answers to several actions, which are handed over in one go; raises as `do` does."""

    def restart(self) -> bool:
        """Brings the guest back to how it came up; False if it cannot, and has to be booted anew."""

    def close(self) -> None:
        """Ends the guest."""


EMULATORS = {"x86_64": ("qemu-system-x86_64", "qemu-system-x86"), "arm64": ("qemu-system-aarch64", "qemu-system-arm")}


def emulator(arch: str) -> str:
    """The path of QEMU for a kernel's architecture. Raises ConfirmationError."""
    command, package = EMULATORS[arch]
    found = shutil.which(command)
    if not found:
        raise ConfirmationError(f"{command} is not there: apt-get install {package}")
    return found


class QemuGuest:
    """A booted kernel. Raises ConfirmationError if it does not come up."""

    def __init__(self, machine: Machine, kernel: Path, initrd: Path, transcript: Path | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="dmafuzz-guest-"))
        self._console = self._folder / "console"
        self._transcript = transcript.open("a", encoding="utf-8") if transcript else None
        self._rest = b""
        self._monitor = Monitor(self._folder, _kept(machine, initrd)) if can_snapshot() else None
        self._process = subprocess.Popen(
            self._command(machine, kernel, initrd),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "qemu").open("wb"),
            preexec_fn=_end_with_us,
        )
        self._last = "boot"
        try:
            self._socket = self._connect()
            if self._monitor and self._monitor.is_up:
                self.do("revive 0 0")
            else:
                self._read_answer(_BOOT_SECONDS)
                for action in machine.prepare:
                    self.do(action)
            if self._monitor and not self._monitor.is_up:
                self._monitor.save()
        except (GuestDiedError, OSError):
            log = self._log()
            self.close()
            raise ConfirmationError(f"the guest kernel does not come up on {machine.title}:\n{log}") from None

    def do(self, action: str) -> Answer:
        return next(self.do_all([action]))

    def do_all(self, actions: Sequence[str]) -> Iterator[Answer]:
        try:
            self._socket.settimeout(_ACTION_SECONDS)
            self._socket.sendall("".join(f"{action}\n" for action in actions).encode())
        except OSError:
            raise GuestDiedError(actions[0], self._log()) from None
        for action in actions:
            self._last = action
            yield self._read_answer(_ACTION_SECONDS)

    def restart(self) -> bool:
        if not self._monitor:
            return False
        self._monitor.load()
        self.do("revive 0 0")
        return True

    def close(self) -> None:
        """Kills it: nothing in it is worth keeping."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(AttributeError, OSError):
            self._socket.close()
        if self._transcript:
            self._transcript.close()
        if self._monitor:
            self._monitor.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _command(self, machine: Machine, kernel: Path, initrd: Path) -> list[str]:
        program = emulator(machine.arch)
        port = f"socket,id=port,path={self._folder / 'port'},server=on,wait=off"
        return [
            program, *machine.arguments, "-m", machine.memory,
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-serial", f"file:{self._console}", "-kernel", str(kernel), "-initrd", str(initrd),
            "-append", machine.append,
            "-device", "virtio-serial-pci", "-chardev", port, "-device", "virtserialport,chardev=port,nr=1",
            *machine.devices(), *(self._monitor.arguments() if self._monitor else ()),
        ]  # fmt: skip

    def _connect(self) -> socket.socket:
        end = time.monotonic() + _ACTION_SECONDS
        while True:
            link = socket.socket(socket.AF_UNIX)
            try:
                link.connect(str(self._folder / "port"))
                return link
            except OSError:
                link.close()
                if time.monotonic() > end or self._process.poll() is not None:
                    raise
                time.sleep(0.02)

    def _read_answer(self, seconds: float) -> Answer:
        lines: list[str] = []
        patience = _Patience(self._process.pid, seconds)
        while not (lines and lines[-1].startswith(ANSWER)):
            lines.append(self._read_line(patience))
        if self._transcript:
            self._transcript.write("".join(f"{line}\n" for line in (f"> {self._last}", *lines)))
        return read_answer(lines)

    def _read_line(self, patience: _Patience) -> str:
        while b"\n" not in self._rest:
            self._socket.settimeout(_LOOK_SECONDS)
            try:
                part = self._socket.recv(65536)
            except TimeoutError:
                if not patience.is_over():
                    continue
                part = b""
            except OSError:
                part = b""
            if not part:
                raise GuestDiedError(self._last, self._log())
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode("utf-8", "replace")

    def _log(self) -> str:
        text = ""
        for path in (self._folder / "qemu", self._console):
            with contextlib.suppress(OSError):
                text += path.read_text(encoding="utf-8", errors="replace")
        return text[-_LOG_CHARS:]


class _Patience:
    """How long a process may take for an answer: so many seconds of CPU time, or many more by the clock."""

    def __init__(self, process: int, seconds: float) -> None:
        self._process, self._seconds = process, seconds
        self._cpu, self._wall = _cpu_seconds(process), time.monotonic()

    def is_over(self) -> bool:
        wall = time.monotonic() - self._wall
        return _cpu_seconds(self._process) - self._cpu > self._seconds or wall > self._seconds * _WALL_FACTOR


def _cpu_seconds(process: int) -> float:
    """That a process has used; 0 where it is gone."""
    try:
        facts = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(facts[11]) + int(facts[12])) / os.sysconf("SC_CLK_TCK")


def _end_with_us() -> None:
    """The guest is killed when this process is, however that happens."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _kept(machine: Machine, initrd: Path) -> Path:
    """Where a snapshot of a machine is kept that has come up: beside the kernel, by all that it is made of."""
    version = subprocess.run([emulator(machine.arch), "--version"], capture_output=True, text=True).stdout
    parts = (
        initrd.name,
        machine.memory,
        *machine.prepare,
        *machine.arguments,
        *machine.devices(),
        machine.append,
        version,
    )
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return initrd.parent / f"up-{machine.name}-{digest[:16]}"
