# SPDX-License-Identifier: GPL-2.0-only
"""Reports of workers settled: replayed in a fresh process, appraised, filed as findings or as unconfirmed."""

from __future__ import annotations

import time
from collections import Counter

from dmafuzz.findings import Finding, FindingStore, confirm
from dmafuzz.fuzzing.annotate import Annotator
from dmafuzz.fuzzing.plan import Plan

SETTLE_EVERY_S = 3.0
SETTLE_FINDINGS = 2_000  # at once: the parent looks after its workers in between
SETTLE_SHARE = 0.2  # of the parent's time at most: where there are as many jobs as CPUs, workers wait for it meanwhile


class Settling:
    """The reports in one plan's output folder."""

    def __init__(self, plan: Plan) -> None:
        self.new: list[Finding] = []  # confirmed, with a cause that was not known in the folder
        self.unconfirmed = 0
        self._plan = plan
        self._store = FindingStore(plan.out)
        self._store.clear_leftovers()
        self._annotator = Annotator(plan)
        self._due = time.monotonic() + SETTLE_EVERY_S
        self.causes = self._count()  # in the folder, by label

    def settle_if_due(self) -> None:
        """Settles what has been reported, where it is time to, and puts off the next time by what that took."""
        start = time.monotonic()
        if start <= self._due:
            return
        self.settle_some()
        end = time.monotonic()
        self._due = end + max(SETTLE_EVERY_S, (end - start) * (1 / SETTLE_SHARE - 1))

    def settle_some(self) -> bool:
        """Replays reports in one fresh process: starting one costs more than replaying. False if there are none."""
        reports = self._store.waiting(SETTLE_FINDINGS)
        raw = [item for _, found in reports for item in found]
        if not raw:
            return False
        plan = self._plan
        confirmed = confirm(raw, plan.tracker, plan.core_tracker, plan.platforms, plan.portfolio)
        findings = [self._appraise(finding) for finding in confirmed]
        self.new += self._store.settle(reports, findings)
        self.unconfirmed += findings.count(None)
        self.causes = self._count()
        return True

    def waiting(self) -> int:
        """Findings that are reported and not settled."""
        return self._store.waiting_findings()

    def _count(self) -> Counter[str]:
        return Counter(name.split("-", 1)[0] for name in self._store.names)

    def _appraise(self, finding: Finding | None) -> Finding | None:
        """Only what is new here: the rest is not written again."""
        if finding is None or self._store.has(finding):
            return finding
        return self._annotator.annotated(finding)
