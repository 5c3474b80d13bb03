# SPDX-License-Identifier: GPL-2.0-only
"""One figure of one build of dmafuzz, measured in a process of its own: ``python -P driver.py QUESTION``.

It runs as a file, with the build's folder as PYTHONPATH, and so uses nothing but what any build since commit a0e1665
has. The question is JSON, and so is the answer, the last line of what it prints. All seconds are of processor time, so
that other work on the machine does not count; those of whole runs are of all their processes.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dmafuzz import _core, platforms
from dmafuzz.benchmark.processor_time import used_by

Answer = dict[str, Any]


def about() -> Answer:
    """Where the build is that runs here."""
    return {"core": _core.__file__}


def _machines(names: list[str]) -> list[_core.Platform]:
    return [platforms.to_core(platforms.load(name)) for name in names]


def _programs(file: str) -> list[list[_core.Op]]:
    return [_core.decode(bytes.fromhex(line)) for line in Path(file).read_text().split()]


def loop(tracker: str, platform: str, programs: str, rounds: int) -> Answer:
    """Seconds a program in the bare loop, on one platform."""
    (machine,), all_ = _machines([platform]), _programs(programs)
    started = time.process_time()
    _core.seconds_a_program(tracker, machine, all_, rounds)
    return {"seconds": (time.process_time() - started) / (len(all_) * (rounds + 1))}  # one more, to warm up


def portfolio(tracker: str, names: list[str], programs: str, rounds: int) -> Answer:
    """Seconds a program for its labels on all platforms."""
    judge, all_, labels = _core.Judge(tracker, _machines(names)), _programs(programs), list(_core.Label)
    started = time.process_time()
    for _ in range(rounds):
        for ops in all_:
            judge.platforms_with(ops, labels)
    return {"seconds": (time.process_time() - started) / (len(all_) * rounds)}


def exhaustive(tracker: str, portfolio: str, ops: int, share: float, seed: int) -> Answer:
    """Seconds of a search in full: ``first`` of what comes before its parts, ``spent`` on each of those drawn, of
    ``sizes``; of ``parts`` parts of ``whole_size`` in all."""
    if importlib.util.find_spec("dmafuzz.exhaustive.sample"):
        return _parts(tracker, portfolio, ops, share, seed)
    return _last_layer(tracker, portfolio, ops, share, seed)


def _parts(tracker: str, portfolio: str, ops: int, share: float, seed: int) -> Answer:
    """Of a build whose parts begin two operations before the end."""
    from dmafuzz.exhaustive import SearchPlan
    from dmafuzz.exhaustive.search import Unwatched

    plan = SearchPlan(tracker, tracker, portfolio, tuple(platforms.portfolio(portfolio)), ops)
    sample = importlib.import_module("dmafuzz.exhaustive.sample").Sampling(plan, share, seed).run(Unwatched())
    spent, sizes = [drawn.seconds for drawn in sample.drawn], [drawn.pairs for drawn in sample.drawn]
    about = {"first": sample.first_seconds, "parts": sample.parts, "whole_size": sample.pairs}
    return {**about, "spent": spent, "sizes": sizes}


def _last_layer(tracker: str, portfolio: str, ops: int, share: float, seed: int) -> Answer:
    """Of one whose parts are of the last layer: this build's types know nothing of it."""
    parts_of: Any = importlib.import_module("dmafuzz.exhaustive.search").parts_of
    started = time.process_time()
    walk: Any = _core.Walk(tracker, [platforms.to_core(model) for model in platforms.portfolio(portfolio)], 1, 2)
    for _ in range(1, ops):
        expander: Any = _core.Expander(walk)
        expander.extend(walk, 0, walk.size)
        expander.harvest()
        walk.turn()
    first = time.process_time() - started
    parts = list(parts_of(walk))
    drawn = random.Random(seed).sample(parts, max(1, round(share * len(parts))))
    spent = []
    for part in drawn:
        started = time.process_time()
        expander = _core.Expander(walk)
        expander.survey(*part)
        expander.harvest()
        spent.append(time.process_time() - started)
    about = {"first": first, "parts": len(parts), "whole_size": walk.pairs(0, walk.size)}
    return {**about, "spent": spent, "sizes": [walk.pairs(*part) for part in drawn]}


