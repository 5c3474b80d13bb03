# SPDX-License-Identifier: GPL-2.0-only
"""A step of a repair in the API's own words. Numbers of operations are those of the program before the step."""

from __future__ import annotations

from collections.abc import Sequence

from dmafuzz._core import Op, OpKind, RepairKind, RepairStep, traits

from .titles import function_of


def words_of(step: RepairStep, before: Sequence[Op]) -> str:
    """What the step does to the program ``before`` it."""
    line = step.line
    old = before[min(line, len(before) - 1)]
    new = step.ops[min(line, len(step.ops) - 1)]
    match step.kind:
        case RepairKind.check_error:
            return f"check dma_mapping_error() of {_unchecked(before)} at once"
        case RepairKind.arguments:
            return f"{_call(old)} with the arguments of its map (op {line})"
        case RepairKind.function:
            return f"{_call(new)} instead of {function_of(old.kind)} (op {line})"
        case RepairKind.no_skip:
            return f"m{old.mapping} without DMA_ATTR_SKIP_CPU_SYNC (op {line})"
        case RepairKind.narrow | RepairKind.widen:
            return f"{_direction(new)} instead of {_direction(old)} for m{old.mapping} (op {line})"
        case RepairKind.insert:
            return f"insert {_call(new)} {_before(line, len(before))}"
        case RepairKind.around:
            syncs = f"{_call(new)} before op {line} and {_call(step.ops[line + 2])} after it"
            return f"insert {syncs}"
        case RepairKind.move:
            return f"move {_done(old)} (op {line}) {_moved_to(step, len(before))}"
        case RepairKind.apart:
            return _moved_apart(step, before)
        case RepairKind.enlarge:
            return f"b{old.buffer} of {new.size} bytes instead of {old.size}, in cachelines of its own (op {line})"
        case RepairKind.memory:
            return f"{_memory(new)} instead of {_memory(old)} for b{old.buffer} (op {line})"
    return f"remove {_call(old)} (op {line})"


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


def _before(line: int, count: int) -> str:
    return f"before op {line}" if line < count else f"after op {count - 1}"


def _moved_to(step: RepairStep, count: int) -> str:
    """Its place, by a neighbour's number before the move."""
    if step.place > step.line:
        return f"after op {step.place}"
    return f"before op {step.place}"


def _done(op: Op) -> str:
    if traits(op.kind).is_call:
        return _call(op)
    names = {OpKind.free: "the free", OpKind.cow: "the copy-on-write", OpKind.dirty: "the write of user space"}
    return f"{names.get(op.kind, f'the {op.kind.name} of the CPU')} of b{op.buffer}"


def _moved_apart(step: RepairStep, before: Sequence[Op]) -> str:
    """Where the mapping is now, and the first other range that has moved."""
    old, new = before[step.line], step.ops[step.line]
    words = f"whole cachelines for m{old.mapping}, {_bytes(new)} instead of {_bytes(old)} (op {step.line})"
    for was, now in zip(before, step.ops, strict=True):
        if traits(was.kind).has_range and not traits(was.kind).defines_mapping and was.offset != now.offset:
            return f"{words}, and {_bytes(was)} behind them at {now.offset}"
    return words


def _bytes(op: Op) -> str:
    return f"b{op.buffer}[{op.offset}..{op.offset + op.size - 1}]"
