# SPDX-License-Identifier: GPL-2.0-only
"""How far each target of a campaign is, by the store alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dmafuzz.campaign.plan_file import CampaignFile, TargetTable
from dmafuzz.store import Run, Store, Target


@dataclass(frozen=True)
class Standing:
    """``slices`` that have ended; ``seconds`` and ``programs`` of all of them; ``causes`` by label. ``found_out``: of a
    canary, whether it was; None for any other target. ``runs`` are its slices, whether they have ended or not."""

    table: TargetTable
    target: Target
    slices: int
    seconds: float
    programs: int
    causes: Counter[str]
    found_out: bool | None
    runs: Sequence[Run]

    @property
    def share(self) -> float:
        """The running time by weight (s): the next slice is that of the least."""
        return self.seconds / self.table.weight


def standings(file: CampaignFile, store: Store) -> list[Standing]:
    """Of each target, in the order of the file. Raises PlanFileError."""
    runs = [run for run in store.runs() if run.number is not None]
    found = []
    for table in file.target:
        target = file.plan_of(table, store.folder).target
        own = [run for run in runs if run.target == target.key]
        if file.repeatable:  # whoever has done a number a second time has found nothing else
            own = list({(run.number, run.ended): run for run in own}.values())
        ended = [run for run in own if run.ended]
        causes = store.counts(target)
        out = None if table.canary_label is None else causes[table.canary_label] > 0
        seconds, programs = sum(run.seconds for run in own), sum(run.programs for run in own)
        found.append(Standing(table, target, len(ended), seconds, programs, causes, out, own))
    return found
