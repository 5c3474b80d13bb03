# SPDX-License-Identifier: GPL-2.0-only
"""What confirmations come to: a table for people, an exit status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from dmafuzz.tables import columns

from .confirmation import Answer, Confirmation

_OK, _NOT_CONFIRMED, AT_FAULT = 0, 1, 3


def status_of(done: Iterable[Confirmation]) -> int:
    """0: all confirmed, or with a reason; 1: something is not, without one; 3: dmafuzz is wrong somewhere."""
    status = _OK
    for one in done:
        if one.answer in (Answer.IMPOSSIBLE, Answer.DIFFER):
            return AT_FAULT
        without_reason = any(not tried.shown and not tried.reason for tried in one.tried)
        died = one.answer == Answer.DIED or (one.oops is not None and not one.log)
        if died or (one.answer == Answer.NOT_REPRODUCED and without_reason):
            status = _NOT_CONFIRMED
    return status


def as_table(done: Sequence[Confirmation]) -> list[str]:
    """What is not simply confirmed with its particulars, then a line for each program, then a count of each answer."""
    lines = [line for one in done for line in _particulars(one)]
    lines += columns([(one.program, one.machine, one.answer.value, _losses(one)) for one in done])
    for machine in dict.fromkeys(one.machine for one in done):
        counts = Counter(one.answer.value for one in done if one.machine == machine)
        lines.append(f"{machine}: {', '.join(f'{count} {answer}' for answer, count in sorted(counts.items()))}")
    return lines


def _losses(one: Confirmation) -> str:
    shown = sum(tried.shown for tried in one.tried)
    return f"{shown} of {len(one.tried)} losses" if one.tried else "no loss"


def _particulars(one: Confirmation) -> list[str]:
    head = f"{one.program} on {one.machine} ({one.platform}, {one.kernel}): {one.answer.value}"
    lines = []
    if one.oops is not None:
        lines.append(f"  op {one.oops}: the kernel is said to fault, and does{'' if one.log else ' not'}")
    elif one.expected != one.seen:
        lines += [f"  {one.reason}"] if one.reason else []
        missing, extra = Counter(one.expected) - Counter(one.seen), Counter(one.seen) - Counter(one.expected)
        lines += [f"  op {op}: {name}: expected, not seen" for op, name in sorted(missing.elements())]
        lines += [f"  op {op}: {name}: seen, not expected" for op, name in sorted(extra.elements())]
    if one.oops is None and one.failed and one.failed["model"] != one.failed["kernel"]:
        lines.append(f"  mappings that fail: {one.failed['kernel']}, expected {one.failed['model']}")
    for lost in one.impossible:
        where = f"b{lost.buffer}[{lost.offset}..{lost.offset + lost.size - 1}]"
        lines.append(
            f"  op {lost.op}: {where} seen by {lost.by}: {lost.found}, not {lost.expected}: said to be impossible"
        )
    for tried in one.tried:
        if not tried.shown:
            where = f"{tried.buffer}[{tried.offset}..{tried.offset + tried.size - 1}]"
            reason = f": {tried.reason}" if tried.reason else ""
            lines.append(f"  op {tried.op}: {tried.kind} of {where}: not reproduced{reason}")
    lines += [f"  op {op}: refused: {why}" for op, why in one.refused]
    if one.log and one.answer == Answer.DIED:
        lines += [f"  {line}" for line in one.log.splitlines()[:30]]
    if lines:
        lines += [f"  op {op}: the kernel says: {text}" for op, text in one.messages[:8]]
    return [head, *lines] if lines else []
