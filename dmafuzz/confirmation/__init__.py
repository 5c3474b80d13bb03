# SPDX-License-Identifier: GPL-2.0-only
"""Confirmation: the same program on a real kernel, booted under QEMU."""

from .confirmation import Answer, Confirmation, Tried
from .confirming import Confirming
from .errors import ConfirmationError, GuestDiedError
from .guest import Guest, QemuGuest
from .machines import MACHINES, Machine, machine_for

__all__ = [
    "MACHINES",
    "Answer",
    "Confirmation",
    "ConfirmationError",
    "Confirming",
    "Guest",
    "GuestDiedError",
    "Machine",
    "QemuGuest",
    "Tried",
    "machine_for",
]
