# SPDX-License-Identifier: GPL-2.0-only
"""What a dead worker was at: the file of the current input, as the core writes it."""

from __future__ import annotations

import struct
from pathlib import Path

_HEAD = struct.Struct("=QQ")  # programs so far, length of the records


def last_program(path: Path) -> bytes:
    """The records of the program that was running, or nothing where none had begun."""
    try:
        data = path.read_bytes()
    except OSError:
        return b""
    if len(data) < _HEAD.size:
        return b""
    _, length = _HEAD.unpack_from(data)
    return data[_HEAD.size : _HEAD.size + length]
