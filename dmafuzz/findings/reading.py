# SPDX-License-Identifier: GPL-2.0-only
"""Findings read back from their files, as `Finding.file_text` writes them: nothing is judged again."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dmafuzz import _core
from dmafuzz import program as language
from dmafuzz.findings.finding import LABELS, Finding
from dmafuzz.program import Program
from dmafuzz.trackers import default_portfolio

_HEAD = re.compile(
    r"# (?P<label>\w+): (?P<kinds>.*)\n# rules broken: (?P<rules>.*)\n"
    r"# tracker (?P<tracker>.*); shows on (?P<shown>.*)\n(?:# reason: (?P<reason>[\w-]+): .*\n)?"
)
_MODALITY = re.compile(r"^# modality: (.*)$", re.MULTILINE)
_MINIMAL = re.compile(r"^# minimal: (.*)$", re.MULTILINE)


def read_findings(folder: Path) -> list[Finding]:
    """All of a folder of `dmafuzz fuzz`, or of a folder of findings, by name. Raises OSError, ProgramError."""
    inside = folder / "findings"
    place = inside if inside.is_dir() else folder
    names = sorted(entry.name for entry in os.scandir(place) if entry.name.endswith(".dma"))
    found = (read_finding(place / name) for name in names)
    return [finding for finding in found if finding is not None]


def read_finding(path: Path) -> Finding | None:
    """The finding in a file; None if the file is a program like any other. Raises OSError, ProgramError."""
    head = _HEAD.search(path.read_text(encoding="utf-8", errors="replace"))
    if head is None or head["label"] not in LABELS:
        return None
    return _finding(head, language.read(path), path.read_text(encoding="utf-8"))


def _finding(head: re.Match[str], program: Program, text: str) -> Finding:
    rules = {str(name) for name, _ in _core.rules()}
    outcomes = [(platform, expect.labels or ()) for expect in program.expects for platform in expect.platforms]
    modality, minimal = _MODALITY.search(text), _MINIMAL.search(text)
    return Finding(
        label=head["label"],
        kinds=tuple(head["kinds"].split(", ")),
        rules=tuple(rule for rule in head["rules"].split(", ") if rule in rules),
        tracker=head["tracker"],
        records=_core.encode(program.ops),
        outcomes=tuple(outcomes),
        reason=head["reason"] or "",
        shown_on=tuple(head["shown"].split(", ")),
        portfolio=default_portfolio(head["tracker"]) if outcomes else None,
        modality=modality[1] if modality else None,
        minimal=minimal[1] if minimal else None,
    )
