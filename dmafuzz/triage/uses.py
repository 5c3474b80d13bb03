# SPDX-License-Identifier: GPL-2.0-only
"""How often drivers use each call: in the source of a kernel, or, where a trace was read, in a running one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dmafuzz._core import OpKind

SKIPPED_SYNC = "SKIP_CPU_SYNC"  # the attribute, among the names of operations

# In the drivers of a 6.12 tree.
CALLS = {
    OpKind.alloc_coherent: 1872,
    OpKind.map_single: 1220,
    OpKind.map_sg: 395,
    OpKind.sync_single_for_device: 353,
    OpKind.sync_range_for_device: 353,
    OpKind.sync_sg_for_device: 353,
    OpKind.sync_single_for_cpu: 264,
    OpKind.sync_range_for_cpu: 264,
    OpKind.sync_sg_for_cpu: 264,
    OpKind.map_page: 183,
    OpKind.map_resource: 16,
    OpKind.alloc_noncoherent: 15,
    OpKind.alloc_noncontiguous: 4,
}
SKIP_CPU_SYNC = 120
NEWER_ATTRIBUTES = {"MMIO": 16, "IGNORE_CACHELINES": 1, "REQUIRE_COHERENT": 1}  # than that tree, as far as it goes
EVERY_DAY = 2000  # what is no call, or as common as the mapping that it ends
NEVER = 0  # memory that no driver maps on purpose, or a list that names the same memory twice

# Events have one name for what are two calls of programs.
_ALIKE = {
    OpKind.map_single: OpKind.map_page,
    OpKind.sync_range_for_cpu: OpKind.sync_single_for_cpu,
    OpKind.sync_range_for_device: OpKind.sync_single_for_device,
}
_SEEN, _OF_ALL = 2 * EVERY_DAY, 1_000_000  # a call that a trace has is more common than any that it has not


@dataclass(frozen=True)
class Uses:
    """Counts that compare, by call, of mappings with SKIP_CPU_SYNC, and of what is no call."""

    calls: Mapping[OpKind, int] = field(default_factory=lambda: CALLS)
    skip_cpu_sync: int = SKIP_CPU_SYNC
    every_day: int = EVERY_DAY

    @cached_property
    def by_number(self) -> dict[int, int]:
        """``calls``, by the numbers of their kinds."""
        return {kind.value: uses for kind, uses in self.calls.items()}

    @classmethod
    def of_frequencies(cls, seen: Mapping[str, int]) -> Uses:
        """Of a trace: by the names of operations, how often each occurs, as `dmafuzz trace import` writes it.

        What the trace does not have keeps its place, behind all that it has.
        """
        total = max(1, sum(seen.get(kind.name, 0) for kind in CALLS))

        def of(name: str, otherwise: int) -> int:
            count = seen.get(name, 0)
            return _SEEN + count * _OF_ALL // total if count > 0 else otherwise

        calls = {kind: of(_ALIKE.get(kind, kind).name, uses) for kind, uses in CALLS.items()}
        return cls(calls, of(SKIPPED_SYNC, SKIP_CPU_SYNC), _SEEN + _OF_ALL)


IN_THE_TREE = Uses()
