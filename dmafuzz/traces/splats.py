# SPDX-License-Identifier: GPL-2.0-only
"""The warnings that a kernel would print for a program: header, message with its values, WARNING's line, Mapped at.

Values are those of the hook calls. What a model has no address for (stacks, kernel text) is printed as the kernel
prints a hidden pointer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from dmafuzz import _core
from dmafuzz._core import HookCall, HookKind, OpKind
from dmafuzz.kernel_log.machine import era_of
from dmafuzz.platforms.kernels import Kernel
from dmafuzz.program import Program
from dmafuzz.trackers import DEFAULT_TRACKER, kernel_of
from dmafuzz.verdicts import Judgement, Judging

from .names import DIRECTIONS, SHOWN_ATTRS
from .printing import device_name

_DRIVER = "dmafuzz"
_LAST_OLD_HEADER = Kernel((4, 19))  # behind it the header stands in front of the driver
_HIDDEN = "(____ptrval____)"
_SEGMENT_MAX, _BOUNDARY = 0x1_0000, 0xFFFF
_OVERLAPS_MAX = 7
_FIELD = re.compile(r"\[([a-z+ ]+?)(=| with | as )(0x%\w+|%\w+)( bytes)?\]")
# Printed without driver and device.
_NAMELESS = ("overlap>7", "line-enomem")
# The entry is not known, so that there is nothing to say of its map.
_WITHOUT_MAP = ("free-unallocated", "free-invalid", "sync-unallocated", "line-enomem", "overlap>7", "resource-ram")

_TYPES = {
    OpKind.map_single: "single",
    OpKind.map_page: "page",
    OpKind.map_resource: "resource",
    OpKind.map_sg: "scather-gather",
    OpKind.alloc_noncontiguous: "scather-gather",
    OpKind.alloc_coherent: "coherent",
    OpKind.alloc_noncoherent: "noncoherent",
}
_ENDED_AS = {
    OpKind.unmap_single: OpKind.map_single,
    OpKind.unmap_page: OpKind.map_page,
    OpKind.unmap_resource: OpKind.map_resource,
    OpKind.unmap_sg: OpKind.map_sg,
    OpKind.free_noncontiguous: OpKind.alloc_noncontiguous,
    OpKind.free_coherent: OpKind.alloc_coherent,
    OpKind.free_noncoherent: OpKind.alloc_noncoherent,
}
# What the functions of the kernel are called that a frame names.
_CALLERS = {
    HookKind.map_page: "dma_map_page_attrs",
    HookKind.map_sg: "dma_map_sg_attrs",
    HookKind.map_resource: "dma_map_resource",
    HookKind.alloc_coherent: "dma_alloc_attrs",
    HookKind.alloc_pages: "dma_alloc_pages",
}


def splat_lines(program: Program, bench: Judging, platform: str) -> Iterator[str]:
    """The lines of a log with all warnings of a program, as with all_errors; those that the kernel does not print of
    itself too."""
    judgement = bench.judge(program, platform)
    calls = bench.hooks(program, platform)
    version = kernel_of(bench.tracker.name).removeprefix("v") or DEFAULT_TRACKER
    for warning in judgement.warnings:
        yield from _Splat(judgement, calls, version, warning).lines()


@cache
def release_of(version: str) -> str:
    """A kernel's version as it prints it; where releases of a series differ, one that has the checks of this era."""
    candidates = [f"{version}.{release}" for release in (0, *range(1, 40), 100)]
    return next((each for each in candidates if era_of(each).name == version), candidates[0])


