# SPDX-License-Identifier: GPL-2.0-only
"""Warnings as kernels print them, made from the table of checks, and what mails, terminals and loggers do to them."""

from __future__ import annotations

import html
import quopri
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dmafuzz import checks

LAST_OLD_HEADER = (4, 18)
DRIVER, DEVICE = "e1000e", "0000:00:19.0"
NAMELESS = ("overlap>7", "line-enomem")
# Without an entry that is known there is nothing to print below `Mapped at:`.
UNMAPPED = re.compile(r"free-unallocated|free-invalid|sync-unallocated|map-|sg-|line-enomem|overlap>7|resource-ram")

_VALUES = {
    "device address": "0x00000000fffdc1e0",
    "size": "1534",
    "map size": "1536",
    "unmap size": "42",
    "addr": "ffff88003d0b56bf",
    "probable addr": "00000000aa217c54",
    "len": "64",
    "max": "65536",
    "start": "0x00000000fff0ffc0",
    "end": "0x00000000fff1003f",
    "boundary": "0x000000000000ffff",
    "cln": "0x000000002fdf9800",
    "pfn": "0x2fdf9",
    "count": "3",
    "map count": "4",
    "unmap count": "2",
    "sync count": "2",
    "mapped as": "single",
    "unmapped as": "coherent",
    "mapped with": "DMA_FROM_DEVICE",
    "unmapped with": "DMA_TO_DEVICE",
    "synced with": "DMA_TO_DEVICE",
    "allocation size": "1536",
    "sync offset+size": "2048",
    "cpu alloc address": "0x0000000012340000",
    "cpu free address": "0x0000000012341000",
}
# Of single checks, what fits them.
_OWN_VALUES = {
    "free-attributes": {"mapped with": "0x0", "unmapped with": "0x400"},
    "sync-read-only-for-cpu": {"mapped with": "DMA_TO_DEVICE", "synced with": "DMA_FROM_DEVICE"},
    "sg-too-long": {"len": "131072"},
    "free-cpu-address": {"size": "4096"},
}
_FIELD = re.compile(r"\[([a-z+ ]+?)(=| with | as )(?:0x)?%[0-9]*l*[a-z]+( bytes)?\]")


@dataclass(frozen=True)
class Printed:
    """A warning as a kernel prints it: its lines without time stamps, and what is to be read in them."""

    check: str
    version: str
    driver: str
    device: str
    values: dict[str, str]
    lines: tuple[str, ...]
    mapped: tuple[str, ...]


def printed() -> Iterator[Printed]:
    """Each wording of each check: by the kernel that it came with, and by the last one that has it."""
    for check in checks.checks().values():
        for number, message in enumerate(check.messages):
            if message.text.startswith("WARNING"):
                continue
            for version in dict.fromkeys((message.since, _last(check, number))):
                yield _printed(check.id, message.text, version)


def _last(check: checks.Check, number: int) -> str:
    """A late kernel with that wording."""
    if check.id == "assert-idle" and number + 1 == len(check.messages):
        return "5.8"
    if number + 1 == len(check.messages):
        return "7.2"
    return check.messages[number].since


def _printed(check: str, text: str, version: str) -> Printed:
    values: dict[str, str] = {}

    def filled(found: re.Match[str]) -> str:
        name, joint, unit = found.group(1), found.group(2), found.group(3) or ""
        key = name + joint.rstrip("= ")
        values[key] = _OWN_VALUES.get(check, {}).get(key, _VALUES[key])
        return f"[{name}{joint}{values[key]}{unit}]"

    message = _FIELD.sub(filled, " ".join(text.split()))
    if "exceeded" in message:
        values.update({"exceeded": "7", "pfn" if "pfn" in message else "cacheline": "0x31d2645"})
        message = re.sub(r"%d", "7", re.sub(r"%pa|%lx", "0x31d2645", message))
    if "RAM address" in message:
        values["address"] = "0x80000000"
        message = message.replace("%pa", "0x80000000")
    leak = message.partition(" One of leaked")
    lines = [leak[0], f"One of leaked{leak[2]}"] if leak[1] else [message]
    named = check not in NAMELESS and not (check == "line-overlap" and version == "5.14")
    driver, device = (DRIVER, DEVICE) if named else ("", "")
    lines[0] = _headed(lines[0], driver, device, version)
    mapped = () if UNMAPPED.match(check) else ("debug_dma_map_page", "e1000_alloc_rx_buffers")
    return Printed(check, version, driver, device, values, tuple(_around(lines, version, mapped)), mapped)


def old_header(version: str) -> bool:
    """Whether driver and device stand in front of the header."""
    numbers = [int(number) for number in re.findall(r"\d+", version.split("-")[0])]
    return tuple(numbers[:2]) <= LAST_OLD_HEADER


def _headed(message: str, driver: str, device: str, version: str) -> str:
    if not driver:
        return f"DMA-API: {message}"
    return f"{driver} {device}: DMA-API: {message}" if old_header(version) else f"DMA-API: {driver} {device}: {message}"


