# SPDX-License-Identifier: GPL-2.0-only
"""The trackers that are built in: eras of dma-debug, proposals, canaries; and kernel versions as aliases of eras."""

from __future__ import annotations

import difflib
import re
from functools import cache

from dmafuzz import _core
from dmafuzz._core import BuiltinTracker
from dmafuzz.platforms.kernels import Kernel

from .errors import TrackerError

# The last minor versions of the series before.
_LAST = {3: 19, 4: 20, 5: 19, 6: 19}

# Series whose stable releases carry changes of later eras, and which eras such a release may be.
_MIXED = {
    "4.19": ("4.18", "as released"),
    "6.12": ("6.0", "as released; 6.12 is Debian's, which later 6.12.y resemble"),
    "6.16": ("6.13", "as released; 6.17 has the type for non-coherent allocations, as 6.16.12 does"),
    "6.17": ("6.17", "as released; 6.12 is like 6.17.8"),
    "6.18": ("6.18", "as released; 7.0 is like 6.18.24 and later"),
    "6.19": ("6.18", "as released; 7.0 is like 6.19.14 and later"),
    "7.0": ("7.0", "as released; 7.1 is like 7.0.13 and later"),
}

_NUMBERS = re.compile(r"\d+\.\d+(?:\.\d+)*")
_VERSION = re.compile(r"v?(\d+\.\d+(?:\.\d+){0,2})(-rc\d+)?")


@cache
def builtins() -> tuple[BuiltinTracker, ...]:
    """All of them: newest era first, then proposals, then canaries."""
    return tuple(_core.trackers())


def era_of(name: str) -> str | None:
    """The tracker of a built-in name, `NAME+CHANGE` for one with a changed rule or another one's proposal, or the era
    of a kernel version. None if it is none of them.

    Raises TrackerError for a version that is older than dma-debug, newer than what is known, or of a stable series
    that carries later changes.
    """
    if name in (each.name for each in builtins()) or ("+" in name and _core.is_tracker(name)):
        return name
    found = _VERSION.fullmatch(name)
    return _of_version(name, found.group(1)) if found else None


def base_of(tracker: str) -> str:
    """The era that a proposal, a canary or `ERA+CHANGE` changes; else the name itself."""
    name = tracker.partition("+")[0]
    return next((each.base for each in builtins() if each.name == name and each.base), name)


def version_of(tracker: str) -> Kernel | None:
    """The kernel version that a name stands for, by itself or by the era that a proposal changes."""
    base = base_of(tracker)
    found = _VERSION.fullmatch(base)
    return Kernel.parse(found.group(1)) if found else None


def parsed(version: str) -> Kernel | None:
    """The version that a Makefile says, without what its makers have put behind the numbers. None: it says none."""
    found = _NUMBERS.match(version)
    return Kernel.parse(found.group()) if found else None


def end_of(tracker: str) -> Kernel | None:
    """The version with which the era after this one begins, or after the one that a proposal changes; None: no such."""
    base = base_of(tracker)
    released = [each.name for each in builtins() if each.kind == "era" and not each.vendor]
    return version_of(released[released.index(base) - 1]) if base in released[1:] else None


def nearest(name: str) -> str:
    """The end of a message about an unknown name."""
    known = [each.name for each in builtins()]
    close = [each for each in known if name and name in each] or difflib.get_close_matches(name, known, n=5, cutoff=0.5)
    return f"nearest: {', '.join(close)}" if close else "`dmafuzz list trackers` has them all"


def _of_version(name: str, version: str) -> str:
    if version.count(".") == 2 and version.endswith(".0") and not version.startswith("2."):
        version = version.removesuffix(".0")  # the release itself
    kernel = Kernel.parse(version)
    released = [each for each in builtins() if each.kind == "era" and not each.vendor and "-rc" not in each.name]
    first = released[-1].name
    if kernel < Kernel.parse(first):
        raise TrackerError(f"tracker {name!r}: dma-debug came with {first}")
    newest = _core.newest_kernel()
    if kernel.numbers[:2] > Kernel.parse(newest).numbers:
        raise TrackerError(
            f"tracker {name!r}: nothing is known of kernels after {newest} (nearest: {released[0].name})"
        )
    major, minor = kernel.numbers[:2]
    if minor > _LAST.get(major, minor):
        raise TrackerError(
            f"tracker {name!r}: there is no such kernel: after {major}.{_LAST[major]} came {major + 1}.0"
        )
    series = version.rsplit(".", 1)[0]
    if series in _MIXED:
        era, why = _MIXED[series]
        raise TrackerError(
            f"tracker {name!r}: stable kernels carry changes of later eras: say {era} ({why}), or kernel:PATH"
        )
    return next(each.name for each in released if Kernel.parse(each.name) <= kernel)
