# SPDX-License-Identifier: GPL-2.0-only
"""A tracker in Python: every cacheline of every streaming mapping is tracked, and two mappings that share one overlap.

    dmafuzz judge FILE --tracker py:every_line:EveryLine

It is the rule of the proposal `full-range`, without the exemptions of the era that it was made for.
"""

from __future__ import annotations

from collections.abc import Iterator

from dmafuzz._core import Direction, HookCall, HookKind, Platform, WarningId
from dmafuzz.trackers.python import Warns

MAPS = (HookKind.map_page,)
UNMAPS = (HookKind.unmap_page,)


class EveryLine:
    """Streaming mappings of single pages by device and DMA address, and of each cacheline the mappings that have it."""

    def __init__(self) -> None:
        self.line_size = 64
        self.mapped: dict[tuple[int, int], HookCall] = {}
        self.owners: dict[int, list[HookCall]] = {}

    def on_start(self, platform: Platform) -> None:
        self.line_size = platform.l1_line

    def on_hook(self, call: HookCall) -> Iterator[Warns]:
        # A device that only reads does no harm to anyone.
        if call.hook in MAPS and call.direction != Direction.to_device:
            yield from self._map(call)
        elif call.hook in UNMAPS:
            self._unmap(call)

    def _map(self, call: HookCall) -> Iterator[Warns]:
        lines = self._lines(call)
        for line in lines:
            if owners := self.owners.get(line):
                first = owners[0]
                both = [each.mapping for each in (first, call) if each.mapping is not None]
                yield Warns(WarningId.line_overlap, both, line * self.line_size, self.line_size, first.op)
                break  # once for each mapping
        self.mapped[call.device, call.dma] = call
        for line in lines:
            self.owners.setdefault(line, []).append(call)

    def _unmap(self, call: HookCall) -> None:
        if mapped := self.mapped.pop((call.device, call.dma), None):
            for line in self._lines(mapped):
                self.owners[line].remove(mapped)

    def _lines(self, call: HookCall) -> range:
        return range(call.phys // self.line_size, (call.phys + call.size - 1) // self.line_size + 1)
