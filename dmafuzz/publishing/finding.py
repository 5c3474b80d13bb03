# SPDX-License-Identifier: GPL-2.0-only
"""The content of the page of one program: judgements, behaviours and what triage says of it, put into words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dmafuzz import _core, checks
from dmafuzz._core import Corruption
from dmafuzz.program import Program, render, render_op
from dmafuzz.reporting import story
from dmafuzz.reporting.breaches import breach_sentence
from dmafuzz.reporting.groups import Group, grouped
from dmafuzz.reporting.history import history as history_of
from dmafuzz.reporting.in_short import REPAIR_PROGRAMS_MAX, answer_of
from dmafuzz.reporting.machine import describe
from dmafuzz.reporting.story import chosen, happenings
from dmafuzz.triage.bench import Bench
from dmafuzz.triage.repairs import repairs_of
from dmafuzz.verdicts import Judging
from dmafuzz.verdicts.judgement import Judgement
from dmafuzz.verdicts.meanings import LABELS, SPOKEN, reason_words

from .content import BrokenRule, Drawing, Finding, Note, Place, ProgramLine, TrackerRow, WayOut
from .drawings import Scene

WAYS_OUT_MAX = 3  # shown
DRAWN_OPS_MAX = 24  # of a program, its tidy-up left out: what is longer is listed, and not drawn
# What the drawings are of.
_LOSSES = "A shortest behaviour for each kind of loss: the fewest unasked steps."
_CALLS = "What the operations do; nothing that happens unasked makes a difference."
_WARNED = ("FP", "hazard", "bookkeeping", "TP")


@dataclass(frozen=True)
class Known:
    """What is known of a program beside its judgements: what triage says, where it was found."""

    id: str = ""
    title: str = ""
    label: str = ""
    grade: str = ""
    topic: str = ""
    ways_out: tuple[WayOut, ...] | None = None  # None: they have to be looked for
    smallest: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    file: str = ""
    known: bool | None = None  # None: there is no baseline
    confirmed: tuple[str, ...] = ()  # what booted kernels have said, in sentences


def finding_of(
    name: str,
    program: Program,
    bench: Judging,
    platforms: Sequence[str],
    known: Known | None = None,
    history: bool = True,
) -> Finding:
    """The content of the page of a program that is called ``name``, on some platforms; ``history``: with the results
    of every other tracker."""
    known = known or Known()
    judgements = [bench.judge(program, platform, name) for platform in platforms]
    groups = grouped(judgements)
    label = known.label or groups[0].labels[0]
    drawings = list(_drawings(program, bench, groups)) if len(program.ops) <= DRAWN_OPS_MAX else []
    finding = Finding(
        id=known.id or name,
        name=name,
        title=known.title or answer_of(bench, judgements)[0],
        label=label,
        label_words=LABELS[label],
        tracker=bench.tracker.name,
        portfolio=bench.portfolio,
        badges=(*_badges(program, label, judgements), *known.confirmed),
        lines=tuple(_lines(judgements)),
        places=tuple(_place(group, drawings) for group in groups),
        drawings=tuple(drawings),
        contract=tuple(_contract(judgements)),
        reason=_reason(judgements),
        drawn_words=_LOSSES if any(group.first.corruptions for group in groups) else _CALLS,
        mail="",
        again=known.again or (f"dmafuzz judge {name} --tracker {bench.tracker.name}",),
        ways_out=_ways_out(program, bench, label) if known.ways_out is None else known.ways_out,
        trackers=tuple(TrackerRow(r.names, r.labels, r.warnings) for r in history_of(program)) if history else (),
        grade=known.grade,
        topic=known.topic,
        smallest=known.smallest,
        warnings=tuple(_warnings(judgements)),
        program=render(program),
        kinds=tuple(dict.fromkeys(_kinds(judgements, label))),
        file=known.file or name,
        known=known.known,
        confirmed=known.confirmed,
    )
    return replace(finding, mail=_mail(finding, program, bench, judgements))


def _ways_out(program: Program, bench: Judging, label: str) -> tuple[WayOut, ...]:
    """Repairs of a program that triage has not been asked about; of a kernel's own code none are looked for."""
    if label not in ("FN", "FP", "hazard") or bench.tracker.kernel:
        return ()
    repairs = repairs_of(program.ops, Bench.of(bench), REPAIR_PROGRAMS_MAX)
    return tuple(WayOut(repair.words, repair.diff) for repair in repairs[:WAYS_OUT_MAX])


