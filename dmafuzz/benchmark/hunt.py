# SPDX-License-Identifier: GPL-2.0-only
"""Time to find: the programs and the seconds that each engine needs for each known cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dmafuzz.benchmark.board import Board
from dmafuzz.benchmark.causes import causes
from dmafuzz.benchmark.engines import ENGINES, EngineError
from dmafuzz.benchmark.statistics import NEVER, Spread, a12, mann_whitney, median
from dmafuzz.benchmark.subject import Bench
from dmafuzz.benchmark.table import Table

Hunts = Mapping[str, Sequence[Board]]

# How many times sooner than these each cause is to be found.
BASELINES = {"uniform": 5.0, "libfuzzer": 2.0, "libfuzzer-states": 2.0, "afl": 2.0, "generator": 1.0}


# The better of these is what is compared with at last, over causes that take any of them so long.
OTHER_FUZZERS = ("libfuzzer", "libfuzzer-states", "afl")
_SLOW_S = 1.0


def measure(bench: Bench, seeds: int, limit: float, only: Sequence[str] = ()) -> dict[str, list[Board]]:
    """One run looks for all causes at once, on the whole portfolio, each program on one platform of it. ``only``: these
    engines."""
    chosen = tuple(engine for engine in ENGINES if not only or engine.name in only)
    ready = bench.usable(chosen, bench.members, True)
    hunts: dict[str, list[Board]] = {engine.name: [] for engine in ready}
    total, step = seeds * len(ready), 0
    for seed in range(seeds):
        for engine in ready:
            step += 1
            try:
                board = bench.run(engine, bench.members, True, seed, limit)
            except EngineError as error:
                bench.say(str(error))
                continue
            hunts[engine.name].append(board)
            found = sum(sighting is not None for sighting in board.seen)
            bench.say(f"find: {step} of {total}: {engine.name}, seed {seed}: {found} of {len(board.seen)} causes")
    return {name: boards for name, boards in hunts.items() if boards}


def seconds(boards: Sequence[Board], cause: int, limit: float) -> list[float]:
    return [s.seconds if s and s.seconds <= limit else NEVER for s in (board.seen[cause] for board in boards)]


def programs(boards: Sequence[Board], cause: int, limit: float) -> list[float]:
    return [float(s.programs) if s and s.seconds <= limit else NEVER for s in (board.seen[cause] for board in boards)]


def tables(hunts: Hunts, limit: float) -> list[Table]:
    """Seconds and programs of all engines, then ours against each of the others."""
    ours = "native" if "native" in hunts else next(iter(hunts))
    against = [_against(hunts, ours, base, limit) for base in BASELINES if base in hunts]
    others = [_against_the_better(hunts, ours, limit)] if hunts.keys() & {*OTHER_FUZZERS} else []
    return [_medians(hunts, "seconds", limit), _medians(hunts, "programs", limit), *against, *others, _causes()]


def _medians(hunts: Hunts, what: str, limit: float) -> Table:
    values = seconds if what == "seconds" else programs
    rows = []
    for index, cause in enumerate(causes()):
        cells = []
        for boards in hunts.values():
            each = values(boards, index, limit)
            found = sum(x != NEVER for x in each)
            cells.append(f"{_number(median(each), what)} ({found}/{len(each)})")
        rows.append((cause.name, *cells))
    runs = max(len(boards) for boards in hunts.values())
    note = f"Medians over {runs} seeds, in brackets how many of them found it; -: not within {limit:g} s in the median."
    return Table(f"Time to find: {what}", ("cause", *hunts), tuple(rows), (note,))


def _against(hunts: Hunts, ours: str, base: str, limit: float) -> Table:
    """Where random programs do not find it within the limit, the limit stands for what they need."""
    rows = []
    for index, cause in enumerate(causes()):
        mine, other = (seconds(hunts[name], index, limit) for name in (ours, base))
        mine_p, other_p = (programs(hunts[name], index, limit) for name in (ours, base))
        p, better = mann_whitney(mine, other), a12(mine, other)
        sooner = _times(median(mine), median(other), limit)
        fewer = _times(median(mine_p), median(other_p), max(board.programs for board in hunts[base]))
        rows.append((cause.name, sooner, fewer, _spread(mine), _spread(other), f"{p:.3f}", f"{better:.2f}"))
    header = ("cause", "times sooner", "times fewer programs", f"{ours}, s", f"{base}, s", "U test, p", "A12")
    note = (
        f"Medians, smallest to largest in brackets. A12 is the chance that {ours} needs less time than {base}. "
        f"Below 1 time, {base} is sooner. >: {base} did not find it within {limit:g} s in the median, which "
        f"stand for it; never: {ours} did not."
    )
    return Table(f"Time to find: {ours} against {base}", header, tuple(rows), (note, _aim(hunts, ours, base, limit)))


def _against_the_better(hunts: Hunts, ours: str, limit: float) -> Table:
    """The one line that sums up: how many times sooner than the better of libFuzzer and AFL++."""
    there = [name for name in OTHER_FUZZERS if name in hunts]
    ratios = []
    for index in range(len(causes())):
        others = [min(median(seconds(hunts[name], index, limit)), limit) for name in there]
        if max(others) > _SLOW_S:
            mine = min(median(seconds(hunts[ours], index, limit)), limit)
            ratios.append(min(others) / max(mine, 1e-9))
    spread = Spread.of(ratios) if ratios else None
    cells = ["-", "-"] if spread is None else [f"{spread.median:,.1f}", f"{spread.low:,.2f} to {spread.high:,.0f}"]
    note = (
        f"Medians over the seeds; of each cause, the time of the better of {', '.join(there)} by that of {ours}, over "
        f"causes that take any of them more than {_SLOW_S:g} s. What was not found in {limit:g} s counts as that."
    )
    title = f"Time to find: {ours} against the better of libFuzzer and AFL++"
    return Table(title, ("causes", "times sooner, median", "spread"), ((str(len(ratios)), *cells),), (note,))


def _aim(hunts: Hunts, ours: str, base: str, limit: float) -> str:
    """Of the causes that either of them finds, those that are not found as much sooner as is wanted, and why."""
    wanted = BASELINES[base]
    short = []
    for index, cause in enumerate(causes()):
        mine, other = (median(seconds(hunts[name], index, limit)) for name in (ours, base))
        if min(mine, other) == NEVER or min(other, limit) >= wanted * mine:
            continue
        why = f" ({cause.why})" if cause.why and base == "uniform" else ""
        if mine != NEVER and other == NEVER:
            # The limit is too short to tell more.
            why = f" ({limit / mine:.1f} times at least: not by {base} within {limit:g} s)"
        short.append(cause.name + why)
    neither = [
        cause.name
        for index, cause in enumerate(causes())
        if all(median(seconds(hunts[name], index, limit)) == NEVER for name in (ours, base))
    ]
    missed = f" Found by neither in the median: {', '.join(neither)}." if neither else ""
    how = f"{wanted:g} times sooner than" if wanted > 1 else "as soon as"
    return f"Not found {how} by {base}: {', '.join(short) or 'none'}.{missed}"


def _causes() -> Table:
    rows = tuple(
        (cause.name, cause.label, cause.kind, ", ".join(cause.rules) or "none", cause.title) for cause in causes()
    )
    note = (
        "A program shows a cause if it shows label and kind, breaks exactly these rules, and holds the operations of "
        "the minimal program in that order (`dmafuzz/benchmark/causes.toml`). Of engines that minimize, minimal "
        "programs count too."
    )
    return Table("The known causes", ("cause", "label", "kind", "rules broken", "what it is"), rows, (note,), True)


def _times(mine: float, other: float, limit: float) -> str:
    if mine == NEVER:
        return "-" if other == NEVER else "never"
    more = ">" if other == NEVER else ""
    times = min(other, limit) / max(mine, 1e-9)
    return f"{more}{times:,.0f}" if times >= 10 else f"{more}{times:.2f}"


def _spread(values: Sequence[float]) -> str:
    spread = Spread.of(values)
    return (
        f"{_number(spread.median, 'seconds')} ({_number(spread.low, 'seconds')} to {_number(spread.high, 'seconds')})"
    )


def _number(value: float, what: str) -> str:
    if value == NEVER:
        return "-"
    return f"{value:,.0f}" if what == "programs" else f"{value:.2f}"
