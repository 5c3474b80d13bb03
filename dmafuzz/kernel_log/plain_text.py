# SPDX-License-Identifier: GPL-2.0-only
"""Bytes of any origin to plain text: what a mail, a browser, a terminal or a serial console has made of a log undone.

Nothing that a terminal would act upon is left in it: neither control characters nor those that change the direction of
writing.
"""

from __future__ import annotations

import codecs
import html
import quopri
import re
import unicodedata

BYTES_MAX = 32 << 20  # of a log that are looked at
LINE_CHARS_MAX = 4096  # of one line; what follows is left out

_BOMS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8-sig"}
# Colours and cursor movements; titles of windows.
_ESCAPES = re.compile(
    r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]{0,200}(?:\x07|\x1b\\)|\x9b[0-9;?]*[@-~]|\x1b[()][0-9A-Z]"
)
# Of quoted-printable, only what a log that is not encoded would not have.
_QUOTED_PRINTABLE = re.compile(rb"=3D(?:0x|\d|[a-z])|^Content-Transfer-Encoding:\s*quoted-printable", re.I | re.M)
# Where no sign is encoded there are still its ends of lines, at the 76th column.
_SOFT_BREAK = re.compile(rb"(?m)^(.{75})=\r?\n")
_ENTITY = re.compile(r"&(?:#\d{1,6}|#x[0-9a-f]{1,5}|gt|lt|amp|quot|apos|nbsp);", re.I)
# The spaces and quotation marks that mailers and web pages set.
_SET = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " ", "\u2007": " ", "\u202f": " ", "\t": " ",
    "\u2010": "-", "\u2011": "-", "\u2013": "-", "\u2014": "-",
})  # fmt: skip
_NEWLINES = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def plain_text(data: bytes) -> str:
    """The text of a log; bytes that are no text become U+FFFD. Lines end in a newline, and are of LINE_CHARS_MAX."""
    encoded = _QUOTED_PRINTABLE.search(data)
    data = quopri.decodestring(data) if encoded else _SOFT_BREAK.sub(rb"\1", data)
    text = _NEWLINES.sub("\n", _ESCAPES.sub("", _decoded(data)))
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found.group()), text)
    return "\n".join(line[:LINE_CHARS_MAX] for line in printable(text.translate(_SET)).split("\n"))


def printable(text: str) -> str:
    """The text without control and formatting characters, newlines kept."""
    if text.isascii() and text.isprintable():
        return text
    unwanted = {character for character in set(text) if _unwanted(character)}
    return text.translate({ord(character): None for character in unwanted})


def _unwanted(character: str) -> bool:
    return character != "\n" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co")


def _decoded(data: bytes) -> str:
    encoding = next((name for bom, name in _BOMS.items() if data.startswith(bom)), "utf-8")
    return data.decode(encoding, "replace")
