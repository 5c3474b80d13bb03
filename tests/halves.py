# SPDX-License-Identifier: GPL-2.0-only
"""Calls in two halves: every tracker, what it knows by its era, and programs with and without their splits."""

from __future__ import annotations

from textwrap import dedent

import pytest

from dmafuzz.trackers import builtins
from support import Warnings, judge, ops_of, warnings_of

PLAIN = "x86-5.5"  # a DMA address is a physical one
IOMMU = "x86-5.5-iommu-strict"  # addresses that are given back are handed out again, last in, first out
ARM = "armv7-5.18"  # overlaps are exempt in no era

ERAS = [each.name for each in reversed(builtins()) if each.kind == "era"]
PROPOSALS = {each.name: each.base for each in builtins() if each.kind == "proposal"}
TRACKERS = [*ERAS, *PROPOSALS]
every_tracker = pytest.mark.parametrize("tracker", TRACKERS)


def told(tracker: str, text: str, platform: str = PLAIN) -> Warnings:
    """The warnings of a program with its tidy-up, (id, operation), in the order in which they fire."""
    return warnings_of(judge(tracker, platform), ops_of(text))


def addresses(text: str, platform: str) -> list[int]:
    """The DMA addresses of the maps of single pages, by mapping."""
    calls = [call for call in judge("7.2", platform).hooks(ops_of(text), 0) if call.hook == "map_page"]
    return [call.dma for call in sorted(calls, key=lambda call: int(call.mapping))]


def since(tracker: str, era: str) -> bool:
    """Whether a tracker, or what a proposal is based on, has the changes of an era."""
    return ERAS.index(PROPOSALS.get(tracker, tracker)) >= ERAS.index(era)


def best_fit(tracker: str) -> bool:
    return since(tracker, "2.6.31")


def leaks(tracker: str, *ops: int) -> Warnings:
    return [("leak", op) for op in ops] if since(tracker, "2.6.31") else []


def overlap(tracker: str, op: int, *, other_device: bool = False, reader: bool = False) -> Warnings:
    """What is told of two entries for one page, of which one device writes it, and the other unless it is a reader."""
    if tracker == "2011-reader-writer":
        return [("line-overlap", op)]
    if tracker == "2021-different-regions" and other_device:
        return []
    return [("line-overlap", op)] if since(tracker, "5.14") and not reader else []


def whole(text: str) -> str:
    """The program without its splits: each call whole where its first half was."""
    lines = [line for line in dedent(text).splitlines() if not line.endswith(" finish")]
    return "\n".join(line.removesuffix(" split") for line in lines)


def late(text: str, call: str) -> str:
    """The program with one split call whole, where its second half was."""
    lines = dedent(text).strip().splitlines()
    (first,) = [line for line in lines if call in line]
    lines.remove(first)
    return "\n".join(first.removesuffix(" split") if line.endswith(" finish") else line for line in lines)
