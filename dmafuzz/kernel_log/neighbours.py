# SPDX-License-Identifier: GPL-2.0-only
"""Dumps as programs: the mappings that share cachelines, each group by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dmafuzz.program import Program, ProgramError, parse
from dmafuzz.program.render import LANGUAGE, VERSION

from .sketch import Sketch
from .splat import Live, Splat

LINE_BYTES = 128  # of the widest platform
_PAGE = 4096
_BUFFER_MAX = 512 * 1024
_DEVICES_MAX = 4
_MAPPINGS_MAX = 20
# What lives in memory that the CPU caches and a driver maps.
_STREAMING = ("single", "page", "scatter-gather", "phy")
# Warnings of mappings that share a line, which name no address.
OVERLAPS = ("line-overlap", "overlap>7")
_OVERLAPS_MAX = 3
_CALLS = {"single": "map_single", "page": "map_page", "phy": "map_page"}


@dataclass(frozen=True)
class Group:
    """Mappings that share cachelines, as a program; ``count`` groups of the dump are equal to it.

    ``program`` is None where the group is larger than a program may be.
    """

    members: tuple[Live, ...]
    program: Program | None
    count: int = 1


def mapping_of(splat: Splat, live: Sequence[Live]) -> Live | None:
    """The mapping that a warning is about, in a dump: of the same device, at the same address, or around it."""
    address = splat.address("device address")
    if address is None:
        return None
    own = [each for each in live if not splat.device or each.device == splat.device]
    exact = [each for each in own if each.dma == address]
    if exact:
        return exact[0]
    if splat.check in ("sync-unallocated", "free-unallocated"):
        return next((each for each in own if each.dma <= address < each.dma + each.length), None)
    return None


def groups(live: Iterable[Live]) -> list[Group]:
    """The groups of a dump that share lines, in its order; equal ones once."""
    found: dict[object, Group] = {}
    for members in _sharing(live):
        shape = _shape(members)
        known = found.get(shape)
        if known:
            found[shape] = replace(known, count=known.count + 1)
        else:
            found[shape] = Group(members, _program(members))
    return list(found.values())


def overlaps(splat: Splat, shared: Iterable[Group]) -> list[Sketch]:
    """The groups that a warning of an overlap may be about: its message names no address, at most the device."""
    assumed = ("each entry was mapped by a call of its own", "nothing else lives in their cachelines")
    found = [
        Sketch(group.program, assumed, "", True)
        for group in shared
        if group.program and (not splat.device or any(each.device == splat.device for each in group.members))
    ]
    return found[:_OVERLAPS_MAX]


def _shape(members: Sequence[Live]) -> object:
    """What makes two groups equal: places in the page, lengths, types, directions, and whose they are."""
    members = sorted(members, key=lambda one: one.line)
    devices = list(dict.fromkeys((each.driver, each.device) for each in members))
    base = min(each.physical or 0 for each in members) // _PAGE * _PAGE
    return tuple(
        ((each.physical or 0) - base, each.length, each.type, each.direction, devices.index((each.driver, each.device)))
        for each in members
    )


def _sharing(live: Iterable[Live]) -> Iterator[tuple[Live, ...]]:
    """Runs of two mappings or more in which each shares a line with one before."""
    streaming = [each for each in live if each.type in _STREAMING and each.physical is not None and each.length]
    run: list[Live] = []
    last = -1
    for each in sorted(streaming, key=lambda one: (one.physical or 0, one.line)):
        first = (each.physical or 0) // LINE_BYTES
        if run and first > last:
            if len(run) > 1:
                yield tuple(run)
            run = []
        run.append(each)
        last = max(last if len(run) > 1 else -1, ((each.physical or 0) + each.length - 1) // LINE_BYTES)
    if len(run) > 1:
        yield tuple(run)


def _program(members: Sequence[Live]) -> Program | None:
    """All of them mapped in the order of the dump, in one buffer of pages; they are ended by the tidy-up."""
    members = sorted(members, key=lambda one: one.line)
    devices = list(dict.fromkeys((each.driver, each.device) for each in members))
    base = min(each.physical or 0 for each in members) // _PAGE * _PAGE
    size = max((each.physical or 0) + each.length for each in members) - base
    if len(devices) > _DEVICES_MAX or len(members) > _MAPPINGS_MAX or size > _BUFFER_MAX:
        return None
    lines = [f"{LANGUAGE} {VERSION}", f"cpu0 b0 = alloc pages {-(-size // _PAGE) * _PAGE}"]
    for number, each in enumerate(members):
        device = f"d{devices.index((each.driver, each.device))}"
        offset, direction = (each.physical or 0) - base, each.direction.removeprefix("DMA_")
        if each.type == "scatter-gather":
            lines.append(f"cpu0 m{number} = map_sg {device} {direction} b0:{offset}:{each.length}")
        else:
            lines.append(f"cpu0 m{number} = {_CALLS[each.type]} {device} b0 {offset} {each.length} {direction}")
    try:
        return parse("\n".join(lines))
    except ProgramError:
        return None
