# SPDX-License-Identifier: GPL-2.0-only
"""Kinds of operations that belong together."""

from __future__ import annotations

from dmafuzz._core import OpKind

DEVICE_ACCESSES = (OpKind.device_read, OpKind.device_write, OpKind.device_post)
FREES = (OpKind.free, OpKind.free_coherent, OpKind.free_noncoherent, OpKind.free_noncontiguous)
"""Of memory: a buffer's, or that of an allocation call."""
