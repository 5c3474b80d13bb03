# SPDX-License-Identifier: GPL-2.0-only
"""What a log holds, as data: warnings with what stands around them, entries of dumps, and other messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .frames import Frame

SPLATS_MAX = 20_000  # of one log that are kept


@dataclass
class Machine:
    """What the log says of a kernel and its machine; "" for what it does not say.

    ``version`` is as the kernel prints it ("5.11.0-00002-g65303e260692"), ``arch`` the beginning of platforms' names
    ("x86", "arm64", "armv7", "arm", "mips", "powerpc", "riscv").
    """

    version: str = ""
    arch: str = ""
    hardware: str = ""


@dataclass
class Splat:
    """One warning of dma-debug.

    ``values`` are the message's, by the names it has for them: numbers as printed. ``mapped_at`` are the frames of the
    map, innermost first; ``trace`` those of the call that was warned about. ``line`` counts from 1.
    """

    check: str
    driver: str
    device: str
    values: Mapping[str, str]
    old_header: bool
    message: str
    line: int
    time: str
    machine: Machine = field(default_factory=Machine)
    mapped_at: list[Frame] = field(default_factory=list)
    trace: list[Frame] = field(default_factory=list)

    def number(self, name: str) -> int | None:
        """A size or count in decimal; None where the log does not have it."""
        text = self.values.get(name, "")
        return int(text) if text.lstrip("-").isdigit() else None

    def address(self, name: str) -> int | None:
        """An address; None where the log does not have it, or hides it."""
        text = self.values.get(name, "").removeprefix("0x")
        try:
            return int(text, 16)
        except ValueError:
            return None

    @property
    def mapper(self) -> str:
        """The function of the driver, or of its subsystem, that made the mapping; "" if it is not known."""
        return next((frame.function for frame in self.mapped_at if not frame.in_core), "")

    @property
    def caller(self) -> str:
        """The function that made the call that was warned about; "" if it is not known."""
        return next((frame.function for frame in self.trace if not frame.in_core), "")


@dataclass(frozen=True, slots=True)
class Live:
    """A live mapping, as a dump has it: addresses and length in bytes, direction and type as the kernel names them.

    ``physical`` is None where only the page is known. ``checked`` is None where no check is asked for.
    """

    driver: str
    device: str
    type: str
    physical: int | None
    dma: int
    length: int
    direction: str
    checked: bool | None
    attrs: int
    line: int


@dataclass
class Other:
    """A message that is not dma-debug's warning: its kind in related_messages.toml, how often, the first one."""

    kind: str
    count: int
    line: int
    time: str
    text: str


@dataclass
class Log:
    """All that was found in a log, in its order. ``machine`` is what is known after its last line."""

    splats: list[Splat] = field(default_factory=list)
    live: list[Live] = field(default_factory=list)
    others: list[Other] = field(default_factory=list)
    machine: Machine = field(default_factory=Machine)
    more_splats: int = 0  # beyond SPLATS_MAX
    events: int = 0  # lines of a trace
    lines: int = 0
    cut: bool = False  # the input is longer than what was read

    @property
    def empty(self) -> bool:
        """Whether nothing of the DMA API is in it."""
        return not (self.splats or self.live or self.others)
