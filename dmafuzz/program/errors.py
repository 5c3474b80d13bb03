# SPDX-License-Identifier: GPL-2.0-only
"""The one error of the program language: where it is, what was expected, what was found."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHOWN_CHARS = 40  # of a word that was found
_EXCERPT_CHARS = 100  # of a source line, so that a caret still lands under it on a terminal
_SUGGEST_CHARS = 64  # difflib is quadratic, and no word of the language is nearly as long


class ProgramError(Exception):
    """A text that is not a program.

    ``line`` and ``column`` count from 1, columns in characters; both are 0 for a file that cannot be read.
    ``expected`` and ``found`` are phrases for people. ``source`` is the line it is about; ``suggestion`` is a known
    word close to the one found, or "".
    ``str()`` gives the place and the phrases, then the source line with a caret under the column.
    """

    def __init__(
        self,
        file: str,
        line: int,
        column: int,
        expected: str,
        found: str,
        source: str = "",
        suggestion: str = "",
    ) -> None:
        # Everything goes to `args`: this is what carries an exception from a worker process to its parent.
        super().__init__(file, line, column, expected, found, source, suggestion)
        self.file = file
        self.line = line
        self.column = column
        self.expected = expected
        self.found = found
        self.source = source
        self.suggestion = suggestion

    def __str__(self) -> str:
        hint = f"; did you mean '{self.suggestion}'?" if self.suggestion else ""
        if self.line == 0:
            return f"{self.file}: cannot be read: {self.found}; expected {self.expected}{hint}"
        message = f"{self.file}:{self.line}:{self.column}: expected {self.expected}, found {self.found}{hint}"
        excerpt, caret = _excerpt(self.source, self.column)
        return f"{message}\n  {excerpt}\n  {caret}" if excerpt else message


def quoted(text: str) -> str:
    """A word as an error shows it: quoted, printable, not too long."""
    shown = text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 3] + "..."
    return "'" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown) + "'"


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like ``word``, or "" if none is near."""
    matches = difflib.get_close_matches(word[:_SUGGEST_CHARS], list(known), n=1)
    return matches[0] if matches else ""


def _excerpt(source: str, column: int) -> tuple[str, str]:
    """The part of a source line around a column, and the line with the caret under it."""
    start = max(0, column - 1 - _EXCERPT_CHARS // 2) if len(source) > _EXCERPT_CHARS else 0
    part = source[start : start + _EXCERPT_CHARS]
    # One character for one, so that the caret stays in place; tabs stay, in both lines.
    shown = "".join(c if c.isprintable() or c == "\t" else "?" for c in part)
    padding = "".join("\t" if c == "\t" else " " for c in part[: column - 1 - start])
    return shown, padding + "^"
