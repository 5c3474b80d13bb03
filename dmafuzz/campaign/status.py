# SPDX-License-Identifier: GPL-2.0-only
"""How far each target of a campaign is, by the store alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from dmafuzz.campaign.plan_file import CampaignFile, TargetTable
from dmafuzz.fuzzing import Plan
from dmafuzz.store import Store


@dataclass(frozen=True)
class Standing:
    """``slices`` that have ended, ``seconds`` and ``programs`` of all of them and of those that were killed; ``causes``
    by label. ``found_out``: of a canary, whether it was; None for any other target."""

    target: TargetTable
    plan: Plan
    slices: int
    seconds: float
    programs: int
    causes: Counter[str]
    found_out: bool | None

    @property
    def share(self) -> float:
        """The running time by weight (s): the next slice is that of the least."""
        return self.seconds / self.target.weight


def standings(file: CampaignFile, store: Store) -> list[Standing]:
    """Of each target, in the order of the file. Raises PlanFileError."""
    runs = store.runs()
    found = []
    for target in file.target:
        plan = file.plan_of(target, store.folder)
        own = [run for run in runs if run.target == plan.target.key]
        ended = [run for run in own if run.ended]
        causes = store.counts(plan.target)
        out = None if target.canary_label is None else causes[target.canary_label] > 0
        seconds, programs = sum(run.seconds for run in own), sum(run.programs for run in own)
        found.append(Standing(target, plan, len(ended), seconds, programs, causes, out))
    return found
