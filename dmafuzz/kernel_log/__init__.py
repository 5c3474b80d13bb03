# SPDX-License-Identifier: GPL-2.0-only
"""Kernel logs: warnings of dma-debug, dumps of its mappings, and what is met beside them, read and answered."""

from .answer import Answer, Cause, answer
from .as_json import to_json
from .document import document
from .input_kind import InputKind, input_kind_of, is_program, reader_of
from .plain_text import BYTES_MAX, plain_text
from .reader import read
from .render import markdown, text_lines
from .splat import Live, Log, Splat

__all__ = [
    "BYTES_MAX",
    "Answer",
    "Cause",
    "InputKind",
    "Live",
    "Log",
    "Splat",
    "answer",
    "document",
    "input_kind_of",
    "is_program",
    "markdown",
    "plain_text",
    "read",
    "reader_of",
    "text_lines",
    "to_json",
]
