# SPDX-License-Identifier: GPL-2.0-only
"""The core's simulator and the naive one in the same terms, and programs on which they differ made small."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import naive
from dmafuzz import _core
from dmafuzz._core import Entry, Op, OpKind, Platform

Facts = tuple[frozenset[Any], frozenset[Any]]
"""Corruptions and harms. Leaks depend on what a tracker holds, and are left out."""


def of_core(judge: _core.Judge, ops: Sequence[Op], platform: int) -> Facts:
    """What the core finds on a platform of the judge's."""
    found = judge.judge(ops, platform)
    ranges: dict[tuple[str, int, str], list[tuple[int, int]]] = {}
    for c in found.corruptions:
        ranges.setdefault((c.kind, c.op, c.buffer), []).append((c.offset, c.size))
    harms: set[Any] = set()
    for harm in found.harms:
        if harm.buffer is not None and harm.offset is not None and harm.size is not None:  # an exposure
            ranges.setdefault(("exposure", harm.op, harm.buffer), []).append((harm.offset, harm.size))
        elif harm.kind != "leak":
            harms.add((harm.kind, harm.op, harm.mapping))
    whole = {(*key, offset, size) for key, parts in ranges.items() for offset, size in naive.joined(sorted(parts))}
    exposures = {result for result in whole if result[0] == "exposure"}
    return frozenset(whole - exposures), frozenset(harms | exposures)


def of_naive(ops: Sequence[Op], machine: Platform, together: int = 4) -> Facts:
    """What the naive one finds."""
    outcome = naive.simulate(ops, machine, together)
    return outcome.corruptions, frozenset(harm for harm in outcome.harms if harm[0] != "leak")


def kinds_of(one: Facts, other: Facts) -> tuple[str, ...]:
    """What the one has and the other has not, without numbers."""
    sides = (("core", one, other), ("naive", other, one))
    return tuple(
        sorted({f"{side}:{fact[0]}" for side, a, b in sides for x, y in zip(a, b, strict=True) for fact in x - y})
    )


def _simpler(op: Op) -> Iterator[Op]:
    """One argument given up, or made plainer."""
    for field in ("split", "unchecked", "high", "private", "given_device", "given_size", "given_direction",
                  "given_attrs", "given_count"):  # fmt: skip
        if getattr(op, field):
            new = op.__copy__()
            setattr(new, field, False)
            yield new
    for field in ("offset", "cpu_offset", "attrs", "cpu", "device"):
        if getattr(op, field):
            new = op.__copy__()
            setattr(new, field, 0)
            yield new
    for size in (16, 64, 2048, 4096, 8192):
        if op.size and op.size != size and (size < op.size or (op.size % 16 and size < 2 * op.size)):
            new = op.__copy__()
            new.size = size
            yield new
    entries = op.entries[: op.entry_count]
    for at in range(len(entries)):
        if len(entries) > 1:
            new = op.__copy__()
            new.entries = entries[:at] + entries[at + 1 :]
            yield new
        for plain in (Entry(entries[at].buffer, 0, entries[at].size), Entry(entries[at].buffer, 0, 64)):
            if plain != entries[at]:
                new = op.__copy__()
                new.entries = [*entries[:at], plain, *entries[at + 1 :]]
                yield new


def _children(ops: list[Op]) -> Iterator[list[Op]]:
    """Programs one step simpler."""
    for at in range(len(ops) - 1, -1, -1):
        yield ops[:at] + ops[at + 1 :]
    for at, op in enumerate(ops):
        for new in _simpler(op):
            yield [*ops[:at], _core.clear_unused(new), *ops[at + 1 :]]
    for at, op in enumerate(ops):
        if op.kind not in (OpKind.alloc, OpKind.free) and len(ops) > 2:
            for pair in range(at + 1, len(ops)):
                yield ops[:at] + ops[at + 1 : pair] + ops[pair + 1 :]


def minimal(ops: list[Op], differs: Callable[[list[Op]], bool], tries: int = 600) -> list[Op]:
    """A program one step from which nothing differs any more, or what so many tries come to."""
    going = True
    while going and tries > 0:
        going = False
        for child in _children(ops):
            tries -= 1
            if tries <= 0:
                break
            if _core.check(child) is None and differs(child):
                ops, going = child, True
                break
    return ops
