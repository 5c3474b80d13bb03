# SPDX-License-Identifier: GPL-2.0-only
"""Replays findings in a fresh process before anybody hears of them.

``python -P -m dmafuzz.findings.replay`` (-P: the package that runs, not a checkout in the working folder) reads one
JSON request from standard input and writes the answer to standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmafuzz import _core, platforms
from dmafuzz.findings.finding import Finding, RawFinding
from dmafuzz.kernel.confine import confine
from dmafuzz.schedules import modality_of

CPU_S_MAX = 300  # of the process itself: a busy machine makes no finding hang
_WALL_S_MAX = 3_600.0
_REFUSED = 2  # exit status: the system has refused it something
SCHEDULES_MAX = 2_000  # explored for one finding


class Replaying:
    """Reports that are judged anew on all platforms, in a process that has judged nothing else; those of several CPUs
    in all their schedules too, if these are no more than ``schedules``. It goes on while the caller does other things.

    Where a signal ends the process, or it takes too long, its reports are judged in halves: one of them is the reason.
    """

    def __init__(
        self,
        raw: Sequence[RawFinding],
        tracker: str,
        core_tracker: str,
        platform_names: Sequence[str],
        portfolio: str | None,
        schedules: int = SCHEDULES_MAX,
    ) -> None:
        self._raw = raw
        self._tracker, self._core_tracker = tracker, core_tracker
        self._platforms, self._portfolio = platform_names, portfolio
        self._found: list[Finding | None] = [None] * len(raw)
        self._left = [_Part(range(len(raw)), schedules)] if raw else []  # the last one is the one at work
        self._process: _Process | None = None
        self._go_on()

    def done(self) -> bool:
        """Whether all are judged. Raises RuntimeError if a process fails."""
        while self._process is not None and self._process.has_ended():
            self._take_in(self._process.answers())
        return self._process is None

    def findings(self) -> list[Finding | None]:
        """A finding for each, or None for one that does not show there what its engine reported, or ends the process.

        Waits until all are judged. Raises RuntimeError if a process fails.
        """
        while self._process is not None:
            self._process.wait()
            self._take_in(self._process.answers())
        return self._found

    def stop(self) -> None:
        """Gives up what is not judged yet."""
        if self._process is not None:
            self._process.kill()
        self._process = None
        self._left = []

    def _go_on(self) -> None:
        self._process = None
        if self._left:
            part = self._left[-1]
            raw = [self._raw[at] for at in part.places]
            self._process = _Process(raw, self._core_tracker, self._platforms, part.schedules)

    def _take_in(self, answers: list[dict[str, Any]] | None) -> None:
        """Where there are none, one of the reports ends the process, or takes for ever: a kernel's own code can do
        that. The others still count. Of a single one it may be another of its schedules that does."""
        part = self._left.pop()
        if answers is not None:
            for at, answer in zip(part.places, answers, strict=True):
                if answer["shown"]:
                    self._found[at] = _finding(self._raw[at], answer, self._tracker, self._portfolio)
        elif len(part.places) > 1:
            half = len(part.places) // 2
            self._left += [_Part(part.places[half:], part.schedules), _Part(part.places[:half], part.schedules)]
        elif part.schedules:
            self._left.append(_Part(part.places, 0))
        self._go_on()


@dataclass(frozen=True)
class _Part:
    """Reports by their places, and up to how many schedules of each are judged."""

    places: range
    schedules: int


class _Process:
    """The fresh process, with its question and its answer in files: megabytes go through, which a pipe takes in small
    bites."""

    def __init__(
        self, raw: Sequence[RawFinding], core_tracker: str, platform_names: Sequence[str], schedules: int
    ) -> None:
        items = [{**vars(item), "records": item.records.hex()} for item in raw]
        request = {"tracker": core_tracker, "platforms": list(platform_names), "schedules": schedules, "items": items}
        # The process finds the package that runs here, wherever it was started.
        paths = os.pathsep.join(path for path in (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")) if path)
        self._until = time.monotonic() + _WALL_S_MAX
        with contextlib.ExitStack() as files, tempfile.TemporaryFile("w+") as question:
            self._answer = files.enter_context(tempfile.TemporaryFile("w+"))
            self._complaints = files.enter_context(tempfile.TemporaryFile("w+"))
            question.write(json.dumps(request))
            question.seek(0)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "dmafuzz.findings.replay"],
                stdin=question,
                stdout=self._answer,
                stderr=self._complaints,
                env={**os.environ, "PYTHONPATH": paths},
                start_new_session=True,  # Ctrl-C is for the parent, which waits for this
            )
            self._files = files.pop_all()

    def has_ended(self) -> bool:
        return self._process.poll() is not None or time.monotonic() > self._until

    def wait(self) -> None:
        """Until it has ended, or has taken too long."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, self._until - time.monotonic()))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._files.close()

    def answers(self) -> list[dict[str, Any]] | None:
        """What it says of each, or None if a signal has ended it, or it has taken too long. Raises RuntimeError if it
        has failed otherwise, OSError where the disk has not taken it."""
        status = self._process.poll()
        try:
            if status is None or status < 0:
                return None
            if status:
                self._complaints.seek(0)
                complaint = (self._complaints.read().strip() or "it did not say why").splitlines()[-1]
                if status == _REFUSED:
                    raise OSError(0, f"replaying: {complaint}")
                raise RuntimeError(f"the replaying process failed: {complaint}")
            self._answer.seek(0)
            answers: list[dict[str, Any]] = json.loads(self._answer.read())
            return answers
        finally:
            self.kill()


