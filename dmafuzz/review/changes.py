# SPDX-License-Identifier: GPL-2.0-only
"""What a change to a tracker does: causes that come and go, by topic, and whether that is for the better.

Source: docs/spec/verdicts.md §10 (The value of a change to a tracker).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from dmafuzz import _core
from dmafuzz.exhaustive.result import Signature
from dmafuzz.program import parse
from dmafuzz.program.render import LANGUAGE, VERSION
from dmafuzz.triage import topic_of as topic_in_words


class Effect(Enum):
    """What a changed cause means, in the order in which it is told."""

    CRASH = "crash"  # the tracker's code fails where it did not
    LOST = "lost"  # data can be lost, and the tracker is silent now
    NOISE = "noise"  # a warning without need, or one about a program that keeps every rule
    UNTOLD = "untold"  # a leak or an oops that it does not tell any more
    FOUND = "found"  # data can be lost, and the tracker says so now
    MENDED = "mended"  # it does not crash any more
    HAZARD = "hazard"  # a warning that is harmless there, about data that is lost on another machine
    QUIET = "quiet"  # a warning that is harmless there has gone
    TOLD = "told"  # a leak or an oops that it tells now

    @property
    def worse(self) -> bool:
        """Whether a maintainer has to know before the change is taken."""
        return self in (Effect.CRASH, Effect.LOST, Effect.NOISE, Effect.UNTOLD)


_GAINED = {
    "broken": Effect.CRASH,
    "FN": Effect.LOST,
    "FP": Effect.NOISE,
    "hazard": Effect.HAZARD,
    "bookkeeping": Effect.TOLD,
}
_ENDED = {
    "broken": Effect.MENDED,
    "FN": Effect.FOUND,
    "FP": Effect.QUIET,
    "hazard": Effect.QUIET,
    "bookkeeping": Effect.UNTOLD,
}


def effect_of(gained: bool, signature: Signature) -> Effect | None:
    """The effect of a signature that one tracker shows and the other does not. None of a warning that is justified:
    what it explains says it."""
    if gained and signature.label == "hazard" and not signature.rules:
        return Effect.NOISE
    return (_GAINED if gained else _ENDED).get(signature.label)


def topic_of(signature: Signature) -> str:
    """What the tracker lacks where it is silent, the check where it warns: in words."""
    if signature.label == "broken":
        return signature.kind
    return topic_in_words(signature.label, (signature.kind,), signature.rules, signature.reason).name


@dataclass(frozen=True)
class ChangedCause:
    """A cause that only one of two trackers has, with its minimal program, which shows the change on ``platforms``.

    ``count`` programs of the alphabet show just this, ``composite`` more together with something else; both are 0 for
    what lies beyond the alphabet.
    """

    effect: Effect
    signature: Signature
    program: tuple[str, ...]
    platforms: tuple[str, ...]
    count: int = 0
    composite: int = 0

    @property
    def exact(self) -> bool:
        """Whether it is of the complete part."""
        return self.count + self.composite > 0

    @property
    def topic(self) -> str:
        return topic_of(self.signature)

    @property
    def keeps_contract(self) -> bool:
        return not self.signature.rules

    @property
    def ops(self) -> tuple[_core.Op, ...]:
        return parse("\n".join((f"{LANGUAGE} {VERSION}", *self.program))).ops

    @property
    def rank(self) -> tuple[object, ...]:
        """What is to be looked at first: the contract kept, few rules broken, a small program."""
        return (len(self.signature.rules), tuple(_core.order_of(self.ops)), self.signature, self.program)


@dataclass
class TopicChange:
    """All changed causes of one topic with one effect, the leader first. ``on_platform``: how many programs of the
    alphabet show it there, counted once for each of their signatures."""

    effect: Effect
    topic: str
    causes: list[ChangedCause] = field(default_factory=list)
    on_platform: Counter[str] = field(default_factory=Counter)

    @property
    def leader(self) -> ChangedCause:
        return self.causes[0]

    @property
    def programs(self) -> int:
        """Of the alphabet, on any platform; counted once for each of their signatures."""
        return sum({cause.signature: cause.count + cause.composite for cause in self.causes}.values())


def by_topic(causes: Iterable[ChangedCause], on_platform: dict[tuple[Effect, str], Counter[str]]) -> list[TopicChange]:
    """In the order in which they are told: by effect, then topics of rule-keeping programs, then the largest first."""
    topics: dict[tuple[Effect, str], TopicChange] = {}
    for cause in causes:
        key = (cause.effect, cause.topic)
        topics.setdefault(key, TopicChange(*key)).causes.append(cause)
    order = list(Effect)
    for key, topic in topics.items():
        topic.causes.sort(key=lambda cause: cause.rank)
        topic.on_platform = on_platform.get(key, Counter())
    return sorted(
        topics.values(),
        key=lambda t: (order.index(t.effect), not t.leader.keeps_contract, -len(t.causes), -t.programs, t.topic),
    )
