# SPDX-License-Identifier: GPL-2.0-only
"""The story of a program for people: the answer in short, the verdicts, where things happen and why, and the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dmafuzz import checks
from dmafuzz._core import Corruption
from dmafuzz.program import Program
from dmafuzz.verdicts.judgement import Judgement
from dmafuzz.verdicts.judging import Judging
from dmafuzz.verdicts.meanings import JUSTIFICATIONS, SPOKEN

from . import sentences
from .breaches import breach_sentence
from .explain import MEANWHILE, SO, Sentence, course, outcome
from .groups import Group, grouped
from .in_short import in_short
from .layout import Line, Tone, wrapped
from .listing import failing, listing
from .machine import describe
from .warned import about_warning, kernel_says, prints

_LABEL_CHARS = 14  # with a blank behind, however long
_LEAD_CHARS = 12  # "after op 12", and a blank
_TONES = {"broken": Tone.LOSS, "FN": Tone.LOSS, "FP": Tone.WARNING, "hazard": Tone.WARNING}
_LEAD_TONES = {MEANWHILE: Tone.ASIDE, SO: Tone.LOSS}
_NAMED_MAX = 4
_BLANK = Line("")


def story(program: Program, judging: Judging, judgements: Sequence[Judgement], short: bool = True) -> list[Line]:
    """The lines of the story of one program, whose judgements on one or more platforms ``judging`` has made.

    ``short``: the answer in short stands in front, for which a way out is looked for.
    """
    groups = grouped(judgements)
    parts = [
        in_short(judging, judgements) if short else [],
        _title(judging, judgements),
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


def _title(judging: Judging, judgements: Sequence[Judgement]) -> list[Line]:
    count = len(judgements)
    if tuple(judgement.platform for judgement in judgements) == judging.members:
        where = f"on the {count} platforms of portfolio {judging.portfolio} ({sentences.WHAT_PLATFORMS_ARE})"
    else:
        where = f"on {_some([j.platform for j in judgements])} (portfolio {judging.portfolio})"
    tracker = judging.tracker
    era = "" if tracker.kernel or tracker.core == tracker.name else f" (era {tracker.core})"
    return wrapped("", f"{judgements[0].program}: tracker {tracker.name}{era} {where}", Tone.TITLE, hang=2)


def _verdict(group: Group) -> list[Line]:
    labels = ", ".join(SPOKEN.get(label, label) for label in group.labels)
    tone = _TONES.get(group.labels[0], Tone.PLAIN)
    return wrapped(f"{labels:<{_LABEL_CHARS - 1}} ", f"{happenings(group.first)}: {', '.join(group.platforms)}", tone)


def happenings(judgement: Judgement) -> str:
    """What is corrupt, what warns, which other harms there are, and after which operations."""
    corrupt = _by_op((c.op, c.kind) for c in judgement.corruptions)
    warned = _by_op(((w.op, w.id) for w in judgement.warnings), "at")
    harmed = _by_op((h.op, h.kind) for h in judgement.harms)
    parts = [
        corrupt or "no corruption",
        f"warned: {warned}" if warned else sentences.SILENT if corrupt else "no warning",
        *([f"besides {harmed}"] if harmed else []),
        *([failing(judgement)] if judgement.failed else []),
    ]
    return "; ".join(parts)


def _by_op(events: Iterable[tuple[int, str]], when: str = "after") -> str:
    """ "kind, kind after op 2, kind after op 3", each kind with its first operation only."""
    first: dict[str, int] = {}
    for op, kind in events:
        first.setdefault(kind, op)
    by_op: dict[int, list[str]] = {}
    for kind, op in sorted(first.items(), key=lambda item: item[1]):
        by_op.setdefault(op, []).append(kind)
    return ", ".join(f"{', '.join(kinds)} {when} op {op}" for op, kinds in by_op.items())


def _explanations(program: Program, judging: Judging, groups: Sequence[Group]) -> Iterator[list[Line]]:
    """One explanation for each kind of corruption, on the platform that stands for most; equal ones are shown once."""
    told: dict[tuple[str, tuple[Sentence, ...]], list[tuple[Corruption, list[Sentence]]]] = {}
    judgements: dict[str, Judgement] = {}
    for judgement, corruption in chosen(groups):
        platform = judgement.platform
        judgements[platform] = judgement
        steps = judging.witness(program, platform, corruption)
        way = tuple(course(judgement, corruption, steps))
        told.setdefault((platform, way), []).append((corruption, outcome(judgement, corruption, steps)))
    described: set[str] = set()
    for (platform, way), outcomes in told.items():
        facts = describe(judging.machine(platform), judgements[platform])
        yield list(_explanation(platform, "" if platform in described else facts, way, outcomes))
        described.add(platform)


def chosen(groups: Sequence[Group]) -> list[tuple[Judgement, Corruption]]:
    """For each kind the corruption to explain: unexplained by warnings first, then by how many platforms have it."""
    best: dict[str, tuple[tuple[bool, int, int], Judgement, Corruption]] = {}
    for group in groups:
        # What a tracker would have warned of is unknown once it has crashed.
        for corruption in () if "broken" in group.labels else group.first.corruptions:
            rank = (corruption.explained, -len(group.judgements), corruption.op)
            if corruption.kind not in best or rank < best[corruption.kind][0]:
                best[corruption.kind] = (rank, group.first, corruption)
    return [(judgement, corruption) for _, judgement, corruption in sorted(best.values(), key=lambda b: b[2].op)]


def _explanation(
    platform: str, facts: str, way: Sequence[Sentence], outcomes: Sequence[tuple[Corruption, Sequence[Sentence]]]
) -> Iterator[Line]:
    corruptions = [corruption for corruption, _ in outcomes]
    what = _by_op((corruption.op, corruption.kind) for corruption in corruptions)
    tone = Tone.WARNING if all(corruption.explained for corruption in corruptions) else Tone.LOSS
    yield from wrapped("", f"How {what} becomes possible on {platform}:", tone)
    if facts:
        yield from wrapped("  ", facts, Tone.ASIDE)
    meanings = [said[0] for _, said in outcomes]
    remarks = dict.fromkeys(remark for _, said in outcomes for remark in said[1:])
    for sentence in (*way, *meanings, *remarks):
        tone = _LEAD_TONES.get(sentence.lead, Tone.PLAIN)
        yield from wrapped(f"  {sentence.lead:<{_LEAD_CHARS}}", f"{sentence.text}.", tone)


def _warnings(judgements: Sequence[Judgement]) -> Iterator[Line]:
    """Each warning once, with the verdict on it and where; those of one kind together if the verdict is the same."""
    together: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for (name, op), texts in sorted(_fired(judgements).items(), key=lambda item: item[0][1]):
        said = tuple(f"{text}." for text in texts)
        together.setdefault((name, said), []).append(op)
    for (name, said), ops in together.items():
        where = ", ".join(str(op) for op in ops)
        yield from wrapped("", f"Warning {name} at op {where}: {checks.named(name).means}.", Tone.WARNING)
        for message in kernel_says(name, ops, judgements):
            yield from wrapped("  ", message, Tone.ASIDE, hang=4)
        for op in ops:
            if about := about_warning(name, op, judgements):
                yield from wrapped("  ", about, Tone.ASIDE, hang=4)
        for text in said:
            yield from wrapped("  ", text, hang=4)


def _justification(
    justification: tuple[str, str | None], platforms: Sequence[str], judgements: Sequence[Judgement]
) -> str:
    """The verdict on a warning on some platforms, which are named if they are not all."""
    name, hurts = justification
    if len(judgements) == 1:
        where, here = "", "here"
    elif len(platforms) == len(judgements):
        where, here = " on all of them", "there"
    else:
        where, here = f" on {_some(platforms)}", "there"
    return JUSTIFICATIONS[name].format(where=where, here=here, hurts=hurts, portfolio=judgements[0].portfolio)


def _fired(judgements: Sequence[Judgement]) -> dict[tuple[str, int], list[str]]:
    """For each warning, by id and operation: the verdict on it and whether it is printed, and on which platforms."""
    justifications: dict[tuple[str, int], dict[tuple[str, str | None], list[str]]] = {}
    printed: dict[tuple[str, int], dict[str, list[str]]] = {}
    for judgement in judgements:
        for warning in judgement.warnings:
            justification = warning.justification, warning.hurts
            platforms = justifications.setdefault((warning.id, warning.op), {}).setdefault(justification, [])
            if judgement.platform not in platforms:
                platforms.append(judgement.platform)
        for event, text in prints(judgement).items():
            printed.setdefault(event, {}).setdefault(text, []).append(judgement.platform)
    fired = {
        event: [_justification(*at, judgements) for at in found.items()] for event, found in justifications.items()
    }
    for event, texts in printed.items():
        for text, platforms in texts.items():
            where = _where(platforms, judgements)
            fired[event].append(f"{text}{f' ({where})' if where else ''}")
    return fired


def _where(platforms: Sequence[str], judgements: Sequence[Judgement]) -> str:
    """On which of the platforms, by name where that is short; "" for all of them."""
    others = [judgement.platform for judgement in judgements if judgement.platform not in platforms]
    if not others:
        return ""
    return f"not on {_some(others)}" if len(others) < len(platforms) else f"on {_some(platforms)}"


def _some(platforms: Sequence[str]) -> str:
    """By name, if they are few: the verdicts name them all."""
    return ", ".join(platforms) if len(platforms) <= _NAMED_MAX else f"{len(platforms)} platforms"


def _contract(judgements: Sequence[Judgement]) -> Iterator[Line]:
    places: dict[tuple[str, str], list[str]] = {}
    for judgement in judgements:
        for breach in judgement.contract:
            said = breach_sentence(breach, judgement.ops)
            places.setdefault((breach.rule, said), []).append(judgement.platform)
    if not places:
        yield from wrapped("", _kept(judgements))
        return
    yield Line(sentences.BROKEN)
    for (rule, said), platforms in places.items():
        where = _where(platforms, judgements)
        yield from wrapped("  ", f"{rule}: {said}{f', {where}' if where else ''}", hang=4)


def _kept(judgements: Sequence[Judgement]) -> str:
    if any(judgement.corruptions for judgement in judgements):
        return sentences.KEPT_BUT_CORRUPT
    if any(judgement.warnings for judgement in judgements):
        return sentences.KEPT_BUT_WARNED
    return sentences.KEPT
