# SPDX-License-Identifier: GPL-2.0-only
"""Frames of a kernel's back traces, as every architecture prints them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FRAME = re.compile(r"(?<![\w.])([A-Za-z_][\w.$]{0,120})\+0x[0-9a-f]+/0x[0-9a-f]+(?:\s+\[([\w-]{1,64})\])?")
# 32-bit ARM up to 5.17 and from 5.18 on: who was called stands first, who called behind `from`.
_FROM = re.compile(r"(?:\[<[0-9a-f]+>\]\s*)?\(?([A-Za-z_][\w.$]*)(?:\+0x[\w/]+)?\)?\s+from\s+(.*)")
_ALONE = re.compile(
    r"(?:\[<[0-9a-f]+>\]\s*)?\(?([A-Za-z_][\w.$]{2,120})(?:\+0x[0-9a-f]+/0x[0-9a-f]+)?\)?"
    r"(?:\s+\[([\w-]+)(?: [0-9a-f]+)?\])?(?: \(\w+\))?$"
)
_UNSURE = re.compile(r"(?:\[<[0-9a-f]+>\]\s*)?\?\s")
# The checker, the DMA API and what prints a warning: the fault is not there.
_CORE = re.compile(
    r"""(?:_*debug_dma_\w+|dma_debug_\w+|dma_entry_alloc|add_dma_entry|active_cacheline\w+|err_printk
    |check_(?:unmap|sync|for_\w+|sg_\w+)
    |_*dma_(?:map|unmap|alloc|free|sync|direct|pool|common|mmap|get)_\w+|dma_(?:alloc|free|map|unmap)|dmam?_\w+_pool
    |dmam_alloc\w*|dma_pool_\w+|iommu_(?:map|unmap|dma)\w*|swiotlb_\w+|(?:pci|intel)_(?:map|unmap)_\w+
    |_*warn(?:_\w+)?|warn_slowpath\w*|_*report_bug|handle_bug|fixup_bug|brk_handler|bug_handler|call_break_hook|brk64?
    |_?exc_\w+|asm_exc\w+|invalid_op|do_(?:error_trap|invalid_op|debug_exception|bp|trap\w*|el1\w*)|el1\w*
    |ret_from_exception|program_check_exception\w*|handle_(?:exception|bp)\w*
    |dump_(?:stack|backtrace)\w*|_*show_\w+|unwind_\w+|stack_trace_\w+|save_stack\w*
    |_*(?:blocking_|raw_|srcu_)?notifier_call_chain)(?:\.\w+)*""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Frame:
    """A function, and the module that it is in ("" where the log names none)."""

    function: str
    module: str = ""

    @property
    def in_core(self) -> bool:
        """Whether it belongs to the DMA API, its checker, or to what prints warnings."""
        return _CORE.fullmatch(self.function) is not None

    def __str__(self) -> str:
        return f"{self.function} [{self.module}]" if self.module else self.function


def frame_of(line: str) -> Frame | None:
    """The frame that a line of a back trace holds: of `a from b` the caller. None for a guess, and for other lines."""
    if _UNSURE.match(line):
        return None
    called = _FROM.fullmatch(line)
    text = called.group(2) if called else line
    match = _FRAME.search(text)
    if match:
        return Frame(match.group(1), match.group(2) or "")
    return None


def mapped_frame(line: str) -> Frame | None:
    """The frame that a line below `Mapped at:` holds, which is nothing else but that."""
    match = _ALONE.fullmatch(line)
    return Frame(match.group(1), match.group(2) or "") if match and frame_of(line) else None
