# SPDX-License-Identifier: GPL-2.0-only
"""The order in which a person reads causes: by grade, then as docs/spec/verdicts.md §8 says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from dmafuzz import _core
from dmafuzz._core import ATTRS, BufferKind, Op, OpKind
from dmafuzz.program import render_op

from .cause import Cause
from .grade import grade_of
from .uses import IN_THE_TREE, NEVER, NEWER_ATTRIBUTES, Uses

_SKIP_CPU_SYNC = 1 << ATTRS.index("SKIP_CPU_SYNC")
_NEWER = [(1 << ATTRS.index(name), count) for name, count in NEWER_ATTRIBUTES.items()]

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
    return min(_uses(ops, uses), default=uses.every_day)


def _uses(ops: Sequence[Op], uses: Uses) -> Iterator[int]:
    for op in ops:
        yield uses.calls.get(op.kind, uses.every_day)
        if op.attrs & _SKIP_CPU_SYNC:
            yield uses.skip_cpu_sync
        yield from (count for attribute, count in _NEWER if op.attrs & attribute)
        if op.kind == OpKind.alloc and op.buffer_kind in (BufferKind.text, BufferKind.rodata):
            yield NEVER
        if op.kind == OpKind.map_sg and _names_memory_twice(op):
            yield NEVER


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
