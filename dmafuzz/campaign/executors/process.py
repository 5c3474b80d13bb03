# SPDX-License-Identifier: GPL-2.0-only
"""A process of this host that carries out one slice; it ends when this one does."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

import dmafuzz
from dmafuzz.campaign.carrying_out import EXIT_FAULT, RESULT
from dmafuzz.campaign.slices import Slice, SliceError, SliceResult
from dmafuzz.store import shown_path

from .executor import Outcome

INTERRUPT_S_MAX = 4.5
_COMPLAINT_BYTES_MAX = 4096
_LOOK_EVERY_S = 0.05


class SliceProcess:
    """``folder`` is where it works; it is removed in the end. ``packs`` has the corpus; programs of the names in
    ``left_out`` (`program_name`) must not be run."""

    def __init__(self, piece: Slice, packs: Path, left_out: Collection[str], folder: Path) -> None:
        """Raises OSError, and SliceError for what this host cannot carry out."""
        piece.plan(folder)
        self.piece = piece
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        about = {"packs": str(packs), "folder": str(folder), "left_out": sorted(left_out)}
        request = {"slice": piece.to_json(), **about}
        paths = (str(Path(dmafuzz.__file__).parents[1]), os.environ.get("PYTHONPATH"))
        with open(folder / "stderr", "wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "dmafuzz.campaign.carrying_out"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)},
                start_new_session=True,
            )
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has died, which is seen when it is looked after
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()

    def outcome(self) -> Outcome | None:
        """What it came to; None while it is at work."""
        if self._process.poll() is None:
            return None
        outcome = self._outcome()
        self.remove()
        return outcome

    def _outcome(self) -> Outcome:
        status = self._process.returncode
        if status == 0:
            try:
                return Outcome(self.piece, SliceResult.from_bytes((self._folder / RESULT).read_bytes()))
            except OSError as error:
                return Outcome(self.piece, why=f"its result cannot be read: {error.strerror}")
            except SliceError as error:
                return Outcome(self.piece, why=str(error))
        if status < 0:
            return Outcome(self.piece, why=f"its process ended: signal {-status}")
        return Outcome(self.piece, why=self._complaint(), fatal=True, ours=status >= EXIT_FAULT or status == 1)

    def interrupt(self) -> None:
        """It stops searching, and says what it has."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Until it ends; after that time it is made to."""
        deadline = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_S)
        if self._process.poll() is None:
            self._kill()

    def remove(self) -> None:
        """Ends it, and removes its folder."""
        self._kill()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # its workers too
        self._process.wait()

    def _complaint(self) -> str:
        try:
            text = (self._folder / "stderr").read_bytes()[-_COMPLAINT_BYTES_MAX:].decode("utf-8", "replace")
        except OSError:
            text = ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return shown_path(lines[-1]) if lines else "it did not say why"
