# SPDX-License-Identifier: GPL-2.0-only
"""Carries out a plan: hands slices to an executor, files what comes back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from dmafuzz.campaign.executors import Executor, ExecutorError, Outcome, leases
from dmafuzz.campaign.filing import Filing
from dmafuzz.campaign.news import News
from dmafuzz.campaign.plan_file import CampaignFile
from dmafuzz.campaign.schedule import Schedule
from dmafuzz.campaign.slices import Slice, SliceError
from dmafuzz.campaign.status import Standing, standings
from dmafuzz.fuzzing import CampaignError
from dmafuzz.store import Joining, Keep, Store
from dmafuzz.store.runs import FAILED, PLANNED

REST_S_MIN = 1.0  # a slice that is shorter is not worth its start
LOOK_EVERY_S = 0.05
OTHERS_EVERY_S = 2.0  # where hosts share the store, what they have done is read so often
TRIES_MAX = 3  # of a slice whose process is killed
JOIN_EVERY = 32  # slices


class CampaignRun:
    """One run of a plan. Running it twice goes on where it was."""

    def __init__(
        self, file: CampaignFile, store: Store, executor: Executor, news: News, say: Callable[[str], None]
    ) -> None:
        """Raises PlanFileError, StoreError."""
        self._file = file
        self._store = store
        self._executor = executor
        self._say = say
        self._filing = Filing(file, store, news)
        self._at_work: dict[str, Slice] = {}
        self._tries: Counter[str] = Counter()
        self._others_at = time.monotonic()
        self._filed = 0
        self.interrupted = False
        self.new: Counter[str] = Counter()  # causes that are new for people, by grade
        self.disagree = 0  # programs on which a booted kernel shows that dmafuzz is wrong

    def run(self, seconds: float | None, slices: int | None = None) -> list[Standing]:
        """Until the time is up, so many slices are done, or the user interrupts.

        Raises StoreError, CampaignError, PlanFileError.
        """
        end = None if seconds is None else time.monotonic() + seconds
        try:
            self._schedule = Schedule(self._file, self._store, slices)
            for line in self._store.damage:
                self._say(line)
            self._go_on(end)
        except KeyboardInterrupt:
            self.interrupted = True
        except ExecutorError as error:
            raise CampaignError(str(error), error.ours) from None
        finally:
            try:
                self._file_all(self._executor.interrupt())
            finally:
                self._executor.close()
        self._join(last=True)
        for target in {piece.target for piece in self._filing.pieces}:
            self._store.write_leaders(self._filing.target(target))
        return standings(self._file, self._store)

    def _go_on(self, end: float | None) -> None:
        while True:
            left = None if end is None else end - time.monotonic()
            if left is None or left >= REST_S_MIN:
                self._begin_some(left)
            if not self._at_work and not self._waits_for_others():
                return
            if left is not None and left <= 0 and self._file.repeatable:
                return  # what is cut off begins again the next time, to the same end
            self._file_all(self._executor.ended())
            time.sleep(LOOK_EVERY_S)

    def _begin_some(self, left: float | None) -> None:
        self._look_at_others()
        while len(self._at_work) < self._executor.places():
            piece = self._schedule.next(left)
            if piece is None:
                return
            here = self._executor.submit(piece)
            self._schedule.begun(piece, here)
            if here:
                self._at_work[piece.id] = piece
                self._store.note(PLANNED, True, run=piece.id, target=piece.target, number=piece.number,
                                 slice=piece.to_json())  # fmt: skip

    def _shared(self) -> bool:
        return self._file.campaign.executor == "folder"

    def _waits_for_others(self) -> bool:
        """Whether there is more to do once others have done their part."""
        return self._shared() and self._file.repeatable and self._schedule.waits()

    def _look_at_others(self) -> None:
        if self._shared() and time.monotonic() - self._others_at > OTHERS_EVERY_S:
            self._others_at = time.monotonic()
            self._store.refresh()
            self._schedule.refresh(self._at_work)

    def _file_all(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            piece = outcome.piece
            if self._at_work.pop(piece.id, None) is None:
                continue  # it was done twice
            if outcome.result is None:
                self._mourn(outcome)
                continue
            try:
                filed = self._filing.file(piece, outcome.result)
            except SliceError as error:
                raise CampaignError(f"{piece.tracker}: slice {piece.number}: {error}") from None
            self._executor.filed(piece)
            if filed is None:
                self._schedule.given_back(piece)
                continue
            self._schedule.ended(piece, outcome.result.seconds)
            self.new += filed.grades
            self.disagree += filed.disagree
            name = f"{piece.tracker} on {piece.portfolio}" if piece.is_hunt else piece.tracker
            self._say(f"{name}: slice {piece.number + 1}: {filed.told}")
            self._filed += 1
            if self._filed % JOIN_EVERY == 0:
                self._join()

    def _mourn(self, outcome: Outcome) -> None:
        piece = outcome.piece
        if outcome.fatal:
            raise CampaignError(f"{piece.tracker}: slice {piece.number + 1}: {outcome.why}", outcome.ours)
        self._tries[piece.id] += 1
        self._say(f"{piece.tracker}: slice {piece.number + 1} came to nothing: {outcome.why}")
        if self._tries[piece.id] < TRIES_MAX:
            self._schedule.given_back(piece)
        else:
            self._store.note(FAILED, True, run=piece.id, why=outcome.why)
            self._schedule.ended(piece, 0.0)

    def _join(self, last: bool = False) -> None:
        """Small packs as one, and in the end the limits of the plan; where hosts share the store that is
        `campaign prune`'s."""
        if not self._shared():
            needed = {name for piece in self._at_work.values() for name in piece.corpus}
            needed |= {name for _, names in leases(self._store.folder) for name in names}
            if last:
                limits = self._file.keep
                keep = Keep(limits.causes_per_topic, limits.corpus_days, limits.corpus_megabytes)
                self._store.keep_to(keep, needed)
            self._store.compact(Joining(before=self._schedule.settled(), leave=needed))
