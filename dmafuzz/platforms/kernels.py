# SPDX-License-Identifier: GPL-2.0-only
"""Kernel versions and ranges of them, as platform files and portfolios write them."""

from dataclasses import dataclass
from typing import Self

VERSION_PATTERN = r"\d+\.\d+(?:\.\d+)?"
RANGE_PATTERN = rf"{VERSION_PATTERN} to (?:{VERSION_PATTERN}|today)"
# Later than any kernel, so that "today" needs no change at each release.
TODAY = (1 << 30,)


@dataclass(frozen=True, order=True)
class Kernel:
    """A kernel version, compared number by number: 6.12 is later than 6.5."""

    numbers: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "6.12", "2.6.36" or "today". Raises ValueError on anything else."""
        return cls(TODAY if text == "today" else tuple(int(number) for number in text.split(".")))


@dataclass(frozen=True)
class KernelRange:
    """Kernels from the first to the last version, both included."""

    first: Kernel
    last: Kernel

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "5.19 to 6.4" or "6.5 to today". Raises ValueError on anything else."""
        first, last = text.split(" to ")
        return cls(Kernel.parse(first), Kernel.parse(last))

    @property
    def empty(self) -> bool:
        """Whether the last version is older than the first."""
        return self.last < self.first

    def __contains__(self, kernel: Kernel) -> bool:
        return self.first <= kernel <= self.last
