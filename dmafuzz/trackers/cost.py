# SPDX-License-Identifier: GPL-2.0-only
"""What a tracker costs the machine, and what that does to many CPUs at once.

Source: docs/spec/trackers.md §9 (Cost); the thread of 2020, in which one lock for the whole machine, taken at
each copy-on-write, kept all CPUs waiting.

The model of contention counts *units*: taking and giving back a lock is one, a step of a look-up is one, an operation
on the tree is one, a hook call is one besides, and copying a page is ``PAGE_COPY_UNITS``. Work on the tree is done
under its lock, work on a bucket's list under the bucket's. The serial share of a lock is the part of all units that
is spent under it; of N CPUs that all do this work, a lock lets at most 1 / share run at full speed (the bottleneck
law). Each bucket has a lock of its own, so that only the machine-wide locks count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from dmafuzz._core import Cost

# 64 lines of 64 bytes, read and written.
PAGE_COPY_UNITS = 64


# How the figures of a Cost are called, by attribute.
COSTS = {
    "bucket_locks": "hash bucket locks",
    "tree_locks": "radix_lock",
    "pool_locks": "free_entries_lock",
    "other_locks": "other locks",
    "lookup_steps": "look-up steps",
    "tree_operations": "tree operations, locked",
    "lockless_operations": "tree operations, lockless",
}


@dataclass(frozen=True)
class Workload:
    """What one tracker does for some programs: ``hooks`` calls in all, of which ``copies`` are copies of a page."""

    programs: int
    hooks: int
    copies: int
    cost: Cost

    @classmethod
    def total(cls, parts: Iterable[Self]) -> Workload:
        each = list(parts)
        cost = sum((part.cost for part in each), Cost())
        return cls(sum(p.programs for p in each), sum(p.hooks for p in each), sum(p.copies for p in each), cost)

    @property
    def units(self) -> int:
        """All work, with what the program does besides."""
        locks = self.cost.bucket_locks + self.cost.tree_locks + self.cost.pool_locks + self.cost.other_locks
        steps = self.cost.lookup_steps + self.cost.tree_operations + self.cost.lockless_operations
        return locks + steps + self.hooks + PAGE_COPY_UNITS * self.copies

    def serial_shares(self) -> dict[str, float]:
        """For each lock of which the machine has one: the part of all work that is done under it."""
        if not self.units:
            return {}
        under = {
            "tree_locks": self.cost.tree_locks + self.cost.tree_operations,
            "pool_locks": self.cost.pool_locks,
        }
        return {name: units / self.units for name, units in under.items()}

    def speed_of(self, cpus: int) -> float:
        """How many CPUs' worth of work that many CPUs get done, at most."""
        worst = max(self.serial_shares().values(), default=0.0)
        return min(float(cpus), 1 / worst) if worst else float(cpus)
