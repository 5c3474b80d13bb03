# SPDX-License-Identifier: GPL-2.0-only
"""Export: a program as the source of a kernel module that runs on real machines."""

from .errors import ExportError
from .exporting import Export, export

__all__ = ["Export", "ExportError", "export"]
