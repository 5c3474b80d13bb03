# SPDX-License-Identifier: GPL-2.0-only
"""What the live page shows: made anew from the store each time it is asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from dmafuzz.campaign.executors import leases
from dmafuzz.campaign.figures import FIGURES, TargetState, states
from dmafuzz.campaign.plan_file import CampaignFile
from dmafuzz.campaign.status import standings
from dmafuzz.store import Run, Store
from dmafuzz.store.leads import Filed
from dmafuzz.triage import Lead, order_of
from dmafuzz.triage.order import Order
from dmafuzz.triage.titles import title_of

BUSY_S_MAX = 600.0  # of a slice that was planned and has not ended: later it counts as given up
PLOT_WIDTH, PLOT_HEIGHT = 640, 120


@dataclass(frozen=True)
class Host:
    """``slices`` done; ``age`` of its last sign of life (s); ``at``: what it is at, where that is known."""

    name: str
    slices: int
    age: float
    at: str = ""


@dataclass(frozen=True)
class First:
    """One of the things to look at first."""

    grade: str
    tracker: str
    cause: str
    title: str
    causes: int


@dataclass(frozen=True)
class Growth:
    """How topics or coverage have grown: the points of a line, as SVG wants them, and its last value."""

    tracker: str
    what: str
    points: str
    last: int
    since: float


@dataclass(frozen=True)
class Live:
    """``figures``: title, meaning, and the words for each target."""

    name: str
    at: float
    trackers: Sequence[str]
    figures: Sequence[tuple[str, str, Sequence[str]]]
    hosts: Sequence[Host]
    at_work: Sequence[str]
    first: Sequence[First]
    growth: Sequence[Growth]


def live_of(file: CampaignFile, folder: Path) -> Live:
    """Raises StoreError, PlanFileError."""
    now = time.time()
    with closing(Store.open(folder)) as store:
        found = states(standings(file, store), store, now)
        first = list(_first(file, store, found))
    runs = [run for state in found for run in state.standing.runs]
    names = {state.standing.target.key: state.standing.table.tracker for state in found}
    return Live(
        file.campaign.name,
        now,
        list(names.values()),
        [(figure.title, figure.means, [figure.words(state) for state in found]) for figure in FIGURES],
        _hosts(runs, folder, names, now),
        [
            f"{names[run.target]}: slice {(run.number or 0) + 1}, for {now - run.started:.0f} s"
            for run in _busy(runs, now)
        ],
        first,
        [growth for state in found for growth in _growths(state, now)],
    )


def _busy(runs: Sequence[Run], now: float) -> list[Run]:
    return [run for run in runs if not run.ended and not run.failed and now - run.started < BUSY_S_MAX]


def _hosts(runs: Sequence[Run], folder: Path, names: dict[str, str], now: float) -> list[Host]:
    done: dict[str, list[Run]] = {}
    for run in runs:
        if run.host:
            done.setdefault(run.host, []).append(run)
    hosts = [Host(name, len(own), now - max(run.at for run in own)) for name, own in sorted(done.items())]
    held = [lease for lease, _ in leases(folder) if lease.host and not lease.stale]
    return hosts + [Host(lease.host, 0, 0.0, _leased(lease.path, names)) for lease in held]


def _leased(path: Path, names: dict[str, str]) -> str:
    target, _, number = path.stem.partition("-")
    return f"{names.get(target, 'another target')}: slice {int(number) + 1 if number.isdecimal() else number}"


def _first(file: CampaignFile, store: Store, found: Sequence[TargetState]) -> Iterator[First]:
    """Of all targets but canaries: the first cause of each topic, in order."""
    shown: list[tuple[Order, str, Lead[Filed]]] = []
    for state in found:
        if not state.standing.table.is_canary:
            tracker = state.standing.table.tracker
            leads = [lead for lead in store.leads(state.standing.target) if str(lead.grade) in file.triage.show]
            shown += [(order_of(lead.leader.triage_cause), tracker, lead) for lead in leads[: file.triage.top]]
    for _, tracker, lead in sorted(shown, key=lambda each: each[:2])[: file.triage.top]:
        yield First(str(lead.grade), tracker, lead.leader.cause, title_of(lead.leader.triage_cause), len(lead.causes))


def _growths(state: TargetState, now: float) -> Iterator[Growth]:
    tracker = state.standing.table.tracker
    times = sorted(topic.first for topic in state.topics if topic.first is not None)
    yield _growth(tracker, "topics", [(at, number) for number, at in enumerate(times, 1)], now)
    ended = sorted((run.at, run.coverage) for run in state.standing.runs if run.ended)
    yield _growth(tracker, "coverage", ended, now)


def _growth(tracker: str, what: str, points: Sequence[tuple[float, int]], now: float) -> Growth:
    if not points:
        return Growth(tracker, what, "", 0, now)
    begin, top = points[0][0], max(1, max(value for _, value in points))
    width = max(1.0, now - begin)
    drawn = [*points, (now, points[-1][1])]
    step = max(1, len(drawn) // 400)
    places = (
        (PLOT_WIDTH * (at - begin) / width, PLOT_HEIGHT * (1 - value / top))
        for at, value in [*drawn[::step], drawn[-1]]
    )
    return Growth(tracker, what, " ".join(f"{x:.1f},{y:.1f}" for x, y in places), points[-1][1], begin)
