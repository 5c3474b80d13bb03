# SPDX-License-Identifier: GPL-2.0-only
"""A platform in a few words: what it does for the devices and directions that a program uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dmafuzz._core import Op, traits
from dmafuzz.platforms import PlatformFile

DIRECTIONS = ("TO_DEVICE", "FROM_DEVICE", "BIDIRECTIONAL")


def describe(machine: PlatformFile, ops: Sequence[Op], bounced: Iterable[int]) -> str:
    """The facts of a platform that can matter to these operations, in sentences. ``bounced``: mappings with a slot."""
    devices = machine.device.resolved()
    used = sorted({op.device for op in ops if traits(op.kind).names_device or op.given_device})
    coherent = [f"d{number}" for number in used if devices[number].coherent]
    others = [f"d{number}" for number in used if not devices[number].coherent]
    facts = [f"{machine.title}."]
    if coherent and (others or machine.bounce.pool):
        facts.append(f"{_list(coherent)} {'is' if len(coherent) == 1 else 'are'} coherent.")
    if others:
        facts += [*_cache(machine, others), *_maintenance(machine, ops)]
    return " ".join([*facts, *_bounce(machine, bounced), *_iommu(machine)])


def _cache(machine: PlatformFile, devices: Sequence[str]) -> list[str]:
    fills = ", filled speculatively" if machine.cache.speculates else ""
    are = "is" if len(devices) == 1 else "are"
    return [f"{_list(devices)} {are} not coherent; cachelines of {machine.cache.line} bytes{fills}."]


def _maintenance(machine: PlatformFile, ops: Sequence[Op]) -> list[str]:
    used = {op.direction.name.upper() for op in ops if traits(op.kind).defines_mapping or op.given_direction}
    rules = machine.maintenance
    edges = {"drop": " (whole cachelines, edges included)", "clean": "", "whole_range": ""}[rules.edges]
    facts = []
    for direction in DIRECTIONS:
        if direction not in used:
            continue
        for_device = _word(getattr(rules.for_device, direction.lower()), edges)
        for_cpu = _word(getattr(rules.for_cpu, direction.lower()), edges)
        facts.append(f"{direction}: for_device {for_device}, for_cpu {for_cpu}.")
    return facts


def _word(maintenance: str, edges: str) -> str:
    words = {"none": "does nothing", "clean": "cleans", "clean_invalidate": "cleans and invalidates"}
    return words.get(maintenance, f"invalidates{edges}")


def _bounce(machine: PlatformFile, bounced: Iterable[int]) -> list[str]:
    if machine.bounce.pool and machine.bounce.slots == 0:
        return ["The swiotlb pool is full."]
    if machine.bounce.always:
        return ["Every mapping is bounced (swiotlb)."]
    names = [f"m{mapping}" for mapping in sorted(bounced)]
    return [f"{_list(names)} {'is' if len(names) == 1 else 'are'} bounced (swiotlb)."] if names else []


def _iommu(machine: PlatformFile) -> list[str]:
    return [] if machine.iommu.mode == "off" else [f"Behind an IOMMU ({machine.iommu.mode})."]


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)
