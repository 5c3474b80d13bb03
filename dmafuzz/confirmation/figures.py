# SPDX-License-Identifier: GPL-2.0-only
"""What many confirmations come to, as tables for a report: made of the JSON lines that `dmafuzz confirm` writes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .confirmation import Answer
from .errors import ConfirmationError

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
_HEAD = (
    "kernel",
    "machine",
    "programs",
    "number",
    "runs",
    "confirmed",
    "not reproduced (without a reason)",
    "refused",
    "guest died",
    "warnings differ",
    "impossible",
    "witnesses that lost real bytes",
)


@dataclass
class _Row:
    programs: int = 0
    runs: int = 0
    unexplained: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    shown: int = 0
    tried: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


class Figures:
    """Rows by kernel, machine and set of programs, in the order in which they come."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], _Row] = {}

    def add(self, path: Path) -> None:
        """A file of JSON lines; its name without the suffix is that of the set. Raises ConfirmationError."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeError) as error:
            raise ConfirmationError(f"{path}: cannot be read: {error}") from None
        for number, line in enumerate(lines, 1):
            try:
                said = json.loads(line)
                self._add(path.stem, said)
            except (ValueError, KeyError, TypeError, AttributeError):
                what = "no line that `dmafuzz confirm --json` or `dmafuzz confirm hunt --json` writes"
                raise ConfirmationError(f"{path}:{number}: {what}") from None

    def _add(self, name: str, said: dict[str, Any]) -> None:
        if "hunt" in said:
            row = self._row(said, f"hunt, seed {said['seed']}, {said['seconds']:.0f} s")
            row.programs += said["programs"]
            row.runs += said["runs"]
            row.answers.update(said["answers"])
            return
        row = self._row(said, name)
        row.programs += 1
        row.runs += said["runs"]
        row.answers[said["answer"]] += 1
        missed = [tried for tried in said["tried"] if not tried["shown"]]
        row.shown += len(said["tried"]) - len(missed)
        row.tried += len(said["tried"])
        row.reasons.update(_reason(tried["reason"]) for tried in missed)
        if said["answer"] == Answer.NOT_REPRODUCED.value and said.get("reason"):
            row.reasons[f"warnings: {said['reason']}"] += 1
        row.unexplained += said["answer"] == Answer.NOT_REPRODUCED.value and any(not t["reason"] for t in missed)

    def _row(self, said: dict[str, Any], name: str) -> _Row:
        return self._rows.setdefault((said["kernel"], said["machine"], name), _Row())

    def markdown(self) -> str:
        """Both tables: what came of the programs, and why witnesses lost nothing or warnings differ."""
        lines = _table(_HEAD, (_cells(key, row) for key, row in self._rows.items()))
        reasons = sorted({reason for row in self._rows.values() for reason in row.reasons})
        if reasons:
            keys = [key for key, row in self._rows.items() if row.reasons]
            head = ("what was not seen, and why", *(" ".join(key) for key in keys))
            body = ((reason, *(str(self._rows[key].reasons[reason] or "") for key in keys)) for reason in reasons)
            lines += ["", *_table(head, body)]
        return "\n".join(lines) + "\n"

    def into(self, path: Path) -> None:
        """Puts the tables between the marks of a report. Raises ConfirmationError."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise ConfirmationError(f"{path}: cannot be read: {error}") from None
        before, begin, rest = text.partition(BEGIN)
        _, end, after = rest.partition(END)
        if not begin or not end:
            raise ConfirmationError(f"{path}: {BEGIN} and {END} were expected in it")
        path.write_text(f"{before}{BEGIN}\n{self.markdown()}{END}{after}", encoding="utf-8")


def _reason(reason: str) -> str:
    """Without the operation, so that equal ones are counted together."""
    return reason.partition(" (operation")[0] or "not known"


def _cells(key: tuple[str, str, str], row: _Row) -> list[str]:
    missed = row.answers[Answer.NOT_REPRODUCED.value]
    return [
        *key,
        str(row.programs),
        str(row.runs),
        str(row.answers[Answer.CONFIRMED.value]),
        f"{missed} ({row.unexplained})" if row.tried or not missed else str(missed),
        *(str(row.answers[a.value]) for a in (Answer.REFUSED, Answer.DIED, Answer.DIFFER, Answer.IMPOSSIBLE)),
        f"{row.shown} of {row.tried}" if row.tried else "",
    ]


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body)]
