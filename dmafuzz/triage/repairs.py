# SPDX-License-Identifier: GPL-2.0-only
"""The way out: small changes of a program after which nothing is lost and nothing is warned about, on any platform.

Source: docs/spec/verdicts.md §9 (The way out). The core makes the changes and judges them; here they are put in order.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dmafuzz import _core
from dmafuzz._core import HarmKind, Label, OpKind, RepairKind, RepairStep
from dmafuzz.program import render_op

from .bench import Bench, Ops
from .order import rarest_use
from .repair_words import words_of

STEPS_MAX = 3  # of a program with several faults
PROGRAMS_MAX = 20_000
_TRIED_FURTHER = 6  # programs of each number of steps that are changed again
_CONTEXT_LINES = 1
_ORDER = {kind: number for number, kind in enumerate(RepairKind)}


@dataclass(frozen=True)
class Repair:
    """``words``: the change in the API's own words; ``ops``: the program after it; ``diff``: as of its lines."""

    words: str
    ops: tuple[_core.Op, ...]
    diff: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"words": self.words, "program": [render_op(op) for op in self.ops], "diff": list(self.diff)}


@dataclass(frozen=True)
class _Path:
    """Steps from a program to a variant of it; ``numbers`` are those that its lines had in the program."""

    words: tuple[str, ...]
    ranks: tuple[tuple[int, ...], ...]
    ops: tuple[_core.Op, ...]
    numbers: tuple[int | None, ...]


def repairs_of(ops: Ops, bench: Bench, programs_max: int = PROGRAMS_MAX) -> list[Repair]:
    """The repairs of a program: smallest change first, everyday calls first; none of one that needs no repair.

    Where one change is not enough, those of two or three are looked for among the changes that leave least to repair;
    not where more than ``programs_max`` programs would have to be judged.
    """
    faults = _faults(ops, bench)
    if not faults:
        return []
    paths = [_Path((), (), tuple(ops), tuple(range(len(ops))))]
    tried = 0
    for _ in range(STEPS_MAX):
        longer = [path for before in paths for path in _longer(before)]
        tried += len(longer)
        if tried > programs_max:
            break
        judged = [(_faults(path.ops, bench), path.ranks, path) for path in longer]
        clean = sorted(((ranks, path) for left, ranks, path in judged if not left), key=lambda item: item[0])
        if clean:
            return [_repair(path, ops) for path in _different(path for _, path in clean)]
        better = sorted((item for item in judged if item[0] < faults), key=lambda item: item[:2])
        paths = list(_different(path for _, _, path in better))[:_TRIED_FURTHER]
    return []


def _faults(ops: Ops, bench: Bench) -> int:
    """How much is wrong with a program: corruptions, warnings and harms, over all platforms; 0: clean and silent."""
    count = 0
    for judgement in bench.judge.judge_all(ops):
        harms = [harm for harm in judgement.harms if harm.kind != HarmKind.exposure]
        found = len(judgement.corruptions) + len(judgement.warnings) + len(harms)
        count += found or int(judgement.labels != (Label.TN,))
    return count


def _longer(path: _Path) -> Iterator[_Path]:
    for step in _core.repair_steps(path.ops):
        words = (*path.words, words_of(step, path.ops, path.numbers))
        ranks = tuple(sorted((*path.ranks, _rank(step))))
        yield _Path(words, ranks, step.ops, tuple(_numbers_after(step, path)))


def _numbers_after(step: RepairStep, path: _Path) -> list[int | None]:
    """What the lines of the program after a step were called before all steps; None: they were not there."""
    numbers = list(path.numbers)
    match step.kind:
        case RepairKind.insert:
            numbers.insert(step.line, None)
        case RepairKind.around:
            numbers[step.line : step.line + 1] = [None, numbers[step.line], None]
        case RepairKind.remove:
            del numbers[step.line]
        case RepairKind.move:
            numbers.insert(step.place, numbers.pop(step.line))
        case RepairKind.check_error:
            kept = zip(numbers, path.ops, strict=True)
            numbers = [number for number, op in kept if op.kind != OpKind.mapping_error]
    return numbers


def _rank(step: RepairStep) -> tuple[int, ...]:
    """By kind; everyday calls first; a sync for the CPU late, one for the device early; what moves, a short way."""
    changed = step.ops[min(step.line, len(step.ops) - 1)]
    place = -step.place if changed.kind.name.endswith("for_cpu") or step.kind != RepairKind.insert else step.place
    if step.kind == RepairKind.move:
        place = abs(step.place - step.line)
    return _ORDER[step.kind], -rarest_use([changed]), place


def _different(paths: Iterator[_Path]) -> Iterator[_Path]:
    """Of those that differ in the place of a call alone, the first."""
    seen: set[tuple[str, ...]] = set()
    for path in paths:
        essence = tuple(sorted(words.split(" before op ")[0].split(" after op ")[0] for words in path.words))
        if essence not in seen:
            seen.add(essence)
            yield path


def _repair(path: _Path, before: Ops) -> Repair:
    return Repair("; ".join(path.words), path.ops, tuple(_diff(before, path.ops)))


def _diff(before: Ops, after: Sequence[_core.Op]) -> Iterator[str]:
    """The lines that change, with the one around them: "-", "+" or " " in front."""
    old, new = [render_op(op) for op in before], [render_op(op) for op in after]
    lines = list(difflib.ndiff(old, new))
    lines = [line for line in lines if not line.startswith("?")]
    changed = [number for number, line in enumerate(lines) if line[0] in "+-"]
    for number, line in enumerate(lines):
        if any(abs(number - other) <= _CONTEXT_LINES for other in changed):
            yield f"{line[0]} {line[2:]}"