class _Splat:
    def __init__(self, judgement: Judgement, calls: Sequence[HookCall], version: str, warning: _core.Warning) -> None:
        self.judgement, self.version, self.warning = judgement, version, warning
        self.kernel = Kernel.parse(version.split("-")[0])
        of_op = [call for call in calls if call.op == warning.op and call.hook is not HookKind.mapping_error]
        self.call = of_op[-1] if of_op else None
        entry = [call for call in calls if call.op == warning.entry_op and call.hook is not HookKind.mapping_error]
        self.entry = entry[-1] if entry else None

    def lines(self) -> Iterator[str]:
        check, old = str(self.warning.id), self.kernel < _LAST_OLD_HEADER
        message = self._message()
        head, *more = re.split(r" (?=One of leaked)", message)
        named = check not in _NAMELESS and not (check == "line-overlap" and self.version == "5.14")
        who = f"{_DRIVER} {device_name(self._device())}"
        if old:
            first = f"{who}: DMA-API: {head}" if named else f"DMA-API: {head}"
        else:
            first = f"DMA-API: {who}: {head}" if named else f"DMA-API: {head}"
        line = f"WARNING: CPU: {self._cpu()} PID: 100 at kernel/dma/debug.c:1000 {self._function()}+0x40/0x80"
        yield "------------[ cut here ]------------"
        yield from (line, first, *more) if old else (first, *more, line)
        yield f"CPU: {self._cpu()} PID: 100 Comm: dmafuzz Not tainted {release_of(self.version)} #1"
        yield "Call Trace:"
        yield f" {self._function()}+0x40/0x80"
        yield " dmafuzz_call+0x20/0x40 [dmafuzz]"
        yield "---[ end trace 0000000000000000 ]---"
        if self.entry is not None and check not in _WITHOUT_MAP and not check.startswith(("map-", "sg-")):
            yield "Mapped at:" if old else "DMA-API: Mapped at:"
            yield f" debug_dma_{self.entry.hook}+0x40/0x80"
            yield f" {_CALLERS.get(self.entry.hook, 'dma_map')}+0x40/0x80"

    def _cpu(self) -> int:
        return self.call.cpu if self.call else 0

    def _device(self) -> int:
        return self.call.device if self.call else self.judgement.ops[self.warning.op].device

    def _function(self) -> str:
        hook = str(self.call.hook) if self.call else "unbind"
        return f"debug_dma_{hook.replace('sync_for', 'sync_single_for')}"

    def _message(self) -> str:
        text = _FIELD.sub(self._field, " ".join(self.judgement.message(self.warning).split()))
        text = text.replace("exceeded %d", f"exceeded {_OVERLAPS_MAX}")
        return re.sub(r"(?:0x)?%\w+", f"{self.warning.line or 0:#x}", text)

    def _field(self, found: re.Match[str]) -> str:
        name, joint, conversion, unit = found.group(1), found.group(2), found.group(3), found.group(4) or ""
        value = self._value(name + joint.rstrip("= "))
        if isinstance(value, int):
            width = 16 if conversion.endswith(("016llx", "016Lx")) else 0
            value = f"0x{value:0{width}x}" if "x" in conversion.split("%")[1] or conversion == "%pa" else str(value)
        return f"[{name}{joint}{value}{unit}]"

    def _value(self, name: str) -> int | str:
        call, entry = self.call, self.entry
        check = str(self.warning.id)
        of_entry = (check.startswith("sync") and check != "sync-unallocated") or check in ("leak", "free-unchecked")
        about = entry if of_entry and entry else call or entry
        if name in ("device address",):
            return about.dma if about and about.dma else _first_dma(about)
        if name == "size":
            return _size(about)
        if name in ("map size", "allocation size"):
            return _size(entry)
        if name == "unmap size":
            return _size(call)
        if name == "sync offset+size":
            return (call.dma - entry.dma + call.size) if call and entry else 0
        if name in ("mapped as", "unmapped as"):
            return self._type(self.warning.entry_op if name == "mapped as" else self.warning.op)
        if name in ("mapped with", "unmapped with", "synced with"):
            return self._with(entry if name == "mapped with" else call, check)
        if name in ("map count", "unmap count", "sync count"):
            return len((entry if name == "map count" else call or entry).entries) if call or entry else 0  # type: ignore[union-attr]
        if name in ("cpu alloc address", "cpu free address"):
            about = entry if "alloc" in name else call
            return about.phys if about else 0
        return self._other_value(name)

    def _other_value(self, name: str) -> int | str:
        call = self.call
        if name in ("len", "max"):
            if str(self.warning.id) == "sg-too-long":
                return max((e.dma_size for e in call.entries), default=0) if call and name == "len" else _SEGMENT_MAX
            return _size(call)
        if name in ("start", "end", "boundary"):
            return self._across(name)
        if name == "count":
            same = [each for each in self.judgement.warnings if each.id == self.warning.id]
            return max(len(self.warning.mappings), len(same) and 1)
        if name in ("cln", "pfn", "cacheline"):
            return (self.warning.line or 0) >> 6 if name == "cln" else self.warning.line or 0
        return _HIDDEN

    def _across(self, name: str) -> int:
        """The list's entry that crosses a boundary: where it begins and ends."""
        entries = self.call.entries if self.call else ()
        crossing = [e for e in entries if e.dma_size and (e.dma ^ (e.dma + e.dma_size - 1)) & ~_BOUNDARY] or entries
        if name == "boundary" or not crossing:
            return _BOUNDARY
        return crossing[0].dma if name == "start" else crossing[0].dma + crossing[0].dma_size - 1

    def _type(self, op: int | None) -> str:
        """As this kernel calls it."""
        if op is None or op >= len(self.judgement.ops):
            return "single"
        kind = self.judgement.ops[op].kind
        name = _TYPES.get(_ENDED_AS.get(kind, kind), "single")
        if name in ("single", "page") and self.kernel >= Kernel((6, 18)):
            return "phy"
        if name == "page" and self.kernel >= Kernel((5, 0)):
            return "single"
        if name == "resource" and self.kernel >= Kernel((6, 18)):
            return "phy"
        if name == "noncoherent" and self.kernel < Kernel((6, 17)):
            return "single"
        if name == "coherent" and self.kernel < Kernel((5, 8)):
            return "scather-gather"
        return name

    def _with(self, call: HookCall | None, check: str) -> str:
        if call is None:
            return "DMA_BIDIRECTIONAL"
        if check == "free-attributes":
            return f"0x{sum(1 << bit for own, _, bit in SHOWN_ATTRS if call.attrs & own):x}"
        return f"DMA_{DIRECTIONS[call.direction.value]}"


def _first_dma(call: HookCall | None) -> int:
    return call.entries[0].dma if call and call.entries else 0


def _size(call: HookCall | None) -> int:
    if call is None:
        return 0
    return call.size or (call.entries[0].dma_size if call.entries else 0)
