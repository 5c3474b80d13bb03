# SPDX-License-Identifier: GPL-2.0-only
"""What a sample of a search's parts says, for people: never to be taken for a search."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from dmafuzz.catalogue import Entry
from dmafuzz.estimates import Estimate, Unseen
from dmafuzz.exhaustive import Sample
from dmafuzz.triage import triaged

from .catalogue import topic_lines


def sample_lines(sample: Sample, new: int, left: Unseen, causes: Sequence[Entry]) -> Iterator[str]:
    """``new`` signatures are new at the sample's length, of which ``causes`` come to something of their own; ``left``
    is the estimate of those that are left to find."""
    share = 100 * sum(drawn.pairs for drawn in sample.drawn) / sample.pairs
    yield (
        f"SAMPLE, no complete search: {len(sample.drawn):,} of {sample.parts:,} parts ({share:.2g} % of the work) of "
        f"programs of {sample.ops} operations, drawn with seed {sample.seed}."
    )
    yield "It proves nothing minimal, and what it has not seen may well be there. Intervals are of 95 %."
    yield ""
    yield f"done: {sample.programs:,} programs of {sample.ops} operations, {sample.seconds:,.0f} s of processor time"
    hours = sample.whole_seconds()
    hours = Estimate(hours.value / 3600, hours.low / 3600, hours.high / 3600)
    yield f"the whole search, by extrapolation: {_interval(hours, 1)} core hours,"
    yield f"  {_interval(sample.whole_programs(), 0)} programs of {sample.ops} operations"
    met = f"{len(sample.met):,} signatures were met; no shorter program of the alphabet shows {new:,} of them"
    yield f"{met}: those are new at {sample.ops} operations"
    yield (
        f"the whole search has {_interval(Estimate(new + left.left, new + left.low, new + left.high), 0)} new ones, at "
        "least"
    )
    yield "  (Chao's lower bound, of drawing without replacement, from how many parts show each of them)"
    leads = triaged(causes)
    yield (
        f"of those that were met, {len(causes):,} are causes in {len(leads):,} topics; all others come down to causes "
        "of their own with something else in the same program"
    )
    for lead in leads:
        yield from topic_lines(lead)


def _interval(estimate: Estimate, digits: int) -> str:
    def number(value: float) -> str:
        return f"{value:,.{digits}f}" if math.isfinite(value) else "any number"

    return f"{number(estimate.value)} ({number(estimate.low)} to {number(estimate.high)})"
