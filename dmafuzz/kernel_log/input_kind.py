# SPDX-License-Identifier: GPL-2.0-only
"""What an input is, by its look: a program, a trace, or a log (which may hold a dump)."""

from __future__ import annotations

import re
from enum import Enum

from dmafuzz.program.render import LANGUAGE

from .splat import Log

_PROGRAM = re.compile(rf"{LANGUAGE}\s+\d+\s*(?:#.*)?")


# How compressed files begin, and what reads them.
_COMPRESSED = {b"\x1f\x8b": "zcat", b"\xfd7zXZ\x00": "xzcat", b"\x28\xb5\x2f\xfd": "zstdcat", b"BZh": "bzcat"}


class InputKind(Enum):
    """What an input is that is no program."""

    LOG = "a log"
    TRACE = "a trace"
    NOTHING = "nothing of the DMA API"


def is_program(text: str) -> bool:
    """Whether a text begins as a program does: the language and its version, behind comments and empty lines."""
    for line in text.split("\n"):
        bare = line.strip()
        if bare and not bare.startswith("#"):
            return _PROGRAM.fullmatch(bare) is not None
    return False


def reader_of(data: bytes) -> str:
    """The command that reads a compressed file; "" for others."""
    return next((command for magic, command in _COMPRESSED.items() if data.startswith(magic)), "")


def input_kind_of(log: Log) -> InputKind:
    """What an input is that is no program: what was found in it decides."""
    if not log.empty:
        return InputKind.LOG
    return InputKind.TRACE if log.events else InputKind.NOTHING
