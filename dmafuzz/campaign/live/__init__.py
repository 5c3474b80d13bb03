# SPDX-License-Identifier: GPL-2.0-only
"""The live page of a campaign: read only, of the store's index, by the standard library's server."""

from .server import LiveServer, ServerError

__all__ = ["LiveServer", "ServerError"]
