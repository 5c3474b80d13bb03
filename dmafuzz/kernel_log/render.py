# SPDX-License-Identifier: GPL-2.0-only
"""Renders a document: lines for a terminal of some width, Markdown to answer a mail with."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from dmafuzz.publishing import Block
from dmafuzz.reporting import Line, Tone

WIDTH_CHARS_MIN = 30
WIDTH_CHARS_MAX = 100
_TONES = {"loss": Tone.LOSS, "": Tone.PLAIN}
_SPECIAL = re.compile(r"([\\`*_<>\[\]#|])")


def text_lines(blocks: Sequence[Block], width: int) -> list[Line]:
    """The lines of a document, none longer than ``width`` characters (taken as at least WIDTH_CHARS_MIN)."""
    width = max(WIDTH_CHARS_MIN, min(width, WIDTH_CHARS_MAX))
    lines: list[Line] = []
    for block in blocks:
        if lines and block.kind == "heading":
            lines.append(Line(""))
        lines += _text_block(block, width)
    return lines


def _text_block(block: Block, width: int) -> Iterator[Line]:
    for text in block.lines:
        if block.kind in ("title", "heading"):
            yield from (Line(line, Tone.TITLE) for line in _wrapped(text, width, "", "  "))
        elif block.kind == "program":
            yield from (Line(line, Tone.ASIDE) for line in _wrapped(text, width, "      ", "          "))
        elif block.kind == "item":
            yield from (Line(line) for line in _wrapped(text.replace("`", ""), width, "  - ", "    "))
        else:
            lead = f"{block.lead}: " if block.lead else ""
            bare = text.replace("`", "")
            yield from (Line(line, _TONES[block.tone]) for line in _wrapped(lead + bare, width, "  ", "    "))


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=True, break_on_hyphens=False
    ) or [first.rstrip()]


def markdown(blocks: Sequence[Block]) -> str:
    """The document as Markdown; what comes from the log is not read as marks."""
    return "\n\n".join(_markdown_block(block) for block in blocks) + "\n"


def _markdown_block(block: Block) -> str:
    if block.kind == "program":
        return "\n".join(("```", *block.lines, "```"))
    text = " ".join(_escaped(line) for line in block.lines)
    if block.kind in ("title", "heading"):
        return f"{'#' if block.kind == 'title' else '##'} {text}"
    if block.kind == "item":
        return f"- {text}"
    return f"**{block.lead}**: {text}" if block.lead else text


def _escaped(text: str) -> str:
    """Code in back quotes stays as it is."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _SPECIAL.sub(r"\\\1", text)
    return "".join(f"`{part}`" if i % 2 else _SPECIAL.sub(r"\\\1", part) for i, part in enumerate(parts))
