# SPDX-License-Identifier: GPL-2.0-only
"""What a run has come to, for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from dmafuzz.findings.finding import BROKEN, LABELS, Finding
from dmafuzz.program import render_op
from dmafuzz.verdicts.meanings import SPOKEN

if TYPE_CHECKING:
    from dmafuzz.fuzzing.plan import Plan
    from dmafuzz.fuzzing.summary import Summary

ROWS_MAX = 12  # of each label; the rest is in the folder


def summary_lines(plan: Plan, summary: Summary) -> Iterator[str]:
    """Figures, then for each label the families with their smallest program, then one finding in full."""
    rate = summary.programs / summary.seconds if summary.seconds else 0.0
    how = "interrupted after" if summary.interrupted else "in"
    speed = f"{how} {summary.seconds:.0f} s ({rate:,.0f} a second)"
    yield f"{summary.programs:,} programs {speed}, coverage {summary.coverage}"
    if summary.waiting:
        what = f"{summary.waiting:,} novel programs"
        yield f"{what} still wait to be judged on every platform; a second run goes on with them"
    for name in summary.quarantined:
        yield f"a worker died on {plan.quarantine / name}"
    if summary.unconfirmed:
        folder = plan.out / "unconfirmed"
        yield f"{summary.unconfirmed} reports did not show when replayed; they are in {folder}: a bug of dmafuzz"
    for label in LABELS:
        if label != BROKEN or summary.causes[label]:  # said only where there is one
            yield from _label_lines(plan, label, summary)
    yield from _in_full(summary.new)


def _label_lines(plan: Plan, label: str, summary: Summary) -> Iterator[str]:
    total = summary.causes[label]
    new = [finding for finding in summary.new if finding.label == label]
    earlier = total - len(new)
    yield ""
    yield f"{SPOKEN.get(label, label)}: {total:,} causes" + (
        f", {earlier} of them from earlier runs" if earlier else ""
    )
    groups = _by_family(new)
    for finding, count in groups[:ROWS_MAX]:
        causes = f"{count:,} causes" if count != 1 else "1 cause"
        where = f"{len(finding.shown_on)} of {len(finding.outcomes)} platforms"
        yield f"  {finding.family or 'of no family'}: {causes}; the smallest, on {where}:"
        yield f"      {'; '.join(render_op(op) for op in finding.ops)}"
        yield f"      {plan.out / 'findings' / finding.file_name}"
    if len(groups) > ROWS_MAX:
        yield f"  and {len(groups) - ROWS_MAX} more families in {plan.out / 'findings'}"


def _by_family(findings: Iterable[Finding]) -> list[tuple[Finding, int]]:
    """The smallest finding of each family, and how many causes there are of it; smallest first."""
    groups: dict[str | None, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.family].append(finding)
    smallest = [(min(group, key=Finding.order), len(group)) for group in groups.values()]
    return sorted(smallest, key=lambda row: row[0].order())


def _in_full(findings: Sequence[Finding]) -> Iterator[str]:
    """The smallest silent loss of data, as ``dmafuzz judge`` shows it."""
    lost = [finding for finding in findings if finding.label == "FN" and finding.portfolio is not None]
    if not lost:
        return
    from dmafuzz.program import Program
    from dmafuzz.reporting import story
    from dmafuzz.verdicts import judging

    finding = min(lost, key=Finding.order)
    assert finding.portfolio is not None
    bench = judging(finding.tracker, finding.portfolio)
    program = Program(ops=finding.ops)
    judgements = [bench.judge(program, platform, finding.file_name) for platform in bench.members]
    yield ""
    yield "The smallest silent loss of data:"
    yield ""
    yield from (line.text for line in story(program, bench, judgements))
