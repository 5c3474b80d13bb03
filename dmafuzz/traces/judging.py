# SPDX-License-Identifier: GPL-2.0-only
"""A whole trace, judged: each distinct shape once, and how often each verdict occurs, by device and kind of call."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dmafuzz.program import Program

from .counts import Counts
from .event import Event, Where
from .live_mappings import LiveMappings
from .mapping import Group, Mapping
from .names import DIRECTIONS
from .shape import Line, Origin, Shape, operations, plain_key
from .timeline import Times
from .verdict import Bench, Verdict
from .windows import shapes_of

_EXAMPLES_MAX = 3  # programs of one finding that are kept
_FINDINGS_MAX = 2000
_ALLOCATIONS = 20_000  # between two collections; it is 700 by itself
_SHAPES_MAX = 200_000  # distinct ones that are remembered; others are judged again

CLIPPED = "groups with something larger than a program may be, judged by its beginning"
WINDOWS = "groups larger than a program may be, judged in windows that overlap"
UNPROGRAMMED = "groups that are no valid program"
FINDINGS = "findings beyond the first 2,000"


@dataclass(frozen=True)
class Example:
    """A program that shows a finding: the places of its lines in the trace, and how many groups are equal to it."""

    program: Program
    shape: Shape


@dataclass
class Finding:
    """One verdict on the calls of one device (or several that belong together) of one kind.

    ``count`` are groups, ``first`` and ``last`` are where the first and the last of them begin.
    """

    devices: tuple[str, ...]
    calls: tuple[str, ...]
    verdict: Verdict
    count: int
    first: Where
    last: Where
    examples: list[Example] = field(default_factory=list)


@dataclass
class Judged:
    """A trace with everything that is said of it. ``groups`` and ``shapes`` are numbers of them, ``silent`` the groups
    of which there is nothing to say, by device and kinds of calls."""

    bench: Bench
    counts: Counts
    groups: int = 0
    shapes: int = 0
    live_max: int = 0
    first: Where | None = None
    last: Where | None = None
    times: Times = field(default_factory=Times)
    findings: dict[tuple[tuple[str, ...], tuple[str, ...], Verdict], Finding] = field(default_factory=dict)
    silent: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = field(default_factory=dict)


def groups_of(events: Iterable[Event | int], counts: Counts, lives: LiveMappings) -> Iterator[Group]:
    """The groups of a trace, as they are complete."""
    for event in events:
        yield from lives.forget() if isinstance(event, int) else lives.take(event)
    yield from lives.finish()


def judged(events: Iterable[Event | int], counts: Counts, bench: Bench) -> Judged:
    """Judges all groups of a trace; memory is that of what is live, and of the distinct shapes."""
    result = Judged(bench, counts)
    lives = LiveMappings(counts)
    with _collected_seldom():
        _judge(groups_of(_noted(events, result), counts, lives), result)
    result.live_max = lives.live_max
    return result


@contextlib.contextmanager
def _collected_seldom() -> Iterator[None]:
    """Groups and their mappings refer to each other, so Python's collector is needed; as often as it comes by itself,
    it takes a fourth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _judge(groups: Iterable[Group], result: Judged) -> None:
    known: dict[tuple[Line, ...], Verdict] = {}
    plain: dict[Line, Verdict] = {}
    for group in groups:
        result.groups += 1
        key = plain_key(group.steps)
        if key is not None and (seen := plain.get(key)) is not None and seen.nothing:
            mapping = group.steps[0].mapping
            _nothing(result, (mapping.device,), (_kind(mapping),))
            continue
        for shape in shapes_of(group):
            if shape.lines and (verdict := _add(result, shape, known)) and key is not None and len(plain) < _SHAPES_MAX:
                plain[key] = verdict
        if group.windows:
            result.counts.note(WINDOWS, group.steps[0].where.line)


def _noted(events: Iterable[Event | int], result: Judged) -> Iterator[Event | int]:
    for event in events:
        if not isinstance(event, int):
            result.first = result.first or event.where
            result.last = event.where
            result.times.add(event.where.time)
        yield event


def _add(result: Judged, shape: Shape, known: dict[tuple[Line, ...], Verdict]) -> Verdict | None:
    """Counts a shape, judged if it is new; None where it is no program."""
    verdict = known.get(shape.lines)
    where = next(source for source in shape.sources if source is not None)
    if shape.clipped:
        result.counts.note(CLIPPED, where.line)
    new = verdict is None
    if verdict is None:
        try:
            verdict = result.bench.verdict(shape)
        except ValueError:
            result.counts.note(UNPROGRAMMED, where.line)
            return None
        result.shapes += 1
        if len(known) < _SHAPES_MAX:
            known[shape.lines] = verdict
    devices, calls = _devices(shape), _calls(shape)
    if verdict.nothing:
        _nothing(result, devices, calls)
    else:
        _found(result, Finding(devices, calls, verdict, 1, where, where), shape, new)
    return verdict


def _nothing(result: Judged, devices: tuple[str, ...], calls: tuple[str, ...]) -> None:
    result.silent[devices, calls] = result.silent.get((devices, calls), 0) + 1


def _found(result: Judged, new: Finding, shape: Shape, distinct: bool) -> None:
    key = (new.devices, new.calls, new.verdict)
    finding = result.findings.get(key)
    if finding is None:
        if len(result.findings) >= _FINDINGS_MAX:
            result.counts.note(FINDINGS, new.first.line)
            return
        finding = result.findings[key] = new
        distinct = True
    else:
        finding.count += 1
        finding.last = new.last
    if distinct and len(finding.examples) < _EXAMPLES_MAX:
        finding.examples.append(Example(Program(operations(shape.lines)), shape))


def _devices(shape: Shape) -> tuple[str, ...]:
    if len(shape.origins) == 1:
        return (shape.origins[0].device,)
    return tuple(dict.fromkeys(origin.device for origin in shape.origins))


def _calls(shape: Shape) -> tuple[str, ...]:
    """The kinds of calls that made its mappings."""
    if len(shape.origins) == 1:
        return (_kind(shape.origins[0]),)
    return tuple(sorted({_kind(origin) for origin in shape.origins}))


def _kind(mapping: Origin | Mapping) -> str:
    return _KINDS.setdefault(
        (mapping.call, mapping.direction),
        mapping.call if mapping.call == "dma_alloc" else f"{mapping.call} {DIRECTIONS[mapping.direction]}",
    )


_KINDS: dict[tuple[str, int], str] = {}
