# SPDX-License-Identifier: GPL-2.0-only
"""Confirming on a guest kernel that is built, on one of QEMU's machines."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from dmafuzz.trackers import default_portfolio
from dmafuzz.verdicts import judging

from .building import GuestKernel, boot_files
from .confirming import Confirming
from .guest import QemuGuest
from .machines import machine_for


def era_of(kernel: GuestKernel) -> str:
    """The tracker that models a guest kernel's dma-debug."""
    return ".".join(kernel.version.split(".")[:2])


def platform_on(kernel: GuestKernel, name: str) -> str:
    """The platform that is meant by ``name``: one, or a machine's with that kernel. Raises ConfirmationError."""
    machine = machine_for(name)
    return name if name in machine.platforms else machine.platform_of(kernel.version)


def confirming_on(
    kernel: GuestKernel, name: str, tracker: str | None = None, transcript: Path | None = None
) -> Confirming:
    """``name``: of a platform or of a machine. Raises ConfirmationError."""
    machine = machine_for(name)
    tracker = tracker or era_of(kernel)
    image, initrd = boot_files(kernel)
    return Confirming(
        judging(tracker, default_portfolio(tracker)),
        platform_on(kernel, name),
        machine.name,
        kernel.version,
        partial(QemuGuest, machine, image, initrd, transcript),
        again=machine.iommu,
    )
