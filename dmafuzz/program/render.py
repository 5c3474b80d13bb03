# SPDX-License-Identifier: GPL-2.0-only
"""Programs as text, in the one canonical form."""

from __future__ import annotations

from .comments import Remark
from .expect import render_expect
from .operation import render_op
from .program import Program
from .tokens import FILE_BYTES_MAX, LINE_CHARS_MAX

LANGUAGE = "dmafuzz"  # the first word of every program
VERSION = "1"


def render(program: Program) -> str:
    """The canonical text of a program: parsed again, it is the same program, comments included.

    Raises ValueError if comments or expectations make a line or the text longer than one may be.
    """
    comments = program.comments
    lines = [_beside(f"{LANGUAGE} {VERSION}", comments.beside_version), *comments.head]
    for i, op in enumerate(program.ops):
        lines += _commented(render_op(op), comments.ops, i)
    for i, expect in enumerate(program.expects):
        lines += _commented(render_expect(expect), comments.expects, i)
    lines += comments.tail
    if any(len(line) > LINE_CHARS_MAX for line in lines):
        raise ValueError(f"a line has at most {LINE_CHARS_MAX} characters")
    text = "".join(f"{line}\n" for line in lines)
    if len(text.encode()) > FILE_BYTES_MAX:
        raise ValueError(f"a program has at most {FILE_BYTES_MAX} bytes of text")
    return text


def _beside(line: str, comment: str) -> str:
    return f"{line}  {comment}" if comment else line


def _commented(line: str, remarks: tuple[Remark, ...], index: int) -> list[str]:
    remark = remarks[index] if index < len(remarks) else Remark()
    return [*remark.above, _beside(line, remark.beside)]
