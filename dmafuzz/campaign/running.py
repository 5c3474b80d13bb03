# SPDX-License-Identifier: GPL-2.0-only
"""Carries out a plan: slice by slice, each of the target that has had the least time by weight."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace

from dmafuzz.campaign.plan_file import CampaignFile
from dmafuzz.campaign.status import Standing, standings
from dmafuzz.fuzzing import Campaign, Plan, Summary
from dmafuzz.fuzzing.progress import Progress
from dmafuzz.store import Store

REST_S_MIN = 1.0  # a slice that is shorter is not worth its start


class CampaignRun:
    """One run of a plan, on a store that no other process runs on. Running it twice goes on where it was."""

    def __init__(self, file: CampaignFile, store: Store, say: Callable[[str], None]) -> None:
        self._file = file
        self._store = store
        self._say = say
        self.interrupted = False

    def run(self, seconds: float | None, slices: int | None = None) -> list[Standing]:
        """Until the time is up, so many slices are done, or the user interrupts.

        Raises StoreError, CampaignError, PlanFileError.
        """
        end = None if seconds is None else time.monotonic() + seconds
        while not self.interrupted and (slices is None or slices > 0):
            left = None if end is None else end - time.monotonic()
            if left is not None and left < REST_S_MIN:
                break
            self._one(left)
            slices = None if slices is None else slices - 1
        return standings(self._file, self._store)

    def _one(self, left: float | None) -> None:
        """The next slice."""
        rows = standings(self._file, self._store)
        # With slices of so many programs the time must not matter; then each target's slices are counted.
        fixed = isinstance(self._file.campaign.slice, int)
        standing = min(rows, key=lambda row: row.slices / row.target.weight if fixed else row.share)
        plan = slice_plan(standing)
        if left is not None and plan.seconds is not None:
            plan = replace(plan, seconds=min(plan.seconds, left))
        summary = Campaign(plan, Progress(), self._store).run()
        self.interrupted = summary.interrupted
        self._say(f"{standing.target.tracker}: slice {standing.slices + 1}: {_told(summary)}")


def slice_plan(standing: Standing) -> Plan:
    """A slice's plan: its seed is how many there were before; its name is the hash of all that decides about it."""
    plan = replace(standing.plan, seed=standing.slices)
    facts = [plan.target.key, plan.seed, plan.seconds, plan.programs, plan.jobs, plan.ops_limit]
    return replace(plan, run=hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16])


def _told(summary: Summary) -> str:
    causes = ", ".join(f"{count:,} {label}" for label, count in sorted(summary.causes.items())) or "none"
    new = sum(summary.new.values())
    return f"{summary.programs:,} programs in {summary.seconds:.0f} s, {new:,} new causes; causes: {causes}"
