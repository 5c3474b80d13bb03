# SPDX-License-Identifier: GPL-2.0-only
"""Text to programs. Whatever the text, the answer is a valid program or a ProgramError."""

from __future__ import annotations

from dataclasses import dataclass, field

from dmafuzz import _core

from .comments import Comments, Remark
from .errors import ProgramError
from .expect import EXPECT, Expect, parse_expect
from .operation import DEVICE, Statement, parse_op
from .program import Program
from .render import LANGUAGE, VERSION
from .tokens import Cursor, Line, lines_of

_CPU = "cpu"  # what a CPU's name begins with


@dataclass
class _Reader:
    """What has been read of a file so far."""

    statements: list[Statement] = field(default_factory=list)
    expects: list[Expect] = field(default_factory=list)
    op_remarks: list[Remark] = field(default_factory=list)
    expect_remarks: list[Remark] = field(default_factory=list)
    above: list[str] = field(default_factory=list)  # comments that wait for the line they are above
    head: list[str] = field(default_factory=list)

    def read_line(self, line: Line) -> None:
        words = line.words()
        if not words:
            self.above.append(line.comment)
            return
        if not self.statements and not self.expects:
            self.head, self.above = self.above, []
        remark = Remark(tuple(self.above), line.comment)
        self.above = []
        cursor = Cursor(words)
        subject = cursor.peek()
        if subject.text == EXPECT:
            cursor.next_token()
            self.expects.append(parse_expect(cursor))
            self.expect_remarks.append(remark)
        elif subject.text == DEVICE or subject.text.startswith(_CPU):
            self.statements.append(parse_op(cursor))
            self.op_remarks.append(remark)
        else:
            cpus = f"{_CPU}0 to {_CPU}{_core.CPUS_MAX - 1}"
            raise subject.error(f"{cpus}, '{DEVICE}' or '{EXPECT}'", [f"{_CPU}0", DEVICE, EXPECT])

    def program(self, beside_version: str) -> Program:
        problem = _core.check([statement.op for statement in self.statements])
        if problem is not None:
            raise self.statements[problem.op].place(problem).error(problem.expected)
        comments = Comments(
            head=tuple(self.head),
            ops=tuple(self.op_remarks),
            expects=tuple(self.expect_remarks),
            tail=tuple(self.above),
            beside_version=beside_version,
        )
        return Program([statement.op for statement in self.statements], self.expects, comments)


def parse(text: str, name: str = "<text>") -> Program:
    """The program that a text holds; ``name`` stands for the file in errors.

    Raises ProgramError, and nothing else, for a text that is not a valid program of this version of the language.
    """
    lines = lines_of(text, name)
    version_expected = f"'{LANGUAGE} {VERSION}' on the first line"
    if not lines:
        raise ProgramError(name, 1, 1, version_expected, "end of file")
    first, *rest = lines
    _parse_version(first, version_expected)
    reader = _Reader()
    for line in rest:
        reader.read_line(line)
    return reader.program(first.comment)


def _parse_version(line: Line, expected: str) -> None:
    words = line.words()
    if not words:
        raise line.error(1, expected, "a line without it")
    cursor = Cursor(words)
    language = cursor.next_token()
    if language.text != LANGUAGE:
        raise language.error(expected, [LANGUAGE])
    version = cursor.next_token()
    if version.text != VERSION:
        raise version.error(f"version {VERSION} of the language")
    cursor.expect_end()
