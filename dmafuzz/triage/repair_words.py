# SPDX-License-Identifier: GPL-2.0-only
"""A step of a repair in the API's own words. Numbers of operations are those of the program that is to be repaired."""

from __future__ import annotations

from collections.abc import Sequence

from dmafuzz._core import Op, OpKind, RepairKind, RepairStep, traits

from .titles import function_of


def words_of(step: RepairStep, before: Sequence[Op], numbers: Sequence[int | None]) -> str:
    """What the step does to the program ``before`` it, whose lines are called by ``numbers``."""
    line = step.line
    old = before[min(line, len(before) - 1)]
    new = step.ops[min(line, len(step.ops) - 1)]
    at = "" if line >= len(numbers) or numbers[line] is None else f" (op {numbers[line]})"
    match step.kind:
        case RepairKind.check_error:
            return f"check dma_mapping_error() of {_unchecked(before)} at once"
        case RepairKind.arguments:
            return f"{_call(old)} with the arguments of its map{at}"
        case RepairKind.function:
            return f"{_call(new)} instead of {function_of(old.kind)}{at}"
        case RepairKind.no_skip:
            return f"m{old.mapping} without DMA_ATTR_SKIP_CPU_SYNC{at}"
        case RepairKind.narrow | RepairKind.widen:
            return f"{_direction(new)} instead of {_direction(old)} for m{old.mapping}{at}"
        case RepairKind.insert:
            return f"insert {_call(new)} {_before(line, numbers)}"
        case RepairKind.around:
            return f"insert {_call(new)} {_before(line, numbers)} and {_call(step.ops[line + 2])} behind it"
        case RepairKind.move:
            return f"move {_done(old)}{at} {_moved_to(step, numbers)}"
        case RepairKind.apart:
            return f"{_moved_apart(step, before)}{at}"
        case RepairKind.enlarge:
            return f"b{old.buffer} of {new.size} bytes instead of {old.size}, in cachelines of its own{at}"
        case RepairKind.memory:
            return f"{_memory(new)} instead of {_memory(old)} for b{old.buffer}{at}"
    return f"remove {_call(old)}{at}"


def _call(op: Op) -> str:
    return f"{function_of(op.kind).removesuffix(')')}m{op.mapping})"


def _direction(op: Op) -> str:
    return op.direction.name.upper()


def _memory(op: Op) -> str:
    words = {"pages": "memory from alloc_pages()", "kmalloc": "memory from kmalloc()", "stack": "the stack"}
    name = words.get(op.buffer_kind.name, f"{op.buffer_kind.name} memory")
    return f"{name} above 4 GiB" if op.high else name


def _unchecked(ops: Sequence[Op]) -> str:
    return " and ".join(f"m{op.mapping}" for op in ops if op.unchecked)


def _before(line: int, numbers: Sequence[int | None]) -> str:
    """Where a new line goes, by a line that was there before all steps."""
    following = next((number for number in numbers[line:] if number is not None), None)
    return f"before op {following}" if following is not None else f"after op {max(n for n in numbers if n is not None)}"


def _moved_to(step: RepairStep, numbers: Sequence[int | None]) -> str:
    """Its place, by a neighbour's number."""
    if step.place > step.line:
        number = next((n for n in reversed(numbers[: step.place + 1]) if n is not None), 0)
        return f"after op {number}"
    return _before(step.place, numbers)


def _done(op: Op) -> str:
    if traits(op.kind).is_call:
        return _call(op)
    names = {OpKind.free: "the free", OpKind.cow: "the copy-on-write", OpKind.dirty: "the write of user space"}
    return f"{names.get(op.kind, f'the {op.kind.name} of the CPU')} of b{op.buffer}"


def _moved_apart(step: RepairStep, before: Sequence[Op]) -> str:
    """Where the mapping is now, and the first other range that has moved."""
    old, new = before[step.line], step.ops[step.line]
    words = f"whole cachelines for m{old.mapping}, {_bytes(new)} instead of {_bytes(old)}"
    for was, now in zip(before, step.ops, strict=True):
        if traits(was.kind).has_range and not traits(was.kind).defines_mapping and was.offset != now.offset:
            return f"{words}, and {_bytes(was)} behind them at {now.offset}"
    return words


def _bytes(op: Op) -> str:
    return f"b{op.buffer}[{op.offset}..{op.offset + op.size - 1}]"
