# SPDX-License-Identifier: GPL-2.0-only
"""The default: processes of this host."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from dmafuzz.campaign.slices import Slice, SliceError
from dmafuzz.fuzzing.suspect import quarantined

from .executor import ExecutorError, Outcome
from .process import INTERRUPT_S_MAX, SliceProcess


class LocalExecutor:
    """So many ``jobs`` at once. ``store`` is the campaign's folder, ``scratch`` one for slices at work, of this process
    alone."""

    def __init__(self, store: Path, scratch: Path, jobs: int) -> None:
        self._store = store
        self._scratch = scratch
        self._jobs = jobs
        self._running: list[SliceProcess] = []
        shutil.rmtree(scratch, ignore_errors=True)  # of a run that was killed

    def places(self) -> int:
        return self._jobs

    def submit(self, piece: Slice) -> bool:
        folder = self._scratch / piece.id
        try:
            left_out = quarantined(self._store / "quarantine", piece.plan(folder).target)
            self._running.append(SliceProcess(piece, self._store / "packs", left_out, folder))
        except OSError as error:
            raise ExecutorError(f"{error.filename or folder}: {error.strerror}") from None
        except SliceError as error:
            raise ExecutorError(str(error)) from None
        return True

    def ended(self) -> list[Outcome]:
        found = [(process, process.outcome()) for process in self._running]
        self._running = [process for process, outcome in found if outcome is None]
        return [outcome for _, outcome in found if outcome is not None]

    def filed(self, piece: Slice) -> None:
        pass

    def interrupt(self) -> list[Outcome]:
        end = time.monotonic() + INTERRUPT_S_MAX
        for process in self._running:
            process.interrupt()
        for process in self._running:
            process.wait(max(0.0, end - time.monotonic()))
        return self.ended()

    def close(self) -> None:
        for process in self._running:
            process.remove()
        self._running.clear()
        shutil.rmtree(self._scratch, ignore_errors=True)
