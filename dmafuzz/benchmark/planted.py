# SPDX-License-Identifier: GPL-2.0-only
"""Planted faults: which of them each engine reaches, triggers and finds, and how soon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from dmafuzz.benchmark.board import Board, Sighting
from dmafuzz.benchmark.causes import PORTFOLIO, STAGES
from dmafuzz.benchmark.engines import ENGINES, Engine, EngineError
from dmafuzz.benchmark.statistics import NEVER, median
from dmafuzz.benchmark.subject import Bench, Say
from dmafuzz.benchmark.table import Table
from dmafuzz.trackers import builtins

OURS = "native"
AT_A_TIME = 2
OTHERS_SEEDS = 1  # of the other engines
CANARY = "canary:"


@dataclass(frozen=True)
class Fault:
    """A row of the core's table, by its tracker's name."""

    tracker: str
    what: str

    @property
    def name(self) -> str:
        return self.tracker.removeprefix(CANARY)


def faults() -> tuple[Fault, ...]:
    """All planted ones: canaries with the era that they are planted in."""
    rows = (each for each in builtins() if each.kind == "canary" and each.base)
    return tuple(Fault(each.name, each.changed) for each in rows)


Boards = Mapping[str, Sequence[Board]]  # by engine, a board for each seed


def measure(
    chosen: Sequence[Fault], seeds: int, limit: float, ops: int, say: Say, only: Sequence[str] = ()
) -> dict[str, Boards]:
    """By fault. Ours with so many seeds, other engines with one; two runs at a time. ``only``: these engines."""
    engines = [engine for engine in ENGINES if not only or engine.name in only]
    out: dict[str, Boards] = {}
    for number, fault in enumerate(chosen, 1):
        bench = Bench(fault.tracker, fault.tracker, PORTFOLIO, "arm64-6.5", ops, say, fault.name)
        ready = bench.usable(tuple(engines), bench.members, True)
        runs = [(e, seed) for e in ready for seed in range(seeds if e.name == OURS else OTHERS_SEEDS)]
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            boards = list(pool.map(partial(_run, bench, limit), runs))
        of_fault: dict[str, list[Board]] = {}
        for (engine, _), board in zip(runs, boards, strict=True):
            if board is not None:
                of_fault.setdefault(engine.name, []).append(board)
        out[fault.name] = of_fault
        say(f"planted: {number} of {len(chosen)}: {fault.name}: {_told(of_fault)}")
    return out


def _run(bench: Bench, limit: float, run: tuple[Engine, int]) -> Board | None:
    engine, seed = run
    try:
        return bench.run(engine, bench.members, True, seed, limit)
    except EngineError as error:
        bench.say(str(error))
        return None


def tables(chosen: Sequence[Fault], measured: Mapping[str, Boards], seeds: int, limit: float) -> list[Table]:
    """Ours in full, all engines side by side, and what the faults are."""
    return [
        _ours(chosen, measured, seeds, limit),
        _engines(chosen, measured, limit),
        Table("Planted faults", ("fault", "what"), tuple((f.name, f.what) for f in chosen), words=True),
    ]


def _ours(chosen: Sequence[Fault], measured: Mapping[str, Boards], seeds: int, limit: float) -> Table:
    rows = []
    for fault in chosen:
        boards = measured[fault.name].get(OURS, ())
        rows.append((fault.name, *(_cell(boards, stage, limit) for stage in range(len(STAGES)))))
    found = sum(_found_by(measured[f.name].get(OURS, ()), limit) >= 0.8 * seeds for f in chosen)
    note = (
        f"Median seconds of processor time over {seeds} seeds, in brackets how many of them came so far within "
        f"{limit:g} s. Reached: a "
        f"program has a call that the fault is about; triggered: the sound tracker warns otherwise; found: lost data "
        f"is missed, or a warning is false or a hazard, and that is the fault's. Found by four seeds of five: {found} "
        f"of {len(chosen)}."
    )
    return Table(f"Planted faults, {OURS}", ("fault", *STAGES), tuple(rows), (note,))


def _engines(chosen: Sequence[Fault], measured: Mapping[str, Boards], limit: float) -> Table:
    names = list(dict.fromkeys(engine for boards in measured.values() for engine in boards))
    rows = tuple(
        (fault.name, *(_cell(measured[fault.name].get(name, ()), STAGES.index("found"), limit) for name in names))
        for fault in chosen
    )
    note = (
        f"Seconds of processor time until found, {limit:g} at most; {OURS}: the median of its seeds, the "
        "others: one seed each, so no statistics."
    )
    return Table("Planted faults found, by engine", ("fault", *names), rows, (note,))


def _seconds(board: Board, stage: int, limit: float) -> float:
    seen: Sighting | None = board.seen[stage] if board.seen else None
    return seen.seconds if seen and seen.seconds <= limit else NEVER


def _found_by(boards: Sequence[Board], limit: float) -> int:
    return sum(_seconds(board, STAGES.index("found"), limit) != NEVER for board in boards)


def _cell(boards: Sequence[Board], stage: int, limit: float) -> str:
    if not boards:
        return "not run"
    each = [_seconds(board, stage, limit) for board in boards]
    middle = median(each)
    text = "-" if middle == NEVER else f"{middle:.2f}"
    return f"{text} ({sum(x != NEVER for x in each)}/{len(each)})"


def _told(boards: Boards) -> str:
    return ", ".join(
        f"{name} found by {sum(bool(b.seen and b.seen[-1]) for b in of)} of {len(of)}" for name, of in boards.items()
    )
