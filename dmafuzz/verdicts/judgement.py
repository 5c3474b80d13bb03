# SPDX-License-Identifier: GPL-2.0-only
"""What judging comes to, as data. Everything is the native core's; nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass

from dmafuzz._core import Op
from dmafuzz.trackers import Cost


@dataclass(frozen=True)
class Breach:
    """A rule of the contract that the program breaks, the first operation that does, and the mapping it is about.

    ``mapping`` is None where it is about none.
    """

    rule: str
    op: int
    mapping: int | None = None


@dataclass(frozen=True)
class Warning:
    """A tracker's warning, fired by operation ``op``.

    ``worth`` is what it comes to on this platform: "justified", "hazard", "bookkeeping", "false" or "breakdown". A
    hazard ``hurts`` the platform of that name, where what it covers is corrupt; None for the others. ``counted``: in
    dma-debug's error_count. ``entry_op`` is the operation that made the entry it is about, ``line`` the physical
    address of the cache line (or page) of ``line_size`` bytes it is about; None if it is about none. ``reason`` says
    what that entry has to do with the call (`_core.reasons`); None of a tracker that broke down.

    ``printed``: a kernel as shipped prints it; by default it prints the first counted error, and what is not counted.
    ``stops``: with panic_on_warn the machine stops there, and what follows never happens. ``message`` is what the
    kernel prints: printk's format, without header and end of line; "" where dma-debug has no message.
    """

    id: str
    op: int
    worth: str
    hurts: str | None
    mappings: tuple[int, ...]
    counted: bool = True
    entry_op: int | None = None
    line: int | None = None
    line_size: int = 0
    reason: str | None = None
    printed: bool = True
    stops: bool = False
    message: str = ""


@dataclass(frozen=True)
class Corruption:
    """Corruption of ``size`` bytes of a buffer from ``offset`` on, possible from operation ``op`` on.

    ``buffer`` is "b0" to "b15", or "stack" for the live data around a buffer on the stack. ``mappings`` are those that
    share its lines. ``index`` is the core's, for the witness. ``reason``: why the tracker says nothing of it
    (`_core.reasons`); None where it does.
    """

    kind: str
    op: int
    buffer: str
    offset: int
    size: int
    explained: bool
    mappings: tuple[int, ...]
    index: int
    reason: str | None = None


@dataclass(frozen=True)
class Harm:
    """A harm that is no corruption. An exposure has buffer, offset and size in bytes, the others may have a mapping."""

    kind: str
    op: int
    mapping: int | None = None
    buffer: str | None = None
    offset: int | None = None
    size: int | None = None


@dataclass(frozen=True)
class Step:
    """A step of a witness, in the order of time.

    ``asked``: the operation does it; otherwise hardware, a device or a CPU does it, unasked, after the operation.
    ``place`` is where the data is then: "memory", "old page" (left behind by copy-on-write), "slot mN" (mN's bounce
    slot). ``writer`` is the mapping through which a device writes; None: a CPU, nobody, or the operation itself.
    """

    op: int
    event: str
    asked: bool
    place: str
    writer: int | None


@dataclass(frozen=True)
class Judgement:
    """One program, one tracker, one platform.

    ``ops`` are the operations carried out: the program's own, ``program_ops`` of them, then its tidy-up. ``failed``
    are the mappings whose map fails on this platform. ``cost`` is what the tracker did, if it counts.
    """

    program: str
    tracker: str
    platform: str
    portfolio: str
    labels: tuple[str, ...]
    contract: tuple[Breach, ...]
    warnings: tuple[Warning, ...]
    corruptions: tuple[Corruption, ...]
    harms: tuple[Harm, ...]
    ops: tuple[Op, ...]
    program_ops: int
    failed: tuple[int, ...]
    cost: Cost | None = None
