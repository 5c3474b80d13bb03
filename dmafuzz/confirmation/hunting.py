# SPDX-License-Identifier: GPL-2.0-only
"""Random programs against a guest: where the two disagree, the smallest program around that still shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from dmafuzz import _core
from dmafuzz import program as language
from dmafuzz._core import Op
from dmafuzz.program import Program

from .confirmation import Answer, Confirmation
from .confirming import Confirming

WRONG = (Answer.IMPOSSIBLE, Answer.DIFFER, Answer.DIED)  # what a hunt is for
_OPS_MAX = 10
RUNS = 3  # of each program, with random devices and CPUs
_TRIES_MAX = 200  # to make one program smaller
_FAULTS_EACH = 16  # of so many programs that kill the guest one is run to its end


@dataclass(frozen=True)
class Found:
    """A minimal program on which guest and model disagree, and what the guest says.

    ``runs`` and ``seed``: of the random devices and CPUs with which it does so again.
    """

    program: Program
    confirmation: Confirmation
    runs: int
    seed: int

    def text(self, platform: str) -> str:
        """The program, and how it shows again on a platform or machine."""
        head, _, rest = language.render(self.program).partition("\n")
        how = f"dmafuzz confirm FILE --platform {platform} --runs {self.runs} --seed {self.seed}"
        return f"{head}\n# {self.confirmation.answer.value}: {how}\n{rest}"


@dataclass
class Hunt:
    """What a hunt came to."""

    programs: int = 0
    runs: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)


def hunt(
    one: Confirming,
    seconds: float | None,
    seed: int,
    report: Callable[[Found], None] = lambda f: None,
    progress: Callable[[Hunt], None] = lambda h: None,
    programs: int | None = None,
) -> Hunt:
    """Confirms random programs for that long, or so many, or until KeyboardInterrupt.

    ``report`` is called with each disagreement, made small, and ``progress`` after each program.
    """
    done = Hunt()
    end = None if seconds is None else time.monotonic() + seconds
    number = (seed << 32) % (1 << 64)
    while (end is None or time.monotonic() < end) and (programs is None or done.programs < programs):
        number += 1
        program = _chosen(one, number)
        confirmation = one.confirm(program, f"random {number}", RUNS, number)
        done.programs += 1
        done.runs += confirmation.runs
        answer = confirmation.answer.value
        done.answers[answer] = done.answers.get(answer, 0) + 1
        if confirmation.answer in WRONG:
            small = smaller(one, program, confirmation, number)
            done.found.append(small)
            report(small)
        progress(done)
    return done


def _chosen(one: Confirming, number: int) -> Program:
    """A random program; where the kernel is said to fault, which costs a boot, mostly what comes before that."""
    program = Program(_core.random_program(number, 2 + number % (_OPS_MAX - 1)))
    fault = one.faults_in(program)
    return program if not fault or number % _FAULTS_EACH == 0 else Program(program.ops[:fault])


def smaller(one: Confirming, program: Program, shown: Confirmation, seed: int) -> Found:
    """The program without every line that it does not need to be answered so. Random runs are those of the whole."""
    best, runs = (program, shown), RUNS
    tries = 0
    again = True
    while again and tries < _TRIES_MAX:
        again = False
        for ops in _shorter(best[0].ops):
            tries += 1
            rest = Program(ops)
            confirmation = one.confirm(rest, shown.program, 2 * RUNS, seed)
            if confirmation.answer == shown.answer:
                best, runs, again = (rest, confirmation), 2 * RUNS, True
                break
    return Found(*best, runs, seed)


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
