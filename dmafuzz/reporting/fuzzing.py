# SPDX-License-Identifier: GPL-2.0-only
"""What a run has come to, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from dmafuzz.findings.finding import BROKEN, LABELS, Finding
from dmafuzz.program import render_op
from dmafuzz.store import shown_path
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
    for path in summary.quarantined:
        yield f"a worker died on {shown_path(path)}"
    if summary.unreplayed:
        yield f"{summary.unreplayed:,} reports have not been replayed yet; a second run goes on with them"
    if summary.changed:
        yield f"{summary.changed:,} findings of another build of dmafuzz do not show with this one: changed by dmafuzz"
    if summary.unconfirmed:
        folder = shown_path(plan.out / "unconfirmed")
        yield f"{summary.unconfirmed} reports did not show when replayed; they are in {folder}: a bug of dmafuzz"
    for label in LABELS:
        if label != BROKEN or summary.causes[label]:  # said only where there is one
            yield from _label_lines(plan, label, summary)
    yield from _in_full([finding for finding, _ in summary.leaders])


def _label_lines(plan: Plan, label: str, summary: Summary) -> Iterator[str]:
    total = summary.causes[label]
    earlier = total - summary.new[label]
    yield ""
    yield f"{SPOKEN.get(label, label)}: {total:,} causes" + (
        f", {earlier} of them from earlier runs" if earlier else ""
    )
    groups = _smallest_first(summary.leaders, label)
    for finding, count in groups[:ROWS_MAX]:
        causes = f"{count:,} causes" if count != 1 else "1 cause"
        where = f"{len(finding.shown_on)} of {len(finding.outcomes)} platforms"
        yield f"  {finding.family or 'of no family'}: {causes}; the smallest, on {where}:"
        yield f"      {'; '.join(render_op(op) for op in finding.ops)}"
        yield f"      {shown_path(plan.out / 'leaders' / f'{plan.target.slug}-{finding.file_name}')}"
    if len(groups) > ROWS_MAX:
        yield f"  and {len(groups) - ROWS_MAX} more families in {shown_path(plan.out / 'leaders')}"


def _smallest_first(leaders: Iterable[tuple[Finding, int]], label: str) -> list[tuple[Finding, int]]:
    """The smallest finding of each family of a label, and how many causes there are of it."""
    rows = [row for row in leaders if row[0].label == label]
    return sorted(rows, key=lambda row: row[0].order())


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
