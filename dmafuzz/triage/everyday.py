# SPDX-License-Identifier: GPL-2.0-only
"""The everyday form of a cause: the same cause with sizes and offsets that drivers use."""

from __future__ import annotations

from dmafuzz import _core

from .bench import Bench
from .cause import Cause


def everyday_form(cause: Cause, bench: Bench) -> tuple[_core.Op, ...] | None:
    """The first layout of the minimal program that shows the same cause on the same platforms; None: there is none, or
    the program is one itself."""
    own = _core.encode(cause.ops)
    for ops in _core.everyday_layouts(cause.ops):
        if _core.encode(ops) == own:
            return None
        if bench.shows(ops, cause):
            return tuple(ops)
    return None
