# SPDX-License-Identifier: GPL-2.0-only
"""One program under every era and proposal: what each of them makes of it, those that agree together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dmafuzz._core import BuiltinTracker
from dmafuzz.program import Program
from dmafuzz.trackers import builtins, default_portfolio

from .judging import judging
from .meanings import LABELS


Watched = Callable[[Sequence[BuiltinTracker]], Iterable[BuiltinTracker]]


@dataclass(frozen=True)
class Result:
    """One tracker's result: labels by number of platforms, and the warnings that fire on any platform."""

    labels: tuple[tuple[str, int], ...]
    platforms: int
    warnings: tuple[str, ...]

    @property
    def counts(self) -> tuple[str, ...]:
        """The labels, with the number of platforms where they are not those of all."""
        return tuple(
            label if count == self.platforms else f"{label} ({count} of {self.platforms})"
            for label, count in self.labels
        )


@dataclass(frozen=True)
class Row:
    """Consecutive eras with the same result ("2.6.30 to 3.9"), a vendor's kernel, or a proposal.

    ``labels`` have numbers of platforms only where all of the row's trackers have the same.
    """

    name: str
    labels: str
    warnings: tuple[str, ...]


def rows_of(program: Program, platform: str | None = None, watched: Watched = iter) -> list[Row]:
    """The rows of a program, each tracker on the machines of its time, or on one platform; ``watched`` shows progress.

    Raises PlatformError.
    """
    each = [tracker for tracker in builtins() if tracker.kind != "canary"]
    results = results_of(program, (tracker.name for tracker in watched(each)), platform)
    eras = [tracker for tracker in reversed(each) if tracker.kind == "era"]
    rows = [_row(name, [results[era] for era in names]) for name, names in _runs(eras, results)]
    return rows + [_row(t.name, [results[t.name]]) for t in each if t.kind == "proposal"]


def results_of(program: Program, trackers: Iterable[str], platform: str | None = None) -> dict[str, Result]:
    """What each of some trackers makes of a program, on the machines of its time, or on one platform."""
    return {tracker: _result(program, tracker, platform) for tracker in trackers}


def _row(name: str, results: Sequence[Result]) -> Row:
    first = results[0]
    same = all(result.counts == first.counts for result in results)
    labels = first.counts if same else tuple(f"{label} (some)" for label, _ in first.labels)
    return Row(name, ", ".join(labels), first.warnings)


def _result(program: Program, tracker: str, platform: str | None) -> Result:
    bench = judging(tracker, default_portfolio(tracker))
    found = [bench.judge(program, name) for name in ([platform] if platform else bench.members)]
    labels = Counter(str(label) for judgement in found for label in judgement.labels)
    warnings = dict.fromkeys(str(warning.id) for judgement in found for warning in judgement.warnings)
    ordered = tuple((label, labels[label]) for label in LABELS if label in labels)
    return Result(ordered, len(found), tuple(warnings))


def _runs(eras: Sequence[BuiltinTracker], results: dict[str, Result]) -> list[tuple[str, list[str]]]:
    """Consecutive eras with the same result, as "3.14 to 5.5"; then vendors' kernels, each by itself."""
    runs: list[list[str]] = []
    for era in (each.name for each in eras if not each.vendor):
        if runs and _same(results[runs[-1][-1]], results[era]):
            runs[-1].append(era)
        else:
            runs.append([era])
    released = [(_name(run), run) for run in runs]
    return released + [(f"Debian's {era.name}", [era.name]) for era in eras if era.vendor]


def _name(run: Sequence[str]) -> str:
    return run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}"


def _same(one: Result, other: Result) -> bool:
    """Whether two eras agree: the same labels and warnings, whatever the number of platforms."""
    return [label for label, _ in one.labels] == [label for label, _ in other.labels] and one.warnings == other.warnings
