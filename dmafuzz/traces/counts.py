# SPDX-License-Identifier: GPL-2.0-only
"""What of a trace was not judged, and why: every line is in a program or counted here by name."""

from __future__ import annotations

from dataclasses import dataclass, field

_NAMES_MAX = 40  # of one kind that are kept; a trace has few, a file that is no trace has as many as lines


@dataclass
class Counts:
    """Counted by name, each with the first line (from 1) that it was seen in. ``lines`` and ``events`` are totals."""

    lines: int = 0
    events: int = 0
    lost: int = 0  # events that the kernel's ring buffer, or its reader, dropped
    notes: dict[str, list[int]] = field(default_factory=dict)

    def note(self, name: str, line: int, count: int = 1) -> None:
        """Counts something that is not understood or not judged."""
        known = self.notes.get(name)
        if known is not None:
            known[0] += count
        elif len(self.notes) < _NAMES_MAX:
            self.notes[name] = [count, line]
        else:
            self.notes.setdefault("something else", [0, line])[0] += count
