"""Families of causes: the same rule of the tracker missing or too strict, the same way of losing data.

What a tracker lacks is found out by changing it: where a false negative is gone with one rule changed, or two, these
rules are why. Where no change of a rule helps, it is something that dma-debug does not look at, by the rules that the
program breaks.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from dmafuzz import _core, checks
from dmafuzz.exhaustive.result import Signature
from dmafuzz.trackers import KERNEL


@dataclass(frozen=True, order=True)
class Family:
    """``label``; ``rule``: what the tracker lacks (FN) or looks at (others); ``way``: how data is lost (FN), else
    nothing; ``changes``: the changed rules that would end a false negative, where there are any."""

    label: str
    rule: str
    way: str = ""
    changes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.rule}: {self.way}" if self.way else self.rule


class Families:
    """Finds the families of one tracker's causes. ``platforms`` are those of the judge that found them."""

    def __init__(self, core_tracker: str, platforms: Sequence[_core.Platform]) -> None:
        self._tracker = core_tracker
        self._platforms = list(platforms)
        self._judges: dict[tuple[str, ...], _core.Judge | None] = {}

    def family(self, signature: Signature, ops: Sequence[_core.Op], platform: int) -> Family:
        """Of a cause with that minimal program, shown on that platform."""
        facts = _facts()
        if signature.label != "FN":
            return Family(signature.label, checks.named(signature.kind).looks_at)
        way = facts["ways"][signature.kind]
        for names, lacks in _changes():
            if self._ends(names, signature.kind, ops, platform):
                return Family("FN", lacks, way, names)
        rows = (row for row in facts["unseen"] if not row["rules"] or set(row["rules"]) & set(signature.rules))
        return Family("FN", next(rows)["lacks"], way)

    def _ends(self, names: tuple[str, ...], kind: str, ops: Sequence[_core.Op], platform: int) -> bool:
        judge = self._judge(names)
        return judge is not None and ("FN", kind) not in {(a, b) for a, b in judge.targets(ops, platform)}

    def _judge(self, names: tuple[str, ...]) -> _core.Judge | None:
        """The tracker with these rules changed; None where that changes nothing, or the tracker is no model."""
        if names not in self._judges:
            if self._tracker.startswith(KERNEL):
                return None
            try:
                self._judges[names] = _core.Judge("+".join((self._tracker, *names)), self._platforms)
            except ValueError:
                self._judges[names] = None
        return self._judges[names]


def _changes() -> Iterator[tuple[tuple[str, ...], str]]:
    """Single changes, then pairs, with what the tracker lacks without them."""
    changes = _core.what_ifs()
    yield from (((name,), lacks) for name, lacks in changes)
    for (name, lacks), (other, lacks_too) in itertools.combinations(changes, 2):
        yield (name, other), f"{lacks}, and {lacks_too}"


@cache
def _facts() -> dict[str, Any]:
    text = resources.files("dmafuzz.catalogue").joinpath("families.toml").read_text()
    return tomllib.loads(text)
