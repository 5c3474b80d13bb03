# SPDX-License-Identifier: GPL-2.0-only
"""Replays findings in a process that has judged nothing else before anybody hears of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dmafuzz.findings.finding import Finding, RawFinding
from dmafuzz.findings.replay_server import Batch, ReplayServer, ServerGoneError

SCHEDULES_MAX = 2_000  # explored for one finding


class Replaying:
    """Reports that are judged anew on all platforms, in a process that has judged nothing else; those of several CPUs
    in all their schedules too, if these are no more than ``schedules``. It goes on while the caller does other things.
    ``server`` starts that process, one of this tracker and these platforms; None: one is started for these reports.

    Where a signal ends the process, or it takes too long, its reports are judged in halves: one of them is the reason.
    Where it is the server that has been killed, another one is asked.
    """

    def __init__(
        self,
        raw: Sequence[RawFinding],
        tracker: str,
        core_tracker: str,
        platform_names: Sequence[str],
        portfolio: str | None,
        schedules: int = SCHEDULES_MAX,
        server: ReplayServer | None = None,
    ) -> None:
        self._raw = raw
        self._tracker, self._portfolio = tracker, portfolio
        self._server = server or ReplayServer(core_tracker, platform_names)
        self._server_is_own = server is None
        self._found: list[Finding | None] = [None] * len(raw)
        self._left = [_Part(range(len(raw)), schedules)] if raw else []  # the last one is the one at work
        self._batch: Batch | None = None
        self._go_on()

    def done(self) -> bool:
        """Whether all are judged. Raises RuntimeError if a process fails."""
        while self._batch is not None and self._batch.has_ended():
            self._take_in(self._batch)
        return self._batch is None

    def findings(self) -> list[Finding | None]:
        """A finding for each, or None for one that does not show there what its engine reported, or ends the process.

        Waits until all are judged. Raises RuntimeError if a process fails.
        """
        while self._batch is not None:
            self._batch.wait()
            self._take_in(self._batch)
        return self._found

    def stop(self) -> None:
        """Gives up what is not judged yet."""
        if self._batch is not None:
            self._batch.kill()
        self._left = []
        self._go_on()

    def _go_on(self) -> None:
        self._batch = None
        if self._left:
            part = self._left[-1]
            self._batch = self._server.ask([self._raw[at] for at in part.places], part.schedules)
        elif self._server_is_own:
            self._server.stop()

    def _take_in(self, batch: Batch) -> None:
        """Where there are no answers, one of the reports ends the process, or takes for ever: a kernel's own code can
        do that. The others still count. Of a single one it may be another of its schedules that does."""
        try:
            answers = batch.answers()
        except ServerGoneError:
            self._go_on()
            return
        part = self._left.pop()
        if answers is not None:
            for at, answer in zip(part.places, answers, strict=True):
                if answer["shown"]:
                    self._found[at] = _finding(self._raw[at], answer, self._tracker, self._portfolio)
        elif len(part.places) > 1:
            half = len(part.places) // 2
            self._left += [_Part(part.places[half:], part.schedules), _Part(part.places[:half], part.schedules)]
        elif part.schedules:
            self._left.append(_Part(part.places, 0))
        self._go_on()


@dataclass(frozen=True)
class _Part:
    """Reports by their places, and up to how many schedules of each are judged."""

    places: range
    schedules: int


def _finding(item: RawFinding, answer: dict[str, Any], tracker: str, portfolio: str | None) -> Finding:
    outcomes = tuple((platform, tuple(labels)) for platform, labels in answer["outcomes"])
    return Finding(
        item.label,
        tuple(answer["kinds"]),
        item.rules,
        tracker,
        item.records,
        outcomes,
        item.reason,
        tuple(answer["shown_on"]),
        portfolio,
        answer["modality"],
    )
