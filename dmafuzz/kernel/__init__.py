# SPDX-License-Identifier: GPL-2.0-only
"""A kernel's own dma-debug as a tracker."""

from dmafuzz.kernel.build import KernelTracker, build
from dmafuzz.kernel.error import KernelError
from dmafuzz.kernel.patched import Patched, patched
from dmafuzz.kernel.registry import Added, Registered, add, locate, registered, remove, version_of

__all__ = [
    "Added",
    "KernelError",
    "KernelTracker",
    "Patched",
    "Registered",
    "add",
    "build",
    "locate",
    "patched",
    "registered",
    "remove",
    "version_of",
]
