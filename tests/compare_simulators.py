# SPDX-License-Identifier: GPL-2.0-only
"""Random programs, the core's simulator against the naive one, for as long as one likes.

    PYTHONPATH=. python tests/compare_simulators.py --programs 200000 --seed 1 [--platform x86-5.5 ...] [--jobs 2]

Prints each new way in which they differ as it is found, and in the end the smallest program of each; fails if there are
any.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import naive
from comparison import kinds_of, minimal, of_core, of_naive
from dmafuzz import _core, platforms
from dmafuzz._core import Op
from dmafuzz.program import render_op
from rich_programs import random_rich
from small_programs import random_small

BATCH = 200


@dataclass
class Difference:
    """A program on which the two differ, and how."""

    machine: str
    kinds: tuple[str, ...]
    text: str
    core: Any
    naive: Any
    count: int = 1


@dataclass
class Report:
    """What came of some programs."""

    programs: int = 0
    too_large: int = 0
    differing: int = 0
    differences: dict[tuple[Any, ...], Difference] = field(default_factory=dict)


def one(judge: _core.Judge, machines: Sequence[Any], ops: list[Op], at: int, report: Report, small: bool) -> None:
    """Compare one program on one platform."""
    try:
        wanted = of_naive(ops, machines[at], 1)
    except naive.TooLarge:
        report.too_large += 1
        return
    report.programs += 1
    found = of_core(judge, ops, at)
    if found == wanted:
        return
    report.differing += 1
    kinds = kinds_of(found, wanted)

    def differs(child: list[Op]) -> bool:
        try:
            return of_core(judge, child, at) != of_naive(child, machines[at], 1)
        except naive.TooLarge:
            return False

    if small:
        ops = minimal(ops, differs)
        found, wanted = of_core(judge, ops, at), of_naive(ops, machines[at], 1)
        kinds = kinds_of(found, wanted)
    key = (kinds, tuple(sorted(op.kind.name for op in ops)))
    text = "\n".join(render_op(op) for op in ops)
    known = report.differences.get(key)
    if known:
        known.count += 1
    else:
        report.differences[key] = Difference(machines[at].name, kinds, text, found, wanted)


@cache
def loaded(names: tuple[str, ...]) -> list[Any]:
    """The platforms of all batches of a process."""
    return [platforms.to_core(platforms.load(name)) for name in names]


def batch(task: tuple[int, int, tuple[str, ...], bool]) -> Report:
    """Compare the programs of one seed."""
    seed, programs, names, small = task
    rng = random.Random(seed)
    machines = loaded(names)
    judge = _core.Judge("silent", machines)
    report = Report()
    for number in range(programs):
        write = random_small if number % 4 == 0 else random_rich
        one(judge, machines, write(rng, rng.randint(3, 11)), rng.randrange(len(machines)), report, small)
    return report


def shown(difference: Difference) -> str:
    """The program, and what only one of the two says of it."""
    lines = [f"\n{difference.count} times, on {difference.machine}: {', '.join(difference.kinds)}", difference.text]
    for name, a, b in (("core", difference.core, difference.naive), ("naive", difference.naive, difference.core)):
        only = sorted(a[0] - b[0]) + sorted(a[1] - b[1], key=str)
        lines.append(f"  {name} only: {only}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--platform", nargs="*", default=())
    parser.add_argument("--show", type=int, default=20, help="how many differences are shown")
    parser.add_argument("--not-minimized", action="store_true")
    chosen = parser.parse_args()
    names = tuple(chosen.platform) or tuple(platforms.names())
    batches = range(-(-chosen.programs // BATCH))
    tasks = [(chosen.seed * 1_000_003 + number, BATCH, names, not chosen.not_minimized) for number in batches]
    total, began = Report(), time.monotonic()
    with multiprocessing.Pool(chosen.jobs) as pool:
        for done, report in enumerate(pool.imap_unordered(batch, tasks), 1):
            total.programs += report.programs
            total.too_large += report.too_large
            total.differing += report.differing
            for key, difference in report.differences.items():
                if key not in total.differences:
                    print(shown(difference), file=sys.stderr, flush=True)
                known = total.differences.setdefault(key, difference)
                known.count += difference.count if known is not difference else 0
                if len(difference.text) < len(known.text):
                    known.text, known.machine = difference.text, difference.machine
                    known.core, known.naive = difference.core, difference.naive
            if done % 10 == 0:
                print(f"{total.programs} programs, {total.differing} differ", file=sys.stderr, flush=True)
    ordered = sorted(total.differences.values(), key=lambda d: (d.text.count("\n"), -d.count, len(d.text)))
    for difference in ordered[: chosen.show]:
        print(shown(difference))
    seconds = time.monotonic() - began
    print(f"{total.programs} programs in {seconds:.0f} s, {total.too_large} too large, {total.differing} differ "
          f"in {len(total.differences)} ways")  # fmt: skip
    return 1 if total.differing else 0


if __name__ == "__main__":
    sys.exit(main())
