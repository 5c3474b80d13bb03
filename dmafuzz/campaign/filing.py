# SPDX-License-Identifier: GPL-2.0-only
"""What a slice has found goes into the store: all of it is checked, whoever has sent it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from dmafuzz.campaign.news import News
from dmafuzz.campaign.plan_file import CANARY, CampaignFile
from dmafuzz.campaign.slices import Slice, SliceError, SliceResult
from dmafuzz.storage import write_whole
from dmafuzz.store import Store, Target, facts_of, item_to_finding, told_in_one_line
from dmafuzz.store.runs import ENDED
from dmafuzz.triage import grade_of


@dataclass(frozen=True)
class Filed:
    """``grades``: how many causes are new, in the store and for people (`News`); ``told``: a line for people.
    ``disagree``: programs of a hunt on which dmafuzz is wrong."""

    grades: Counter[str]
    told: str
    disagree: int = 0


class Filing:
    """Of one run."""

    def __init__(self, file: CampaignFile, store: Store, news: News) -> None:
        """Raises PlanFileError."""
        self._news = news
        targets = [file.plan_of(table, store.folder).target for table in file.target]
        self._targets = {target.key: target for target in targets}
        self._store = store
        self.pieces: list[Slice] = []

    def target(self, key: str) -> Target:
        return self._targets[key]

    def file(self, piece: Slice, result: SliceResult) -> Filed | None:
        """None: a slice that can be repeated was cut off; it begins again.

        Raises SliceError for what is not this slice's result, StoreError.
        """
        if result.id != piece.id or result.target != piece.target:
            raise SliceError("the result is another slice's, or of another build of dmafuzz")
        if result.interrupted and piece.repeatable:
            return None
        target = self._targets[piece.target]
        try:
            unknown = [i for i in result.findings if not self._store.has(target, facts_of(i)["cause"])]
            new = self._store.add(target, [item_to_finding(item, target) for item in unknown])
        except ValueError as error:
            raise SliceError(str(error)) from None
        self._store.add_programs(target, result.programs, piece.number)
        with told_in_one_line(self._store.folder):
            for name, text in result.quarantined.items():
                write_whole(self._store.folder / ("unconfirmed" if piece.is_hunt else "quarantine") / name, text)
        about = {"run": piece.id, "target": piece.target, "number": piece.number, "host": result.host}
        figures = {"seconds": result.seconds, "programs": result.counted, "coverage": result.coverage}
        more = {"waiting": result.waiting, "unconfirmed": result.unconfirmed, "new": len(new)}
        self._store.note(ENDED, True, **about, **figures, **more)
        self.pieces.append(piece)
        if piece.is_hunt:
            disagree = ", ".join(f"unconfirmed/{name}" for name in sorted(result.quarantined)) or "none"
            told = f"{result.counted:,} programs in {result.seconds:.0f} s on {result.host}; disagree: {disagree}"
            return Filed(Counter(), told, len(result.quarantined))
        by_label = Counter(finding.label for finding in new)
        causes = ", ".join(f"{count:,} {label}" for label, count in sorted(by_label.items())) or "none"
        told = f"{result.counted:,} programs in {result.seconds:.0f} s on {result.host}; new causes: {causes}"
        told_people = [] if piece.tracker.startswith(CANARY) else [each for each in new if self._news.is_new(each)]
        return Filed(Counter(str(grade_of(each.triage_cause)) for each in told_people), told)
