# SPDX-License-Identifier: GPL-2.0-only
"""What of a campaign's findings is new: nobody has decided about it, and another tracker does not show it as well."""

from __future__ import annotations

from collections.abc import Iterable

from dmafuzz import _core, platforms
from dmafuzz.campaign.baseline import Baseline
from dmafuzz.campaign.plan_file import CampaignFile, PlanFileError
from dmafuzz.findings import Finding
from dmafuzz.trackers import TrackerError, resolve
from dmafuzz.triage import Lead, triaged


class News:
    """``baseline``: what people know. Of a target that has one in ``against``, only what differs from that counts."""

    def __init__(self, file: CampaignFile, baseline: Baseline) -> None:
        self._against = {table.tracker: table.against for table in file.target if table.against}
        self._baseline = baseline
        self._judges: dict[tuple[str, tuple[str, ...]], _core.Judge] = {}

    def is_new(self, finding: Finding) -> bool:
        """Raises PlanFileError for an ``against`` that is no tracker."""
        if self._baseline.knows(finding):
            return False
        other = self._against.get(finding.tracker)
        return other is None or not self._shows(other, finding)

    def leads(self, findings: Iterable[Finding]) -> list[Lead[Finding]]:
        """A lead for each topic that has something new, in order."""
        return triaged(finding for finding in findings if self.is_new(finding))

    def _shows(self, tracker: str, finding: Finding) -> bool:
        """Whether the program shows the same of another tracker: label, kind, rules, on a platform of the finding's."""
        judge = self._judge(tracker, finding.shown_on)
        wanted = (finding.label, sorted(finding.rules))
        return any(
            (shown.label, sorted(shown.rules)) == wanted and shown.kind in finding.kinds and shown.platforms
            for shown in judge.signatures(list(finding.ops))
        )

    def _judge(self, tracker: str, names: tuple[str, ...]) -> _core.Judge:
        if (tracker, names) not in self._judges:
            try:
                models = [platforms.to_core(platforms.load(name)) for name in names]
                self._judges[tracker, names] = _core.Judge(resolve(tracker).core, models)
            except TrackerError as error:
                raise PlanFileError(f"against: {error}") from None
        return self._judges[tracker, names]


def lost_topics(shown: Iterable[tuple[str, str]], baseline: Baseline) -> list[tuple[str, str]]:
    """Topics (tracker, name) that a baseline has as a whole, and that are not among those that were ``shown``."""
    wanted = {(each.tracker, each.topic) for each in baseline.decisions if not each.cause}
    return sorted(topic for topic in wanted - set(shown) if baseline.knows_topic(*topic))