def _finding(item: RawFinding, answer: dict[str, Any], tracker: str, portfolio: str | None) -> Finding:
    outcomes = tuple((platform, tuple(labels)) for platform, labels in answer["outcomes"])
    return Finding(
        item.label,
        tuple(answer["kinds"]),
        item.rules,
        tracker,
        item.records,
        outcomes,
        item.reason,
        tuple(answer["shown_on"]),
        portfolio,
        answer["modality"],
    )


def _replay(judge: _core.Judge, names: list[str], item: dict[str, Any], schedules: int) -> dict[str, Any]:
    ops = _core.decode(bytes.fromhex(item["records"]))
    outcomes = [(name, labels) for name, (labels, _) in zip(names, judge.outcomes(ops), strict=True)]
    # What makes it this cause: whatever else the program shows is another one's.
    own = {
        shown.kind: shown.platforms
        for shown in judge.signatures(ops)
        if (shown.label, shown.reason, sorted(shown.rules)) == (item["label"], item["reason"], sorted(item["rules"]))
    }
    shows = bool(own.get(item["kind"], 0) >> names.index(item["platform"]) & 1)
    shown_on = [name for at, name in enumerate(names) if any(bits >> at & 1 for bits in own.values())]
    modality = modality_of(judge, range(len(names)), ops, item["label"], schedules) if shows else None
    return {"shown": shows, "kinds": sorted(own), "shown_on": shown_on, "outcomes": outcomes, "modality": modality}


def main() -> None:
    """Answers one request."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX + 5))
    request = json.loads(sys.stdin.read())
    models = [platforms.load(name) for name in request["platforms"]]
    judge = _core.Judge(request["tracker"], [platforms.to_core(model) for model in models])
    names = [model.name for model in models]
    if request["tracker"].startswith("kernel"):
        confine([])
    answers = [_replay(judge, names, item, request["schedules"]) for item in request["items"]]
    left = memoryview(json.dumps(answers).encode())
    try:
        while left:  # by itself: sys.stdout forgets what a limit on files has cut
            left = left[os.write(sys.stdout.fileno(), left) :]
    except OSError as error:
        print(error.strerror, file=sys.stderr, flush=True)
        sys.exit(_REFUSED)


if __name__ == "__main__":
    main()
