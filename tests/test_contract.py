# SPDX-License-Identifier: GPL-2.0-only
"""The contract's rules at their borders: programs as small as can be, each with all the rules that it breaks.

A program for each rule is in corpus/rules, those of findings in corpus/verdicts (test_corpus.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent

import pytest

from dmafuzz.verdicts import judging
from support import program_of

PLAIN = "x86-5.5"


@dataclass(frozen=True)
class Case:
    """``rules``: all that are broken, in words; empty for a program that keeps them."""

    text: str
    rules: str = ""
    platform: str = PLAIN


CASES = {
    "a device reads what another one writes": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 64 TO_DEVICE
        cpu0 m1 = map_page d1 b0 0 64 FROM_DEVICE
        """,
        "no-conflicting-overlap",
    ),
    "two devices read": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 64 TO_DEVICE
        cpu0 m1 = map_page d1 b0 0 64 TO_DEVICE
        """
    ),
    "mappings side by side, the later one in front": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 64 64 FROM_DEVICE
        cpu0 m1 = map_page d0 b0 0 64 FROM_DEVICE
        """
    ),
    "mappings side by side, the later one behind": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE
        cpu0 m1 = map_page d0 b0 64 64 FROM_DEVICE
        """
    ),
    "a free with another CPU address": Case(
        """
        cpu0 b0 m0 = alloc_coherent d0 8192
        cpu0 free_coherent m0 cpu_offset=4096
        """,
        "same-address",
    ),
    "interrupts are off at the end of the program": Case(
        """
        cpu0 b0 m0 = alloc_coherent d0 4096
        cpu0 irq_off
        """
    ),
    "interrupts are off at a free": Case(
        """
        cpu0 b0 m0 = alloc_coherent d0 4096
        cpu0 irq_off
        cpu0 free_coherent m0
        """,
        "free-with-irqs-on",
    ),
    "unmapped without the attribute MMIO of its map": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 TO_DEVICE attrs=MMIO
        cpu0 unmap_page m0 attrs=none
        """,
        "resource-is-mmio same-function",
    ),
    "started after user space wrote": Case(
        """
        cpu0 b0 = alloc page_cache 4096
        cpu0 m0 = map_page d0 b0 0 4096 TO_DEVICE
        cpu1 dirty b0 0 64
        cpu0 start m0
        """,
        "sync-after-write",
    ),
    "started after user space wrote and a sync": Case(
        """
        cpu0 b0 = alloc page_cache 4096
        cpu0 m0 = map_page d0 b0 0 4096 TO_DEVICE
        cpu1 dirty b0 0 64
        cpu0 sync_single_for_device m0
        cpu0 start m0
        """
    ),
    "a BIDIRECTIONAL buffer goes back unsynced": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 BIDIRECTIONAL
        cpu0 sync_single_for_cpu m0
        cpu0 start m0
        """,
        "sync-after-write",
    ),
    "a FROM_DEVICE buffer goes back unsynced": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 sync_single_for_cpu m0
        cpu0 start m0
        """
    ),
    "a device goes on writing to a BIDIRECTIONAL buffer that the CPU has": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 BIDIRECTIONAL
        cpu0 sync_single_for_cpu m0 size=2048
        device m0 post 2048 64
        device m0 post 64 64
        """,
        "sync-after-write",
    ),
    "a device goes on writing to a FROM_DEVICE buffer": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 sync_single_for_cpu m0
        device m0 post 0 64
        """
    ),
    "checked after user space wrote": Case(
        """
        cpu0 b0 = alloc page_cache 4096
        cpu0 m0 = map_page d0 b0 0 4096 TO_DEVICE unchecked
        cpu1 dirty b0 0 64
        cpu0 mapping_error m0
        """,
        "sync-after-write",
    ),
    "checked again after user space wrote": Case(
        """
        cpu0 b0 = alloc page_cache 4096
        cpu0 m0 = map_page d0 b0 0 4096 TO_DEVICE
        cpu1 dirty b0 0 64
        cpu0 mapping_error m0
        """
    ),
    "checked too late, and user space wrote": Case(
        """
        cpu0 b0 = alloc page_cache 4096
        cpu0 m0 = map_page d0 b0 0 4096 TO_DEVICE unchecked
        cpu0 irq_off
        cpu1 dirty b0 0 64
        cpu0 mapping_error m0
        """,
        "check-error",
    ),
    "a BIDIRECTIONAL buffer is synced both ways, and started": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 BIDIRECTIONAL
        cpu0 start m0
        cpu0 sync_single_for_cpu m0
        cpu0 sync_single_for_device m0
        cpu0 start m0
        """
    ),
    "memory that was never given is started": Case(
        """
        cpu0 b0 m0 = alloc_noncoherent d0 4096 BIDIRECTIONAL
        cpu0 start m0
        """,
        "skip-sync-by-hand",
    ),
    "read after a start": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 sync_single_for_cpu m0
        cpu0 start m0
        cpu0 read b0 0 64
        """,
        "hands-off sync-before-read",
    ),
    "read after a sync for the CPU": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 sync_single_for_cpu m0
        cpu0 read b0 0 64
        """
    ),
    "a list is mapped again while it is unmapped": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:4096
        cpu0 unmap_sg m0 split
        cpu1 m1 = map_sg d0 TO_DEVICE list=m0
        cpu0 finish
        """,
        "no-remap",
    ),
    "memory is freed while a CPU is inside a call on it": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 sync_single_for_cpu m0 split
        cpu1 free b0
        cpu0 finish
        """,
        "no-end-during-call page-owner",
    ),
    "a page that the device reads moves": Case(
        """
        cpu0 b0 = alloc anonymous 8192
        cpu0 m0 = map_page d0 b0 0 8192 TO_DEVICE
        cpu0 cow b0 0
        """
    ),
    "a page that has moved is synced for the device": Case(
        """
        cpu0 b0 = alloc anonymous 8192
        cpu0 m0 = map_page d0 b0 0 8192 TO_DEVICE
        cpu0 cow b0 0
        cpu0 sync_single_for_device m0
        """,
        "page-owner",
    ),
    "a page that has moved is synced for the CPU": Case(
        """
        cpu0 b0 = alloc anonymous 8192
        cpu0 m0 = map_page d0 b0 0 8192 TO_DEVICE
        cpu0 cow b0 0
        cpu0 sync_single_for_cpu m0
        """
    ),
    "a page beside one that has moved is synced for the device": Case(
        """
        cpu0 b0 = alloc anonymous 8192
        cpu0 m0 = map_page d0 b0 0 8192 TO_DEVICE
        cpu0 cow b0 0
        cpu0 sync_range_for_device m0 offset=4096 size=4096
        """
    ),
    "a page of which another one got the copy is synced for the device": Case(
        """
        cpu0 b0 = alloc anonymous 8192
        cpu0 m0 = map_page d0 b0 0 8192 TO_DEVICE
        cpu0 cow b0 0 private
        cpu0 sync_single_for_device m0
        """
    ),
    "a page is mapped after it has moved": Case(
        """
        cpu0 b0 = alloc anonymous 8192
        cpu0 cow b0 0
        cpu0 m0 = map_page d0 b0 0 4096 TO_DEVICE
        cpu0 sync_single_for_device m0
        """
    ),
    "a segment of the maximum": Case(
        """
        cpu0 b0 = alloc pages 65536
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:65536
        """
    ),
    "a segment a byte longer": Case(
        """
        cpu0 b0 = alloc pages 131072
        cpu0 m0 = map_sg d0 TO_DEVICE b0:0:65537
        """,
        "segment-limits",
    ),
    "the device is told before the error is asked for": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE unchecked
        device m0 write 0 64
        cpu0 mapping_error m0
        """,
        "check-error",
    ),
    "a CPU writes right behind the buffer, in its line": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 48 TO_DEVICE
        cpu1 write b0 48 1
        """,
        "no-sharing",
    ),
    "a CPU writes the next line": Case(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 48 TO_DEVICE
        cpu1 write b0 64 16
        """
    ),
    "the neighbour in the line has been freed": Case(
        """
        cpu0 b0 = alloc kmalloc 16
        cpu0 b1 = alloc kmalloc 16
        cpu0 free b1
        cpu0 m0 = map_single d0 b0 0 16 FROM_DEVICE
        """
    ),
    "the neighbour in the line is live": Case(
        """
        cpu0 b0 = alloc kmalloc 16
        cpu0 b1 = alloc kmalloc 16
        cpu0 m0 = map_single d0 b0 0 16 FROM_DEVICE
        """,
        "whole-lines",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_program_breaks_these_rules_and_no_other(name: str) -> None:
    case = CASES[name]
    found = judging("6.12", "6.12").judge(program_of(dedent(case.text)), case.platform)
    assert {breach.rule for breach in found.contract} == set(case.rules.split())
