# SPDX-License-Identifier: GPL-2.0-only
"""One run: workers search, what they report is settled meanwhile, and progress is shown."""

from __future__ import annotations

import time

from dmafuzz.fuzzing.earlier import Earlier
from dmafuzz.fuzzing.plan import Plan
from dmafuzz.fuzzing.progress import Progress
from dmafuzz.fuzzing.settling import SETTLE_FINDINGS, Settling
from dmafuzz.fuzzing.summary import Summary
from dmafuzz.fuzzing.supervisor import Supervisor

LOOK_EVERY_S = 0.2


class Campaign:
    """One run of ``dmafuzz fuzz``. Everything it knows is in the output folder, so a second run goes on from there."""

    def __init__(self, plan: Plan, progress: Progress) -> None:
        """Raises OSError if the output folder cannot be used."""
        plan.create_folders()
        self.plan = plan
        self.progress = progress
        self.summary = Summary()
        self.supervisor = Supervisor(plan, progress.say)
        self.settling = Settling(plan)
        self._earlier = Earlier.read(plan)

    def run(self) -> Summary:
        """Searches until the time is up or the user interrupts; always ends with everything recorded."""
        start = time.monotonic()
        self.progress.start(self.plan.seconds)
        try:
            self._search(start)
        except KeyboardInterrupt:
            self.summary.interrupted = True
        finally:
            # Whatever happened, no worker outlives its parent.
            self.summary.seconds = time.monotonic() - start
            self.supervisor.stop()
        try:
            self._settle_all()
        except KeyboardInterrupt:
            self.summary.interrupted = True  # what has not been replayed waits for the next run
        self._update(self.summary.seconds)
        self.progress.end()
        self._earlier.write_with(self.summary, self.plan)
        return self.summary

    def _search(self, start: float) -> None:
        self.supervisor.start()
        while self.plan.seconds is None or time.monotonic() - start < self.plan.seconds:
            self.supervisor.look_after()
            self.settling.settle_if_due()
            self._update(time.monotonic() - start)
            time.sleep(LOOK_EVERY_S)

    def _settle_all(self) -> None:
        """At the end: what there was no time for while the search was on."""
        left = self.settling.waiting()
        if left > SETTLE_FINDINGS:
            self.progress.say(f"the search has ended; replaying the last {left:,} reports")
        while self.settling.settle_some():
            self._update(self.summary.seconds)

    def _update(self, seconds: float) -> None:
        summary, workers = self.summary, self.supervisor
        summary.programs = workers.programs()
        summary.coverage = max(workers.figures("coverage"), default=0)
        summary.corpus = max(workers.figures("corpus"), default=0)
        summary.waiting = sum(workers.figures("waiting"))
        summary.restarts = workers.restarts
        summary.quarantined = workers.quarantined
        summary.new = self.settling.new
        summary.unconfirmed = self.settling.unconfirmed
        summary.causes = self.settling.causes
        self.progress.update(seconds, summary)
