# SPDX-License-Identifier: GPL-2.0-only
"""Kernel logs: warnings of dma-debug, dumps of its mappings, and what is met beside them, read and answered."""

from .answer import Answer, Cause, answer
from .document import document
from .look import Look, is_program, look_of, reader_of
from .plain import BYTES_MAX, plain
from .reader import read
from .record import to_json
from .render import markdown, text_lines
from .splat import Live, Log, Splat

__all__ = [
    "BYTES_MAX",
    "Answer",
    "Cause",
    "Live",
    "Log",
    "Look",
    "Splat",
    "answer",
    "document",
    "is_program",
    "look_of",
    "markdown",
    "plain",
    "read",
    "reader_of",
    "text_lines",
    "to_json",
]
