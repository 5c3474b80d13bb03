# SPDX-License-Identifier: GPL-2.0-only
"""The estimate of what is left to find, held against a catalogue that has everything: how well it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dmafuzz.catalogue import Catalogue
from dmafuzz.catalogue.recall import open_run
from dmafuzz.estimates import Unseen, unseen


@dataclass(frozen=True)
class Held:
    """What one run had estimated after ``seconds``; ``truly_left``: topics of the catalogue that it had not seen."""

    run: str
    seconds: float
    causes: int
    estimate: Unseen
    truly_left: int

    @property
    def within(self) -> bool:
        """Whether the interval has the truth."""
        return self.estimate.low <= self.truly_left + 0.5 and self.truly_left - 0.5 <= self.estimate.high


def held_against(folder: Path, catalogue: Catalogue, ops: int, times: Sequence[float]) -> list[Held]:
    """One run at some times (s from its start), of causes of up to ``ops`` operations. Raises RecallError."""
    store, targets = open_run(folder, catalogue)
    keys = {target.key for target in targets}
    started = min((run.started for run in store.runs() if run.target in keys), default=0.0)
    found = [
        (cause.found - started, (cause.label, cause.topic), cause.shown_bits)
        for target in targets
        for cause in store.causes(target)
        if cause.found is not None and cause.ops <= ops
    ]
    truth = {(entry.topic.label, entry.topic.short) for entry in catalogue.up_to(ops).entries}
    held = []
    for seconds in times:
        known = [(topic, places) for age, topic, places in found if age <= seconds and topic in truth]
        if not known:
            continue  # of nothing nothing can be estimated
        counts = Counter(topic for topic, _ in set(known))
        left = len(truth - counts.keys())
        held.append(Held(folder.name, seconds, len(known), unseen(list(counts.values())), left))
    return held


def report_lines(held: Sequence[Held], catalogue: Catalogue, ops: int) -> Iterator[str]:
    """As Markdown."""
    truth = {(entry.topic.label, entry.topic.short) for entry in catalogue.up_to(ops).entries}
    yield f"# What is left to find: the estimate beside the truth, tracker {catalogue.tracker}"
    yield ""
    yield f"The catalogue of all programs of up to {ops} operations has {len(truth)} topics. Of each run only causes"
    yield "of that size count. The estimate is Chao's of 1984, its interval that of 1987 (95 %), from how many sets of"
    yield "platforms the causes of each topic show on. Times are those of filing, which comes after replaying."
    yield ""
    yield "| run | after | causes | topics seen | left, by the estimate | interval | truly left | |"
    yield "|---|---:|---:|---:|---:|---|---:|---|"
    for each in held:
        found = each.estimate
        interval = f"{found.low:.1f} to {found.high:.1f}"
        figures = f"{each.causes:,} | {found.seen} | {found.left:.1f} | {interval} | {each.truly_left}"
        yield f"| {each.run} | {each.seconds:g} s | {figures} | {'within' if each.within else 'outside'} |"
    within = sum(each.within for each in held)
    below = sum(each.estimate.left < each.truly_left for each in held)
    yield ""
    yield f"{within} of {len(held)} intervals have the truth; in {below} of {len(held)} the estimate is below it, as"
    yield "may be of what Chao calls a lower bound. From the number of causes it would be far below: a search looks"
    yield "around what it has found, so that a topic with one cause soon has many."
