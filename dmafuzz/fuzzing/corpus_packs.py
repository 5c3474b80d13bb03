# SPDX-License-Identifier: GPL-2.0-only
"""The shared corpus on disk: packs of programs, since a file for each costs more than judging twenty programs."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

SUFFIX = ".pack2"  # the second form: records of 64 bytes; packs of the first are left alone
_LENGTH = struct.Struct("<I")  # bytes of the records that follow


def program_name(records: bytes) -> str:
    """What a program is called in the quarantine: the hash of its records."""
    return hashlib.sha1(records, usedforsecurity=False).hexdigest()


def write_pack(folder: Path, programs: Sequence[bytes]) -> Path:
    """Writes programs (their records) as one pack, under the hash of its content; whole or not at all."""
    data = b"".join(_LENGTH.pack(len(records)) + records for records in programs)
    path = folder / f"{program_name(data)}{SUFFIX}"
    temporary = folder / f".{path.name}.{os.getpid()}"
    # No fsync: a lost pack costs half a second's search; and the rename keeps half packs out.
    temporary.write_bytes(data)
    os.replace(temporary, path)
    return path


def read_pack(path: Path) -> Iterator[bytes]:
    """The records of each program of a pack. A pack that was cut short ends early."""
    data = path.read_bytes()
    at = 0
    while at + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if at + length > len(data):
            return
        yield data[at : at + length]
        at += length
