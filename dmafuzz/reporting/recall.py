# SPDX-License-Identifier: GPL-2.0-only
"""Recall as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from dmafuzz.catalogue import Catalogue
from dmafuzz.catalogue.recall import Run, recall


def recall_lines(catalogue: Catalogue, runs: Sequence[Run], times: Sequence[float]) -> Iterator[str]:
    """As Markdown: the totals, then the topics, least complete first."""
    rows = recall(catalogue, runs, times)
    total = sum(row.causes for row in rows)
    yield "| after | runs with all topics | topics found (median) | causes found (median) |"
    yield "|---:|---:|---:|---:|"
    for i, at in enumerate(times):
        topics = [sum(row.found[i][run] > 0 for row in rows) for run in range(len(runs))]
        causes = [sum(row.found[i][run] for row in rows) for run in range(len(runs))]
        complete = sum(count == len(rows) for count in topics)
        yield (
            f"| {at:,.0f} s | {complete} of {len(runs)} | {statistics.median(topics):g} of {len(rows)} "
            f"| {statistics.median(causes):g} of {total} |"
        )
    yield ""
    yield f"| label | topic | causes | {' | '.join(f'after {at:,.0f} s' for at in times)} |"
    yield f"|---|---|---:|{'---:|' * len(times)}"
    for row in sorted(rows, key=lambda row: statistics.median(row.found[-1]) / row.causes):
        cells = (_cell(found, row.causes) for found in row.found)
        yield f"| {row.topic.label} | {row.topic.name} | {row.causes} | {' | '.join(cells)} |"


def _cell(found: Sequence[int], causes: int) -> str:
    """The median over the runs, and the least."""
    share = 100 * statistics.median(found) / causes
    return f"{share:.0f} % (least {100 * min(found) / causes:.0f} %)"
