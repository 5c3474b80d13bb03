# SPDX-License-Identifier: GPL-2.0-only
"""The exhaustive search in core seconds: short programs in full, longer ones by a share of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dmafuzz.benchmark.builds import Build
from dmafuzz.benchmark.subject import Bench
from dmafuzz.benchmark.table import Table
from dmafuzz.estimates import Estimate, total

COMPLETE_OPS = 4
DRAWN_OPS = 5
SHARE = 0.03


@dataclass(frozen=True)
class Cost:
    """Seconds of processor time of a search in full, by ``drawn`` of its ``parts``."""

    ops: int
    whole: Estimate
    drawn: int
    parts: int


def cost_of(ops: int, answer: dict[str, Any]) -> Cost:
    """From an answer of `dmafuzz.benchmark.driver.exhaustive`."""
    spent, sizes = answer["spent"], answer["sizes"]
    whole = total(spent, sizes, answer["parts"], answer["whole_size"])
    return Cost(ops, whole.plus(answer["first"]), len(spent), answer["parts"])


def ask(bench: Bench, build: Build, ops: int, share: float, seed: int) -> Cost:
    """Raises BuildError."""
    about = {"tracker": bench.core_tracker, "portfolio": bench.portfolio}
    return cost_of(ops, build.ask("exhaustive", ops=ops, share=share, seed=seed, **about))


def measure(bench: Bench, share: float) -> list[Cost]:
    """Of this build, in fresh processes. Raises BuildError."""
    costs = []
    for ops, drawn in ((COMPLETE_OPS, 1.0), (DRAWN_OPS, share)):
        bench.say(f"exhaustive: programs of up to {ops} operations")
        costs.append(ask(bench, Build.here(), ops, drawn, 0))
    return costs


def table(bench: Bench, costs: Sequence[Cost]) -> Table:
    rows = tuple(
        (f"up to {cost.ops} operations", f"{cost.drawn} of {cost.parts:,}", f"{cost.whole.value:,.0f}", _interval(cost))
        for cost in costs
    )
    note = (
        f"Seconds of processor time of tracker {bench.tracker} on portfolio {bench.portfolio}, one thread. Where not "
        "all parts were gone through, those that were are drawn at random, and the total follows from their cost a "
        "pair of a state and an operation (ratio estimator); what comes before the parts is measured in full."
    )
    return Table("Exhaustive search", ("programs", "parts", "core seconds", "95 %"), rows, (note,))


def _interval(cost: Cost) -> str:
    whole = cost.whole
    return "in full" if cost.drawn == cost.parts else f"{whole.low:,.0f} to {whole.high:,.0f}"
