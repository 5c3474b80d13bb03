# SPDX-License-Identifier: GPL-2.0-only
"""One program under every era and proposal: rows of labels and warnings, those of consecutive equal eras together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dmafuzz._core import BuiltinTracker
from dmafuzz.program import Program
from dmafuzz.trackers import builtins, default_portfolio
from dmafuzz.verdicts import judging
from dmafuzz.verdicts.meanings import LABELS


@dataclass(frozen=True)
class Row:
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
class Told:
    """What a line says: of which trackers, their labels and their warnings."""

    names: str
    labels: str
    warnings: str


def row_of(program: Program, tracker: str, platform: str | None = None) -> Row:
    """On one platform, or on the machines of the tracker's time. Raises as judging does."""
    bench = judging(tracker, default_portfolio(tracker))
    found = [bench.judge(program, name) for name in ([platform] if platform else bench.members)]
    labels = Counter(str(label) for judgement in found for label in judgement.labels)
    warnings = dict.fromkeys(warning.id for judgement in found for warning in judgement.warnings)
    ordered = tuple((label, labels[label]) for label in LABELS if label in labels)
    return Row(ordered, len(found), tuple(warnings))


def history(
    program: Program,
    platform: str | None = None,
    trackers: Sequence[str] = (),
    progress: Callable[[Iterable[BuiltinTracker]], Iterable[BuiltinTracker]] = lambda each: each,
) -> list[Told]:
    """A line for consecutive eras that agree, then vendors' kernels, proposals, and ``trackers`` of one's own."""
    each = [tracker for tracker in builtins() if tracker.kind != "canary"]
    rows = {tracker.name: row_of(program, tracker.name, platform) for tracker in progress(each)}
    eras = [tracker for tracker in reversed(each) if tracker.kind == "era"]
    lines = [_told(names, of_names) for names, of_names in _runs(eras, rows)]
    lines += [_told(each.name, [rows[each.name]]) for each in each if each.kind == "proposal"]
    return lines + [_told(name, [row_of(program, name, platform)]) for name in trackers]


def _told(names: str, rows: Sequence[Row]) -> Told:
    """Of rows with the same labels and warnings: numbers only where all rows have the same."""
    first = rows[0]
    same = all(row.counts == first.counts for row in rows)
    labels = first.counts if same else tuple(f"{label} (some)" for label, _ in first.labels)
    return Told(names, ", ".join(labels), ", ".join(first.warnings) or "-")


def _runs(eras: Sequence[BuiltinTracker], rows: dict[str, Row]) -> list[tuple[str, list[Row]]]:
    """Consecutive eras with the same result, as "3.14 to 5.5"; then vendors' kernels, each by itself."""
    runs: list[list[BuiltinTracker]] = []
    for era in (each for each in eras if not each.vendor):
        if runs and _same(rows[runs[-1][-1].name], rows[era.name]):
            runs[-1].append(era)
        else:
            runs.append([era])
    released = [(_name(run), [rows[era.name] for era in run]) for run in runs]
    return released + [(f"Debian's {era.name}", [rows[era.name]]) for era in eras if era.vendor]


def _name(run: Sequence[BuiltinTracker]) -> str:
    return run[0].name if len(run) == 1 else f"{run[0].name} to {run[-1].name}"


def _same(one: Row, other: Row) -> bool:
    """Whether two eras agree: the same labels and warnings, whatever the number of platforms."""
    return [label for label, _ in one.labels] == [label for label, _ in other.labels] and one.warnings == other.warnings
