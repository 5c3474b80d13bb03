# SPDX-License-Identifier: GPL-2.0-only
"""Text to lines to words, each knowing its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .errors import ProgramError, nearest, quoted

FILE_BYTES_MAX = 1 << 20  # a program is a few KiB: anything larger is not meant to be one
LINE_CHARS_MAX = 4096  # the longest operation has some 150; the rest is room for comments and lists of platforms

_WORD = re.compile(r"[^ \t]+")
# Control characters other than tab, halves of surrogate pairs, and what editors take for an end of line.
_FORBIDDEN = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Line:
    """One line of a file; ``number`` counts from 1."""

    file: str
    number: int
    text: str

    def error(self, column: int, expected: str, found: str, suggestion: str = "") -> ProgramError:
        return ProgramError(self.file, self.number, column, expected, found, self.text, suggestion)

    @property
    def comment(self) -> str:
        """The comment from its ``#`` on, or ""."""
        start = self.text.find("#")
        return self.text[start:].rstrip(" \t") if start >= 0 else ""

    def words(self) -> list[Token]:
        """The words in front of the comment."""
        statement = self.text.partition("#")[0]
        return [Token(self, m.start() + 1, m.group()) for m in _WORD.finditer(statement)]


@dataclass(frozen=True)
class Token:
    """A word, or a part of one; ``column`` counts from 1. A place where nothing is has no text."""

    line: Line
    column: int
    text: str
    nothing: str = "nothing"  # what an error calls it when there is no text

    @property
    def end(self) -> int:
        """The column behind it."""
        return self.column + len(self.text)

    def error(self, expected: str, known: Iterable[str] = ()) -> ProgramError:
        """An error at this place; a word of ``known`` that is near becomes a suggestion."""
        found = quoted(self.text) if self.text else self.nothing
        return self.line.error(self.column, expected, found, nearest(self.text, known))

    def parts(self, separator: str) -> list[Token]:
        """The pieces between separators, of which each may be empty."""
        pieces = []
        column = self.column
        for text in self.text.split(separator):
            pieces.append(Token(self.line, column, text))
            column += len(text) + len(separator)
        return pieces

    def argument(self) -> tuple[Token, Token] | None:
        """Name and value of ``name=value``, or nothing; the value may be empty."""
        name, equals, value = self.text.partition("=")
        if not name or not equals:
            return None
        value_column = self.column + len(name) + len(equals)
        return Token(self.line, self.column, name), Token(self.line, value_column, value, f"nothing after '{name}='")


class Cursor:
    """Walks the words of a line; behind the last one there is always the end of the line."""

    def __init__(self, words: list[Token]) -> None:
        self._words = words
        last = words[-1]
        self.end = Token(last.line, last.end, "", "end of line")
        self._next = 0

    def peek(self) -> Token:
        return self._words[self._next] if self._next < len(self._words) else self.end

    def next_token(self) -> Token:
        token = self.peek()
        self._next += 1
        return token

    def has(self, text: str) -> bool:
        """Whether such a word is still to come."""
        return any(token.text == text for token in self._words[self._next :])

    def rest(self) -> Iterator[Token]:
        """Takes what is left, one by one."""
        while self._next < len(self._words):
            yield self.next_token()

    def expect_end(self) -> None:
        """Raises ProgramError unless all words are taken."""
        if self.peek() != self.end:
            raise self.peek().error(self.end.nothing)


def lines_of(text: str, file: str) -> list[Line]:
    """The lines of a text, all of them fit to be read.

    Raises ProgramError for a text or line that is too long, and for characters that no line may hold.
    """
    if len(text.encode("utf-8", "surrogatepass")) > FILE_BYTES_MAX:
        raise ProgramError(file, 1, 1, f"at most {FILE_BYTES_MAX} bytes", "more")
    pieces = text.split("\n")
    if pieces[-1] == "":
        pieces.pop()
    lines = [Line(file, i, piece.removesuffix("\r")) for i, piece in enumerate(pieces, start=1)]
    for line in lines:
        if len(line.text) > LINE_CHARS_MAX:
            raise line.error(LINE_CHARS_MAX + 1, f"at most {LINE_CHARS_MAX} characters in a line", str(len(line.text)))
        bad = forbidden(line.text)
        if bad is not None:
            raise line.error(bad + 1, "printable text", f"character U+{ord(line.text[bad]):04X}")
    if lines and lines[0].text.startswith(_BYTE_ORDER_MARK):
        raise lines[0].error(1, "text without a byte order mark", "one")
    return lines


def forbidden(text: str) -> int | None:
    """The index of the first character that no line may hold, or None."""
    match = _FORBIDDEN.search(text)
    return match.start() if match else None
