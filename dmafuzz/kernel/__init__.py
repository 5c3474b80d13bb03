"""A kernel's own dma-debug as a tracker."""

from dmafuzz.kernel.build import KernelTracker, build
from dmafuzz.kernel.error import KernelError

__all__ = ["KernelError", "KernelTracker", "build"]
