# SPDX-License-Identifier: GPL-2.0-only
"""The order in which a person reads causes: by grade, then as docs/spec/verdicts.md §8 says."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from dmafuzz import _core
from dmafuzz._core import ATTRS, BufferKind, Op, OpKind
from dmafuzz.program import render_op

from .cause import Cause
from .grade import grade_of
from .uses import IN_THE_TREE, NEVER, NEWER_ATTRIBUTES, Uses

_SKIP_CPU_SYNC = 1 << ATTRS.index("SKIP_CPU_SYNC")
_NEWER = [(1 << ATTRS.index(name), count) for name, count in NEWER_ATTRIBUTES.items()]
_ALLOC = OpKind.alloc.value
_MAP_SG = OpKind.map_sg.value
_NEVER_MAPPED = (BufferKind.text, BufferKind.rodata)

Order = tuple[int | str, ...]


def order_of(cause: Cause, uses: Uses = IN_THE_TREE) -> Order:
    """Grade; rules broken; the rarest call; FP or FN first; CPUs, operations, platforms; program."""
    return (
        *worth_of(cause, uses),
        *_core.order_of(cause.ops),
        text_of(cause.ops),
        cause.label,
        *cause.kinds,
        cause.reason,
    )


def text_of(ops: Sequence[Op]) -> str:
    """The lines of a program."""
    return "\n".join(render_op(op) for op in ops)


def worth_of(cause: Cause, uses: Uses = IN_THE_TREE) -> tuple[str, int, int, int, int, int, int]:
    """The order but for what tells equals apart: the smaller program."""
    return (
        str(grade_of(cause)),
        len(cause.rules),
        -rarest_use(cause.ops, uses),
        _label_rank(cause),
        len({op.cpu for op in cause.ops}),
        len(cause.ops),
        -len(cause.shown_on),
    )


def rarest_use(ops: Sequence[Op], uses: Uses = IN_THE_TREE) -> int:
    """How often drivers use the rarest call that a program needs."""
    kinds = {op.kind._value_ for op in ops}  # numbers: a store's index asks this of 100,000 programs
    found = [uses.by_number.get(kind, uses.every_day) for kind in kinds]
    attributes = 0
    for op in ops:
        attributes |= op.attrs
    if attributes & _SKIP_CPU_SYNC:
        found.append(uses.skip_cpu_sync)
    found += [count for attribute, count in _NEWER if attributes & attribute]
    if _ALLOC in kinds and any(op.kind._value_ == _ALLOC and op.buffer_kind in _NEVER_MAPPED for op in ops):
        found.append(NEVER)
    if _MAP_SG in kinds and any(op.kind._value_ == _MAP_SG and _names_memory_twice(op) for op in ops):
        found.append(NEVER)
    return min(found, default=uses.every_day)


def _names_memory_twice(op: Op) -> bool:
    """Whether entries of a list overlap."""
    places = sorted((entry.buffer, entry.offset, entry.size) for entry in op.entries)
    return any(
        buffer == after and start < offset + size for (buffer, offset, size), (after, start, _) in pairwise(places)
    )


def _label_rank(cause: Cause) -> int:
    """Where the contract is kept a false positive comes first, elsewhere what is lost in silence."""
    first, second = ("FP", "FN") if cause.keeps_contract else ("FN", "FP")
    return ["broken", first, second, "hazard"].index(cause.label)
