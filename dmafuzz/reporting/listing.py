# SPDX-License-Identifier: GPL-2.0-only
"""The program with numbers, its tidy-up, and beside each operation what fires and what becomes possible there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dmafuzz.program import render_op
from dmafuzz.verdicts.judgement import Judgement

from .groups import tidy_up
from .layout import Line, Tone, width_chars

_NUMBER_CHARS = 4
_NOTE_COLUMN = 56  # where notes begin, if the operation leaves room


def listing(judgements: Sequence[Judgement]) -> list[Line]:
    """The lines of the program that all judgements are of, and every tidy-up that some platforms have."""
    first = judgements[0]
    lines: list[Line] = []
    for number, op in enumerate(first.ops[: first.program_ops]):
        lines += _noted(number, render_op(op), _notes(judgements, number))
    tidy_ups: dict[tuple[str, ...], list[Judgement]] = {}
    for judgement in judgements:
        tidy_ups.setdefault(tidy_up(judgement), []).append(judgement)
    for ops, members in sorted(tidy_ups.items(), key=lambda item: -len(item[1])):
        if not ops:
            continue
        lines.append(Line(_tidy_up_title(members, len(tidy_ups) > 1), Tone.ASIDE))
        for number, text in enumerate(ops, first.program_ops):
            lines += _noted(number, text, _notes(members, number))
    return lines


def _tidy_up_title(members: Sequence[Judgement], several: bool) -> str:
    if not several:
        where = ""
    elif members[0].failed:
        where = f", where {failing(members[0])}"
    else:
        where = f", on {len(members)} platforms" if len(members) > 1 else f", on {members[0].platform}"
    return f"      tidy-up{where}:"


def failing(judgement: Judgement) -> str:
    """ "the map of m0 fails", for the mappings whose map fails."""
    failed = ", ".join(f"m{mapping}" for mapping in judgement.failed)
    return f"the map of {failed} fails" if len(judgement.failed) == 1 else f"the maps of {failed} fail"


def _noted(number: int, text: str, notes: Sequence[Line]) -> Iterator[Line]:
    """The operation's line, the first note beside it if there is room, the others below."""
    line = f"{number:>{_NUMBER_CHARS}}  {text}"
    below = list(notes)
    if below and len(line) < _NOTE_COLUMN and _NOTE_COLUMN + len(below[0].text) <= width_chars():
        note = below.pop(0)
        yield Line(f"{line:<{_NOTE_COLUMN}}{note.text}", note.tone)
    else:
        yield Line(line)
    for note in below:
        yield Line(" " * min(_NOTE_COLUMN, width_chars() - len(note.text)) + note.text, note.tone)


def _notes(judgements: Sequence[Judgement], number: int) -> list[Line]:
    """What fires or becomes possible at an operation, each kind once, with the number of platforms it does so on."""
    warnings: dict[str, set[str]] = {}
    corruptions: dict[str, set[str]] = {}
    for judgement in judgements:
        for warning in judgement.warnings:
            if warning.op == number:
                warnings.setdefault(warning.id, set()).add(judgement.platform)
        for corruption in judgement.corruptions:
            if corruption.op == number:
                corruptions.setdefault(corruption.kind, set()).add(judgement.platform)
    total = len(judgements)
    return [
        *(Line(f"<- warns: {name}{_on(len(where), total)}", Tone.WARNING) for name, where in warnings.items()),
        *(Line(f"<- possible: {name}{_on(len(where), total)}", Tone.LOSS) for name, where in corruptions.items()),
    ]


def _on(count: int, total: int) -> str:
    return "" if count == total else f" ({count} of {total})"
