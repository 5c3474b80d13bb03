# SPDX-License-Identifier: GPL-2.0-only
"""Hypothesis strategies for programs.

Operations are drawn field by field without regard to what is valid, and the core repairs the list of them: so there is
no second set of rules here, and dropping or lowering anything while shrinking leaves a valid program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from dmafuzz import _core
from dmafuzz._core import BufferKind, Direction, Entry, Op, OpKind

from .comments import Comments, Remark
from .expect import LABELS, Expect
from .forms import FORMS, is_device_access
from .program import Program

# Bytes: few, around a line of 64 and of 128 bytes, around a page, around 64 KiB, and the largest buffer.
_EDGES = (1, 8, 16, 42, 48, 64, 80, 128, 1534, 4080, 4096, 4112, 8192, 65536, 65552, 524288)
_BYTES_MAX = 0xF_FFFF
_ENTRIES_MAX = 4
_COUNT_MAX = 0xFF
# Kinds that others need come first, towards which shrinking goes, and more often.
_KINDS = (
    *(OpKind.alloc,) * 6,
    *(OpKind.map_single, OpKind.map_page, OpKind.map_sg, OpKind.alloc_coherent, OpKind.alloc_noncoherent) * 2,
    *OpKind,
)
_ALLOCATED = [kind for kind in BufferKind if kind not in (BufferKind.coherent, BufferKind.noncoherent)]


def _bytes() -> st.SearchStrategy[int]:
    sixteens = st.integers(0, 8).map(lambda count: 16 * count)
    return sixteens | st.sampled_from(_EDGES) | st.integers(0, _BYTES_MAX)


_BUFFERS = st.integers(0, _core.BUFFERS_MAX - 1)
_MAPPINGS = st.integers(0, _core.MAPPINGS_MAX - 1)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    # Often the same: what one CPU begins only that CPU can go on with.
    "cpu": st.just(0) | st.integers(0, _core.CPUS_MAX - 1),
    "device": st.integers(0, _core.DEVICES_MAX - 1),
    "buffer": _BUFFERS,
    "mapping": _MAPPINGS,
    "list": _MAPPINGS,
    "buffer_kind": st.sampled_from(_ALLOCATED),
    "direction": st.sampled_from(Direction),
    "offset": _bytes(),
    "size": _bytes(),
    "attrs": st.integers(0, (1 << len(_core.ATTRS)) - 1),
    "cpu_offset": _bytes(),
    "count": st.integers(0, _ENTRIES_MAX) | st.integers(0, _COUNT_MAX),
    "entries": st.lists(st.builds(Entry, _BUFFERS, _bytes(), _bytes()), min_size=1, max_size=_ENTRIES_MAX),
}


_PRESENT = st.sampled_from((False, *(True,) * 9))  # leaves out every tenth, and shrinks to leaving out


@st.composite
def operations(draw: st.DrawFn, kinds: Sequence[OpKind] = _KINDS) -> Op:
    """One operation of one of ``kinds``, clear of unused fields; not necessarily valid anywhere."""
    op = Op()
    op.kind = draw(st.sampled_from(kinds))
    form = FORMS[op.kind]
    # Only what counts is drawn: the fewer choices a program has, the further it shrinks.
    for field in (*form.results, *form.places):
        setattr(op, field, draw(_VALUES[field]))
    for argument in form.arguments:
        if draw(st.booleans()):
            setattr(op, argument.field, draw(_VALUES[argument.field]))
            if argument.given:
                setattr(op, argument.given, True)
    for flag in form.flags:
        setattr(op, flag, draw(st.booleans()))
    if not is_device_access(op.kind):
        op.cpu = draw(_VALUES["cpu"])
    return _core.clear_unused(op)


@st.composite
def programs(
    draw: st.DrawFn, min_ops: int = 0, max_ops: int = _core.OPS_MAX, kinds: Sequence[OpKind] = _KINDS
) -> Program:
    """Valid programs of ``min_ops`` to ``max_ops`` operations, without comments and expectations.

    Where repair leaves too few operations, calls are finished and devices unbound at the end to make up for them,
    also if these are not among ``kinds``.
    """
    raw = []
    for _ in range(draw(st.integers(min_ops, max_ops))):
        # An operation is too many choices for the shrinker to delete at once; to turn it into nothing is one step.
        if draw(_PRESENT):
            raw.append(draw(operations(kinds)))
    ops = _core.repair(raw)
    unbind, finish = Op(), Op()
    unbind.kind, finish.kind = OpKind.unbind, OpKind.finish
    while len(ops) < min_ops:
        # One of the two is always possible: a CPU is between the halves of a call, or it is not.
        longer = _core.repair([*ops, unbind])
        ops = longer if len(longer) > len(ops) else _core.repair([*ops, finish])
    return Program(ops)


def decoded_programs(max_records: int = _core.OPS_MAX) -> st.SearchStrategy[Program]:
    """The programs of arbitrary bytes, up to so many records."""
    return st.binary(max_size=max_records * _core.RECORD_BYTES).map(Program.decode)


def _names() -> st.SearchStrategy[str]:
    return st.from_regex(r"[a-z0-9][a-z0-9.+>-]{0,11}", fullmatch=True).filter(lambda name: name != "none")


def expects() -> st.SearchStrategy[Expect]:
    """Expectations, of trackers, platforms and kinds that need not exist."""
    some = st.lists(_names(), min_size=1, max_size=3, unique=True).map(tuple)
    common = {
        "tracker": _names(),
        "labels": st.lists(st.sampled_from(LABELS), min_size=1, unique=True).map(tuple),
        **dict.fromkeys(("warnings", "corruptions", "harms"), st.none() | st.just(()) | some),
    }
    return st.builds(Expect, platforms=some, **common) | st.builds(Expect, portfolio=_names(), **common)


def _comment() -> st.SearchStrategy[str]:
    text = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20)
    return st.just("") | text.map(lambda words: f"#{words}".rstrip(" \t"))


@st.composite
def documents(draw: st.DrawFn, max_ops: int = 8) -> Program:
    """Programs as people write them, with comments and expectations."""
    ops = draw(programs(max_ops=max_ops)).ops
    expected = draw(st.lists(expects(), max_size=3))
    block = st.lists(_comment(), max_size=3).map(tuple)
    remark = st.builds(Remark, above=block, beside=_comment())
    comments = Comments(
        head=draw(block),
        ops=tuple(draw(st.lists(remark, max_size=len(ops)))),
        expects=tuple(draw(st.lists(remark, max_size=len(expected)))),
        tail=draw(block),
        beside_version=draw(_comment()),
    )
    return Program(ops, expected, comments)
