# SPDX-License-Identifier: GPL-2.0-only
"""Lines of a trace to events: ftrace's text, `trace-cmd report` in its forms, `perf script`.

Lists are written in two ways: `{0x..,0x..}`, or raw bytes behind `[FAILED TO PARSE]` or `trace-cmd report -R`, where
numbers are decimal unless they say 0x. Any line may be of any form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .counts import Counts
from .event import Call, Event, Where
from .forms import FIELD, Parts, parts_of
from .names import ATTRS, DIRECTIONS, EVENTS, LISTS, MMIO, NONE, NUMBERED_ATTRS, RESOURCES

# Most lines of most traces: read at once, which takes a third of the time.
_COMMON = re.compile(
    r"\s*+(\S{1,40}+)\s++\[(\d{1,5}+)\]\s++(?:[^\s:]{1,12}+\s++)?+(\d++\.\d++):\s++(?:dma:)?+"
    r"(dma_(?:un)?+map_p(?:age|hys)|dma_sync_single_for_(?:cpu|device)):\s++"
    r"(\S++) dir=(\w++) dma_addr=([0-9a-f]{1,16}+) size=(\d{1,14}+)(?: phys_addr=([0-9a-f]{1,16}+))?+(?: attrs=)?+\s*+$"
)
_LOST = re.compile(
    r"\[LOST(?: (\d+))? EVENTS\]|\[(?:(\d+) )?EVENTS DROPPED\]|PERF_RECORD_LOST.*?\blost (\d+)|\bLOST (\d+) events"
)
_OTHER_EVENT = re.compile(r"\[\d{1,5}\]\s+(?:[^\s:]{1,12}\s+)?\d+(?:\.\d+)?:\s+([\w:]{1,60}):")
_KNOWN_LINES = re.compile(r"^\s*(?:#.*|cpus=\d+|version = \d+|CPU \d+ is empty|trace-cmd.*|)$")
_KNOWN_FIELDS = frozenset((
    "dir", "dma_addr", "size", "phys_addr", "attrs", "virt_addr", "flags", "nents", "ents", "dma_addrs", "sizes",
    "phys_addrs", "err", "device", "full_nents", "full_ents", "truncated", "lengths", "addrs", "dma_addrs_str",
))  # fmt: skip
_ERROR_COOKIES = (0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF)
_DIRECTIONS = {word: number for number, name in enumerate(DIRECTIONS) for word in (name, str(number))}
_ADDRESS_BYTES, _LENGTH_BYTES = 8, 4
_SIZES_MAX = 1 << 32
NOT_UNDERSTOOD = "lines that are not understood"
FAILED = "calls that failed"
BACK_TRACES = "lines of back traces"
_BACK_TRACE = re.compile(r"\s*(?:=> \S|<stack trace>|[0-9a-f]{8,16} \S.* \(.*\)\s*$)")


def events(lines: Iterable[str], counts: Counts) -> Iterator[Event | int]:
    """The events of a trace in its order; an int stands for so many lost ones. What is neither is counted."""
    for number, line in enumerate(lines, 1):
        counts.lines = number
        common = _COMMON.match(line)
        if common is not None and (event := _common(common, number)):
            counts.events += 1
            yield event
            continue
        parts = parts_of(line) if "dma_" in line else None
        if parts is None:
            lost = _lost(line, number, counts)
            if lost:
                counts.lost += lost
                yield lost
            continue
        call = EVENTS.get(parts.name)
        if call is None:
            counts.note(f"events {parts.name}, which are not known", number)
            continue
        event = _event(call, parts, Where(number, parts.time, parts.task, int(parts.cpu)), counts)
        if event is not None:
            counts.events += 1
            yield event


def _common(found: re.Match[str], number: int) -> Event | None:
    task, cpu, time, name, device, word, dma, size, phys = found.groups()
    direction, address, length = _DIRECTIONS.get(word), int(dma, 16), int(size)
    maps = phys is not None
    if direction is None or address in _ERROR_COOKIES or length >= _SIZES_MAX or maps is not name.startswith("dma_map"):
        return None
    where = Where(number, time, task, int(cpu))
    memory = (int(phys, 16),) if maps else ()
    return Event(EVENTS[name], device, direction, (address,), (length,), memory, 0, False, where)


def _lost(line: str, number: int, counts: Counts) -> int:
    """How many events the line says are lost; 0 where it says something else, which is counted."""
    if _KNOWN_LINES.match(line):
        return 0
    if ("LOST" in line or "DROPPED" in line) and (found := _LOST.search(line)):
        return int(next((group for group in found.groups() if group), 1)) or 1
    if other := _OTHER_EVENT.search(line):
        counts.note(f"events {other.group(1)}, which are not of the DMA API", number)
    else:
        counts.note(BACK_TRACES if _BACK_TRACE.match(line) else NOT_UNDERSTOOD, number)
    return 0


def _event(call: Call, parts: Parts, where: Where, counts: Counts) -> Event | None:
    fields = parts.fields
    if raw := "=" in parts.device or "device" in fields:
        fields = dict(FIELD.findall(f"{parts.device} ")) | fields
    try:
        device = fields["device"] if raw else parts.device
        direction = _direction(fields.get("dir", ""), call)
        attrs = _attrs(fields["attrs"], where.line, counts) if fields.get("attrs") else 0
        if direction is None or "=" in device:
            raise ValueError
        if call is Call.FAILED:
            counts.note(FAILED, where.line)
            return None
        dma, sizes, phys = _list(call, fields, raw) if call in LISTS else _single(fields, raw)
    except (KeyError, ValueError, IndexError):
        counts.note(NOT_UNDERSTOOD, where.line)
        return None
    if not fields.keys() <= _KNOWN_FIELDS:
        for name in sorted(fields.keys() - _KNOWN_FIELDS):
            counts.note(f"fields {name[:40]}=, which are not known", where.line)
    if (dma and dma[0] in _ERROR_COOKIES) or (call is Call.ALLOC and dma == (0,)):
        counts.note(FAILED, where.line)
        return None
    if attrs & MMIO:
        call = RESOURCES.get(call, call)
    cut = parts.cut or fields.get("truncated", "0") != "0"
    return Event(call, device, direction, dma, sizes, phys, attrs, cut, where)


def _direction(word: str, call: Call) -> int | None:
    """None where it is none that a call may have. Events of the first versions have none for allocations."""
    found = _DIRECTIONS.get(word)
    if found is not None:
        return found
    return 0 if not word and call in (Call.ALLOC, Call.FREE) and word != NONE else None


def _attrs(text: str, line: int, counts: Counts) -> int:
    bits = 0
    if text[0].isdigit():
        value = int(text, 16 if text.startswith("0x") else 10)
        for bit in range(value.bit_length()):
            if value >> bit & 1:
                if bit not in NUMBERED_ATTRS:
                    counts.note(f"attributes {1 << bit:#x}, which are not known", line)
                bits |= NUMBERED_ATTRS.get(bit, 0)
        return bits
    for name in text.split("|"):
        if name not in ATTRS:
            counts.note(f"attributes {name[:40]}, which are not known", line)
        bits |= ATTRS.get(name, 0)
    return bits


def _single(fields: dict[str, str], raw: bool) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    phys = fields.get("phys_addr", "")
    return (
        (_address(fields["dma_addr"], raw),),
        (_size(fields["size"]),),
        (_address(phys, raw),) if phys else (),
    )


def _address(text: str, raw: bool) -> int:
    """Hexadecimal, but for numbers of the raw forms that do not say so."""
    return int(text, 10 if raw and not text.startswith("0x") else 16)


def _size(text: str) -> int:
    value = int(text, 0) if text.startswith("0x") else int(text)
    if not 0 <= value < _SIZES_MAX:
        raise ValueError
    return value


def _list(call: Call, fields: dict[str, str], raw: bool) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    dma = fields.get("dma_addrs", "")
    sizes = fields.get("sizes", fields.get("lengths", ""))
    phys = fields.get("phys_addrs", fields.get("addrs", ""))
    if call is Call.ALLOC_SGT:
        size = _size(fields["size"])
        return (_address(fields["dma_addr"], raw),), (size,), _array(phys, _ADDRESS_BYTES)
    found = _array(dma, _ADDRESS_BYTES), _array(sizes, _LENGTH_BYTES), _array(phys, _ADDRESS_BYTES)
    needed = {Call.MAP_SG: (0, 1, 2), Call.UNMAP_SG: (2,)}.get(call, (0,))
    if not all(found[place] for place in needed):
        raise ValueError
    return found


def _array(text: str, width: int) -> tuple[int, ...]:
    """Either form of a list; elements of ``width`` bytes in the raw one."""
    if text.startswith("{"):
        inner = text[1:].rstrip("}")
        return tuple(int(each, 16) for each in inner.split(",")) if inner else ()
    if not text.startswith("ARRAY["):
        if text:
            raise ValueError
        return ()
    data = bytes.fromhex(text[len("ARRAY[") :].rstrip("]").replace(",", " "))
    if len(data) % width:
        raise ValueError
    return tuple(int.from_bytes(data[at : at + width], "little") for at in range(0, len(data), width))
