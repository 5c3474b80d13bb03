# SPDX-License-Identifier: GPL-2.0-only
"""The trace events that a kernel would print for a program: ftrace's text, `trace-cmd report`, `perf script`.

Only calls of the DMA API are events. A program's accesses, dma_mapping_error(), unbind and tidy-up are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dmafuzz import _core
from dmafuzz._core import HookCall, HookKind, OpKind
from dmafuzz.platforms.kernels import Kernel
from dmafuzz.program import Program
from dmafuzz.trackers import kernel_of
from dmafuzz.verdicts import Judging

from .event import LIST_MAX
from .names import DIRECTIONS, MMIO, SHOWN_ATTRS

_COMM, _FIRST_PID, _FIRST_SECOND = "dmafuzz", 100, 1
_ONE_EVENT = Kernel((6, 18))  # from which on a page and a resource are mapped by dma_map_phys
_OLDEST = Kernel((6, 12))
_FLAGS = "GFP_KERNEL"
_COOKIE = 0xFFFF_FFFF_FFFF_FFFF

Values = Sequence[int]


@dataclass(frozen=True)
class Printed:
    """An event: its name, and what follows; ``text`` is ftrace's, ``raw`` what trace-cmd prints where it cannot parse
    the format, or ""."""

    cpu: int
    name: str
    text: str
    raw: str = ""


def device_name(number: int) -> str:
    """The name of a program's device on its bus."""
    return f"0000:00:{number + 2:02x}.0"


def events_of(program: Program, bench: Judging, platform: str) -> list[Printed]:
    """The events of a program on a platform, as the tracker's kernel would print them; kernels before 6.12, which have
    no such events, as 6.12 would."""
    version = Kernel.parse(kernel_of(bench.tracker.name).removeprefix("v") or "6.12")
    one_event = max(version, _OLDEST) >= _ONE_EVENT
    found = []
    for call in bench.hooks(program, platform):
        if call.op < len(program.ops) and (event := _event(call, program, one_event)):
            found.append(event)
    return found


def _kind(call: HookCall, program: Program) -> OpKind:
    """Of what the hook is a call: the operation, also where the hook is of its second half."""
    op = program.ops[call.op]
    if op.kind is not OpKind.finish:
        return op.kind
    return next(o.kind for o in reversed(program.ops[: call.op]) if o.cpu == op.cpu and o.split)


def _event(call: HookCall, program: Program, one_event: bool) -> Printed | None:
    hook = call.hook
    if hook in (HookKind.map_single_area, HookKind.mapping_error, HookKind.unbind, HookKind.cow):
        return None
    device, direction = device_name(call.device), DIRECTIONS[call.direction.value]
    shown, number = _attrs(call.attrs)
    head = f"{device} dir={direction}"
    if hook in (HookKind.map_page, HookKind.map_resource, HookKind.unmap_page, HookKind.unmap_resource):
        return _mapping(call, head, one_event)
    if hook in (HookKind.sync_for_cpu, HookKind.sync_for_device):
        name = f"dma_sync_single_{hook.value.removeprefix('sync_')}"
        return Printed(call.cpu, name, f"{head} dma_addr={call.dma:x} size={call.size}")
    if hook in (HookKind.alloc_coherent, HookKind.alloc_pages, HookKind.free_coherent, HookKind.free_pages):
        return _allocation(call, head, shown)
    kind = _kind(call, program)
    if kind in (OpKind.alloc_noncontiguous, OpKind.free_noncontiguous):
        return _noncontiguous(call, head, shown, kind is OpKind.alloc_noncontiguous)
    if hook is HookKind.map_sg:
        return _map_sg(call, head, shown, number)
    phys = [entry.phys for entry in call.entries]
    if hook is HookKind.unmap_sg:
        raw = f"device={device} addrs={_raw(phys, 8)} dir={call.direction.value} attrs={number:#x}"
        return Printed(call.cpu, "dma_unmap_sg", f"{head} phys_addrs={_braces(phys)} attrs={shown}", raw)
    dma, sizes = [entry.dma for entry in call.entries], [entry.dma_size for entry in call.entries]
    name = f"dma_{hook.value}"
    raw = f"device={device} dma_addrs={_raw(dma, 8)} lengths={_raw(sizes, 4)} dir={call.direction.value}"
    return Printed(call.cpu, name, f"{head} dma_addrs={_braces(dma)} sizes={_braces(sizes)}", raw)


def _mapping(call: HookCall, head: str, one_event: bool) -> Printed:
    attrs = call.attrs
    resource = call.hook in (HookKind.map_resource, HookKind.unmap_resource)
    name = f"dma_{call.hook.value}"
    if one_event:
        name = name.replace("_page", "_phys").replace("_resource", "_phys")
        attrs |= MMIO if resource else 0
    text = f"{head} dma_addr={call.dma:x} size={call.size}"
    if call.hook in (HookKind.map_page, HookKind.map_resource):
        text += f" phys_addr={call.phys:x}"
    return Printed(call.cpu, name, f"{text} attrs={_attrs(attrs)[0]}")


