# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz history`: one program, judged by every era and proposal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import click
from tqdm import tqdm

from dmafuzz import program as language
from dmafuzz._core import BuiltinTracker
from dmafuzz.program import Program
from dmafuzz.trackers import builtins, default_portfolio
from dmafuzz.verdicts import judging
from dmafuzz.verdicts.meanings import LABELS

_NAME_CHARS = 24
_LABELS_CHARS = 48


@dataclass(frozen=True)
class _Row:
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


def _told(rows: Sequence[_Row]) -> str:
    """The text for rows of the same labels and warnings: numbers only where all rows have the same."""
    first = rows[0]
    same = all(row.counts == first.counts for row in rows)
    labels = first.counts if same else tuple(f"{label} (some)" for label, _ in first.labels)
    return f"{', '.join(labels):<{_LABELS_CHARS}} {', '.join(first.warnings) or '-'}"


@click.command()
@click.argument("file", metavar="FILE", type=click.Path())
@click.option("--platform", metavar="P", help="Only this platform. Default: each tracker on the machines of its time.")
def history(file: str, platform: str | None) -> None:
    """Judge a program with dma-debug of every kernel and proposal.

    One line for consecutive eras with the same result: the labels, on how many platforms of their
    portfolio, and the warnings that fire on any of them.
    """
    program = language.read(file)
    each = [tracker for tracker in builtins() if tracker.kind != "canary"]
    rows = {t.name: _row(program, t.name, platform) for t in tqdm(each, unit=" trackers", leave=False, disable=None)}
    eras = [tracker for tracker in reversed(each) if tracker.kind == "era"]
    click.echo(f"{file}: {f'on {platform}' if platform else 'each tracker on the machines of its time'}")
    for names, of_names in _runs(eras, rows):
        click.echo(f"{names:<{_NAME_CHARS}} {_told(of_names)}")
    for proposal in (tracker for tracker in each if tracker.kind == "proposal"):
        click.echo(f"{proposal.name:<{_NAME_CHARS}} {_told([rows[proposal.name]])}")


def _row(program: Program, tracker: str, platform: str | None) -> _Row:
    bench = judging(tracker, default_portfolio(tracker))
    found = [bench.judge(program, name) for name in ([platform] if platform else bench.members)]
    labels = Counter(str(label) for judgement in found for label in judgement.labels)
    warnings = dict.fromkeys(warning.id for judgement in found for warning in judgement.warnings)
    ordered = tuple((label, labels[label]) for label in LABELS if label in labels)
    return _Row(ordered, len(found), tuple(warnings))


def _runs(eras: Sequence[BuiltinTracker], rows: dict[str, _Row]) -> list[tuple[str, list[_Row]]]:
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


def _same(one: _Row, other: _Row) -> bool:
    """Whether two eras agree: the same labels and warnings, whatever the number of platforms."""
    return [label for label, _ in one.labels] == [label for label, _ in other.labels] and one.warnings == other.warnings
