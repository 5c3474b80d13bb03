# SPDX-License-Identifier: GPL-2.0-only
"""Which slice comes next: of the target that has had the least by weight.

With slices of so many programs all is decided by the plan alone, whoever carries it out and however often it is killed:
the slices come in one order, and slice n of a target starts from what its slices up to n - ``ahead`` have found. With
slices of a time, the least running time counts, and a slice starts from all that there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dmafuzz.campaign.plan_file import CampaignFile, TargetTable
from dmafuzz.campaign.slices import Slice
from dmafuzz.campaign.status import Standing, standings
from dmafuzz.store import Store, Target

LOOK_AHEAD = 64  # slices in the order, beyond those that have ended


@dataclass
class _Row:
    """A target's slices: numbers that have ``ended``, and are ``planned``; ``busy``: at work, here or elsewhere, with
    their seconds."""

    table: TargetTable
    target: Target
    ended: set[int] = field(default_factory=set)
    planned: set[int] = field(default_factory=set)
    busy: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def share(self) -> float:
        return (self.seconds + sum(self.busy.values())) / self.table.weight


class Schedule:
    """Of one run of a campaign. ``slices_max``: so many are planned at most."""

    def __init__(self, file: CampaignFile, store: Store, slices_max: int | None) -> None:
        """Raises PlanFileError, StoreError."""
        self._file = file
        self._store = store
        self._left = slices_max
        self._rows: list[_Row] = []
        self.refresh()
        self._ended_before = {(row.target.key, number) for row in self._rows for number in row.ended}

    def refresh(self, at_work: Mapping[str, Slice] | None = None) -> None:
        """Takes in what other hosts have done; ``at_work``: here. What others were at may be free by now.

        Raises PlanFileError, StoreError.
        """
        self._rows = [_row(standing) for standing in standings(self._file, self._store)]
        for piece in (at_work or {}).values():
            self._row_of(piece).busy[piece.number] = piece.seconds or 0.0

    def waits(self) -> bool:
        """Whether slices are left that others are at, or that start from those."""
        return any(number not in row.ended for row, number in self._wanted())

    def next(self, seconds_left: float | None) -> Slice | None:
        """None: nothing to begin now. Raises StoreError."""
        if self._file.repeatable:
            return self._next_in_order()
        if self._left is not None and self._left <= 0:
            return None
        row = min(self._rows, key=lambda row: row.share)
        number = next(n for n in range(1 << 40) if n not in row.planned and n not in row.ended and n not in row.busy)
        seconds = float(self._file.campaign.slice)
        return self._slice(row, number, seconds if seconds_left is None else min(seconds, seconds_left))

    def begun(self, piece: Slice, here: bool) -> None:
        """It is at work; ``here``: by this run."""
        self._row_of(piece).busy[piece.number] = piece.seconds or 0.0
        if here and self._left is not None and not piece.repeatable:
            self._left -= 1

    def ended(self, piece: Slice, seconds: float) -> None:
        row = self._row_of(piece)
        row.busy.pop(piece.number, None)
        row.ended.add(piece.number)
        row.seconds += seconds

    def given_back(self, piece: Slice) -> None:
        """It was not carried out, and may be again."""
        self._row_of(piece).busy.pop(piece.number, None)

    def settled(self) -> dict[str, int]:
        """Of each target the last slice whose programs every slice to come starts from, as `store.Joining` wants it."""
        if not self._file.repeatable:
            return {}
        ahead = self._file.campaign.ahead
        return {row.target.key: _first_missing(row.ended) - ahead for row in self._rows}

    def _next_in_order(self) -> Slice | None:
        for row, number in self._wanted():
            free = number not in row.ended and number not in row.busy
            if free and _first_missing(row.ended) > number - self._file.campaign.ahead:
                return self._slice(row, number, None)
        return None

    def _wanted(self) -> Iterator[tuple[_Row, int]]:
        """The slices of this run, in order: as many as it is allowed."""
        left = self._left
        for row, number in self._order():
            if (row.target.key, number) not in self._ended_before:
                if left is not None and left <= 0:
                    return
                left = None if left is None else left - 1
                yield row, number

    def _order(self) -> Iterator[tuple[_Row, int]]:
        """The slices of all targets, each with its number; as far as it is of interest now."""
        counts = [0] * len(self._rows)
        beyond = LOOK_AHEAD
        while beyond > 0:
            at = min(range(len(counts)), key=lambda at: counts[at] / self._rows[at].table.weight)
            beyond -= counts[at] not in self._rows[at].ended
            yield self._rows[at], counts[at]
            counts[at] += 1

    def _slice(self, row: _Row, number: int, seconds: float | None) -> Slice:
        table, campaign = row.table, self._file.campaign
        before = None if seconds is not None else number - campaign.ahead + 1
        corpus = self._store.corpus_packs(row.target, before)
        programs = campaign.slice if isinstance(campaign.slice, int) else None
        portfolio = row.target.portfolio or ""
        key = row.target.key
        return Slice(table.tracker, portfolio, key, number, seconds, programs, campaign.ops, corpus)

    def _row_of(self, piece: Slice) -> _Row:
        return next(row for row in self._rows if row.target.key == piece.target)


def _row(standing: Standing) -> _Row:
    ended = {run.number for run in standing.runs if run.number is not None and (run.ended or run.failed)}
    planned = {run.number for run in standing.runs if run.number is not None}
    return _Row(standing.table, standing.target, ended, planned, {}, standing.seconds)


def _first_missing(numbers: set[int]) -> int:
    return next(number for number in range(len(numbers) + 1) if number not in numbers)
