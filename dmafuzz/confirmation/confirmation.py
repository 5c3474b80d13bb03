# SPDX-License-Identifier: GPL-2.0-only
"""What comes of one program on one machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .carrying import Lost


class Answer(Enum):
    """What comes of a program, gravest first."""

    IMPOSSIBLE = "impossible"
    DIFFER = "warnings differ"
    DIED = "guest died"
    NOT_REPRODUCED = "not reproduced"
    REFUSED = "refused"
    CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Tried:
    """One corruption, and whether the guest lost these bytes; ``reason``: why not, where that is known."""

    kind: str
    op: int
    buffer: str
    offset: int
    size: int
    shown: bool
    reason: str = ""


@dataclass
class Confirmation:
    """One program on one machine.

    ``expected`` and ``seen`` are warnings as (operation, id), each sorted; ``impossible`` is data that was lost though
    the simulator says that it cannot be.
    """

    program: str
    machine: str
    platform: str
    kernel: str
    answer: Answer = Answer.CONFIRMED
    expected: list[tuple[int, str]] = field(default_factory=list)
    seen: list[tuple[int, str]] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    impossible: list[Lost] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    messages: list[tuple[int, str]] = field(default_factory=list)
    failed: dict[str, list[int]] = field(default_factory=dict)  # mappings that fail: "model", "kernel"
    reason: str = ""  # why what differs in the operations of ``excused`` says nothing of the model
    excused: list[int] = field(default_factory=list)
    oops: int | None = None  # the operation in which the kernel is said to fault
    log: str = ""  # of a guest that died
    exchange: str = ""  # hash of all that the guest was asked and has answered
    runs: int = 0
