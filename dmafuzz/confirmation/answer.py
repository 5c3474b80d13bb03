# SPDX-License-Identifier: GPL-2.0-only
"""What a guest says of one action, and what its kernel said meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field

MESSAGE = "! "  # begins a line with a message of the guest's kernel
ANSWER = "="  # begins the line that ends an answer


@dataclass(frozen=True)
class Answer:
    """``fields`` are the words of the answer by name ("" for a word without a value); messages in order of time."""

    name: str
    fields: dict[str, str] = field(default_factory=dict)
    messages: tuple[str, ...] = ()

    @property
    def refused(self) -> str:
        """Why the guest has not done it, or an empty string."""
        return self.fields.get("refused", "")

    @property
    def data(self) -> bytes:
        """The bytes that a read gave."""
        runs = (run.split("*") for run in self.fields.get("bytes", "").split(",") if run)
        return b"".join(bytes([int(value)]) * int(count) for value, count in runs)


def read_answer(lines: list[str]) -> Answer:
    """The answer that ends with the last of these lines."""
    name, *words = lines[-1].removeprefix(ANSWER).split()
    fields = {}
    for word in words:
        key, _, value = word.partition("=")
        fields[key] = value
    return Answer(name, fields, tuple(line.removeprefix(MESSAGE) for line in lines[:-1] if line.startswith(MESSAGE)))
