# SPDX-License-Identifier: GPL-2.0-only
"""A program's `expect` lines, compared with its judgements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dmafuzz import checks
from dmafuzz.platforms import PlatformError
from dmafuzz.program import Expect, Program
from dmafuzz.trackers import KERNEL, TrackerError, added_kernels, default_portfolio

from .errors import ExpectError
from .judgement import Judgement
from .judging import Judging, judging
from .meanings import CORRUPTIONS, HARMS


@dataclass(frozen=True)
class Difference:
    """An expectation that does not hold: the ``number`` of its line among the expect lines, from 0, and where it fails.

    ``what`` is "labels", "warnings", "corruptions" or "harms"; ``expected`` and ``found`` are sorted.
    """

    number: int
    what: str
    tracker: str
    platform: str
    portfolio: str
    expected: tuple[str, ...]
    found: tuple[str, ...]


def check(program: Program) -> list[Difference]:
    """Judges a program as its expectations say, each with its own tracker, platforms and portfolio.

    An expectation that names platforms is judged within the default portfolio of its tracker. Raises ExpectError for
    one that names what does not exist, before any is judged.
    """
    benches = [_bench(number, expect) for number, expect in enumerate(program.expects)]
    return [
        difference
        for number, (expect, bench) in enumerate(zip(program.expects, benches, strict=True))
        for difference in _check(program, number, expect, bench)
    ]


def prepare(program: Program) -> bool:
    """Makes ready what `check` needs; whether a kernel's own code is among it. Raises as `check` does."""
    benches = [_bench(number, expect) for number, expect in enumerate(program.expects)]
    for bench in benches:
        bench.machine(bench.members[0])  # its code is loaded
    return any(bench.tracker.kernel for bench in benches)


def _bench(number: int, expect: Expect) -> Judging:
    """What judges an expectation, whose names all exist."""
    kinds = ((expect.warnings, checks.checks()), (expect.corruptions, CORRUPTIONS), (expect.harms, HARMS))
    for names, known in kinds:
        if unknown := [name for name in names or () if name not in known]:
            raise ExpectError(number, f"expected some of {', '.join(known)}, found {', '.join(unknown)}")
    if expect.tracker.startswith(KERNEL) and expect.tracker not in dict(added_kernels()):
        raise ExpectError(number, f"{expect.tracker}: no kernel of that name has been added (dmafuzz kernel add)")
    try:
        bench = judging(expect.tracker, expect.portfolio or default_portfolio(expect.tracker))
        for platform in expect.platforms:
            bench.machine(platform)
    except (TrackerError, PlatformError) as error:
        raise ExpectError(number, str(error)) from None
    return bench


def _check(program: Program, number: int, expect: Expect, bench: Judging) -> Iterator[Difference]:
    for platform in expect.platforms or bench.members:
        judgement = bench.judge(program, platform)
        for what, expected, found in _compared(expect, judgement):
            if set(expected) != found:
                yield Difference(
                    number,
                    what,
                    expect.tracker,
                    platform,
                    bench.portfolio,
                    tuple(sorted(expected)),
                    tuple(sorted(found)),
                )


def _compared(expect: Expect, judgement: Judgement) -> Iterator[tuple[str, Iterable[str], set[str]]]:
    """What is expected and what was found, for everything the expectation speaks of."""
    yield "labels", expect.labels, set(judgement.labels)
    if expect.warnings is not None:
        yield "warnings", expect.warnings, {warning.id for warning in judgement.warnings}
    if expect.corruptions is not None:
        yield "corruptions", expect.corruptions, {corruption.kind for corruption in judgement.corruptions}
    if expect.harms is not None:
        yield "harms", expect.harms, {harm.kind for harm in judgement.harms}
