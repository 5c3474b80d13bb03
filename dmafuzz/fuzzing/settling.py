# SPDX-License-Identifier: GPL-2.0-only
"""Reports of workers settled: replayed in fresh processes, appraised, filed as findings or as unconfirmed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dmafuzz.findings import Finding, Replaying, ReplayServer
from dmafuzz.fuzzing.annotate import Annotator
from dmafuzz.fuzzing.plan import Plan
from dmafuzz.store import Report, Store
from dmafuzz.triage import grade_of

SETTLE_EVERY_S = 3.0
SETTLE_FINDINGS = 2_000  # in one process
ENOUGH_FINDINGS = 500  # for a process: fewer are not worth one of their own
SETTLE_SHARE = 0.4  # of the time at most: where there are as many jobs as CPUs, workers wait for it meanwhile


@dataclass(frozen=True)
class _Batch:
    """Reports that are being replayed since ``start``."""

    reports: Sequence[Report]
    replaying: Replaying
    start: float


class Settling:
    """The reports of one plan's target in a store. They are replayed beside the search: nobody waits for it."""

    def __init__(self, plan: Plan, store: Store) -> None:
        self.new: Counter[str] = Counter()  # confirmed, with a cause that was not known in the store, by label
        self.new_grades: Counter[str] = Counter()  # the same by grade
        self.unconfirmed = 0
        self.changed = 0
        self.causes = store.counts(plan.target)  # in the store, by label
        self._known = store.names(plan.target)
        self._plan = plan
        self._store = store
        self._annotator = Annotator(plan)
        self._server = ReplayServer(plan.core_tracker, plan.platforms)
        self._due = time.monotonic() + SETTLE_EVERY_S
        self._batches: list[_Batch] = []  # at work, oldest first
        self._next: list[list[Report]] = []  # to be replayed when one of these is done

    def settle_if_due(self) -> None:
        """Files what has been replayed; begins with what has been reported since, where it is time to."""
        if self._batches:
            if not self._batches[0].replaying.done():
                return
            start = self._batches[0].start
            self._file_first()
            now = time.monotonic()
            self._due = now + max(SETTLE_EVERY_S, (now - start) * (1 / SETTLE_SHARE - 1))
        elif time.monotonic() > self._due:
            self._begin(self._store.waiting(self._plan.target, SETTLE_FINDINGS))

    def settle_rest(self) -> bool:
        """Replays all that is left in as many processes as there are jobs, and files the first of them; False if
        nothing is left. What is filed together depends on the reports and the jobs alone."""
        if not self._next:
            begun = {report.path for batch in self._batches for report in batch.reports}
            waiting = self._store.waiting(self._plan.target)
            self._next = list(_split([report for report in waiting if report.path not in begun], self._plan.jobs))
        while self._next and len(self._batches) < self._plan.jobs:
            self._begin(self._next.pop(0))
        if not self._batches:
            return False
        self._file_first()
        return True

    def stop(self) -> None:
        """Gives up what is being replayed: it waits for the next run."""
        for batch in self._batches:
            batch.replaying.stop()
        self._batches = []
        self._server.stop()

    def waiting(self) -> int:
        """Findings that are reported and not settled."""
        return sum(len(report.found) for report in self._store.waiting(self._plan.target))

    def _begin(self, reports: Sequence[Report]) -> None:
        plan = self._plan
        raw = [item for report in reports for item in report.found]
        if raw:
            how = (plan.target.tracker, plan.core_tracker, plan.platforms, plan.portfolio)
            self._batches.append(_Batch(reports, Replaying(raw, *how, server=self._server), time.monotonic()))

    def _file_first(self) -> None:
        """Waits for the oldest batch, and files what has come of it."""
        plan, store = self._plan, self._store
        confirmed = self._batches[0].replaying.findings()
        batch = self._batches.pop(0)
        while self._next and len(self._batches) < plan.jobs:
            self._begin(self._next.pop(0))  # it is replayed while these are filed
        settled = store.settle(plan.target, batch.reports, [self._appraise(finding) for finding in confirmed])
        self._known.update(finding.cause for finding in settled.new)
        self.new.update(finding.label for finding in settled.new)
        self.new_grades.update(str(grade_of(finding.triage_cause)) for finding in settled.new)
        self.unconfirmed += settled.unconfirmed
        self.changed += settled.changed
        self.causes = store.counts(plan.target)

    def _appraise(self, finding: Finding | None) -> Finding | None:
        """Only what is new here: the rest is not written again."""
        return finding if finding is None or finding.cause in self._known else self._annotator.annotated(finding)


def _split(reports: Sequence[Report], jobs: int) -> Iterator[list[Report]]:
    """Into equal parts, one a job, or more of them where they would be large."""
    total = sum(len(report.found) for report in reports)
    size = min(SETTLE_FINDINGS, max(ENOUGH_FINDINGS, -(-total // jobs)))
    part: list[Report] = []
    for report in reports:
        part.append(report)
        if sum(len(each.found) for each in part) >= size:
            yield part
            part = []
    if part:
        yield part
