# SPDX-License-Identifier: GPL-2.0-only
"""What a platform does to ordinary low pages of d0, derived from what its file says rather than from its name."""

from __future__ import annotations

import functools
from typing import Literal

from dmafuzz import platforms
from dmafuzz.platforms import PlatformFile

Kind = Literal["fails", "bounced", "small-bounced", "coherent", "maintained"]


@functools.cache
def machine(platform: str) -> PlatformFile:
    return platforms.load(platform)


def fails(platform: str) -> bool:
    """Every streaming map fails: everything is to be bounced, and the pool is full."""
    facts = machine(platform).core
    return facts.bounce_always and not facts.bounce_slots


def bounced(platform: str) -> bool:
    """Every streaming mapping has a bounce buffer."""
    facts = machine(platform).core
    return facts.bounce_always and facts.bounce_slots > 0


def small_bounced(platform: str) -> bool:
    """Small buffers of devices that are not coherent are bounced, and there is a pool for it."""
    facts = machine(platform).core
    return facts.bounce_unaligned and facts.bounce_pool


def coherent(platform: str) -> bool:
    return machine(platform).core.devices[0].coherent


def maintained(platform: str) -> bool:
    """Mapped directly, for a device that is not coherent."""
    return not coherent(platform) and not bounced(platform) and not fails(platform)


def kind(platform: str) -> Kind:
    """One of them for each platform: what happens to a small buffer of d0, or would happen to one of another device."""
    if fails(platform):
        return "fails"
    if bounced(platform):
        return "bounced"
    if small_bounced(platform):
        return "small-bounced"
    return "coherent" if coherent(platform) else "maintained"
