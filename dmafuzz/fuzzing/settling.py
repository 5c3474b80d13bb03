# SPDX-License-Identifier: GPL-2.0-only
"""Reports of workers settled: replayed in a fresh process, appraised, filed as findings or as unconfirmed."""

from __future__ import annotations

import time
from collections import Counter

from dmafuzz.findings import Finding, confirm
from dmafuzz.fuzzing.annotate import Annotator
from dmafuzz.fuzzing.plan import Plan
from dmafuzz.store import Store
from dmafuzz.triage import grade_of

SETTLE_EVERY_S = 3.0
SETTLE_FINDINGS = 2_000  # at once: the parent looks after its workers in between
SETTLE_SHARE = 0.2  # of the parent's time at most: where there are as many jobs as CPUs, workers wait for it meanwhile


class Settling:
    """The reports of one plan's target in a store."""

    def __init__(self, plan: Plan, store: Store) -> None:
        self.new: Counter[str] = Counter()  # confirmed, with a cause that was not known in the store, by label
        self.new_grades: Counter[str] = Counter()  # the same by grade
        self.unconfirmed = 0
        self.changed = 0
        self.causes = store.counts(plan.target)  # in the store, by label
        self._plan = plan
        self._store = store
        self._annotator = Annotator(plan)
        self._due = time.monotonic() + SETTLE_EVERY_S

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
        plan, store = self._plan, self._store
        reports = store.waiting(plan.target, SETTLE_FINDINGS)
        raw = [item for report in reports for item in report.found]
        if not raw:
            return False
        confirmed = confirm(raw, plan.target.tracker, plan.core_tracker, plan.platforms, plan.portfolio)
        settled = store.settle(plan.target, reports, [self._appraise(finding) for finding in confirmed])
        self.new.update(finding.label for finding in settled.new)
        self.new_grades.update(str(grade_of(finding.triage_cause)) for finding in settled.new)
        self.unconfirmed += settled.unconfirmed
        self.changed += settled.changed
        self.causes = store.counts(plan.target)
        return True

    def waiting(self) -> int:
        """Findings that are reported and not settled."""
        return sum(len(report.found) for report in self._store.waiting(self._plan.target))

    def _appraise(self, finding: Finding | None) -> Finding | None:
        """Only what is new here: the rest is not written again."""
        if finding is None or self._store.has(self._plan.target, finding.cause):
            return finding
        return self._annotator.annotated(finding)
