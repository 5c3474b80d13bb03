# SPDX-License-Identifier: GPL-2.0-only
"""Platforms: machines and their kernels as data, one readable file each, and portfolios of them."""

from dmafuzz._core import Platform
from dmafuzz.platforms.errors import PlatformError
from dmafuzz.platforms.load import load, names
from dmafuzz.platforms.model import PlatformFile
from dmafuzz.platforms.portfolio import portfolio, portfolio_names


def to_core(platform: PlatformFile) -> Platform:
    """The platform as the core has it, ready for a judgement; a new one, which may be changed."""
    return platform.to_core()


__all__ = ["PlatformError", "PlatformFile", "load", "names", "portfolio", "portfolio_names", "to_core"]
