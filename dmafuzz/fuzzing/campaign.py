# SPDX-License-Identifier: GPL-2.0-only
"""One run: workers search, what they report is settled meanwhile, and progress is shown."""

from __future__ import annotations

import secrets
import time
from typing import Any

from dmafuzz.fuzzing.exchange import gather
from dmafuzz.fuzzing.failure import CampaignError
from dmafuzz.fuzzing.plan import Plan
from dmafuzz.fuzzing.progress import Progress
from dmafuzz.fuzzing.settling import SETTLE_FINDINGS, Settling
from dmafuzz.fuzzing.summary import Summary
from dmafuzz.fuzzing.supervisor import Supervisor
from dmafuzz.storage import refusal
from dmafuzz.store import Joining, Store, told_in_one_line
from dmafuzz.store.runs import COUNTERS, ENDED, STARTED

LOOK_EVERY_S = 0.1
COUNT_EVERY_S = 5.0
GATHER_EVERY_S = 60.0


class Campaign:
    """One run of ``dmafuzz fuzz``. Everything it knows is in the store, so a second run goes on from there."""

    def __init__(self, plan: Plan, progress: Progress, store: Store | None = None) -> None:
        """``store``: that of the plan's folder, if it is open already. Raises StoreError."""
        self.plan = plan
        self.progress = progress
        self.summary = Summary()
        self.store = store or Store.create(plan.out)
        self._own_store = store is None
        self.run_id = secrets.token_hex(8)
        self.supervisor = Supervisor(plan, progress.say)
        self.settling = Settling(plan, self.store)
        self._counted_at = self._gathered_at = time.monotonic()

    def run(self) -> Summary:
        """Searches until the time is up, the programs are judged, or the user interrupts; always ends with everything
        recorded.

        Raises StoreError where the store cannot be written, CampaignError where the workers cannot go on.
        """
        try:
            self._begin()
            self._search_and_stop()
            if not self.summary.interrupted:
                self._settle_all()
            self._gather(everything=True)
            self._end()
        finally:
            self.settling.stop()
            self.progress.end()
            if self._own_store:
                self.store.close()
        return self.summary

    def _begin(self) -> None:
        for line in self.store.damage:
            self.progress.say(line)
        self._gather(everything=True, leftovers=True)
        if again := self.store.judge_again(self.plan.target):
            self.progress.say(f"{again:,} findings of another build of dmafuzz are judged again")
        plan = self.plan
        about = {"seed": plan.seed, "jobs": plan.jobs, "engine": plan.engine, "ops": plan.ops_limit}
        self.store.note(STARTED, sync=True, run=self.run_id, target=plan.target.key, **about)

    def _search_and_stop(self) -> None:
        start = time.monotonic()
        self.progress.start(self.plan.seconds)
        try:
            self._search(start)
        except KeyboardInterrupt:
            self.summary.interrupted = True
        except OSError as error:
            raise CampaignError(refusal(error, self.plan.out)) from None
        except RuntimeError as error:
            raise CampaignError(str(error), getattr(error, "ours", True)) from None
        finally:
            # Whatever happened, no worker outlives its parent.
            self.summary.seconds = time.monotonic() - start
            self.supervisor.stop()

    def _search(self, start: float) -> None:
        self.supervisor.start()
        while self.plan.seconds is None or time.monotonic() - start < self.plan.seconds:
            if not self.supervisor.look_after():
                return
            if self.plan.programs is None:  # else what is filed together must not depend on the time
                self.settling.settle_if_due()
                self._gather(everything=False)
            self._update(time.monotonic() - start)
            time.sleep(LOOK_EVERY_S)

    def _settle_all(self) -> None:
        """At the end: what there was no time for while the search was on. An interrupt leaves it to the next run."""
        left = self.settling.waiting()
        if left > SETTLE_FINDINGS:
            self.progress.say(f"the search has ended; replaying the last {left:,} reports")
        try:
            while self.settling.settle_rest():
                self._update(self.summary.seconds)
        except KeyboardInterrupt:
            self.summary.interrupted = True
        except OSError as error:
            raise CampaignError(refusal(error, self.plan.out)) from None
        except RuntimeError as error:
            raise CampaignError(str(error), ours=True) from None

    def _gather(self, everything: bool, leftovers: bool = False) -> None:
        """Makes packs of the programs that workers have exchanged. ``leftovers``: of a run that was killed; where a run
        can be repeated, they must not matter."""
        if not everything and time.monotonic() - self._gathered_at < GATHER_EVERY_S:
            return
        self._gathered_at = time.monotonic()
        with told_in_one_line(self.plan.out):
            programs, files = gather(self.plan.workers, everything)
            if not (leftovers and self.plan.programs is not None):
                self.store.add_programs(self.plan.target, programs)
            for path in files:
                path.unlink(missing_ok=True)

    def _end(self) -> None:
        """What follows from what was filed; a second interrupt cannot do harm here."""
        self._update(self.summary.seconds)
        self.summary.unreplayed = self.settling.waiting()
        self.store.note(ENDED, sync=True, **self._counters(self.summary.seconds))
        self.store.compact(Joining(self.plan.target))
        self.store.write_leaders(self.plan.target)

    def _counters(self, seconds: float) -> dict[str, Any]:
        return {"run": self.run_id, "seconds": round(seconds, 3), "programs": self.summary.programs}

    def _update(self, seconds: float) -> None:
        summary, workers = self.summary, self.supervisor
        summary.programs = workers.programs()
        summary.coverage = max(workers.figures("coverage"), default=0)
        summary.corpus = max(workers.figures("corpus"), default=0)
        summary.waiting = sum(workers.figures("waiting"))
        summary.restarts = workers.restarts
        summary.quarantined = workers.quarantined
        summary.new = self.settling.new
        summary.new_grades = self.settling.new_grades
        summary.unconfirmed = self.settling.unconfirmed
        summary.changed = self.settling.changed
        summary.causes = self.settling.causes
        if time.monotonic() - self._counted_at > COUNT_EVERY_S:
            self._counted_at = time.monotonic()
            self.store.note(COUNTERS, **self._counters(seconds))
        self.progress.update(seconds, summary)
