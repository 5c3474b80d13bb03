# SPDX-License-Identifier: GPL-2.0-only
"""Which era a kernel's own code is of: its model is asked why the code is silent, wherever the two say the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dmafuzz import _core, platforms
from dmafuzz.platforms.kernels import Kernel

from .eras import builtins, parsed, version_of

# Machines on which eras differ: coherent, not coherent, with bounced kmalloc buffers, behind an IOMMU that merges.
_MACHINES = ("x86-5.5", "armv7-5.18", "arm64-6.5", "arm64-6.5-iommu-strict")
_PROGRAMS_EACH = 200
_AGREES_AT_LEAST = 0.5  # of all programs; code that agrees less is of no era that is known here


def eras() -> tuple[str, ...]:
    """The names of all eras, newest first."""
    return tuple(each.name for each in builtins() if each.kind == "era")


@dataclass(frozen=True)
class OwnEra:
    """An era, the number of random programs that were tried, and of those on which code and era warn alike."""

    era: str
    programs: int
    alike: int


@cache
def own_era(library: Path, version: str) -> OwnEra | None:
    """The era that the code of a built library warns like. None if it is like none.

    Of several that it is equally like it is the last one that is not later than ``version``, the kernel's; without a
    version, or if all are later, the last one.
    """
    programs, departing = _tried(library, eras())
    fewest = min(departing)
    if programs == 0 or programs - fewest < programs * _AGREES_AT_LEAST:
        return None
    alike = [era for era, count in zip(eras(), departing, strict=True) if count == fewest]
    kernel = parsed(version)
    earlier = [era for era in alike if kernel and _begins(era) <= kernel]
    return OwnEra((earlier or alike)[0], programs, programs - fewest)


def like(library: Path, era: str) -> OwnEra:
    """How much the code of a built library warns like a given era."""
    programs, (departing,) = _tried(library, (era,))
    return OwnEra(era, programs, programs - departing)


def _tried(library: Path, models: tuple[str, ...]) -> tuple[int, list[int]]:
    machines = [platforms.to_core(platforms.load(name)) for name in _MACHINES]
    return _core.departures(f"kernel:{library}", models, machines, _PROGRAMS_EACH)


def _begins(era: str) -> Kernel:
    version = version_of(era)
    assert version is not None  # an era is named by a version
    return version
