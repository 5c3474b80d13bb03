# SPDX-License-Identifier: GPL-2.0-only
"""The complete part of a review: every program of the alphabet under both trackers, and its changed causes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dmafuzz import _core
from dmafuzz.catalogue.reduce import Reduced
from dmafuzz.catalogue.reduce import causes as reduced_causes
from dmafuzz.exhaustive import PairPlan, PairSearch, SideBySide, Signature
from dmafuzz.exhaustive.progress import Bar
from dmafuzz.exhaustive.result import places
from dmafuzz.exhaustive.side_by_side import Changed
from dmafuzz.platforms import PlatformFile, to_core
from dmafuzz.program import render_op

from .changes import ChangedCause, Effect, effect_of, topic_of

OnPlatform = dict[tuple[Effect, str], Counter[str]]


@dataclass(frozen=True)
class Exact:
    """``seen``: counts and labels; ``causes``: those that only one of the trackers has, each minimal; ``on_platform``:
    programs by effect, topic and platform, counted once for each of their signatures."""

    seen: SideBySide
    causes: tuple[ChangedCause, ...]
    on_platform: OnPlatform

    @property
    def programs(self) -> int:
        return self.seen.first.programs


class _OneWay:
    """The changes in one direction, for the reducer."""

    def __init__(self, pair: _core.PairJudge, gained: bool) -> None:
        self._pair, self._gained = pair, gained

    def signatures(self, ops: Sequence[_core.Op], /) -> list[_core.Change]:
        return [change for change in self._pair.changes(ops) if change.gained == self._gained]

    def minimize(self, ops: Sequence[_core.Op], platform: int, label: str, kind: str, reason: str, /) -> _core.Change:
        return self._pair.minimize(ops, platform, self._gained, label, kind, reason)


def exact(plan: PairPlan, bar: Bar) -> Exact:
    """Searches, and reduces what has changed to causes."""
    seen = PairSearch(plan).run(bar)
    pair = _core.PairJudge(plan.first, plan.second, [to_core(member) for member in plan.members])
    bar.start("causes", len(seen.gained) + len(seen.ended))
    causes: list[ChangedCause] = []
    on_platform: OnPlatform = {}
    for gained, changed in ((True, seen.gained), (False, seen.ended)):
        one_way = _OneWay(pair, gained)
        told = {signature: each for signature, each in changed.items() if effect_of(gained, signature)}
        for reduced in reduced_causes({s: each.found for s, each in told.items()}, one_way, bar.advance):
            causes.append(_cause(reduced, gained, one_way, plan.members))
        for signature, each in told.items():
            _add_platforms(on_platform, gained, signature, each)
    return Exact(seen, tuple(causes), on_platform)


def _add_platforms(on_platform: OnPlatform, gained: bool, signature: Signature, changed: Changed) -> None:
    effect = effect_of(gained, signature)
    if effect is not None:
        on_platform.setdefault((effect, topic_of(signature)), Counter()).update(changed.on_platform)


def _cause(reduced: Reduced, gained: bool, one_way: _OneWay, members: Sequence[PlatformFile]) -> ChangedCause:
    effect = effect_of(gained, reduced.signature)
    assert effect is not None  # the others are not reduced
    shown = {Signature.of(change): change.platforms for change in one_way.signatures(reduced.ops)}
    return ChangedCause(
        effect,
        reduced.signature,
        tuple(render_op(op) for op in reduced.ops),
        tuple(members[i].name for i in places(shown.get(reduced.signature, 0))),
        reduced.count,
        reduced.composite,
    )
