# SPDX-License-Identifier: GPL-2.0-only
"""Debian's kernels as trackers: the model of a version, and the kernel's own code of the same version beside it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import pytest

from dmafuzz import _core, kernel
from support import Warnings, judge, ops_of, warnings_of

PLAIN = "x86-5.5"  # no cache maintenance, no bounce buffers, no IOMMU: a DMA address is a physical one
VERSIONS = ("6.12", "6.1")


@functools.cache
def library(version: str) -> str | None:
    """The kernel's own code of Debian's linux-source package of that version, built; None if it is not installed."""
    for source in (Path(f"/usr/src/linux-source-{version}.tar.xz"), Path(f"/usr/src/linux-source-{version}")):
        if source.exists():
            return str(kernel.build(source).library)
    return None


def kernel_tracker(version: str) -> str:
    """The kernel's own code as a tracker. Skips the test where there is none."""
    built = library(version)
    if built is None:
        pytest.skip(f"needs Debian's package linux-source-{version} (/usr/src/linux-source-{version}.tar.xz)")
    return f"kernel:{built}"


@dataclass(frozen=True)
class Watch:
    """A tracker of a version: its model, or the kernel's own code."""

    version: str
    tracker: str

    def __call__(self, text: str, platform: str = PLAIN) -> Warnings:
        """The warnings of a program with its tidy-up, (id, operation), in the order in which they fire."""
        return warnings_of(judge(self.tracker, platform), ops_of(text))

    def on(self, text: str, platform: _core.Platform) -> Warnings:
        """The same on a machine that has no file."""
        return warnings_of(_core.Judge(self.tracker, [platform]), ops_of(text))


def hooks(text: str, platform: str) -> list[_core.HookCall]:
    """What a tracker hears of a program with its tidy-up."""
    return list(judge("6.12", platform).hooks(ops_of(text), 0))


def mapped_again(count: int, arguments: str = "", direction: str = "FROM_DEVICE") -> str:
    """One line of memory, mapped so often."""
    maps = [f"cpu0 m{i} = map_single d0 b0 0 64 {direction}{arguments}" for i in range(count)]
    return "\n".join(["cpu0 b0 = alloc pages 64", *maps])
