# SPDX-License-Identifier: GPL-2.0-only
"""Which changes to a tracker are worth writing: each changed rule and each proposal that fits it, reviewed.

Source: docs/spec/verdicts.md §10 (The value of a change to a tracker).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dmafuzz import _core
from dmafuzz.exhaustive.progress import Bar
from dmafuzz.trackers import TrackerError, builtins, default_portfolio, resolve
from dmafuzz.triage import Cause, Grade, grade_of

from .changes import ChangedCause, Effect, TopicChange
from .costs import Costs
from .review import Scope, review
from .sides import by_names

WORTH_A_PATCH = (Grade.A, Grade.B, Grade.C)


@dataclass(frozen=True)
class Candidate:
    """A change by its name (`TRACKER+NAME`), and what it is about: the rule as it is now, or what is proposed."""

    name: str
    about: str
    proposal: bool


@dataclass(frozen=True)
class Worth:
    """What a candidate comes to, of all programs of the alphabet and the corpus; ``topics`` are all that changes."""

    candidate: Candidate
    topics: tuple[TopicChange, ...]
    costs: Costs | None

    def causes(self, effect: Effect) -> list[ChangedCause]:
        return [cause for topic in self.topics if topic.effect is effect for cause in topic.causes]

    @property
    def found(self) -> list[ChangedCause]:
        """The causes of grade A to C that it finds."""
        return [cause for cause in self.causes(Effect.FOUND) if _grade(cause) in WORTH_A_PATCH]

    @property
    def noise(self) -> list[ChangedCause]:
        return self.causes(Effect.NOISE)

    @property
    def kept(self) -> int:
        """Of the noise, what is about programs that keep every rule."""
        return sum(cause.keeps_contract for cause in self.noise)

    @property
    def lost(self) -> list[ChangedCause]:
        return self.causes(Effect.LOST)

    @property
    def figures(self) -> tuple[int, ...]:
        """What is compared first: it finds much, without noise."""
        return (len(self.found), len(self.causes(Effect.FOUND)), len(self.noise), len(self.lost))

    @property
    def rank(self) -> tuple[object, ...]:
        """What finds nothing comes last; of the others what brings no noise, then what is about rule-keeping programs
        least, then what finds most."""
        finds = len(self.causes(Effect.FOUND))
        return (finds == 0, self.kept, bool(self.noise or self.lost), -len(self.found), -finds, self.candidate.name)


def base_of(tracker: str) -> str:
    """The era or proposal whose rules are changed: the tracker's own, or that of the era that a kernel's code is like.

    Raises TrackerError where there is none.
    """
    core = resolve(tracker).core
    name = core.partition(":")[0].partition("@")[2] if core.startswith("kernel") else core
    if name not in {each.name for each in builtins() if each.kind in ("era", "proposal")}:
        raise TrackerError(f"{tracker}: expected an era, a proposal, or a kernel whose era is known")
    return name


def candidates(base: str) -> Iterator[Candidate]:
    """Every changed rule, and every proposal, that changes anything of an era or proposal."""
    rows = [Candidate(name, lacks, False) for name, lacks in _core.what_ifs()]
    rows += [Candidate(each.name, each.changed, True) for each in builtins() if each.kind == "proposal"]
    return (row for row in rows if row.name != base and _core.is_tracker(f"{base}+{row.name}"))


def worth(
    tracker: str,
    ops: int,
    jobs: int,
    portfolio: str | None,
    bar: Bar,
    say: Callable[[str], object] = lambda _: None,
    corpus: Path | None = None,
) -> list[Worth]:
    """All candidates over all programs of up to ``ops`` operations and the corpus, the best first. A proposal that
    comes to the same as a changed rule is left out."""
    base = base_of(tracker)
    name = portfolio or default_portfolio(tracker)
    found: dict[tuple[object, ...], Worth] = {}
    for candidate in candidates(base):
        say(candidate.name)
        scope = Scope(ops, seconds=0, jobs=jobs, corpus=corpus)
        sides = by_names(base, f"{base}+{candidate.name}", name)
        made = review(sides, scope, bar, lambda _seconds, _found: None)
        bar.end()
        each = Worth(candidate, made.topics, made.costs)
        found.setdefault(_content(each), each)
    return sorted(found.values(), key=lambda each: each.rank)


def _content(worth: Worth) -> tuple[object, ...]:
    """What two candidates have in common that are the same change by two names."""
    causes = tuple((cause.effect, cause.signature, cause.program) for topic in worth.topics for cause in topic.causes)
    if not causes:
        return (worth.candidate.name,)
    return (causes, tuple(worth.costs.changed.items()) if worth.costs else ())


def _grade(cause: ChangedCause) -> Grade:
    signature = cause.signature
    return grade_of(
        Cause(signature.label, (signature.kind,), signature.rules, signature.reason, cause.ops, cause.platforms)
    )
