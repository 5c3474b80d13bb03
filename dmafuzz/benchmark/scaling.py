# SPDX-License-Identifier: GPL-2.0-only
"""What a program costs by its size, and what platforms do to a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dmafuzz import _core
from dmafuzz.benchmark.statistics import Spread
from dmafuzz.benchmark.subject import Bench
from dmafuzz.benchmark.table import Table
from dmafuzz.program import parse

_PROGRAMS = 400
_ROUNDS = 3000
_REPEATS_MIN = 7  # of a cost that takes a fraction of a second
_LINE = 64
_PAGE = 4096

OPERATIONS = (8, 16, 24, 32, 40, 48, 56, 64)
LINES = (1, 2, 4, 8, 16, 32, 64)
MAPPINGS = (1, 2, 4, 8, 16, 24, 32)
PLATFORMS = (1, 2, 4, 10)

# What is aimed at.
PLATFORMS_AIM = 5.0


@dataclass(frozen=True)
class Curve:
    """``points``: spreads over the repeats, one for each of ``xs``."""

    name: str
    xs: tuple[int, ...]
    points: tuple[Spread, ...]


@dataclass(frozen=True)
class Scaling:
    """One plot: ``unit`` is that of the curves, ``note`` what they hold against each other."""

    name: str
    title: str
    axis: str
    unit: str
    curves: tuple[Curve, ...]
    note: str


def measure(bench: Bench, seconds: float, repeats: int) -> list[Scaling]:
    """Each point once in each repeat; what is quick is repeated more often."""
    often = max(repeats, _REPEATS_MIN)
    return [
        _operations(bench, often),
        _lines(bench, often),
        _mappings(bench, often),
        _platforms(bench, seconds, repeats),
    ]


def table(all_: Sequence[Scaling]) -> Table:
    rows = []
    for scaling in all_:
        for curve in scaling.curves:
            first, last = curve.points[0].median, curve.points[-1].median
            slowest = f"{curve.xs[0]}: {first:,.1f}", f"{curve.xs[-1]}: {last:,.1f}", f"{last / first:.2f}"
            rows.append((f"{scaling.title}: {curve.name}", scaling.unit, *slowest))
    notes = tuple(f"{scaling.title}: {scaling.note}" for scaling in all_ if scaling.note)
    return Table("Scaling", ("", "unit", "smallest", "largest", "ratio"), tuple(rows), notes)


def _curve(name: str, xs: Sequence[int], repeats: int, measured: Callable[[int, int], float]) -> Curve:
    values: list[list[float]] = [[] for _ in xs]
    for repeat in range(repeats):
        for at, x in enumerate(xs):
            values[at].append(measured(x, repeat))
    return Curve(name, tuple(xs), tuple(Spread.of(each) for each in values))


def _cost(bench: Bench, programs: Sequence[Sequence[_core.Op]], rounds: int) -> float:
    """Microseconds a program."""
    return 1e6 * _core.seconds_a_program(bench.core_tracker, bench.machine(), programs, rounds)


def _operations(bench: Bench, repeats: int) -> Scaling:
    def cost(ops: int, repeat: int) -> float:
        seeds = range(repeat * _PROGRAMS, (repeat + 1) * _PROGRAMS)
        return _cost(bench, [_core.random_program(seed, ops) for seed in seeds], 3)

    bench.say("scaling: operations")
    curve = _curve("random programs", OPERATIONS, repeats, cost)
    return Scaling("operations", "Operations of a program", "operations", "us a program", (curve,), "")


def lines_program(lines: int, apart: bool) -> list[_core.Op]:
    """64 operations on a mapping of so many lines: each sync on all of it, or on one line after the other."""
    text = ["dmafuzz 1", f"cpu0 b0 = alloc pages {_PAGE}", f"cpu0 m0 = map_page d0 b0 0 {lines * _LINE} BIDIRECTIONAL"]
    for step in range(_core.OPS_MAX - 3):
        end = "device" if step % 2 else "cpu"
        offset = f" offset={step // 2 % lines * _LINE} size={_LINE}" if apart else ""
        text.append(f"cpu0 sync_range_for_{end} m0{offset}")
    return list(parse("\n".join([*text, "cpu0 unmap_page m0"])).ops)


def mappings_program(live: int) -> list[_core.Op]:
    """32 maps, whatever is live at once: the oldest one goes when there are so many. Tidy-up ends the last one."""
    total = MAPPINGS[-1]
    text = ["dmafuzz 1", f"cpu0 b0 = alloc pages {total * _PAGE}"]
    for step in range(total + live):
        if live <= step < total + live - 1:
            text.append(f"cpu0 unmap_page m{step - live}")
        if step < total:
            text.append(f"cpu0 m{step} = map_page d0 b0 {step * _PAGE} {_PAGE} FROM_DEVICE")
    return list(parse("\n".join(text)).ops)


def _lines(bench: Bench, repeats: int) -> Scaling:
    bench.say("scaling: lines")
    curves = tuple(
        _curve(name, LINES, repeats, lambda lines, _, apart=apart: _cost(bench, [lines_program(lines, apart)], _ROUNDS))  # type: ignore[misc]
        for name, apart in (("treated alike", False), ("told apart by syncs", True))
    )
    note = "64 operations each. Lines that no operation tells apart are one cell; syncs of one line tell 31 apart."
    return Scaling("lines", "Lines of a mapping", "lines", "us a program", curves, note)


def _mappings(bench: Bench, repeats: int) -> Scaling:
    bench.say("scaling: mappings")
    curve = _curve("live at once", MAPPINGS, repeats, lambda live, _: _cost(bench, [mappings_program(live)], _ROUNDS))
    note = "32 maps and unmaps each, of a page each."
    return Scaling("mappings", "Live mappings", "mappings", "us a program", (curve,), note)


def _platforms(bench: Bench, seconds: float, repeats: int) -> Scaling:
    xs = tuple(x for x in (*PLATFORMS, len(bench.members)) if x <= len(bench.members))

    def cost(count: int, repeat: int) -> float:
        bench.say(f"scaling: {count} platforms, repeat {repeat + 1} of {repeats}")
        summary = bench.campaign(bench.members[:count], seconds, 1)
        return 1e6 * summary.seconds / summary.programs

    curve = _curve("whole runs", tuple(dict.fromkeys(xs)), repeats, cost)
    note = ""
    if PLATFORMS[-1] in curve.xs:
        ten = curve.points[curve.xs.index(PLATFORMS[-1])].median
        times = ten / curve.points[0].median
        note = f"{PLATFORMS[-1]} platforms cost {times:.2f} times one; the aim is at most {PLATFORMS_AIM:g}."
    return Scaling("platforms", "Platforms", "platforms", "us a program", (curve,), note)
