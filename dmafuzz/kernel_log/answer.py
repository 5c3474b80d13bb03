# SPDX-License-Identifier: GPL-2.0-only
"""The answer to a log, as data: causes with their verdicts, groups of a dump, other messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dmafuzz import checks
from dmafuzz.trackers import kernel_of

from . import benches
from .advice import Advice, FalseCase, advice_for
from .benches import Bench, Outcome
from .leaders import Leader, eras_of, leaders
from .machine import Era, era_of, platforms_of, told_era
from .messages import UNKNOWN
from .neighbours import OVERLAPS, Group, groups, mapping_of, overlaps
from .related_messages import RelatedKind, kinds
from .sketch import Sketch, shares_lines, sketches, too_large
from .splat import Live, Log, Other, Splat

CAUSES_MAX = 40  # that are judged; of more there is only the number
GROUPS_MAX = 20
_HARM = ("justified", "hazard", "bookkeeping")


@dataclass(frozen=True)
class Variant:
    """A program that the warning may stand for, and what its warnings come to in the era of the log."""

    sketch: Sketch
    outcome: Outcome

    @property
    def harms(self) -> bool:
        """Whether its warning means something on any platform."""
        return any(self.outcome.by_justification.get(justification) for justification in _HARM)


@dataclass(frozen=True)
class JudgedGroup:
    """Mappings of a dump that share lines: which checks warn, and on which platforms data can be lost."""

    group: Group
    warned: tuple[str, ...]
    losses: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Cause:
    """Warnings of one cause: the first of them, how many, by which devices, and the answer.

    ``eras`` are those in which this very call warns if ``variants`` is not empty, else those in which the check is
    known to fire. ``since`` is the kernel that the check came with. ``here`` are the platforms that stand for the
    machine of the log. ``shares_lines``: it may share its first or last line with something that is not known.
    ``too_large``: it is larger than a program may be. ``true``: it may mean something.
    """

    splat: Splat
    count: int
    devices: tuple[str, ...]
    era: Era
    portfolio: str
    here: tuple[str, ...]
    since: str
    means: str
    advice: Advice
    live: Live | None
    variants: tuple[Variant, ...]
    eras: tuple[str, ...]
    shares_lines: bool
    too_large: bool
    leaders: tuple[Leader, ...]
    false: tuple[FalseCase, ...]
    surely_false: bool
    true: bool


@dataclass(frozen=True)
class Answer:
    """All that is said of a log. ``unjudged`` causes are too many to be looked at."""

    log: Log
    era: Era
    portfolio: str
    causes: tuple[Cause, ...]
    unjudged: int
    groups: tuple[JudgedGroup, ...]
    more_groups: int
    others: tuple[tuple[Other, RelatedKind], ...]

    @property
    def true(self) -> bool:
        """Whether something that the log says is true: a warning that means something, lost data, another fault."""
        return bool(
            any(cause.true for cause in self.causes)
            or self.unjudged
            or any(group.losses for group in self.groups)
            or any(not kind.harmless for _, kind in self.others)
        )


def answer(log: Log, era: str = "", platforms: Sequence[str] = ()) -> Answer:
    """The answer to a log; ``era`` is a tracker that is taken instead of what the log says, ``platforms`` stand for its
    machine. Raises TrackerError and PlatformError for names that are none."""
    found = _causes(log.splats)
    shared = groups(log.live)
    overall = told_era(era) if era else era_of(log.machine.version, _old(log))
    judged = tuple(
        _cause(splats, log, shared, told_era(era) if era else era_of(_version(splats[0], log), _old(log)), platforms)
        for splats in found[:CAUSES_MAX]
    )
    bench = benches.bench(overall.name, tuple(platforms), overall.portfolio)
    return Answer(
        log=log,
        era=overall,
        portfolio=bench.portfolio,
        causes=judged,
        unjudged=max(0, len(found) - CAUSES_MAX),
        groups=tuple(_judged(group, bench) for group in shared[:GROUPS_MAX]),
        more_groups=max(0, len(shared) - GROUPS_MAX),
        others=tuple((other, kinds()[other.kind]) for other in log.others),
    )


def _old(log: Log) -> bool:
    return any(splat.old_header for splat in log.splats)


def _version(splat: Splat, log: Log) -> str:
    return splat.machine.version or log.machine.version


def _causes(splats: Sequence[Splat]) -> list[list[Splat]]:
    """Warnings of one check, driver, mapping and calling function together; the first in time first."""
    found: dict[object, list[Splat]] = {}
    for splat in splats:
        words = tuple(value for name, value in splat.values.items() if name.endswith((" with", " as")))
        message = splat.message if splat.check == UNKNOWN else ""
        key = (splat.check, splat.driver, words, splat.mapper, splat.caller, message)
        found.setdefault(key, []).append(splat)
    return list(found.values())


def _cause(splats: Sequence[Splat], log: Log, shared: Sequence[Group], era: Era, platforms: Sequence[str]) -> Cause:
    first = splats[0]
    bench = benches.bench(era.name, tuple(platforms), era.portfolio)
    arch = _arch_of(platforms) or first.machine.arch or log.machine.arch
    live = mapping_of(first, log.live)
    variants = _variants(first, live, shared, bench)
    advice = advice_for(first.check)
    fitting = tuple(case for case in advice.false if case.fits(first, era.name, arch))
    surely = any(case.is_it(first, era.name, arch) for case in fitting)
    check = checks.named(first.check)
    return Cause(
        splat=first,
        count=len(splats),
        devices=tuple(dict.fromkeys(splat.device for splat in splats if splat.device)),
        era=era,
        portfolio=bench.portfolio,
        here=tuple(platforms) or platforms_of(arch, bench.platforms),
        since=check.messages[0].since if check.messages else "",
        means=check.means,
        advice=advice,
        live=live,
        variants=variants,
        eras=_eras(first.check, variants),
        shares_lines=bool(variants) and shares_lines(first, live),
        too_large=too_large(first, live),
        leaders=tuple(leaders().get((first.check, _leaders_era(era.name)), ())),
        false=fitting,
        surely_false=surely,
        true=not surely and (not variants or any(variant.harms for variant in variants)),
    )


def _arch_of(platforms: Sequence[str]) -> str:
    return platforms[0].split("-")[0] if platforms else ""


def _leaders_era(name: str) -> str:
    """A kernel version stands for its era."""
    return name if name in benches.eras() else era_of(kernel_of(name)).name


def _variants(splat: Splat, live: Live | None, shared: Sequence[Group], bench: Bench) -> tuple[Variant, ...]:
    """Programs that fire the check in this era: one that does not is not what the kernel has seen."""
    found = overlaps(splat, shared) if splat.check in OVERLAPS else sketches(splat, live)
    judged = [Variant(sketch, bench.outcome(sketch.program.ops, splat.check)) for sketch in found]
    return tuple(variant for variant in judged if variant.outcome.fires)


def _eras(check: str, variants: Sequence[Variant]) -> tuple[str, ...]:
    if not variants:
        return eras_of(check)
    ops = [variant.sketch.program.ops for variant in variants]
    return tuple(era for era in benches.eras() if any(benches.bench(era).outcome(each, check).fires for each in ops))


def _judged(group: Group, bench: Bench) -> JudgedGroup:
    if group.program is None:
        return JudgedGroup(group, (), {})
    ops = group.program.ops
    return JudgedGroup(group, tuple(bench.outcomes(ops)), bench.losses(ops))
