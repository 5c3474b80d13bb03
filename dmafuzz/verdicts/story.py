"""The story of a program for people: what the verdicts are, where things happen, why, and which rules are broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dmafuzz import _core
from dmafuzz.program import Program

from . import sentences
from .catalogue import WARNINGS, WORTH
from .explain import SO, THEN, YET, explain
from .groups import Group, grouped
from .judgement import Corruption, Judgement
from .judging import Judging
from .layout import Line, Tone, wrapped
from .listing import listing
from .machine import describe

_LABEL_CHARS = 14
_LEAD_CHARS = 11
_TONES = {"FN": Tone.LOSS, "FP": Tone.WARNING, "hazard": Tone.WARNING}
_BLANK = Line("")


def story(program: Program, judging: Judging, judgements: Sequence[Judgement]) -> list[Line]:
    """The lines of the story of one program, whose judgements on one or more platforms ``judging`` has made."""
    groups = grouped(judgements)
    parts = [
        [_title(judging, judgements)],
        listing(judgements),
        [line for group in groups for line in _verdict(group)],
        *_explanations(program, judging, groups),
        list(_warnings(judgements)),
        list(_contract(judgements)),
    ]
    lines: list[Line] = []
    for part in parts:
        lines += [_BLANK, *part] if lines and part else part
    return lines


def _title(judging: Judging, judgements: Sequence[Judgement]) -> Line:
    count = len(judgements)
    where = f"{count} platforms" if count > 1 else judgements[0].platform
    return Line(
        f"{judgements[0].program}: tracker {judging.tracker.name}, {where}, portfolio {judging.portfolio}", Tone.TITLE
    )


def _verdict(group: Group) -> list[Line]:
    labels = ", ".join(group.labels)
    tone = _TONES.get(group.labels[0], Tone.PLAIN)
    return wrapped(f"{labels:<{_LABEL_CHARS}}", f"{_happenings(group.first)}: {', '.join(group.platforms)}", tone)


def _happenings(judgement: Judgement) -> str:
    """What is corrupt, what warns, which other harms there are, and after which operations."""
    corrupt = _by_op((c.op, c.kind) for c in judgement.corruptions)
    warned = _by_op((w.op, w.id) for w in judgement.warnings)
    harmed = _by_op((h.op, h.kind) for h in judgement.harms)
    failed = ", ".join(f"m{mapping}" for mapping in judgement.failed)
    parts = [
        corrupt or "no corruption",
        f"warned: {warned}" if warned else "no warning",
        *([f"besides {harmed}"] if harmed else []),
        *([f"the map of {failed} fails"] if failed else []),
    ]
    return "; ".join(parts)


def _by_op(events: Iterable[tuple[int, str]]) -> str:
    """ "kind, kind after op 2, kind after op 3", each kind with its first operation only."""
    first: dict[str, int] = {}
    for op, kind in events:
        first.setdefault(kind, op)
    by_op: dict[int, list[str]] = {}
    for kind, op in sorted(first.items(), key=lambda item: item[1]):
        by_op.setdefault(op, []).append(kind)
    return ", ".join(f"{', '.join(kinds)} after op {op}" for op, kinds in by_op.items())


def _explanations(program: Program, judging: Judging, groups: Sequence[Group]) -> Iterator[list[Line]]:
    """One explanation for each kind of corruption, on the platform that stands for most."""
    described: set[str] = set()
    for judgement, corruption in _chosen(groups):
        yield list(_explanation(program, judging, judgement, corruption, judgement.platform not in described))
        described.add(judgement.platform)


def _chosen(groups: Sequence[Group]) -> list[tuple[Judgement, Corruption]]:
    """For each kind the corruption to explain: unexplained by warnings first, then by how many platforms have it."""
    best: dict[str, tuple[tuple[bool, int, int], Judgement, Corruption]] = {}
    for group in groups:
        for corruption in group.first.corruptions:
            rank = (corruption.explained, -len(group.judgements), corruption.op)
            if corruption.kind not in best or rank < best[corruption.kind][0]:
                best[corruption.kind] = (rank, group.first, corruption)
    return [(judgement, corruption) for _, judgement, corruption in sorted(best.values(), key=lambda b: b[2].op)]


def _explanation(
    program: Program, judging: Judging, judgement: Judgement, corruption: Corruption, describe_machine: bool
) -> Iterator[Line]:
    platform = judgement.platform
    yield from wrapped(
        "",
        f"Why {corruption.kind} after op {corruption.op} on {platform}:",
        Tone.WARNING if corruption.explained else Tone.LOSS,
    )
    if describe_machine:
        facts = describe(judging.machine(platform), judgement.ops)
        yield from wrapped(f"  {platform}: ", facts, Tone.ASIDE, hang=_LEAD_CHARS)
    steps = judging.witness(program, platform, corruption)
    for sentence in explain(judgement, corruption, steps, judging.bounced(program, platform)):
        tone = {THEN: Tone.ASIDE, SO: Tone.LOSS, YET: Tone.PLAIN}.get(sentence.lead, Tone.PLAIN)
        yield from wrapped(f"  {sentence.lead:<{_LEAD_CHARS - 2}}", f"{sentence.text}.", tone)


def _warnings(judgements: Sequence[Judgement]) -> Iterator[Line]:
    """Each warning once, with what it comes to where."""
    fired: dict[tuple[int, str], dict[str, list[str]]] = {}
    for judgement in judgements:
        for warning in judgement.warnings:
            worth = WORTH[warning.worth].format(hurts=warning.hurts, portfolio=judgement.portfolio)
            platforms = fired.setdefault((warning.op, warning.id), {}).setdefault(worth, [])
            if judgement.platform not in platforms:
                platforms.append(judgement.platform)
    for (op, name), worths in sorted(fired.items()):
        yield from wrapped("", f"Warning {name} at op {op}: {WARNINGS.get(name, WARNINGS['unknown'])}.", Tone.WARNING)
        for worth, platforms in worths.items():
            where = "" if len(judgements) == 1 else f"on {_some(platforms, len(judgements))}: "
            yield from wrapped("  ", f"{where}{worth}.")


def _some(platforms: Sequence[str], total: int) -> str:
    """All, or how many and which."""
    if len(platforms) == total:
        return f"all {total}"
    return platforms[0] if len(platforms) == 1 else f"{len(platforms)} ({', '.join(platforms)})"


def _contract(judgements: Sequence[Judgement]) -> Iterator[Line]:
    broken: dict[str, list[tuple[int, str]]] = {}
    for judgement in judgements:
        for breach in judgement.contract:
            broken.setdefault(breach.rule, []).append((breach.op, judgement.platform))
    if not broken:
        yield from wrapped("", _kept(judgements))
        return
    yield Line(sentences.BROKEN)
    texts = dict(_core.rules())
    for rule, places in broken.items():
        where = "" if len(places) == len(judgements) else f" (on {_some([p for _, p in places], len(judgements))})"
        ops = " or ".join(str(op) for op in sorted({op for op, _ in places}))
        yield from wrapped("  ", f"{rule}, op {ops}: {texts[rule]}{where}", hang=4)


def _kept(judgements: Sequence[Judgement]) -> str:
    if any(judgement.corruptions for judgement in judgements):
        return sentences.KEPT_BUT_CORRUPT
    if any(judgement.warnings for judgement in judgements):
        return sentences.KEPT_BUT_WARNED
    return sentences.KEPT
