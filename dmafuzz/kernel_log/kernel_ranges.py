# SPDX-License-Identifier: GPL-2.0-only
"""Eras in words: which kernels they are together."""

from __future__ import annotations

from collections.abc import Sequence

from .benches import eras, vendors


def kernel_ranges(names: Sequence[str]) -> str:
    """Eras that follow one another as one span: "2.6.30 to 4.20, 6.18 and later; Debian's 6.12"."""
    released = [era for era in eras() if era not in vendors()]
    parts: list[str] = []
    run: list[str] = []
    for era in (*released, ""):
        if era in names:
            run.append(era)
        elif run:
            parts.append(_span(run, released))
            run = []
    own = [era for era in eras() if era in vendors() and era in names]
    text = ", ".join(parts) or "none"
    return f"{text}; Debian's {' and '.join(own)}" if own else text


def _span(run: Sequence[str], released: Sequence[str]) -> str:
    """An era lasts until the one after it begins."""
    after = released.index(run[-1]) + 1
    if after == len(released):
        return f"{run[0]} and later"
    return f"from {run[0]} to before {released[after]}"
