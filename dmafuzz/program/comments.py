# SPDX-License-Identifier: GPL-2.0-only
"""What people write beside a program: kept, so that a file survives being read and printed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .tokens import LINE_CHARS_MAX, forbidden


@dataclass(frozen=True)
class Remark:
    """The comments of one line: whole lines ``above`` it (blank ones are "") and one ``beside`` it, or ""."""

    above: tuple[str, ...] = ()
    beside: str = ""

    def __post_init__(self) -> None:
        _check((*self.above, self.beside))


@dataclass(frozen=True)
class Comments:
    """All comments of a program, each from its ``#`` on and without blanks at its end.

    ``head`` follows the version line, ``beside_version`` stands on it, ``tail`` follows the last line. ``ops`` and
    ``expects`` belong to the lines of those numbers; lines beyond have none.
    Raises ValueError for what is not a comment of one line.
    """

    head: tuple[str, ...] = ()
    ops: tuple[Remark, ...] = ()
    expects: tuple[Remark, ...] = ()
    tail: tuple[str, ...] = ()
    beside_version: str = ""

    def __post_init__(self) -> None:
        _check((*self.head, *self.tail, self.beside_version))

    def settled(self, op_count: int, expect_count: int) -> Comments:
        """The same for a program of so many lines, in the one form that printing and reading it gives back.

        Raises ValueError if there are comments for more lines than the program has.
        """
        ops, expects = _trimmed(self.ops), _trimmed(self.expects)
        if len(ops) > op_count or len(expects) > expect_count:
            raise ValueError("comments for more lines than the program has")
        # What stands above the first line is the head: nothing in a file tells the two apart.
        if op_count and ops:
            first, ops = ops[0].above, _trimmed((replace(ops[0], above=()), *ops[1:]))
        elif not op_count and expects:
            first, expects = expects[0].above, _trimmed((replace(expects[0], above=()), *expects[1:]))
        else:
            first = ()
        head, tail = (*self.head, *first), self.tail
        if not op_count and not expect_count:
            head, tail = (*head, *tail), ()
        return replace(self, head=head, ops=ops, expects=expects, tail=tail)


def _trimmed(remarks: tuple[Remark, ...]) -> tuple[Remark, ...]:
    while remarks and remarks[-1] == Remark():
        remarks = remarks[:-1]
    return remarks


def _check(comments: Iterable[str]) -> None:
    for comment in comments:
        if comment and not comment.startswith("#"):
            raise ValueError(f"a comment starts with '#': {comment!r}")
        if forbidden(comment) is not None or comment != comment.rstrip(" \t"):
            raise ValueError(f"a comment is one line of printable text without blanks at its end: {comment!r}")
        if len(comment) > LINE_CHARS_MAX:
            raise ValueError(f"a line has at most {LINE_CHARS_MAX} characters")
