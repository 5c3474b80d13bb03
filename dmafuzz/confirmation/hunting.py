# SPDX-License-Identifier: GPL-2.0-only
"""Random programs against a guest: where the two disagree, the smallest program around that still shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from dmafuzz import _core
from dmafuzz._core import Op
from dmafuzz.program import Program

from .confirmation import Answer, Confirmation
from .confirming import Confirming

WRONG = (Answer.IMPOSSIBLE, Answer.DIFFER, Answer.DIED)  # what a hunt is for
_OPS_MAX = 10
_RUNS = 3
_TRIES_MAX = 200  # to make one program smaller


@dataclass
class Hunt:
    """What a hunt came to. ``found``: minimal programs on which guest and model disagree, and what the guest says."""

    programs: int = 0
    runs: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    found: list[tuple[Program, Confirmation]] = field(default_factory=list)


def hunt(
    one: Confirming,
    seconds: float,
    seed: int,
    report: Callable[[Program, Confirmation], None] = lambda p, c: None,
    progress: Callable[[Hunt], None] = lambda h: None,
) -> Hunt:
    """Confirms random programs for that long.

    ``report`` is called with each disagreement, made small, and ``progress`` after each program.
    """
    done = Hunt()
    end = time.monotonic() + seconds
    number = seed << 32
    while time.monotonic() < end:
        number += 1
        program = Program(_core.random_program(number, 2 + number % (_OPS_MAX - 1)))
        confirmation = one.confirm(program, f"random {number}", _RUNS, number)
        done.programs += 1
        done.runs += confirmation.runs
        answer = confirmation.answer.value
        done.answers[answer] = done.answers.get(answer, 0) + 1
        if confirmation.answer in WRONG:
            small = smaller(one, program, confirmation, number)
            done.found.append(small)
            report(*small)
        progress(done)
    return done


def smaller(one: Confirming, program: Program, shown: Confirmation, seed: int) -> tuple[Program, Confirmation]:
    """The program without every line that it does not need to be answered so. Random runs are those of the whole."""
    best = (program, shown)
    tries = 0
    again = True
    while again and tries < _TRIES_MAX:
        again = False
        for ops in _shorter(best[0].ops):
            tries += 1
            rest = Program(ops)
            confirmation = one.confirm(rest, shown.program, 2 * _RUNS, seed)
            if confirmation.answer == shown.answer:
                best, again = (rest, confirmation), True
                break
    return best


def _shorter(ops: Sequence[Op]) -> Iterator[list[Op]]:
    """The valid programs that lack one line, or one line and what names its mapping or buffer."""
    for gone in reversed(range(len(ops))):
        rest = [*ops[:gone], *ops[gone + 1 :]]
        if _core.check(rest) is not None:
            rest = [op for op in rest if not _needs(op, ops[gone])]
        if rest and _core.check(rest) is None:
            yield rest


def _needs(op: Op, made: Op) -> bool:
    says, makes = _core.traits(op.kind), _core.traits(made.kind)
    if makes.defines_mapping and says.names_mapping and op.mapping == made.mapping:
        return True
    if makes.defines_buffer and says.names_buffer and op.buffer == made.buffer:
        return True
    return makes.defines_buffer and any(entry.buffer == made.buffer for entry in op.entries)
