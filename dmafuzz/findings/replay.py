# SPDX-License-Identifier: GPL-2.0-only
"""Replays findings in a fresh process before anybody hears of them.

``python -P -m dmafuzz.findings.replay`` (-P: the package that runs, not a checkout in the working folder) reads one
JSON request from standard input and writes the answer to standard output.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
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


def confirm(
    raw: Sequence[RawFinding],
    tracker: str,
    core_tracker: str,
    platform_names: Sequence[str],
    portfolio: str | None,
    schedules: int = SCHEDULES_MAX,
) -> list[Finding | None]:
    """Judges each anew on all platforms, in a process that has judged nothing else; those of several CPUs in all their
    schedules too, if these are no more than ``schedules``.

    Returns a finding for each, or None for one that does not show there what its engine reported, or ends the process.
    Raises RuntimeError if the process fails, OSError where the disk does not take what it says.
    """
    if not raw:
        return []
    answers = _answers(raw, core_tracker, platform_names, schedules)
    if answers is None and len(raw) > 1:
        # One of them ends the process, or takes for ever: a kernel's own code can do that. The others still count.
        half = len(raw) // 2
        return [
            finding
            for part in (raw[:half], raw[half:])
            for finding in confirm(part, tracker, core_tracker, platform_names, portfolio, schedules)
        ]
    if answers is None and schedules:
        # Or one of its other schedules does.
        return confirm(raw, tracker, core_tracker, platform_names, portfolio, 0)
    return [
        _finding(item, answer, tracker, portfolio) if answer["shown"] else None
        for item, answer in zip(raw, answers or [{"shown": False}], strict=True)
    ]


def _answers(
    raw: Sequence[RawFinding], core_tracker: str, platform_names: Sequence[str], schedules: int
) -> list[dict[str, Any]] | None:
    """What the fresh process says of each, or None if a signal ends it, or it takes too long. Raises RuntimeError, and
    OSError, as `confirm`."""
    items = [{**asdict(item), "records": item.records.hex()} for item in raw]
    # The process finds the package that runs here, wherever it was started.
    paths = os.pathsep.join(path for path in (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")) if path)
    request = {"tracker": core_tracker, "platforms": list(platform_names), "schedules": schedules, "items": items}
    # Files, no pipes: megabytes go through, which a pipe takes in small bites.
    with tempfile.TemporaryFile("w+") as question, tempfile.TemporaryFile("w+") as answer:
        json.dump(request, question)
        question.seek(0)
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "dmafuzz.findings.replay"],
                stdin=question,
                stdout=answer,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": paths},
                text=True,
                timeout=_WALL_S_MAX,
                check=False,
                start_new_session=True,  # Ctrl-C is for the parent, which waits for this
            )
        except subprocess.TimeoutExpired:
            return None
        if done.returncode < 0:
            return None
        complaint = (done.stderr.strip() or "it did not say why").splitlines()[-1]
        if done.returncode == _REFUSED:
            raise OSError(0, f"replaying: {complaint}")
        if done.returncode != 0:
            raise RuntimeError(f"the replaying process failed: {complaint}")
        answer.seek(0)
        answers: list[dict[str, Any]] = json.load(answer)
        return answers


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
    request = json.load(sys.stdin)
    models = [platforms.load(name) for name in request["platforms"]]
    judge = _core.Judge(request["tracker"], [platforms.to_core(model) for model in models])
    names = [model.name for model in models]
    if request["tracker"].startswith("kernel"):
        confine([])
    answers = [_replay(judge, names, item, request["schedules"]) for item in request["items"]]
    try:
        json.dump(answers, sys.stdout)
        sys.stdout.flush()
    except OSError as error:
        print(error.strerror, file=sys.stderr, flush=True)
        os._exit(_REFUSED)  # what is left in the buffer would be written once more


if __name__ == "__main__":
    main()
