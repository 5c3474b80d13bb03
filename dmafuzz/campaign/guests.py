# SPDX-License-Identifier: GPL-2.0-only
"""Targets that are kernels, booted: ``guest:NAME`` on one of QEMU's machines. They show what dmafuzz has wrong."""

from __future__ import annotations

from pathlib import Path

from dmafuzz.confirmation import building, machine_for
from dmafuzz.confirmation.booted import era_of, platform_on
from dmafuzz.confirmation.building import GuestKernel
from dmafuzz.fuzzing import Plan
from dmafuzz.trackers import resolve

GUEST = "guest:"


def kernel_of(tracker: str, machine: str) -> GuestKernel:
    """The guest kernel of a target's name. Raises ConfirmationError."""
    return building.find(tracker.removeprefix(GUEST), machine_for(machine).arch)


def guest_plan(
    tracker: str,
    machine: str,
    folder: Path,
    ops_limit: int,
    seconds: float | None = None,
    seed: int = 0,
    programs: int | None = None,
) -> Plan:
    """What decides about such a target: the machine stands where others have a portfolio.

    Raises ConfirmationError.
    """
    kernel = kernel_of(tracker, machine)
    core, names = resolve(era_of(kernel)).core, (platform_on(kernel, machine),)
    return Plan(tracker, core, names, machine, folder, "native", seconds, 1, seed, ops_limit, programs)