def _allocation(call: HookCall, head: str, shown: str) -> Printed:
    name = {
        HookKind.alloc_coherent: "dma_alloc",
        HookKind.alloc_pages: "dma_alloc_pages",
        HookKind.free_coherent: "dma_free",
        HookKind.free_pages: "dma_free_pages",
    }[call.hook]
    flags = f" flags={_FLAGS}" if "alloc" in name else ""
    text = f"{head} dma_addr={call.dma:x} size={call.size} virt_addr=(____ptrval____){flags} attrs={shown}"
    return Printed(call.cpu, name, text)


def _noncontiguous(call: HookCall, head: str, shown: str, begins: bool) -> Printed:
    dma, size = call.entries[0].dma, sum(entry.size for entry in call.entries)
    text = f"{head} dma_addr={dma:x} size={size} phys_addrs={_braces([entry.phys for entry in call.entries])}"
    if begins:
        return Printed(call.cpu, "dma_alloc_sgt", f"{text} flags={_FLAGS} attrs={shown}")
    return Printed(call.cpu, "dma_free_sgt", text)


def _map_sg(call: HookCall, head: str, shown: str, number: int) -> Printed:
    mapped = call.entries[: call.mapped]
    phys, dma = [entry.phys for entry in call.entries], [entry.dma for entry in mapped]
    sizes = [entry.dma_size for entry in mapped]
    counts = f"nents={len(phys)}/{len(phys)} ents={len(dma)}/{len(dma)}"
    text = f"{head} {counts} dma_addrs={_braces(dma)} sizes={_braces(sizes)} phys_addrs={_braces(phys)} attrs={shown}"
    raw = (
        f"device={device_name(call.device)} full_nents={len(phys)} full_ents={len(dma)} truncated=0 "
        f"phys_addrs={_raw(phys, 8)} dma_addrs={_raw(dma, 8)} lengths={_raw(sizes, 4)} "
        f"dir={call.direction.value} attrs={number:#x}"
    )
    return Printed(call.cpu, "dma_map_sg", text, raw)


def _attrs(bits: int) -> tuple[str, int]:
    """As a trace names them, and the kernel's number."""
    named = [(shown, 1 << bit) for own, shown, bit in SHOWN_ATTRS if bits & own]
    return "|".join(shown for shown, _ in named), sum(number for _, number in named)


def _braces(values: Values) -> str:
    return "{" + ",".join(f"{value:#x}" for value in values[:LIST_MAX]) + "}"


def _raw(values: Values, width: int) -> str:
    data = b"".join((value & (1 << 8 * width) - 1).to_bytes(width, "little") for value in values[:LIST_MAX])
    return f"ARRAY[{data.hex(',').replace(',', ', ')}]"


def _ftrace(event: Printed, time: str) -> str:
    task = f"{_COMM:>16}-{_FIRST_PID + event.cpu:<7}"
    return f"{task} [{event.cpu:03}] ..... {time:>12}: {event.name}: {event.text}"


def _trace_cmd(event: Printed, time: str) -> str:
    text = f"[FAILED TO PARSE] {event.raw}" if event.raw else event.text
    return f"{_COMM:>16}-{_FIRST_PID + event.cpu:<5} [{event.cpu:03}] {time:>12}: {event.name + ':':<21} {text}"


def _perf(event: Printed, time: str) -> str:
    """Lists as trace-cmd has them: both tools print by the same library, libtraceevent."""
    text = f"[FAILED TO PARSE] {event.raw}" if event.raw else event.text
    name = f"dma:{event.name}"
    return f"{_COMM:>16} {_FIRST_PID + event.cpu:>7} [{event.cpu:03}] {time:>12}: {name:>30}: {text}"


FORMATS: dict[str, tuple[tuple[str, ...], Callable[[Printed, str], str]]] = {
    "ftrace": (("# tracer: nop", "#"), _ftrace),
    "trace-cmd": ((f"cpus={_core.CPUS_MAX}",), _trace_cmd),
    "perf": ((), _perf),
}
"""By the name of a format: what stands above, and the line of an event at a time in seconds."""


def lines_of(events: Sequence[Printed], form: str, first_microsecond: int = 0) -> Iterator[str]:
    """The lines of a trace; events are a microsecond apart."""
    head, line = FORMATS[form]
    yield from head
    for number, event in enumerate(events, first_microsecond):
        yield line(event, f"{_FIRST_SECOND + number // 1_000_000}.{number % 1_000_000:06}")
