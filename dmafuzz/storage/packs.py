# SPDX-License-Identifier: GPL-2.0-only
"""Packs: many small items in one immutable file, compressed, checksummed, named by the hash of its content.

A pack is the line of `_MAGIC`, then blocks. Each block has a head (compressed bytes, bytes, checksum of the compressed
ones) and its data. The first block is the pack's own table (JSON), the others hold items, each after its length. Every
block checks itself, so that the readable part of a damaged pack is known.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .reading import read_regular
from .whole import write_whole

_MAGIC = b"dmafuzz pack 1\n"
_HEAD = struct.Struct("<II16s")
_LENGTH = struct.Struct("<I")
_NAME_DIGITS = 32
_BLOCK_BYTES = 1 << 18  # of items, before they are compressed; a block is full from here on
BLOCK_BYTES_MAX = 1 << 24
PACK_BYTES_MAX = 1 << 28


@dataclass(frozen=True)
class Pack:
    """What a file holds. ``damage`` says what is wrong with it; None: it is as it was written."""

    table: dict[str, Any]
    items: list[bytes]
    damage: str | None = None


def pack_bytes(table: dict[str, Any], items: Iterable[bytes]) -> bytes:
    """The file's content. The same table and items give the same bytes. Raises ValueError for what is too large."""
    facts = json.dumps(table, sort_keys=True).encode()
    if len(facts) > BLOCK_BYTES_MAX:
        raise ValueError(f"a table of {len(facts):,} bytes is too large for a pack")
    blocks = [_MAGIC, _block(facts)]
    part = bytearray()
    for item in items:
        if _LENGTH.size + len(item) > BLOCK_BYTES_MAX - _BLOCK_BYTES:
            raise ValueError(f"an item of {len(item):,} bytes is too large for a pack")
        part += _LENGTH.pack(len(item)) + item
        if len(part) >= _BLOCK_BYTES:
            blocks.append(_block(bytes(part)))
            part.clear()
    if part:
        blocks.append(_block(bytes(part)))
    return b"".join(blocks)


def pack_name(data: bytes, suffix: str) -> str:
    """The file's name: the hash of its content."""
    return hashlib.sha256(data).hexdigest()[:_NAME_DIGITS] + suffix


def write_pack(folder: Path, suffix: str, table: dict[str, Any], items: Iterable[bytes]) -> Path:
    """Writes a pack, synced, all of it or nothing. Raises OSError."""
    data = pack_bytes(table, items)
    path = folder / pack_name(data, suffix)
    write_whole(path, data)
    return path


def read_pack(path: Path, named: bool = True) -> Pack:
    """A pack, with its readable part where it is damaged. ``named``: by its hash.

    Raises OSError if it cannot be read at all.
    """
    return pack_of(read_regular(path, PACK_BYTES_MAX), path.name if named else None)


def pack_of(data: bytes | None, name: str | None) -> Pack:
    """A pack by what `read_regular` says of its file; ``name``: it must have that one."""
    if data is None:
        return Pack({}, [], f"no file of at most {PACK_BYTES_MAX >> 20} MiB")
    pack = unpacked(data)
    right = name is None or name.split(".")[0] == hashlib.sha256(data).hexdigest()[:_NAME_DIGITS]
    if right or pack.damage is not None:
        return pack
    return Pack(pack.table, pack.items, "its content does not match its name")


def unpacked(data: bytes) -> Pack:
    """What a pack's bytes hold, with the readable part where they are damaged."""
    if not data.startswith(_MAGIC):
        return Pack({}, [], "not a pack" if data else "empty")
    blocks = list(_blocks(data))
    table = _table(blocks[0]) if blocks else None
    items = [item for block in blocks[1:] if block is not None for item in _items(block)]
    if table is None:
        return Pack({}, items, "its table is damaged")
    return Pack(table, items, "a part of it is damaged" if None in blocks else None)


def _block(data: bytes) -> bytes:
    packed = zlib.compress(data, 6)
    return _HEAD.pack(len(packed), len(data), _checksum(packed)) + packed


def _checksum(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:16]


def _blocks(data: bytes) -> Iterator[bytes | None]:
    """Each block's data; None for one that is damaged. After a damaged head nothing more can be told apart."""
    at = len(_MAGIC)
    while at < len(data):
        if at + _HEAD.size > len(data):
            yield None
            return
        packed, length, checksum = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        part = data[at : at + packed]
        at += packed
        if len(part) < packed or length > BLOCK_BYTES_MAX:
            yield None
            return
        yield _unpacked(part, length) if _checksum(part) == checksum else None


def _unpacked(data: bytes, length: int) -> bytes | None:
    try:
        unpacked = zlib.decompressobj().decompress(data, length + 1)
    except zlib.error:
        return None
    return unpacked if len(unpacked) == length else None


def _items(block: bytes) -> Sequence[bytes]:
    items, at = [], 0
    while at + _LENGTH.size <= len(block):
        (length,) = _LENGTH.unpack_from(block, at)
        at += _LENGTH.size
        items.append(block[at : at + length])
        at += length
    return items


def _table(block: bytes | None) -> dict[str, Any] | None:
    try:
        table = json.loads(block or b"")
    except (ValueError, RecursionError):
        return None
    return table if isinstance(table, dict) else None
