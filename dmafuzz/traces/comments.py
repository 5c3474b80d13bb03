# SPDX-License-Identifier: GPL-2.0-only
"""Comments of a program made of a trace: where each line comes from, whose devices they are, what is not known."""

from __future__ import annotations

from dmafuzz._core import BufferKind, OpKind
from dmafuzz.program import Program
from dmafuzz.program.comments import Comments, Remark

from .shape import Shape

_TASK_CHARS_MAX = 24


def commented(shape: Shape, program: Program, count: int = 0, source: str = "") -> Program:
    """The program with comments; ``count`` are the groups of the trace that are equal to it, 0 if that is not said."""
    head = []
    if source:
        head.append(f"# From {source}.")
    if count:
        head.append(f"# {count:,} group{'s' if count > 1 else ''} of calls of the trace like this one.")
    for number, device in enumerate(dict.fromkeys(origin.device for origin in shape.origins)):
        head.append(f"# d{number}: {_plain(device)}")
    if any(op.kind is OpKind.alloc and op.buffer_kind is BufferKind.pages for op in program.ops):
        head.append("# What lies beside the mapped bytes is not in the trace.")
    remarks = [
        Remark(beside=f"# line {where.line}, {where.time} s, {_plain(where.task)}, CPU {where.cpu}")
        if where
        else Remark()
        for where in shape.sources
    ]
    return Program(program.ops, comments=Comments(head=tuple(head), ops=tuple(remarks)))


def _plain(text: str) -> str:
    """As a comment may have it."""
    return "".join(each if each.isprintable() else "?" for each in text.strip())[:_TASK_CHARS_MAX]
