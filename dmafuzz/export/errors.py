# SPDX-License-Identifier: GPL-2.0-only
"""The errors of this room."""


class ExportError(Exception):
    """A program that cannot, or must not, be a module; the message says why, and names the operation."""
