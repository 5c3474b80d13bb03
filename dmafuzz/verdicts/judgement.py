# SPDX-License-Identifier: GPL-2.0-only
"""The results of judging, as data. Everything is the native core's; nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass

from dmafuzz import checks
from dmafuzz._core import Breach, Corruption, Cost, Harm, Label, Mapping, Op, Warning


@dataclass(frozen=True)
class Judgement:
    """One program, one tracker, one platform.

    ``ops`` are the operations carried out: the program's own, ``program_ops`` of them, then its tidy-up. ``failed``
    are the mappings whose map fails on this platform; ``mappings`` says how all of them are reached there. ``cost`` is
    what the tracker did, if it counts. ``kernel`` is the version whose messages the warnings have.
    """

    program: str
    tracker: str
    platform: str
    portfolio: str
    labels: tuple[Label, ...]
    contract: tuple[Breach, ...]
    warnings: tuple[Warning, ...]
    corruptions: tuple[Corruption, ...]
    harms: tuple[Harm, ...]
    ops: tuple[Op, ...]
    program_ops: int
    failed: tuple[int, ...]
    mappings: tuple[Mapping, ...]
    cost: Cost | None = None
    kernel: str = ""

    def message(self, warning: Warning) -> str:
        """What the kernel prints: printk's format, without header and end of line; "" where dma-debug has none."""
        return checks.named(warning.id).message(self.kernel) if warning.text is None else _bare(warning.text)


def _bare(text: str) -> str:
    """A kernel's format without its header and its end."""
    bare = text.removeprefix("DMA-API: ").removeprefix("%s %s: ").removeprefix("DMA-API: ")
    return " ".join(bare.split())