def _around(message: list[str], version: str, mapped: tuple[str, ...]) -> Iterator[str]:
    """The rest of a warning, as x86 prints it: the message behind WARNING's line up to 4.18, in front of it later."""
    old = old_header(version)
    warning = "WARNING: CPU: 1 PID: 321 at kernel/dma/debug.c:1023 check_unmap+0x5d2/0x8b0"
    yield "------------[ cut here ]------------"
    yield from (warning, *message) if old else (*message, warning)
    yield "Modules linked in: e1000e(+) ptp pps_core"
    yield (
        f"CPU: 1 PID: 321 Comm: ip Not tainted {version}.0-17-test #1"
        if old
        else (f"CPU: 1 UID: 0 PID: 321 Comm: ip Tainted: G        W          {version}.0-17-test #1 PREEMPT(lazy)")
    )
    yield "Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2"
    yield "RIP: 0010:check_unmap+0x5d2/0x8b0"
    yield "Call Trace:"
    yield " <IRQ>"
    yield " [<ffffffff813a52d0>] debug_dma_unmap_page+0x5d/0x60" if old else " debug_dma_unmap_page+0x5d/0x60"
    yield " ? __lock_acquire+0x2f2/0x1b40"
    yield " e1000_clean_rx_irq+0x2f2/0x4b0 [e1000e]"
    yield "---[ end trace 5c1f2b6d1a2e3f40 ]---"
    if mapped:
        yield "Mapped at:" if old else "DMA-API: Mapped at:"
        yield from (f" [<ffffffff813a52d0>] {name}+0x6c/0xa8" if old else f" {name}+0x6c/0xa8" for name in mapped)
    yield "usb 1-1: new high-speed USB device number 2 using xhci_hcd"


def _joined(lines: Iterator[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _stamped(lines: tuple[str, ...], stamp: str) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield stamp.format(seconds=f"{5 + number / 1000:12.6f}", second=f"{number % 60:02d}") + line


def _wrapped(lines: Iterator[str], width: int, begin: str = "") -> Iterator[str]:
    """As a mailer wraps: at blanks, its marks in front of each line."""
    for line in lines:
        for part in textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]:
            yield begin + part


def _cut(lines: Iterator[str], width: int) -> Iterator[str]:
    """As a terminal wraps: wherever the line is full."""
    for line in lines:
        yield from (line[i : i + width] for i in range(0, len(line), width))


def _coloured(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield f"\x1b[33m{line[:20]}\x1b[0m\x1b[1m{line[20:]}\x1b[0m"


_STAMP = "[{seconds}] "
MANGLED: dict[str, Callable[[tuple[str, ...]], bytes]] = {
    "bare": lambda lines: _joined(iter(lines)),
    "dmesg": lambda lines: _joined(_stamped(lines, _STAMP)),
    "dmesg with task": lambda lines: _joined(_stamped(lines, "[{seconds}][  T321] ")),
    "dmesg -T": lambda lines: _joined(_stamped(lines, "[Thu Sep  9 12:30:{second} 2021] ")),
    "dmesg -x": lambda lines: _joined(_stamped(lines, "kern  :warn  : [{seconds}] ")),
    "printk levels": lambda lines: _joined(_stamped(lines, "<4>[{seconds}] ")),
    "journal": lambda lines: _joined(_stamped(lines, "Sep 09 12:30:{second} build-host.lab kernel: ")),
    "syslog": lambda lines: _joined(_stamped(lines, "Sep  9 12:30:{second} host kernel: [{seconds}] ")),
    "iso": lambda lines: _joined(_stamped(lines, "2021-09-09T12:30:{second}.123456+02:00 host kernel: ")),
    "dmesg --time-format iso": lambda lines: _joined(_stamped(lines, "2021-09-09T12:30:{second},123456+00:00 ")),
    "console of a lab": lambda lines: _joined(_stamped(lines, "2021-09-09 12:30:{second} [{seconds}] ")),
    "quoted": lambda lines: _joined(f"> {line}" for line in _stamped(lines, _STAMP)),
    "quoted twice": lambda lines: _joined(f">> > {line}" for line in _stamped(lines, _STAMP)),
    "wrapped by a mailer": lambda lines: _joined(_wrapped(_stamped(lines, _STAMP), 72)),
    "wrapped and quoted": lambda lines: _joined(_wrapped(_stamped(lines, _STAMP), 60, "> > ")),
    "wrapped by a terminal": lambda lines: _joined(_cut(_stamped(lines, _STAMP), 80)),
    "colours": lambda lines: _joined(_coloured(_stamped(lines, _STAMP))),
    "carriage returns": lambda lines: _joined(iter(lines)).replace(b"\n", b"\r\n"),
    "utf-16": lambda lines: _joined(_stamped(lines, _STAMP)).decode().encode("utf-16"),
    "quoted-printable": lambda lines: quopri.encodestring(_joined(_stamped(lines, _STAMP))),
    "html": lambda lines: html.escape(_joined(_stamped(lines, _STAMP)).decode()).encode(),
    "noise": lambda lines: b"\x00\xff\xfe" + _joined(iter(lines)).replace(b"\n", b"\n\x00\x07"),
}
