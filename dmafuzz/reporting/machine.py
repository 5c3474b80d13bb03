# SPDX-License-Identifier: GPL-2.0-only
"""A platform in a few words: what it does for the devices and directions that a program uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dmafuzz._core import Direction, Edges, Maintenance, Mapping, Op, Via, traits
from dmafuzz.platforms import PlatformFile
from dmafuzz.verdicts.judgement import Judgement

DIRECTIONS = (Direction.to_device, Direction.from_device, Direction.bidirectional)
_WORDS = {
    Maintenance.none: "does nothing",
    Maintenance.clean: "cleans",
    Maintenance.invalidate: "invalidates{edges}",
    Maintenance.clean_invalidate: "cleans and invalidates",
}


def describe(machine: PlatformFile, judgement: Judgement) -> str:
    """The facts of a platform that can matter to what was judged there, in sentences."""
    ops, mappings = judgement.ops, judgement.mappings
    devices = machine.core.devices
    used = sorted({op.device for op in ops if traits(op.kind).names_device or op.given_device})
    coherent = [f"d{number}" for number in used if devices[number].coherent]
    others = [f"d{number}" for number in used if not devices[number].coherent]
    facts = [f"{machine.title}."]
    if coherent and (others or machine.core.bounce_pool):
        facts.append(f"{_list(coherent)} {'is' if len(coherent) == 1 else 'are'} coherent.")
    if others:
        facts += [*_cache(machine, others), *_maintenance(machine, ops)]
    return " ".join([*facts, *_bounce(machine, mappings), *_iommu(machine, mappings)])


def _cache(machine: PlatformFile, devices: Sequence[str]) -> list[str]:
    fills = ", filled speculatively" if machine.core.speculates else ""
    are = "is" if len(devices) == 1 else "are"
    return [f"{_list(devices)} {are} not coherent; cachelines of {machine.core.line} bytes{fills}."]


def _maintenance(machine: PlatformFile, ops: Sequence[Op]) -> list[str]:
    used = {op.direction for op in ops if traits(op.kind).defines_mapping or op.given_direction}
    edges = " (whole cachelines, edges included)" if machine.core.edges == Edges.drop else ""
    facts = []
    for direction in DIRECTIONS:
        if direction not in used:
            continue
        for_device = _WORDS[machine.core.for_device[direction.value]].format(edges=edges)
        for_cpu = _WORDS[machine.core.for_cpu[direction.value]].format(edges=edges)
        facts.append(f"{direction.name.upper()}: for_device {for_device}, for_cpu {for_cpu}.")
    return facts


def _bounce(machine: PlatformFile, mappings: Sequence[Mapping]) -> list[str]:
    if machine.core.bounce_pool and machine.core.bounce_slots == 0:
        return ["The swiotlb pool is full."]
    return _who("bounced (swiotlb)", [mapping for mapping in mappings if mapping.via == Via.slot])


def _iommu(machine: PlatformFile, mappings: Sequence[Mapping]) -> list[str]:
    return _who(f"mapped through an IOMMU ({machine.core.iommu.name})", [m for m in mappings if m.iommu])


def _who(what: str, mappings: Sequence[Mapping]) -> list[str]:
    names = [f"m{mapping.number}" for mapping in mappings]
    return [f"{_list(names)} {'is' if len(names) == 1 else 'are'} {what}."] if names else []


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)
