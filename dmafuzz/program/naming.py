# SPDX-License-Identifier: GPL-2.0-only
"""Programs up to the names they use."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence

from dmafuzz._core import Entry, Op

from .forms import FORMS, is_device_access
from .program import Program
from .render import render

_HASH_CHARS = 16  # 64 bits: a billion programs share one with a chance of some 3 in 100


class _Names:
    """New names for old ones of one sort, in order of first appearance."""

    def __init__(self, keep: bool = False) -> None:
        self._new: dict[int, int] = {}
        self._keep = keep

    def __getitem__(self, old: int) -> int:
        return old if self._keep else self._new.setdefault(old, len(self._new))


def canonical(ops: Sequence[Op], devices: bool = False) -> list[Op]:
    """The same valid program with buffers, mappings and CPUs named in order of first appearance.

    Devices keep their names unless ``devices`` is true, since a platform may say different things about each.
    """
    cpus, buffers, mappings, device_names = _Names(), _Names(), _Names(), _Names(keep=not devices)
    renamed = []
    for old in ops:
        op = copy.copy(old)
        fields = _named_fields(op)
        if not is_device_access(op.kind):
            op.cpu = cpus[op.cpu]
        if "device" in fields:
            op.device = device_names[op.device]
        if "buffer" in fields:
            op.buffer = buffers[op.buffer]
        if "mapping" in fields:
            op.mapping = mappings[op.mapping]
        if "list" in fields:
            op.list = mappings[op.list]
        op.entries = [Entry(buffers[entry.buffer], entry.offset, entry.size) for entry in op.entries]
        renamed.append(op)
    return renamed


def content_hash(program: Program) -> str:
    """A short name for what a program does: hexadecimal, the same for programs that differ only in the names of
    buffers, mappings and CPUs, in comments, or in what they expect.
    """
    text = render(Program(canonical(program.ops)))
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_CHARS]


def _named_fields(op: Op) -> set[str]:
    """The fields that hold a name in this operation."""
    form = FORMS[op.kind]
    given = {argument.field for argument in form.arguments if argument.given and getattr(op, argument.given)}
    return {*form.results, *form.places, *given}
