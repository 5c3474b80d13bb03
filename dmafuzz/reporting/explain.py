# SPDX-License-Identifier: GPL-2.0-only
"""Why a corruption is possible: a witness, in sentences.

Every sentence is rendered from a step of the core's witness; nothing is judged again here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dmafuzz._core import Corruption, Warning, WitnessStep
from dmafuzz.verdicts.judgement import Judgement
from dmafuzz.verdicts.meanings import reason_words

from . import sentences
from .narrator import Narrator

# What stands in front of sentences. A step of the hardware happens meanwhile.
AS = "as"
MEANWHILE = "meanwhile"
SO = "so"
AND = "and"
YET = "yet"


@dataclass(frozen=True)
class Sentence:
    """A sentence of an explanation and what stands in front of it: "op 3", "after op 1" or one of the words above."""

    lead: str
    text: str


def course(judgement: Judgement, corruption: Corruption, steps: Sequence[WitnessStep]) -> list[Sentence]:
    """How a corruption comes about. ``steps`` is its witness."""
    narrator = Narrator(judgement, corruption)
    causes = [Sentence(AS, said) for said in narrator.failures()]
    if not steps and not causes:
        causes = [Sentence(AS, sentences.VOID)]  # no copy of the bytes took any steps: there is none
    return [*causes, *_told(narrator, [step for step in steps if not step.implied])]


def outcome(judgement: Judgement, corruption: Corruption, steps: Sequence[WitnessStep]) -> list[Sentence]:
    """What that means, and whether the tracker warns."""
    narrator = Narrator(judgement, corruption)
    return [Sentence(SO, narrator.outcome_sentence()), _said(judgement, corruption)]


def _told(narrator: Narrator, steps: Sequence[WitnessStep]) -> Iterator[Sentence]:
    for number, step in enumerate(steps):
        previous = steps[number - 1] if number else None
        if previous is not None and narrator.is_one_sentence(previous, step):
            continue
        if step.asked:
            lead = f"op {step.op}"
        else:
            lead = MEANWHILE if previous is not None and previous.op == step.op else f"after op {step.op}"
        yield Sentence(lead, narrator.sentence(steps, number))


def _said(judgement: Judgement, corruption: Corruption) -> Sentence:
    if corruption.explained:
        # Which of those that cover a corruption cover this one, the core does not say.
        covering = [warning for warning in judgement.warnings if warning.justification == "justified"]
        return Sentence(AND, _of_warnings(sentences.EXPLAINED, judgement.tracker, covering))
    template = sentences.OTHERS if judgement.warnings else sentences.SILENT
    said = _of_warnings(template, judgement.tracker, judgement.warnings)
    return Sentence(YET, said if corruption.reason is None else f"{said}: {reason_words(corruption.reason)}")


def _of_warnings(template: str, tracker: str, warnings: Sequence[Warning]) -> str:
    first = {warning.id: warning.op for warning in reversed(warnings)}
    words = [f"{name} at op {op}" for name, op in sorted(first.items(), key=lambda item: item[1])]
    return template.format(tracker=tracker, warnings=", ".join(words))
