# SPDX-License-Identifier: GPL-2.0-only
"""How the value of each field of an operation is written and read.

Sizes and offsets are bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dmafuzz import _core
from dmafuzz._core import BufferKind, Direction, Entry

from .tokens import Token

NONE = "none"  # a list with nothing in it

_NUMBER = re.compile(r"(?:0x[0-9a-fA-F]{1,12}|(?:0|[1-9][0-9]{0,11})K?)")
_KIB = 1024
_BYTES_MAX = 0xFFFF_FFFF  # offsets and sizes are 32 bits wide in an operation's record
_COUNT_MAX = 0xFF  # counts are 8 bits wide


@dataclass(frozen=True)
class Codec:
    """Reads a field's value from a word, raising ProgramError, and writes it."""

    read: Callable[[Token], Any]
    show: Callable[[Any], str]


def _number(token: Token, expected: str, highest: int) -> int:
    if not _NUMBER.fullmatch(token.text):
        raise token.error(expected)
    value = int(token.text[:-1]) * _KIB if token.text.endswith("K") else int(token.text, 0)
    if value > highest:
        raise token.error(f"at most {highest}")
    return value


def _read_bytes(token: Token) -> int:
    return _number(token, "a number of bytes like 64, 0x40 or 4K", _BYTES_MAX)


def _name(letter: str, what: str, count: int) -> Codec:
    names = {f"{letter}{i}": i for i in range(count)}

    def read(token: Token) -> int:
        if token.text not in names:
            raise token.error(f"{what}{letter}0 to {letter}{count - 1}")
        return names[token.text]

    return Codec(read, lambda index: f"{letter}{index}")


def _word(what: str, values: dict[str, Any]) -> Codec:
    words = {value: word for word, value in values.items()}

    def read(token: Token) -> Any:
        if token.text not in values:
            raise token.error(f"{what}: {', '.join(values)}", values)
        return values[token.text]

    return Codec(read, lambda value: words[value])


def _read_attrs(token: Token) -> int:
    if token.text == NONE:
        return 0
    attrs = 0
    for part in token.parts(",") if token.text else [token]:
        if part.text not in _core.ATTRS:
            raise part.error(f"attributes out of {', '.join(_core.ATTRS)}, or '{NONE}'", _core.ATTRS)
        bit = 1 << _core.ATTRS.index(part.text)
        if attrs & bit:
            raise part.error("each attribute once")
        attrs |= bit
    return attrs


def _show_attrs(attrs: int) -> str:
    return ",".join(name for i, name in enumerate(_core.ATTRS) if attrs >> i & 1) or NONE


def _read_entry(token: Token) -> Entry:
    parts = token.parts(":")
    if len(parts) != len(("buffer", "offset", "size")):
        raise token.error("buffer:offset:size")
    buffer, offset, size = parts
    return Entry(FIELDS["buffer"].read(buffer), FIELDS["offset"].read(offset), FIELDS["size"].read(size))


def _show_entry(entry: Entry) -> str:
    return ":".join(FIELDS[field].show(getattr(entry, field)) for field in ("buffer", "offset", "size"))


# The two kinds that only the DMA API makes are never written: the call that makes them says it.
_ALLOCATED_KINDS = {kind.name: kind for kind in BufferKind if kind not in (BufferKind.coherent, BufferKind.noncoherent)}
_MAPPING = _name("m", "a mapping ", _core.MAPPINGS_MAX)

# By the names that forms.py gives to places and arguments.
FIELDS: dict[str, Codec] = {
    "cpu": _name("cpu", "", _core.CPUS_MAX),
    "device": _name("d", "a device ", _core.DEVICES_MAX),
    "buffer": _name("b", "a buffer ", _core.BUFFERS_MAX),
    "mapping": _MAPPING,
    "list": _MAPPING,
    "buffer_kind": _word("a kind of buffer", _ALLOCATED_KINDS),
    "direction": _word("a direction", {direction.name.upper(): direction for direction in Direction}),
    "offset": Codec(_read_bytes, str),
    "size": Codec(_read_bytes, str),
    "cpu_offset": Codec(_read_bytes, str),
    "nents": Codec(lambda token: _number(token, "a number of scatterlist entries", _COUNT_MAX), str),
    "attrs": Codec(_read_attrs, _show_attrs),
    "entry": Codec(_read_entry, _show_entry),
}
