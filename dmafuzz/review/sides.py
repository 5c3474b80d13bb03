# SPDX-License-Identifier: GPL-2.0-only
"""The two trackers of a review: by name, or the second one by a patch to the first one's code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dmafuzz import kernel
from dmafuzz._core import BuiltinTracker
from dmafuzz.trackers import KERNEL, Tracker, TrackerError, builtins, default_portfolio, kernel_tracker, resolve


@dataclass(frozen=True)
class Sides:
    """``left_out``: the files that a patch changes and that are no part of dma-debug; ``portfolio``: the platforms of
    the second one's time."""

    first: Tracker
    second: Tracker
    portfolio: str
    left_out: tuple[str, ...] = ()

    @property
    def core(self) -> tuple[str, str]:
        return self.first.core, self.second.core

    @property
    def threads(self) -> bool:
        """Whether searches may use several: a kernel's own code has one state in a process."""
        return not (self.first.kernel or self.second.kernel)


def by_names(first: str, second: str, portfolio: str | None) -> Sides:
    """Raises TrackerError for a name that is none's."""
    return Sides(resolve(first), resolve(second), portfolio or default_portfolio(second))


def by_patch(base: str, patch: Path, portfolio: str | None) -> Sides:
    """The code of a kernel, and the same with a patch. Raises KernelError, TrackerError."""
    if not base.startswith(KERNEL):
        raise TrackerError(f"{base}: --patch is applied to a kernel's own code: expected {KERNEL}NAME or {KERNEL}PATH")
    first = resolve(base)
    patched = kernel.patched(base.removeprefix(KERNEL), patch)
    # Why it is silent is asked of the same era's model: the patch must not make it another era.
    era = first.core.partition(":")[0].partition("@")[2]
    second = kernel_tracker(f"{base} with {patch.name}", replace(patched.built, era=era))
    return Sides(first, second, portfolio or default_portfolio(base), patched.left_out)


def neighbouring_eras() -> list[tuple[str, BuiltinTracker]]:
    """Each era with the name of the one that it follows, in order of time. Nothing follows a vendor's kernel, which
    itself is based on the release before it."""
    eras = [each for each in reversed(builtins()) if each.kind == "era"]
    pairs, before = [], eras[0].name
    for era in eras[1:]:
        pairs.append((before, era))
        before = before if era.vendor else era.name
    return pairs
