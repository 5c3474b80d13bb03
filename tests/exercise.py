# SPDX-License-Identifier: GPL-2.0-only
"""Puts the corpus and random programs through the whole core, for builds that watch themselves (`.ci/sanitize`).

``python tests/exercise.py CORPUS PROGRAMS``: fails where the corpus is judged otherwise than it expects; whatever else
is wrong ends the process.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from dmafuzz import _core, platforms
from dmafuzz.program import Program, read
from dmafuzz.schedules import ScheduleError, explore
from dmafuzz.trackers import default_portfolio
from dmafuzz.verdicts import check, judging

TRACKERS = ("6.12", "7.2", "3.14", "full-range", "noisy")
OPS_MAX = 20


def corpus(folder: Path) -> Iterator[str]:
    """The differences between what the corpus expects and what is judged."""
    for path in sorted(folder.rglob("*.dma")):
        for difference in check(read(path)):
            yield f"{path}: {difference}"


def judge_everything(tracker: str, programs: int) -> None:
    """Random programs on each platform of the tracker's portfolio: verdicts, reasons, witnesses, costs."""
    bench = judging(tracker, default_portfolio(tracker))
    for seed in range(programs):
        program = Program(ops=tuple(_core.random_program(seed, 1 + seed % OPS_MAX)))
        for platform in bench.members:
            judgement = bench.judge(program, platform)
            for corruption in judgement.corruptions[:1]:
                bench.witness(program, platform, corruption)
        bench.cost(program, bench.members[seed % len(bench.members)])


def search(tracker: str, programs: int) -> None:
    """The fuzzer's own way: mutants, neighbourhoods, leads, the minimizer."""
    members = [platforms.to_core(model) for model in platforms.portfolio(default_portfolio(tracker))]
    engine = _core.Engine(tracker, members, 1, OPS_MAX)
    for _ in range(max(1, programs // 100)):
        engine.burst(100, 60_000)
    engine.take_novel()
    engine.take_findings(True)


def schedules(programs: int) -> None:
    """All orders of small programs of several CPUs."""
    bench = judging("6.12", "6.12")
    judge, seats = bench.judge_for(None)
    for seed in range(programs):
        try:
            explore(judge, seats, _core.random_program(seed, 6), 1, 200)
        except ScheduleError:
            continue  # too many of them


def walk() -> None:
    """The exhaustive search, two operations long."""
    members = [platforms.to_core(model) for model in platforms.portfolio("6.12")]
    found = _core.Walk("6.12", members, 2, 2)
    for _ in range(2):
        expander = _core.Expander(found)
        expander.extend(found, 0, found.size)
        expander.harvest()
        found.turn()


def main() -> None:
    folder, programs = Path(sys.argv[1]), int(sys.argv[2])
    differences = list(corpus(folder))
    print("\n".join(differences) or "the corpus is judged as it expects", flush=True)
    for tracker in TRACKERS:
        judge_everything(tracker, programs // 10)
        search(tracker, programs)
        print(f"{tracker}: {programs // 10:,} programs on each platform, {programs:,} of the fuzzer's", flush=True)
    schedules(programs // 40)
    walk()
    print("schedules and exhaustive search", flush=True)
    raise SystemExit(bool(differences))


if __name__ == "__main__":
    main()
