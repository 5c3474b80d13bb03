# SPDX-License-Identifier: GPL-2.0-only
"""The everyday form of a cause: the same cause with sizes and offsets that drivers use."""

from __future__ import annotations

from dataclasses import dataclass

from dmafuzz import _core

from .bench import Bench
from .cause import Cause

_TRIED_MAX = 130  # layouts


@dataclass(frozen=True)
class EverydayForm:
    """A program, and the platforms on which it shows the cause."""

    ops: tuple[_core.Op, ...]
    shown_on: tuple[str, ...]


def everyday_form(cause: Cause, bench: Bench) -> EverydayForm | None:
    """The layout of the minimal program that shows the same cause on most of the same platforms, of several the first;
    None: there is none but the program itself."""
    own = _core.encode(cause.ops)
    best: tuple[int, EverydayForm] | None = None
    for ops in _core.everyday_layouts(cause.ops)[:_TRIED_MAX]:
        if _core.encode(ops) == own:
            break  # those that come after it change less
        form = EverydayForm(tuple(ops), bench.shown_on(ops, cause))
        common = len(set(form.shown_on) & set(cause.shown_on))
        if common and (best is None or common > best[0]):
            best = common, form
        if form.shown_on == cause.shown_on:
            return form
    return best[1] if best else None
