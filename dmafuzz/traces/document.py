# SPDX-License-Identifier: GPL-2.0-only
"""A judged trace as a document: what is lost and where, what dma-debug says of it, what cannot be said and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dmafuzz import checks
from dmafuzz.program import render
from dmafuzz.publishing import Block, Timeline
from dmafuzz.verdicts.meanings import CORRUPTIONS, HARMS

from .comments import commented
from .event import Where
from .judging import Finding, Judged

_FINDINGS_MAX = 12  # of one part that are told in full; of more there is the number
_NAMED_MAX = 5  # platforms that are named
_PLACES_MAX = 100  # on the time line
_QUIET_MAX = 20  # devices and kinds of calls of which nothing is lost

ASSUMED = (
    "Between two calls CPUs and devices are taken to access memory wherever the calls entitle them to: what is told is "
    "what could be lost, not what was.",
    "Each map is taken to be checked by dma_mapping_error().",
    "A mapping with SKIP_CPU_SYNC that is never synced for its device is taken to be started at once.",
    "The memory of streaming mappings is taken to be whole pages; that of dma_map_resource() to be registers.",
    "A call on an address whose mapping has ended is taken to be late; it may also be about a mapping of the same "
    "address that is older than the trace.",
    "What is live at the end is taken to be ended correctly later.",
    "A device is taken to have no segment limits: lists that would be too long for it are not judged as such.",
)


def document(judged: Judged, name: str) -> list[Block]:
    """All of it; ``name`` stands for the trace."""
    return [
        Block("title", (name,)),
        *_head(judged),
        *_losses(judged),
        *_sharing(judged),
        *_warnings(judged),
        *_unsaid(judged),
    ]


def timeline(judged: Judged) -> Timeline | None:
    """When calls were made, and where what is lost begins."""
    lossy = _ranked([finding for finding in judged.findings.values() if finding.verdict.losses])
    places = [(f.first, f"line {f.first.line:,}: {_who(f.devices, f.calls)}") for f in lossy[:_PLACES_MAX]]
    return judged.times.drawn(judged.first, judged.last, places)


def _text(text: str, lead: str = "", tone: str = "") -> Block:
    return Block("text", (text,), lead, tone)


def _head(judged: Judged) -> Iterator[Block]:
    counts = judged.counts
    span = ""
    if judged.first and judged.last:
        span = f", {judged.first.time} to {judged.last.time}"
    devices = {device for devices, _ in judged.silent for device in devices}
    devices |= {device for finding in judged.findings.values() for device in finding.devices}
    yield _text(
        f"{_plural(counts.events, 'call')} of the DMA API in {_plural(counts.lines, 'line')}{span}, of "
        f"{_plural(len(devices), 'device')}: {_plural(judged.groups, 'group')} of mappings that have to be judged "
        f"together, {judged.shapes:,} of them distinct; at most {_plural(judged.live_max, 'mapping')} live at a time."
    )
    yield _text(f"Judged on the {len(judged.bench.platforms)} platforms of portfolio {judged.bench.portfolio}.")


def _ranked(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: (-finding.count, finding.first.line))


def _losses(judged: Judged) -> Iterator[Block]:
    yield Block("heading", ("What is lost, and where",))
    lossy = _ranked([f for f in judged.findings.values() if f.verdict.losses or f.verdict.harms])
    if not lossy:
        yield _text("Nothing: no platform of the portfolio can lose data with these calls.")
    for finding in lossy[:_FINDINGS_MAX]:
        yield from _loss(judged, finding)
    if len(lossy) > _FINDINGS_MAX:
        yield _text(f"{_plural(len(lossy) - _FINDINGS_MAX, 'more finding')}: --json has all of them.")
    quiet = sorted(judged.silent.items(), key=lambda each: -each[1])
    for (devices, calls), count in quiet[:_QUIET_MAX]:
        yield Block("item", (f"{_who(devices, calls)}: {_plural(count, 'group')} of which nothing is lost anywhere.",))


def _loss(judged: Judged, finding: Finding) -> Iterator[Block]:
    verdict = finding.verdict
    yield _text(f"{_times(finding)}.", _who(finding.devices, finding.calls), "loss" if verdict.losses else "")
    for kind, where in verdict.losses:
        yield Block("item", (f"{kind}, {_platforms(judged, where)}: {CORRUPTIONS[kind]}.",))
    for kind, where in verdict.harms:
        yield Block("item", (f"{kind}, {_platforms(judged, where)}: {HARMS[kind]}.",))
    yield from _warned(judged, finding)
    if finding.examples:
        program = commented(finding.examples[0].shape, finding.examples[0].program)
        yield Block("program", tuple(render(program).rstrip("\n").split("\n")[1:]))


def _warned(judged: Judged, finding: Finding) -> Iterator[Block]:
    for tracker in judged.bench.trackers:
        names = [each.check for each in finding.verdict.warned if each.tracker == tracker]
        said = f"warns: {', '.join(names)}" if names else "is silent"
        yield Block("item", (f"dma-debug of {tracker} {said}.",))


def _sharing(judged: Judged) -> Iterator[Block]:
    """What depends on memory that the trace does not know."""
    shared = [f for f in judged.findings.values() if f.verdict.shares]
    if not shared:
        return
    yield Block("heading", ("Mappings that might share a cacheline with something outside the trace",))
    by_kind: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Finding]] = {}
    for finding in shared:
        by_kind.setdefault((finding.devices, finding.calls), []).append(finding)
    for (devices, calls), findings in list(by_kind.items())[:_FINDINGS_MAX]:
        where = 0
        for finding in findings:
            where |= finding.verdict.shares
        first = min((finding.first for finding in findings), key=lambda place: place.line)
        yield _text(
            f"{_plural(sum(f.count for f in findings), 'group')}, first {_place(first)}. They begin or end inside a "
            f"cacheline; if the CPU uses what lies beside them there, data could be lost {_platforms(judged, where)}. "
            "The trace does not say what lies there.",
            _who(devices, calls),
        )


def _warnings(judged: Judged) -> Iterator[Block]:
    yield Block("heading", ("What dma-debug would have said",))
    for tracker in judged.bench.trackers:
        told = False
        by_check: dict[str, list[tuple[Finding, int, int]]] = {}
        for finding in judged.findings.values():
            for each in finding.verdict.warned:
                if each.tracker == tracker:
                    by_check.setdefault(each.check, []).append((finding, each.fires, each.loses))
        for check, rows in by_check.items():
            told = True
            yield _check(judged, tracker, check, rows)
        if not told:
            yield _text("nothing.", f"dma-debug of {tracker}")
    silent = [f for f in judged.findings.values() if f.verdict.losses and not f.verdict.warned]
    if silent:
        yield _text(
            f"{_plural(sum(f.count for f in silent), 'group')} of calls can lose data without a warning of any of them."
        )


def _check(judged: Judged, tracker: str, check: str, rows: list[tuple[Finding, int, int]]) -> Block:
    fires = loses = 0
    for _, where, lost in rows:
        fires, loses = fires | where, loses | lost
    count = sum(finding.count for finding, _, _ in rows)
    first = min((finding.first for finding, _, _ in rows), key=lambda place: place.line)
    means = checks.named(check).means
    true = f"data that it is about is lost {_platforms(judged, loses)}" if loses else "no data that it is about is lost"
    return _text(
        f"{check}, for {_plural(count, 'group')}, first {_place(first)}; {_platforms(judged, fires)}: "
        f"{means.rstrip('.')}. Here {true}.",
        f"dma-debug of {tracker}",
        "loss" if loses else "",
    )


def _unsaid(judged: Judged) -> Iterator[Block]:
    counts = judged.counts
    yield Block("heading", ("What could not be said, and why",))
    if counts.lost:
        yield Block(
            "item",
            (f"{_plural(counts.lost, 'event')} lost by the kernel: mappings that were live then are not followed on.",),
        )
    for name, (count, line) in sorted(counts.notes.items(), key=lambda each: -each[1][0]):
        yield Block("item", (f"{count:,} {name} (first: line {line:,}).",))
    yield Block("item", ("Not in a trace: accesses, dma_mapping_error(), the kind of memory, unbind, dma_pool.",))
    for text in ASSUMED:
        yield Block("item", (text,))


def _who(devices: Sequence[str], calls: Sequence[str]) -> str:
    return f"{' and '.join(devices)}, {', '.join(calls)}"


def _times(finding: Finding) -> str:
    if finding.count == 1:
        return f"once, {_place(finding.first)}"
    return f"{finding.count:,} times, first {_place(finding.first)}"


def _place(where: Where) -> str:
    return f"in line {where.line:,} at {where.time} by {where.task}"


def _platforms(judged: Judged, bits: int) -> str:
    names = judged.bench.named(bits)
    total = len(judged.bench.platforms)
    if len(names) == total:
        return "on every platform"
    if len(names) == 1:
        return f"on {names[0]}"
    some = ", ".join(names[:_NAMED_MAX]) + (", ..." if len(names) > _NAMED_MAX else "")
    return f"on {len(names)} of {total} platforms ({some})"


def _plural(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else one + 's'}"
