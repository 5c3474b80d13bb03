# SPDX-License-Identifier: GPL-2.0-only
"""People's decisions about causes and topics: a file of lines of JSON, kept in git beside what is tested."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from dmafuzz.findings import Finding
from dmafuzz.storage import UnreadableError, read_small, write_whole
from dmafuzz.store import shown_path

FILE_BYTES_MAX = 1 << 26
Decided = Literal["known", "dup", "fixed"]
_WORDS = get_args(Decided)
_TEXT_CHARS_MAX = 20_000


class BaselineError(ValueError):
    """A baseline that cannot be read or written, in one line."""


@dataclass(frozen=True)
class Decision:
    """A line. About a ``cause`` (with its ``program``: another build may name it otherwise), or a whole ``topic``
    (label and id) of a ``tracker``. ``until`` is a date, after which it does not count any more; ``by``: a commit."""

    decision: str
    tracker: str
    topic: str
    cause: str = ""
    program: str = ""
    reason: str = ""
    who: str = ""
    until: str = ""
    by: str = ""

    @property
    def about(self) -> tuple[str, str, str]:
        """What it decides about: a later line about the same counts instead."""
        return self.tracker, self.topic, self.cause

    def counts(self, today: date) -> bool:
        """Whether it says that something is known, today. What was fixed is new when it shows again."""
        return self.decision != "fixed" and (not self.until or date.fromisoformat(self.until) >= today)


@dataclass
class Baseline:
    """The lines of a file; the last one about something counts."""

    decisions: list[Decision] = field(default_factory=list)
    today: date = field(default_factory=date.today)

    def __post_init__(self) -> None:
        last = {decision.about: decision for decision in self.decisions}
        counting = [decision for decision in last.values() if decision.counts(self.today)]
        self._topics = {(each.tracker, each.topic) for each in counting if not each.cause}
        self._causes = {(each.tracker, each.cause) for each in counting if each.cause}
        self._programs = {(each.tracker, each.topic, each.program) for each in counting if each.program}
        gone = [decision for decision in last.values() if not decision.counts(self.today)]
        self._not_known = {(each.tracker, each.cause) for each in gone if each.cause and each.decision == "fixed"}

    def knows(self, finding: Finding) -> bool:
        """Whether people have seen it, or its topic. A cause that was fixed is none of the topic's known ones."""
        tracker, topic = finding.tracker, topic_name(finding)
        if (tracker, finding.cause) in self._not_known:
            return False
        known = (tracker, finding.cause) in self._causes or (tracker, topic, finding.text) in self._programs
        return known or (tracker, topic) in self._topics

    def knows_topic(self, tracker: str, topic: str) -> bool:
        return (tracker, topic) in self._topics


def topic_name(finding: Finding) -> str:
    """As lines have it: the label, and the topic's id."""
    return f"{finding.label}:{finding.topic.short}"


def decision_about(word: str, finding: Finding, whole_topic: bool, **more: str) -> Decision:
    """A line about a finding, or about its topic."""
    if whole_topic:
        return Decision(word, finding.tracker, topic_name(finding), **more)
    return Decision(word, finding.tracker, topic_name(finding), finding.cause, finding.text, **more)


def read_baseline(path: Path) -> Baseline:
    """Raises BaselineError, which says where and what was expected."""
    shown = shown_path(path)
    try:
        data = read_small(path, FILE_BYTES_MAX)
    except UnreadableError as error:
        raise BaselineError(str(error)) from None
    lines = enumerate(data.splitlines(), 1)
    return Baseline([_decision(line, f"{shown}:{number}") for number, line in lines if line.strip()])


def add_decisions(path: Path, decisions: Iterable[Decision]) -> int:
    """Appends those that the file does not say already; how many. The file is written whole. Raises BaselineError."""
    there = read_baseline(path) if path.exists() else Baseline()
    known = {decision.about: decision for decision in there.decisions}
    new = [decision for decision in dict.fromkeys(decisions) if known.get(decision.about) != decision]
    try:
        before = path.read_bytes() if path.exists() else b""
        if before and not before.endswith(b"\n"):
            before += b"\n"
        if new:
            write_whole(path, before + "".join(_line(decision) for decision in new).encode())
    except OSError as error:
        raise BaselineError(f"{shown_path(path)}: cannot be written: {error.strerror}") from None
    return len(new)


def _line(decision: Decision) -> str:
    return json.dumps({name: value for name, value in asdict(decision).items() if value}) + "\n"


def _decision(line: bytes, where: str) -> Decision:
    try:
        facts: dict[str, Any] = json.loads(line)
        decision = Decision(**facts)
        texts = list(asdict(decision).values())
    except (ValueError, TypeError, RecursionError):
        raise BaselineError(f"{where}: expected a decision, as `dmafuzz mark` writes them") from None
    if not all(isinstance(text, str) and len(text) <= _TEXT_CHARS_MAX for text in texts):
        raise BaselineError(f"{where}: expected texts of at most {_TEXT_CHARS_MAX:,} characters")
    if decision.decision not in _WORDS:
        raise BaselineError(f"{where}: decision: found {decision.decision!r}, expected {', '.join(_WORDS)}")
    try:
        date.fromisoformat(decision.until or "2000-01-01")
    except ValueError:
        raise BaselineError(f"{where}: until: found {decision.until!r}, expected a date like 2027-01-31") from None
    return decision
