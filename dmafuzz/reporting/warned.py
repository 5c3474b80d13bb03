# SPDX-License-Identifier: GPL-2.0-only
"""What a warning is about: the entry it was compared with, and the cacheline; and what the kernel prints of it."""

from __future__ import annotations

from collections.abc import Sequence

from dmafuzz._core import Warning
from dmafuzz.program import render_op
from dmafuzz.verdicts.judgement import Judgement

NOT_COUNTED = "printed, but not counted as an error"
_WHOSE = {"stale-mapping": "the stale entry"}
_LINE_SIZES = {4096: "page"}

# What a kernel with default settings does with a warning.
_STOPS = "default kernel: printed, and panic_on_warn stops the machine there"
_STOPPED = "default kernel: printed; panic_on_warn has stopped the machine before"
_GOES_ON = "default kernel: printed without a stack trace, so panic_on_warn does not stop the machine"
_SILENT = "default kernel: not printed, because num_errors (1 by default) errors were printed before"


def about_warning(name: str, op: int, judgements: Sequence[Judgement]) -> str:
    """The sentence about a warning of that id and operation, "" if there is nothing to say.

    Addresses differ between platforms: they are named where all that warn agree.
    """
    found = [(j, w) for j in judgements for w in j.warnings if (w.id, w.op) == (name, op)]
    said = {_about(judgement, warning) for judgement, warning in found}
    if len(said) > 1:
        said = {_about(judgement, warning, address=False) for judgement, warning in found}
    return said.pop() if len(said) == 1 else ""


def _about(judgement: Judgement, warning: Warning, address: bool = True) -> str:
    parts = []
    if warning.entry_op is not None:
        whose = _WHOSE.get(warning.reason or "", "the entry")
        parts.append(f"compared with {whose} of op {warning.entry_op}, {render_op(judgement.ops[warning.entry_op])}")
    if warning.line is not None:
        place = _LINE_SIZES.get(warning.line_size, f"cacheline of {warning.line_size} bytes")
        parts.append(f"in the {place}{f' at 0x{warning.line:x}' if address else ''}")
    if not warning.counted:
        parts.append(NOT_COUNTED)
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def kernel_says(name: str, ops: Sequence[int], judgements: Sequence[Judgement]) -> list[str]:
    """The sentences that quote the kernel: one, or none where dma-debug has no message."""
    found = [j.message(w) for j in judgements for w in j.warnings if w.id == name and w.op in ops]
    return [f"Kernel log: {message}" for message in dict.fromkeys(found) if message]


def prints(judgement: Judgement) -> dict[tuple[str, int], str]:
    """For each warning, by id and operation: whether it is printed; the first of several says it."""
    said: dict[tuple[str, int], str] = {}
    stopped = False
    for warning in judgement.warnings:
        if warning.justification != "broken":
            said.setdefault((warning.id, warning.op), _print_of(warning, stopped))
        stopped |= warning.stops
    return said


def _print_of(warning: Warning, stopped: bool) -> str:
    if not warning.printed:
        return _SILENT
    if warning.stops:
        return _STOPS
    return _STOPPED if stopped else _GOES_ON
