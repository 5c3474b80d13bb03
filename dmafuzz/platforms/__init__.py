# SPDX-License-Identifier: GPL-2.0-only
"""Platforms: machines and their kernels as data, one readable file each, and portfolios of them."""

from dmafuzz.platforms.core import to_core
from dmafuzz.platforms.errors import PlatformError
from dmafuzz.platforms.load import load, names
from dmafuzz.platforms.model import PlatformFile
from dmafuzz.platforms.portfolio import portfolio, portfolio_names

__all__ = ["PlatformError", "PlatformFile", "load", "names", "portfolio", "portfolio_names", "to_core"]
