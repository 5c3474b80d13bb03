# SPDX-License-Identifier: GPL-2.0-only
"""The content of a report as plain data: what every renderer is given, and all that it sees."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Block:
    """A part of a text: ``kind`` is "title", "heading", "text", "item", "program" (a line each) or "table"; ``lead``
    begins a text and may stand out; ``tone`` is "loss" or "". ``rows`` are a table's, its head first; a cell that says
    the same as a heading leads there."""

    kind: str
    lines: tuple[str, ...]
    lead: str = ""
    tone: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Timeline:
    """How many calls there were in each of equal parts of a time, and places in it: its number of a part, and what is
    there. ``begin`` and ``end`` are as printed, in seconds."""

    counts: tuple[int, ...]
    places: tuple[tuple[int, str], ...]
    begin: str
    end: str


@dataclass(frozen=True)
class Note:
    """A remark beside a line of a program: ``tone`` is "loss", "warning" or "rule"."""

    tone: str
    text: str


@dataclass(frozen=True)
class ProgramLine:
    """An operation with its number from 0; ``tidy_up``: it is none of the program's own."""

    number: int
    text: str
    notes: tuple[Note, ...] = ()
    tidy_up: bool = False


@dataclass(frozen=True)
class Place:
    """Platforms with one outcome: ``label`` and what happens there; ``shown``: the drawings are of that one."""

    label: str
    words: str
    platforms: tuple[str, ...]
    shown: str = ""


@dataclass(frozen=True)
class WayOut:
    """A repair: in words, and as lines that begin with "-", "+" or " "."""

    words: str
    diff: tuple[str, ...]


@dataclass(frozen=True)
class Chip:
    """The content of a copy, an entry of the tracker, an owner: in a word or two, and with a tone for its colour.

    ``tone`` is a flag of the core ("fresh", "stale", ...), "absent", "entry", "owner" or "warning"; ``changed``: by
    the step of its row.
    """

    tone: str
    word: str
    detail: str = ""
    changed: bool = False


@dataclass(frozen=True)
class Cell:
    """What a lane shows at a step. ``arrow``: from where the data comes ("left", "right"), "" for none; ``acts``: a CPU
    or device takes the step; ``band``: its device owns the bytes."""

    chips: tuple[Chip, ...] = ()
    note: str = ""
    arrow: str = ""
    acts: bool = False
    band: bool = False


@dataclass(frozen=True)
class Lane:
    """A column of a drawing: ``kind`` is "cpu", "cache", "memory", "copy", "device" or "tracker"."""

    kind: str
    title: str
    subtitle: str = ""


@dataclass(frozen=True)
class Step:
    """A row of a drawing: an operation, or an unasked step; one cell for each lane.

    ``said``: its text is a sentence, and not an operation's.
    """

    lead: str
    text: str
    asked: bool
    cells: tuple[Cell, ...]
    rules: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()
    said: bool = False


@dataclass(frozen=True)
class Drawing:
    """How one thing comes about: a shortest behaviour of the hardware, step by step, and what comes of it."""

    title: str
    aside: str
    tone: str
    lanes: tuple[Lane, ...]
    steps: tuple[Step, ...]
    outcome: str
    verdict: str
    platform: str
    facts: str


@dataclass(frozen=True)
class BrokenRule:
    """A rule of the contract that the program breaks: where, and what it says."""

    rule: str
    sentence: str
    text: str


@dataclass(frozen=True)
class TrackerRow:
    """What the trackers of one time make of the program."""

    name: str
    labels: str
    warnings: str


@dataclass(frozen=True)
class Finding:
    """Everything about one program under one tracker. ``id`` is its cause's where it has one, else its name."""

    id: str
    name: str
    title: str
    label: str
    label_words: str
    tracker: str
    portfolio: str
    badges: tuple[str, ...]
    lines: tuple[ProgramLine, ...]
    places: tuple[Place, ...]
    drawings: tuple[Drawing, ...]
    contract: tuple[BrokenRule, ...]
    reason: str
    drawn_words: str
    mail: str
    again: tuple[str, ...]
    ways_out: tuple[WayOut, ...] = ()
    trackers: tuple[TrackerRow, ...] = ()
    grade: str = ""
    topic: str = ""
    smallest: tuple[str, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    program: str = ""
    kinds: tuple[str, ...] = ()
    file: str = ""
    known: bool | None = None  # it is in the baseline; None: there is no baseline
    confirmed: tuple[str, ...] = ()  # what booted kernels have said, in sentences

    @property
    def page(self) -> str:
        """The name of its page's file."""
        stem = Path(self.id).stem if self.id.endswith(".dma") else self.id
        return f"{re.sub(r'[^A-Za-z0-9.-]+', '-', stem).strip('-') or 'program'}.html"


@dataclass(frozen=True)
class Headline:
    """One thing to look at, in a run's list."""

    number: int
    id: str
    grade: str
    label: str
    title: str
    doing: str
    program: str
    rules: str
    more: int
    strip: tuple[str, ...]
    where: str
    repair: str = ""
    page: str = ""
    new: bool = False


@dataclass(frozen=True)
class GradeCount:
    """How many topics and causes have a grade, and what the grade means."""

    grade: str
    topics: int
    causes: int
    meaning: str


@dataclass(frozen=True)
class Bar:
    """One row of stacked bars: its parts by label, as counts."""

    name: str
    parts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class HeatMap:
    """Counts by row and column, each with its heat from 1 to 3; None where there is none."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[int, int] | None, ...]], ...]


@dataclass(frozen=True)
class Shared:
    """What is shared by sets: each set's name with how many it has, and for combinations of them, most first, which
    sets these are and how many are in just them. ``others``: combinations that are left out, and how many are in
    them; ``what`` is counted."""

    what: str
    sets: tuple[tuple[str, int], ...]
    rows: tuple[tuple[tuple[bool, ...], int], ...]
    others: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Growth:
    """Causes and programs over time, in seconds."""

    seconds: tuple[float, ...]
    causes: tuple[int, ...]
    programs: tuple[int, ...]


@dataclass(frozen=True)
class Run:
    """A run, a campaign or a folder of programs: what there is to look at, and how to see the rest."""

    title: str
    subtitle: str
    tracker: str
    portfolio: str
    causes: int
    topics: int
    grades: tuple[GradeCount, ...]
    first: tuple[Headline, ...]
    rest: tuple[Headline, ...]
    findings: tuple[Finding, ...]
    platforms: tuple[str, ...] = ()
    labels: tuple[Bar, ...] = ()
    labels_aside: str = ""
    lacks: HeatMap | None = None
    lacks_aside: str = ""
    growth: Growth | None = None
    shared: Shared | None = None
    shared_title: str = ""
    shared_aside: str = ""
    commands: tuple[str, ...] = field(default=())