class _Watch:
    """The progress of a run: what it has found of a catalogue, which costs the run nothing; ends it when it has found
    as much as is asked for."""

    def __init__(self, tracker: str, names: list[str], causes: list[Any], goals: list[int]) -> None:
        self.campaign: Any = None
        self.own = 0.0  # seconds of looking
        self.reached: list[float | None] = [None] * len(goals)
        self._goals = goals
        self._wanted: dict[Any, list[tuple[int, set[str]]]] = {}  # causes of one signature differ in their platforms
        for at, cause in enumerate(causes):
            self._wanted.setdefault(_key(*cause[:4]), []).append((at, set(cause[4])))
        self._found: set[int] = set()
        self._names = names
        self._judge = _core.Judge(tracker, _machines(names))
        self._seen: set[str] = set()

    def say(self, message: str) -> None:
        print(message, file=sys.stderr, flush=True)

    def start(self, seconds: float | None) -> None: ...

    def end(self) -> None: ...

    def update(self, seconds: float, summary: Any) -> None:
        if not self._goals or summary.new.total() == len(self._seen):
            return
        used = used_by(os.getpid()) - self.own
        started = time.process_time()
        self._look()
        self.own += time.process_time() - started
        for at, goal in enumerate(self._goals):
            if self.reached[at] is None and len(self._found) >= goal:
                self.reached[at] = used
        if None not in self.reached:
            raise KeyboardInterrupt

    def _look(self) -> None:
        store = self.campaign.store
        for cause in store.causes(self.campaign.plan.target):
            if cause.cause in self._seen:
                continue
            self._seen.add(cause.cause)
            for shown in self._judge.signatures(store.finding(cause).ops):
                there = {name for i, name in enumerate(self._names) if shown.platforms >> i & 1}
                of_it = self._wanted.get(_key(shown.label, shown.kind, shown.rules, shown.reason), [])
                self._found.update(at for at, names in of_it if there & names)

    @property
    def found(self) -> int:
        return len(self._found)


def _key(label: Any, kind: str, rules: Any, reason: str) -> tuple[str, str, tuple[str, ...], str]:
    return str(label), kind, tuple(sorted(map(str, rules))), reason


def run(
    tracker: str, portfolio: str, jobs: int, seconds: float, seed: int, ops: int, causes: str, goals: list[int]
) -> Answer:
    """A whole run of `dmafuzz fuzz`: ``programs``, ``causes`` that are filed, ``used`` seconds of all its processes,
    ``searched`` by the clock. ``reached``: the seconds until so many of the catalogue's causes, a file, are filed; the
    run ends when there are as many as the last goal."""
    from dmafuzz.fuzzing import Campaign, Plan, atheris_available

    names = [model.name for model in platforms.portfolio(portfolio)]
    watch = _Watch(tracker, names, json.loads(Path(causes).read_text()) if goals else [], goals)
    engine = "atheris" if atheris_available() else "native"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        plan = Plan(tracker, tracker, tuple(names), portfolio, Path(folder), engine, seconds, jobs, seed, ops)
        watch.campaign = Campaign(plan, watch)  # type: ignore[arg-type]
        summary = watch.campaign.run()
    used = used_by(os.getpid()) - watch.own
    return {
        "programs": summary.programs,
        "causes": summary.new.total(),
        "used": used,
        "searched": summary.seconds,
        "found": watch.found,
        "reached": watch.reached,
    }


MEASURES: dict[str, Callable[..., Answer]] = {each.__name__: each for each in (about, loop, portfolio, exhaustive, run)}


def main() -> None:
    question = json.loads(sys.argv[1])
    print(json.dumps(MEASURES[question.pop("measure")](**question)))


if __name__ == "__main__":
    main()
