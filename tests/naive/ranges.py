# SPDX-License-Identifier: GPL-2.0-only
"""Sets of numbers as ranges."""

from __future__ import annotations

from collections.abc import Iterator


class Ranges:
    """Disjoint ranges [start, end), in order; those that touch are one."""

    def __init__(self) -> None:
        self.all: list[tuple[int, int]] = []

    def __bool__(self) -> bool:
        return bool(self.all)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(list(self.all))

    def add(self, start: int, end: int) -> None:
        """Add a range."""
        if start >= end:
            return
        apart = [(a, b) for a, b in self.all if b < start or a > end]
        near = [(a, b) for a, b in self.all if not (b < start or a > end)]
        start, end = min([start, *(a for a, _ in near)]), max([end, *(b for _, b in near)])
        self.all = sorted([*apart, (start, end)])

    def remove(self, start: int, end: int) -> None:
        """Take a range out."""
        if start >= end:
            return
        left = [(a, min(b, start)) for a, b in self.all] + [(max(a, end), b) for a, b in self.all]
        self.all = sorted({(a, b) for a, b in left if a < b})

    def within(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of a range that are in here."""
        return [(max(a, start), min(b, end)) for a, b in self.all if max(a, start) < min(b, end)]

    def missing(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of a range that are not in here."""
        out, at = [], start
        for a, b in self.within(start, end):
            if at < a:
                out.append((at, a))
            at = b
        return [*out, (at, end)] if at < end else out
