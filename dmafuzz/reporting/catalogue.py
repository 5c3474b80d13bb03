# SPDX-License-Identifier: GPL-2.0-only
"""A catalogue for people: a summary for the terminal, and all of it as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from dmafuzz.catalogue.catalogue import Catalogue, Entry, counts_by_label
from dmafuzz.tables import columns
from dmafuzz.triage import GRADES, Lead
from dmafuzz.triage.titles import title_of
from dmafuzz.verdicts.meanings import SPOKEN

from .headlines import grade_counts

_TABLE = ("TN", "TP", "FN", "FP", "hazard", "bookkeeping", "broken")
TOPICS_MAX = 12  # of each grade, on the terminal


def catalogue_lines(catalogue: Catalogue) -> Iterator[str]:
    """The table of labels, then each topic with its leader."""
    yield ""
    yield from _plain_table(catalogue)
    leads = catalogue.topics()
    yield ""
    yield f"{len(catalogue.entries):,} causes in {_plural(len(leads), 'topic')}: {grade_counts(leads)}"
    for grade in GRADES:
        of_grade = [lead for lead in leads if lead.grade == grade]
        if of_grade:
            yield ""
            yield f"{grade}: {GRADES[grade]}"
        for lead in of_grade[:TOPICS_MAX]:
            yield from topic_lines(lead)
        if len(of_grade) > TOPICS_MAX:
            yield f"  and {_plural(len(of_grade) - TOPICS_MAX, 'more topic')}"


def topic_lines(lead: Lead[Entry]) -> Iterator[str]:
    """A topic with its leader, for the terminal."""
    programs = sum(entry.count for entry in (*lead.causes, *lead.folded))
    folded = f", {_plural(len(lead.folded), 'hazard')} of the same check and rules" if lead.folded else ""
    label = SPOKEN.get(lead.topic.label, lead.topic.label)
    yield f"  {label}: {lead.topic.name}: {_plural(len(lead.causes), 'cause')}{folded}, {_plural(programs, 'program')}"
    yield f"      {title_of(lead.leader.triage_cause)}"
    yield f"      {'; '.join(lead.leader.program)}"


def markdown(catalogue: Catalogue) -> str:
    """The whole catalogue."""
    return "\n".join(_markdown_lines(catalogue)) + "\n"


def _markdown_lines(catalogue: Catalogue) -> Iterator[str]:
    causes = counts_by_label(catalogue)
    programs = sum(length.programs for length in catalogue.lengths)
    yield f"# All causes up to {catalogue.ops} operations: tracker {catalogue.tracker}"
    yield ""
    yield (
        "Every program of the alphabet (`dmafuzz search --alphabet`) with up to "
        f"{catalogue.ops} operations, {_plural(catalogue.devices, 'device')}, {_plural(catalogue.cpus, 'CPU')}, "
        f"on the {len(catalogue.labels)} platforms of portfolio {catalogue.portfolio}: {programs:,} programs."
    )
    yield ""
    yield (
        f"{causes['FN']} causes of false negatives, {causes['FP']} of false positives, {causes['hazard']} of hazards"
        + (f", {causes['broken']} of tracker crashes" if causes["broken"] else "")
        + ". No program of this alphabet and length shows anything else, but for several of these together. Each "
        "program below is, on some platform, the smallest with its label, its kind and the rules that it breaks; "
        "sizes are what the minimizer made of them. Where no program of the alphabet shows just that, it is what the "
        "minimizer made of one that shows more (`minimal: local`)."
    )
    yield ""
    yield "| operations | programs | states they lead to | merged |"
    yield "|---:|---:|---:|---:|"
    for i, length in enumerate(catalogue.lengths, 1):
        states = f"{length.states:,} | {length.merged:,}" if length.states else "- | -"
        yield f"| {i} | {length.programs:,} | {states} |"
    yield ""
    yield "## Programs by platform and label"
    yield ""
    used = [label for label in _TABLE if any(label in counts for counts in catalogue.labels.values())]
    yield f"| platform | {' | '.join(used)} |"
    yield f"|---|{'---:|' * len(used)}"
    for platform, counts in catalogue.labels.items():
        yield f"| {platform} | {' | '.join(f'{counts.get(label, 0):,}' for label in used)} |"
    leads = catalogue.topics()
    for grade in GRADES:
        of_grade = [lead for lead in leads if lead.grade == grade]
        if of_grade:
            yield ""
            yield f"## Grade {grade}: {GRADES[grade]}"
        for lead in of_grade:
            yield from _topic_in_full(lead, catalogue)


def _topic_in_full(lead: Lead[Entry], catalogue: Catalogue) -> Iterator[str]:
    yield ""
    yield f"### {SPOKEN.get(lead.topic.label, lead.topic.label)}: {lead.topic.name}"
    yield ""
    yield f"{title_of(lead.leader.triage_cause)}."
    yield ""
    if lead.topic.change:
        yield f"With `{lead.topic.change}` the tracker would warn."
        yield ""
    for entry in (*lead.causes, *lead.folded):
        rules = ", ".join(entry.signature.rules) or "none"
        why = f" ({entry.signature.reason})" if entry.signature.reason else ""
        kind = entry.signature.kind if entry.signature.label == lead.topic.label else f"hazard {entry.signature.kind}"
        where = f"{_where(entry, catalogue)}; {_counts(entry)}"
        yield f"- **{kind}**{why}, rules broken: {rules}; {where} (`{entry.cause}`)"
        yield ""
        yield "  ```"
        yield from (f"  {line}" for line in entry.program)
        yield "  ```"


def _where(entry: Entry, catalogue: Catalogue) -> str:
    if len(entry.platforms) == len(catalogue.labels):
        return "this program on all platforms"
    return f"this program on {len(entry.platforms)} of {len(catalogue.labels)} platforms: {', '.join(entry.platforms)}"


def _counts(entry: Entry) -> str:
    if not entry.count:
        return f"no program of the alphabet shows just this, {entry.composite:,} show it with something else besides"
    more = f", {entry.composite:,} with something else besides" if entry.composite else ""
    return f"{_plural(entry.count, 'program')}{more}"


def _plain_table(catalogue: Catalogue) -> Iterator[str]:
    used = [label for label in _TABLE if any(label in counts for counts in catalogue.labels.values())]
    rows = [
        (platform, *(f"{counts.get(label, 0):,}" for label in used)) for platform, counts in catalogue.labels.items()
    ]
    yield from columns([("programs by label", *used), *rows], figures=True)


def _plural(count: int, one: str, several: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"
