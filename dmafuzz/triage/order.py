# SPDX-License-Identifier: GPL-2.0-only
"""The order in which a person reads causes: by grade, then as docs/spec/verdicts.md §8 says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dmafuzz import _core
from dmafuzz._core import ATTRS, BufferKind, Op, OpKind
from dmafuzz.program import render_op

from .cause import Cause
from .grade import grade_of

_SKIP_CPU_SYNC = 1 << ATTRS.index("SKIP_CPU_SYNC")

# How often the drivers of a 6.12 tree use a call.
CALLS = {
    OpKind.alloc_coherent: 1872,
    OpKind.map_single: 1220,
    OpKind.map_sg: 395,
    OpKind.sync_single_for_device: 353,
    OpKind.sync_range_for_device: 353,
    OpKind.sync_sg_for_device: 353,
    OpKind.sync_single_for_cpu: 264,
    OpKind.sync_range_for_cpu: 264,
    OpKind.sync_sg_for_cpu: 264,
    OpKind.map_page: 183,
    OpKind.map_resource: 16,
    OpKind.alloc_noncoherent: 15,
    OpKind.alloc_noncontiguous: 4,
}
SKIP_CPU_SYNC = 120
EVERY_DAY = 2000  # what is no call, or as common as the mapping that it ends
NEVER = 0  # memory that no driver maps on purpose

Order = tuple[int | str, ...]


def order_of(cause: Cause) -> Order:
    """Grade; rules broken; the rarest call; FP or FN first; CPUs, operations, platforms; program."""
    text = "\n".join(render_op(op) for op in cause.ops)
    return (*worth_of(cause), *_core.order_of(cause.ops), text, cause.label, *cause.kinds, cause.reason)


def worth_of(cause: Cause) -> tuple[str, int, int, int, int, int, int]:
    """The order but for what tells equals apart: the smaller program."""
    return (
        str(grade_of(cause)),
        len(cause.rules),
        -rarest_use(cause.ops),
        _label_rank(cause),
        len({op.cpu for op in cause.ops}),
        len(cause.ops),
        -len(cause.shown_on),
    )


def rarest_use(ops: Sequence[Op]) -> int:
    """How often drivers use the rarest call that a program needs."""
    return min(_uses(ops), default=EVERY_DAY)


def _uses(ops: Sequence[Op]) -> Iterator[int]:
    for op in ops:
        yield CALLS.get(op.kind, EVERY_DAY)
        if op.attrs & _SKIP_CPU_SYNC:
            yield SKIP_CPU_SYNC
        if op.kind == OpKind.alloc and op.buffer_kind in (BufferKind.text, BufferKind.rodata):
            yield NEVER


def _label_rank(cause: Cause) -> int:
    """Where the contract is kept a false positive comes first, elsewhere what is lost in silence."""
    first, second = ("FP", "FN") if cause.keeps_contract else ("FN", "FP")
    return ["broken", first, second, "hazard"].index(cause.label)
