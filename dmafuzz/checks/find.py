# SPDX-License-Identifier: GPL-2.0-only
"""Finds checks by what a kernel printed, or by a part of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .check import Check, checks

# `[device address=0x...]`, `[mapped with DMA_TO_DEVICE]`: what is named, and its value.
_FIELD = re.compile(r"\[([a-z+ ]+?(?:=| with | as ))[^\]]*\]?", re.IGNORECASE)
# A time stamp, a CPU or task: brackets without a name.
_BRACKETS = re.compile(r"\[[^\]]*\]")
# printk's conversions, addresses and numbers, with the marks around them.
_VALUE = re.compile(
    r"(?:0x)?%[-0-9.]*[hlz]*[a-z]+|\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{6,}\b|\b\d+\b", re.IGNORECASE
)
_WORD = re.compile(r"[a-z0-9'>-]+")


@dataclass(frozen=True)
class _Words:
    """A message without its values: its words, and the names of what stands in brackets."""

    words: tuple[str, ...]
    fields: frozenset[str]

    @classmethod
    def of(cls, text: str) -> _Words:
        fields = frozenset(" ".join(field.lower().split()) for field in _FIELD.findall(text))
        bare = _VALUE.sub(" ", _BRACKETS.sub(" ", _FIELD.sub(" ", text)))
        return cls(tuple(_WORD.findall(bare.lower())), fields)


def find(text: str) -> list[Check]:
    """The checks whose message is, or has in it, or is part of ``text``, or whose id or meaning has it in it.

    Addresses and numbers, and what the kernel puts in front of a message, make no difference. A whole message that is
    found stands alone; otherwise they are in the order of the table.
    """
    wanted = _Words.of(text)
    plain = " ".join(text.lower().split())
    if not plain:
        return []
    known = [(check, _Words.of(message.text)) for check in checks().values() for message in check.messages]
    if whole := dict.fromkeys(check for check, message in known if _holds(wanted.words, message.words)):
        return list(whole)
    parts = {
        check.id
        for check, message in known
        if (wanted.words or wanted.fields) and _holds(message.words, wanted.words) and wanted.fields <= message.fields
    }
    return [check for check in checks().values() if check.id in parts or plain in f"{check.id}\n{check.means}".lower()]


def _holds(all_words: tuple[str, ...], some: tuple[str, ...]) -> bool:
    """Whether the words stand in there, one after another; the first and the last may be cut off."""
    return " ".join(some) in " ".join(all_words)
