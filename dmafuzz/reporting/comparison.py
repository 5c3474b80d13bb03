# SPDX-License-Identifier: GPL-2.0-only
"""Catalogues of several trackers side by side: which topics each of them has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from dmafuzz import _core
from dmafuzz.catalogue.catalogue import Catalogue, counts_by_label
from dmafuzz.verdicts.meanings import SPOKEN


def comparison(catalogues: Sequence[Catalogue]) -> str:
    """As Markdown."""
    return "\n".join(_lines(catalogues)) + "\n"


def _lines(catalogues: Sequence[Catalogue]) -> Iterator[str]:
    yield "# Catalogues"
    yield ""
    yield (
        "All causes of false negatives, false positives and hazards, complete up to the number of operations that is "
        "given, with two devices and one CPU, on the portfolio of each tracker's time. Made by `dmafuzz catalogue`; "
        "the tests judge each entry again. `dmafuzz catalogue --pages` writes a page of each, TRACKER.md, with all "
        "causes and their smallest programs."
    )
    yield ""
    yield "The alphabet:"
    yield from (f"- {paragraph}" for paragraph in _core.ALPHABET)
    yield ""
    yield "| tracker | complete up to | programs | portfolio | FN | FP | hazard | topics |"
    yield "|---|---:|---:|---|---:|---:|---:|---:|"
    for each in catalogues:
        causes = counts_by_label(each)
        programs = sum(length.programs for length in each.lengths)
        yield (
            f"| {each.tracker} | {each.ops} operations | {programs:,} | {each.portfolio} "
            f"| {causes['FN']} | {causes['FP']} | {causes['hazard']} | {len(each.topics())} |"
        )
    # Side by side only as far as all of them are complete.
    common = min((each.ops for each in catalogues), default=0)
    for label in ("broken", "FN", "FP", "hazard"):
        yield from _topics(label, common, [each.up_to(common) for each in catalogues])


def _topics(label: str, ops: int, catalogues: Sequence[Catalogue]) -> Iterator[str]:
    """A row for each topic, a column for each tracker: how many causes it has of it."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for each in catalogues:
        for entry in each.entries:
            if entry.topic.label == label:
                row = counts[entry.topic.name]
                row[each.tracker] = row.get(each.tracker, 0) + 1
    if not counts:
        return
    yield ""
    yield f"## {SPOKEN.get(label, label)}: causes of up to {ops} operations, by topic and tracker"
    yield ""
    yield f"| topic | {' | '.join(each.tracker for each in catalogues)} |"
    yield f"|---|{'---:|' * len(catalogues)}"
    for name, row in sorted(counts.items(), key=lambda item: (-len(item[1]), item[0])):
        yield f"| {name} | {' | '.join(str(row.get(each.tracker, '')) for each in catalogues)} |"
