# SPDX-License-Identifier: GPL-2.0-only
"""The functions of `import dmafuzz`, over the packages below it. What they mean: README.md, docs/spec.

All of them raise the errors of what they use, whose messages are for users: `dmafuzz.program.ProgramError`,
`dmafuzz.platforms.PlatformError`, `dmafuzz.trackers.TrackerError`, `dmafuzz.verdicts.VerdictError`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from dmafuzz import _core, platforms, program, trackers
from dmafuzz._core import Finding
from dmafuzz.exhaustive import Result, Search, SearchPlan
from dmafuzz.exhaustive.search import Unwatched
from dmafuzz.platforms import PlatformFile, to_core
from dmafuzz.program import Program
from dmafuzz.trackers import DEFAULT_TRACKER, Tracker, default_portfolio
from dmafuzz.verdicts import Judgement, Minimized, judging

_BURST_PROGRAMS, _BURST_MS = 20_000, 50


def parse(text: str) -> Program:
    """A program in the text language (docs/reference/language.md): its operations, comments and expectations.

    Raises ProgramError, which says line, column and what was expected.

    >>> parse("dmafuzz 1\\ncpu0 b0 = alloc pages 4096").ops[0].size
    4096
    """
    return program.parse(text)


def tracker(name: str = DEFAULT_TRACKER) -> Tracker:
    """A tracker by any name that the commands take: an era or kernel version, a proposal, a canary, ``kernel:NAME`` or
    ``kernel:PATH`` for a kernel's own code, ``py:MODULE:CLASS`` for one in Python.

    Raises TrackerError if there is none.

    >>> tracker("6.2").core
    '6.0'
    """
    return trackers.resolve(name)


def portfolio(name: str = DEFAULT_TRACKER) -> list[PlatformFile]:
    """The platforms of one time, by the name of a portfolio or the path of a file of one's own (``*.toml``), in order.

    What a platform is, in bytes and names, is in ``core`` (`dmafuzz._core.Platform`). Raises PlatformError.

    >>> portfolio("6.12")[0].name, portfolio("6.12")[0].core.line
    ('x86-5.5', 64)
    """
    return platforms.portfolio(name)


def judge(
    program: Program, tracker: str = DEFAULT_TRACKER, platforms: Sequence[str] = (), portfolio: str | None = None
) -> list[Judgement]:
    """Whether the tracker is right about a program, on each of the platforms; without any, on all of the portfolio.

    Without a ``portfolio`` it is the tracker's own. What a judgement has is in its attributes: labels, warnings,
    corruptions and harms by operation (from 0), ranges of buffers in bytes. Raises TrackerError and PlatformError.

    >>> shared = parse('''dmafuzz 1
    ... cpu0 b0 = alloc kmalloc 64
    ... cpu0 m0 = map_single d0 b0 0 32 FROM_DEVICE
    ... cpu0 write b0 32 32''')
    >>> [found] = judge(shared, platforms=["armv7-5.18"])
    >>> [str(label) for label in found.labels], sorted({str(c.kind) for c in found.corruptions})
    (['FN'], ['stale-cpu-data'])
    """
    bench = judging(tracker, portfolio or default_portfolio(tracker))
    return [bench.judge(program, platform) for platform in platforms or bench.members]


def minimize(
    program: Program, platform: str, label: str, kind: str, tracker: str = DEFAULT_TRACKER, portfolio: str | None = None
) -> Minimized:
    """The smallest program around that still shows a label of one kind (of corruption, or warning) on a platform,
    breaks the same rules, and does so for the same reason of the tracker's.

    Raises VerdictError if the program does not show it, TrackerError and PlatformError.

    >>> moved = parse('''dmafuzz 1
    ... cpu0 b0 = alloc anonymous 8192
    ... cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
    ... cpu1 read b0 4096 64
    ... cpu1 cow b0 0
    ... cpu0 unmap_page m0''')
    >>> len(minimize(moved, "x86-5.5", "FN", "stale-cpu-data").program.ops)
    3
    """
    return judging(tracker, portfolio or default_portfolio(tracker)).minimize(program, platform, label, kind)


def neighbours(program: Program, ops_max: int = _core.OPS_MAX) -> list[Program]:
    """The valid programs one line or one argument away, of at most ``ops_max`` operations.

    >>> len(neighbours(parse("dmafuzz 1\\ncpu0 b0 = alloc pages 4096"), ops_max=1)) > 10
    True
    """
    return [Program(tuple(ops)) for ops in _core.neighbours(program.ops, ops_max)]


def fuzz(
    tracker: str = DEFAULT_TRACKER,
    portfolio: str | None = None,
    seconds: float = 10.0,
    seed: int = 0,
    ops_max: int = 24,
) -> Iterator[Finding]:
    """Findings as they come, minimized, each once: what `dmafuzz fuzz` looks for, by one engine in this process.

    ``ops_max``: operations of a program. Raises TrackerError and PlatformError, when the first finding is asked for.

    >>> found = next(fuzz("silent", seconds=60))
    >>> str(found.label), 0 < len(found.ops) <= len(found.original)
    ('FN', True)
    """
    machines = [to_core(member) for member in platforms.portfolio(portfolio or default_portfolio(tracker))]
    engine = _core.Engine(trackers.resolve(tracker).core, machines, seed, ops_max)
    known: set[tuple[object, ...]] = set()
    end = time.monotonic() + seconds
    while True:
        over = time.monotonic() >= end
        for finding in engine.take_findings(over):
            same = finding.label, finding.rules, finding.reason, _core.encode(finding.ops)
            if same not in known:
                known.add(same)
                yield finding
        if over:
            return
        engine.burst(_BURST_PROGRAMS, _BURST_MS)


def search(
    tracker: str = DEFAULT_TRACKER, portfolio: str | None = None, ops: int = 3, cpus: int = 1, devices: int = 2
) -> Result:
    """All programs of a stated alphabet of up to ``ops`` operations, and what they show (`dmafuzz search`).

    Programs of three operations take seconds, of four a minute or two. Raises TrackerError and PlatformError.

    >>> found = search("6.12", ops=2)
    >>> found.programs > 100, len(found.found) > 0
    (True, True)
    """
    name = portfolio or default_portfolio(tracker)
    members = tuple(platforms.portfolio(name))
    plan = SearchPlan(tracker, trackers.resolve(tracker).core, name, members, ops, cpus, devices)
    return Search(plan).run(Unwatched())
