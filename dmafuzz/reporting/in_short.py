# SPDX-License-Identifier: GPL-2.0-only
"""A story in three sentences: the answer, why it is so, and the way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dmafuzz._core import Op
from dmafuzz.program import Program
from dmafuzz.triage.bench import Bench
from dmafuzz.triage.repairs import Repair, repairs_of
from dmafuzz.verdicts.judgement import Judgement
from dmafuzz.verdicts.judging import Judging
from dmafuzz.verdicts.meanings import reason_words

from . import sentences
from .breaches import breach_sentence
from .layout import Line, Tone, wrapped

REPAIR_PROGRAMS_MAX = 600  # judged for a story on the way; `judge --repair` looks on
_NAMED_MAX = 3
_LEAD_CHARS = 8


def in_short(judging: Judging, judgements: Sequence[Judgement]) -> list[Line]:
    """The lines. Of a kernel's own code no repairs are looked for: it may hang on what nobody has judged before."""
    answer, tone = answer_of(judging, judgements)
    lines = wrapped("", f"{answer}.", tone)
    for why in _why(judgements):
        lines += wrapped(f"{'Why:':<{_LEAD_CHARS}}", why)
    if tone != Tone.PLAIN and not judging.tracker.kernel:
        kept = not any(judgement.contract for judgement in judgements)
        lines += _way_out(kept, repairs_of(_program(judgements), Bench.of(judging), REPAIR_PROGRAMS_MAX))
    return lines


def repair_lines(repairs: Sequence[Repair], shown_max: int) -> Iterator[Line]:
    """Repairs in full, with their diffs."""
    if not repairs:
        yield from wrapped("", sentences.NO_REPAIR)
    for number, repair in enumerate(repairs[:shown_max]):
        if number:
            yield Line("")
        yield from wrapped(f"{'Or:' if number else 'Repair:':<{_LEAD_CHARS}}", f"{repair.words}.", Tone.TITLE)
        for line in repair.diff:
            yield Line(f"    {line}", Tone.ASIDE if line.startswith(" ") else Tone.PLAIN)


def _way_out(kept: bool, repairs: Sequence[Repair]) -> list[Line]:
    """In a program that keeps the contract nothing is to be repaired."""
    lead = f"{'Workaround:' if kept else 'Repair:':<{_LEAD_CHARS}}"
    return [line for repair in repairs[:1] for line in wrapped(f"{lead.rstrip()} ", f"{repair.words}.")]


def _program(judgements: Sequence[Judgement]) -> tuple[Op, ...]:
    first = judgements[0]
    return first.ops[: first.program_ops]


def answer_of(judging: Judging, judgements: Sequence[Judgement]) -> tuple[str, Tone]:
    """The most important thing that is so, about the platforms that were asked."""
    labelled = {label: [j for j in judgements if label in j.labels] for label in _ANSWERS}
    label = next(label for label in _ANSWERS if labelled[label] or label == "TN")
    here = labelled[label]
    template, tone = _ANSWERS[label]
    if label == "hazard" and len(judgements) == 1:
        template = sentences.SPURIOUS_HERE
    where = _where(len(here), judgements)
    names = {"where": where, "tracker": f"dma-debug {judging.tracker.name}", "more": _more(label, labelled)}
    hurts = _hurts(judging, judgements) if label == "hazard" else ""
    return template.format_map({**names, "hurts": hurts}), tone


_ANSWERS = {
    "broken": (sentences.CRASHES, Tone.LOSS),
    "FN": (sentences.LOST_IN_SILENCE, Tone.LOSS),
    "TP": (sentences.LOST_AND_TOLD, Tone.WARNING),
    "hazard": (sentences.TRUE_ELSEWHERE, Tone.WARNING),
    "FP": (sentences.SPURIOUS, Tone.WARNING),
    "bookkeeping": (sentences.OTHER_HARM, Tone.WARNING),
    "TN": (sentences.NOTHING_LOST, Tone.PLAIN),
}


def _more(label: str, labelled: dict[str, list[Judgement]]) -> str:
    """What else the tracker says of a program that loses data in silence."""
    warned = {warning.id for found in labelled.values() for j in found for warning in j.warnings}
    return sentences.NOT_OF_THIS.format(warnings=", ".join(sorted(warned))) if label == "FN" and warned else ""


def _where(count: int, judgements: Sequence[Judgement]) -> str:
    if len(judgements) == 1:
        return f"on {judgements[0].platform}"
    return f"on {count} of {len(judgements)} platforms"


def _hurts(judging: Judging, judgements: Sequence[Judgement]) -> str:
    """The platforms of the portfolio on which the program loses data."""
    program = Program(ops=_program(judgements))
    judged = {judgement.platform: judgement for judgement in judgements}
    names = [p for p in judging.members if (judged.get(p) or judging.judge(program, p)).corruptions]
    if len(names) == _NAMED_MAX + 1:
        return f"{', '.join(names[:_NAMED_MAX])} and {names[-1]}"
    return " and ".join(names[:_NAMED_MAX]) + (" and others" if len(names) > _NAMED_MAX else "")


def _why(judgements: Sequence[Judgement]) -> Iterator[str]:
    """The rules that are broken, then why the tracker is silent."""
    found = [j for j in judgements if j.labels != ("TN",)]
    breaches = dict.fromkeys(breach_sentence(breach, j.ops) for j in found for breach in j.contract)
    if breaches:
        said = list(breaches)
        more = f"; and {len(said) - _NAMED_MAX} rules more" if len(said) > _NAMED_MAX else ""
        yield f"{'; '.join(said[:_NAMED_MAX])}{more}."
    elif found:
        yield f"{sentences.KEPT_IN_SHORT}."
    reasons = dict.fromkeys(c.reason for j in found for c in j.corruptions if c.reason)
    if reasons:
        yield f"it is silent: {'; '.join(reason_words(reason) for reason in reasons)}."
