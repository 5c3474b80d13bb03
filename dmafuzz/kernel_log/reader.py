# SPDX-License-Identifier: GPL-2.0-only
"""Reads a log: the warnings of dma-debug with what stands around them, dumps of mappings, and what else there is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import machine as machines
from .dump import BEGINS, entry_of
from .frames import frame_of, mapped_frame
from .lines import LogLine, lines_of
from .messages import HEADER, RESOURCE_WARNING, find
from .plain_text import plain_text
from .related_messages import kind_of, kinds
from .splat import SPLATS_MAX, Log, Machine, Other, Splat

_WRAPPED_MAX = 6  # lines that one message may have come to
_AROUND_MAX = 150  # lines after a message that are looked at for its back trace
_MAPPED_MAX = 5  # frames that dma-debug keeps of a map
_TRACE_MAX = 24

_MAPPED_AT = re.compile(r"(?:DMA-API:\s*)?Mapped at:\s*$")
_TRACE_BEGINS = re.compile(r"Call [Tt]race:|Backtrace:|\bRIP: |^pc : |\(dump_backtrace\) from")
_TRACE_ENDS = re.compile(r"---\[ end trace|^------------\[ cut here")
_EVENT = re.compile(r"\bdma_(?:map|unmap|alloc|free|sync)_?\w*: +(?:\[FAILED TO PARSE\]|\S+ (?:dir=|dma_addr=))")


def read(data: bytes, cut: bool = False) -> Log:
    """What a log holds. ``cut``: there is more of it than ``data``."""
    lines = list(lines_of(plain_text(data)))
    log = Log(lines=len(lines), cut=cut)
    _Reader(log, lines).run()
    return log


class _Reader:
    """One pass over the lines."""

    def __init__(self, log: Log, lines: Sequence[LogLine]) -> None:
        self._log = log
        self._lines = lines
        self._others: dict[str, Other] = {}
        self._splat: Splat | None = None
        self._splat_at = 0
        self._mapped = 0  # frames of `Mapped at:` that may still come

    def run(self) -> None:
        for at, line in enumerate(self._lines):
            if not line.text:
                continue
            machines.note(line.text, self._log.machine)
            if not (self._message(at, line) or self._entry(at, line)):
                self._other(line)
                self._around(at, line)
        beside = bool(self._log.splats or self._log.live)
        self._log.others = [o for o in self._others.values() if kinds()[o.kind].alone or beside]

    def _window(self, at: int) -> str:
        return "\n".join(line.text for line in self._lines[at : at + _WRAPPED_MAX])

    def _message(self, at: int, line: LogLine) -> bool:
        if HEADER not in line.text or _MAPPED_AT.search(line.text):
            return self._resource(at, line)
        found = find(self._window(at))
        if found is None:
            return False
        self._begin(
            at,
            Splat(found.check, found.driver, found.device, found.values, found.old_header, found.message, line.number,
                  line.time),
        )  # fmt: skip
        return True

    def _resource(self, at: int, line: LogLine) -> bool:
        """From 6.18 to 7.0 the caller warns of RAM mapped as a resource, with a line of WARN alone."""
        if "mapping.c" not in line.text or not RESOURCE_WARNING.search(line.text):
            return False
        ahead = Machine()
        for near in self._lines[at : at + _AROUND_MAX]:
            machines.note(near.text, ahead)
            if ahead.version:
                break
        if machines.era_of(ahead.version or self._log.machine.version).name not in ("6.18", "7.0"):
            return False
        text = "dma_map_resource called for RAM (WARNING: kernel/dma/mapping.c dma_map_resource)"
        self._begin(at, Splat("resource-ram", "", "", {}, False, text, line.number, line.time))
        return True

    def _begin(self, at: int, splat: Splat) -> None:
        known = self._log.machine
        splat.machine = Machine(known.version, known.arch, known.hardware)
        self._splat, self._splat_at, self._mapped = splat, at, 0
        if len(self._log.splats) < SPLATS_MAX:
            self._log.splats.append(splat)
        else:
            self._log.more_splats += 1

    def _entry(self, at: int, line: LogLine) -> bool:
        if BEGINS not in f"{line.text} ":
            return False
        entry = entry_of(self._window(at), line.number)
        if entry is None:
            return False
        self._log.live.append(entry)
        return True

    def _other(self, line: LogLine) -> None:
        if "dma_" in line.text and _EVENT.search(line.text):
            self._log.events += 1
        if not (kind := kind_of(line.text)):
            return
        if kind in self._others:
            self._others[kind].count += 1
        else:
            self._others[kind] = Other(kind, 1, line.number, line.time, line.text[:200])

    def _around(self, at: int, line: LogLine) -> None:
        """What belongs to the warning before: kernel and machine, the frames of its call and of its map."""
        splat = self._splat
        if splat is None or at - self._splat_at > _AROUND_MAX:
            self._splat = None
            return
        machines.note(line.text, splat.machine)
        if _MAPPED_AT.search(line.text):
            self._mapped = _MAPPED_MAX
            return
        if self._mapped:
            frame = mapped_frame(line.text)
            self._mapped = self._mapped - 1 if frame else 0
            if frame:
                splat.mapped_at.append(frame)
                return
        if _TRACE_ENDS.search(line.text):
            if "cut here" in line.text:
                self._splat = None
            return
        if len(splat.trace) < _TRACE_MAX and (frame := frame_of(line.text)):
            splat.trace.append(frame)
