# SPDX-License-Identifier: GPL-2.0-only
"""A cause, as far as triage looks at it. Grade, topic, order and title are functions of this alone."""

from __future__ import annotations

from dataclasses import dataclass

from dmafuzz import _core


@dataclass(frozen=True)
class Cause:
    """What makes two findings the same (docs/spec/verdicts.md §5), and where it shows.

    ``label`` is FN, FP, hazard or broken; ``kinds`` are corruption kinds of an FN, warning ids of the others;
    ``rules`` the contract's rules that the minimal program ``ops`` breaks, ``reason`` the tracker's (`_core.reasons`);
    ``shown_on`` the platforms that show it.
    """

    label: str
    kinds: tuple[str, ...]
    rules: tuple[str, ...]
    reason: str
    ops: tuple[_core.Op, ...]
    shown_on: tuple[str, ...]

    @property
    def keeps_contract(self) -> bool:
        return not self.rules