def _mail(finding: Finding, program: Program, bench: Judging, judgements: Sequence[Judgement]) -> str:
    lines = [finding.title, ""]
    for way in finding.ways_out[:1]:
        lines += [f"Way out: {way.words}", *(f"    {line}" for line in way.diff), ""]
    return "\n".join([*lines, *(line.text for line in story(program, bench, judgements, short=False))])


def _badges(program: Program, label: str, judgements: Sequence[Judgement]) -> Iterator[str]:
    shown = sum(label in judgement.labels for judgement in judgements)
    yield f"{shown} of {len(judgements)} platforms"
    broken = {breach.rule for judgement in judgements for breach in judgement.contract}
    yield f"breaks {len(broken)} rule{'s' if len(broken) > 1 else ''}" if broken else "keeps the contract"
    cpus = len({op.cpu for op in program.ops})
    devices = len({made.device for judgement in judgements for made in judgement.mappings})
    for count, what in ((cpus, "CPU"), (devices, "device"), (len(program.ops), "operation")):
        yield f"{count} {what}{'' if count == 1 else 's'}"


def _kinds(judgements: Sequence[Judgement], label: str) -> Iterator[str]:
    for judgement in judgements:
        yield from (c.kind for c in judgement.corruptions if label == "FN" and not c.explained)
        wanted = {"FP": "false", "hazard": "hazard"}.get(label, "")
        yield from (w.id for w in judgement.warnings if w.justification == wanted or label == "broken")


def _lines(judgements: Sequence[Judgement]) -> Iterator[ProgramLine]:
    """The program of all judgements; its tidy-up as on the first of them."""
    first = judgements[0]
    for number, op in enumerate(first.ops):
        notes = dict.fromkeys(note for judgement in judgements for note in _notes(judgement, number))
        yield ProgramLine(number, render_op(op), tuple(notes), number >= first.program_ops)


def _notes(judgement: Judgement, number: int) -> Iterator[Note]:
    for breach in judgement.contract:
        if breach.op == number:
            yield Note("rule", f"breaks {breach.rule}")
    for warning in judgement.warnings:
        if warning.op == number:
            yield Note("warning", f"warns: {warning.id}")
    for corruption in judgement.corruptions:
        if corruption.op == number:
            yield Note("loss", corruption.kind)


def _place(group: Group, drawings: Sequence[Drawing]) -> Place:
    labels = ", ".join(SPOKEN.get(label, label) for label in group.labels)
    shown = next((drawing.platform for drawing in drawings if drawing.platform in group.platforms), "")
    return Place(labels, happenings(group.first), group.platforms, shown)


def _contract(judgements: Sequence[Judgement]) -> Iterator[BrokenRule]:
    texts = {str(rule): text for rule, text in _core.rules()}
    broken = {
        (breach.rule, breach_sentence(breach, judgement.ops)): texts[breach.rule]
        for judgement in judgements
        for breach in judgement.contract
    }
    for (rule, sentence), text in broken.items():
        yield BrokenRule(rule, sentence, text)


def _warnings(judgements: Sequence[Judgement]) -> Iterator[tuple[str, str]]:
    """Each kind of warning once: what it means, and the kernel's message."""
    said: dict[str, str] = {}
    for judgement in judgements:
        for warning in judgement.warnings:
            message = judgement.message(warning)
            said.setdefault(warning.id, f"{checks.named(warning.id).means}{f': “{message}”' if message else ''}")
    yield from said.items()


def _reason(judgements: Sequence[Judgement]) -> str:
    """Why the tracker is silent, in a sentence."""
    reasons = dict.fromkeys(c.reason for judgement in judgements for c in judgement.corruptions if c.reason is not None)
    return "; ".join(reason_words(reason) for reason in reasons)


def _drawings(program: Program, bench: Judging, groups: Sequence[Group]) -> Iterator[Drawing]:
    facts = ""
    shown: list[tuple[Judgement, Corruption | None]] = list(chosen(groups))
    warned = next((g for g in groups if g.first.warnings and not g.first.corruptions and g.labels[0] in _WARNED), None)
    if warned is not None:
        shown.insert(0 if warned.labels[0] == "FP" else len(shown), (warned.first, None))
    for judgement, corruption in shown:
        platform = judgement.platform
        if corruption is not None:
            moments = bench.behaviour(program, platform, corruption)
        else:
            moments = bench.asked_course(program, platform, _warned_mapping(judgement))
        if not moments:
            continue
        facts = describe(bench.machine(platform), judgement)
        yield Scene(judgement, moments, bench.tracked_entries(program, platform), corruption, facts).drawing()


def _warned_mapping(judgement: Judgement) -> int:
    """The first mapping that a warning names; 0 if none names any."""
    return next((warning.mappings[0] for warning in judgement.warnings if warning.mappings), 0)
