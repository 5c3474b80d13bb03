# SPDX-License-Identifier: GPL-2.0-only
"""Lines of text for a terminal: wrapped, with a tone that a terminal may show as a colour."""

from __future__ import annotations

import shutil
import sys
import textwrap
from dataclasses import dataclass
from enum import Enum

WIDTH_CHARS = 100  # at most; a terminal may be narrower
_WIDTH_CHARS_MIN = 40


def width_chars() -> int:
    """Of a line: what fits a terminal, if the output is one."""
    if not sys.stdout.isatty():
        return WIDTH_CHARS
    return max(_WIDTH_CHARS_MIN, min(shutil.get_terminal_size((WIDTH_CHARS, 24)).columns, WIDTH_CHARS))


def terminal_chars() -> int | None:
    """Of a line of a table that other programs read too: what fits the terminal; None where the output is none."""
    return shutil.get_terminal_size((WIDTH_CHARS, 24)).columns if sys.stdout.isatty() else None


class Tone(Enum):
    """What a line is, for its colour."""

    PLAIN = "plain"
    TITLE = "title"
    LOSS = "loss"  # data can be lost, and dma-debug is silent
    WARNING = "warning"
    ASIDE = "aside"


@dataclass(frozen=True)
class Line:
    """One line of output, without its end."""

    text: str
    tone: Tone = Tone.PLAIN


def wrapped(lead: str, text: str, tone: Tone = Tone.PLAIN, hang: int | None = None) -> list[Line]:
    """``lead`` and ``text`` in lines of `width_chars` at most; all but the first begin ``hang`` columns in.

    A word that is longer than a line stays whole.
    """
    indent = " " * (len(lead) if hang is None else hang)
    lines = textwrap.wrap(
        text,
        width_chars(),
        initial_indent=lead,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [Line(line, tone) for line in lines or [lead.rstrip()]]
