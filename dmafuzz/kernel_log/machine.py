# SPDX-License-Identifier: GPL-2.0-only
"""Which kernel and which machine a log is of, and the trackers and platforms that stand for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dmafuzz.platforms.kernels import Kernel
from dmafuzz.trackers import (
    DEFAULT_TRACKER,
    TrackerError,
    builtins,
    default_portfolio,
    portfolio_of_kernel,
    resolve,
)

from .splat import Machine

_VERSION = r"(\d{1,2}\.\d{1,3}(?:\.\d{1,4})*(?:-?rc\d+)?[\w.+~-]*)"
_TAINT = r"(?:Not tainted|Tainted: [A-Z ()]+?(?=\s+\d))"
# A version counts where the kernel says it of itself: at boot, and with each warning.
_SAYS_VERSION = (
    re.compile(rf"\bLinux version {_VERSION} \("),
    re.compile(rf"\bCPU: \d+ (?:UID: \d+ )?PID: \d+ Comm: .{{1,32}}? {_TAINT}\s+{_VERSION}"),
    re.compile(rf"\b[Pp]id: \d+, comm: .{{1,32}}? {_TAINT}\s+\(?{_VERSION}"),
)
_HARDWARE = re.compile(r"\bHardware name:\s*(\S.{0,100})|\bMachine model:\s*(\S.{0,100})")

# By what no other architecture prints. The first that fits decides, so that arm64 comes before 32-bit ARM.
_SIGNS = {
    "arm64": (r"\bpstate: [0-9a-f]{8}", r"\bx29: ?[0-9a-f]{16}", r"\baarch64-[\w-]*gcc", r"\bel1h?_\w+\+0x",
              r"Booting Linux on physical CPU 0x[0-9a-f]{10}"),
    "x86": (r"\bRIP: [0-9a-f]{4}:", r"\bEIP: ", r"\bRSP: [0-9a-f]{4}:", r"\bRAX: [0-9a-f]{16}", r"\bx86_64\b",
            r"\bx86/", r"\bDMAR: ", r"\bBIOS-e820", r"\basm_exc_\w+\+0x", r"\bEFLAGS: "),
    "armv7": (r"\bARMv7 Processor",),
    "armv5": (r"\bARM9\d\dEJ?-?S?\b", r"\bARMv[45]\w* Processor", r"\bFA526\b", r"\bXScale"),
    "arm": (r"\bunwind_backtrace\b", r"\(dump_backtrace\) from", r"\br10:[0-9a-f]{8}", r"\barm-[\w-]*gnueabi",
            r"\bpc : \[<[0-9a-f]{8}>\]"),
    "powerpc": (r"\bNIP \[", r"\bNIP: +[0-9a-f]{8}", r"\bGPR00: ", r"\bpowerpc64?(?:le)?-"),
    "mips": (r"^\$ 0 +: ", r"\bepc +: [0-9a-f]{8}.*\b\w+\+0x", r"\bmips(?:el|64)?-[\w-]*gcc", r"\bPrId +: "),
    "riscv": (r"\briscv(?:64|32)?-[\w-]*gcc", r"\bstatus: [0-9a-f]{16} badaddr:", r"\bt0 : [0-9a-f]{16} t1 :"),
}  # fmt: skip
_ARCH = tuple((name, re.compile("|".join(signs))) for name, signs in _SIGNS.items())
# Each sign has one of these in it: to look for them takes a tenth of the time, and a log has many lines.
_HINTS = (
    "pstate:", "x29:", "aarch64", "el1", "physical CPU 0x", "RIP:", "EIP:", "RSP:", "RAX:", "x86", "DMAR", "e820",
    "asm_exc", "EFLAGS", "ARM", "FA526", "XScale", "_backtrace", "r10:", "arm-", "pc :", "NIP", "GPR00", "powerpc",
    "$ 0", "epc", "mips", "PrId", "riscv", "status:", "t0 :",
)  # fmt: skip
# The beginnings of platforms' names.
_PLATFORMS = {"arm": ("armv",), "armv7": ("armv7", "arm-"), "armv5": ("armv5",)}

# Stable series that carry changes of later eras: (series, from which release on, the era). docs/internals/trackers.md.
_STABLE = (
    ("6.12", 1, "6.12"),
    ("6.12", 0, "6.0"),
    ("6.16", 12, "6.17"),
    ("6.16", 0, "6.13"),
    ("6.17", 8, "6.12"),
    ("6.17", 0, "6.17"),
    ("6.18", 24, "7.0"),
    ("6.18", 0, "6.18"),
    ("6.19", 14, "7.0"),
    ("6.19", 0, "6.18"),
    ("7.0", 13, "7.1"),
    ("7.0", 0, "7.0"),
    ("4.19", 0, "4.18"),
)
_LAST_OLD_HEADER = "4.18"  # seen; from 5.4 on the header stands in front
_VENDOR = re.compile(r"\.el\d|\.fc\d|-generic|\.amzn|-azure|\.suse|-default|uek")


@dataclass(frozen=True)
class Era:
    """A tracker for a log: its name, and how it was come by, in a phrase; the portfolio is of the kernel's machines.

    The two need not be of one time: a 6.12 as released checks what 6.0 checks, and runs on the machines of 6.12.
    """

    name: str
    why: str
    known: bool
    portfolio: str


def note(line: str, machine: Machine) -> None:
    """Takes from a line what it says of kernel and machine."""
    if "Linux version " in line or "ID: " in line or "id: " in line:
        found = next((match for pattern in _SAYS_VERSION if (match := pattern.search(line))), None)
        machine.version = found.group(1) if found else machine.version
    if ("ware name:" in line or "ine model:" in line) and (found := _HARDWARE.search(line)):
        machine.hardware = (found.group(1) or found.group(2)).strip()
    if machine.arch in ("", "arm") and any(hint in line for hint in _HINTS):
        machine.arch = next((name for name, pattern in _ARCH if pattern.search(line)), machine.arch)


def era_of(version: str, old_header: bool = False) -> Era:
    """The era of a kernel's version as it prints it; of "" the likeliest."""
    if not version:
        if old_header:
            why = f"the log does not say which kernel; by its header it is {_LAST_OLD_HEADER} or older"
            return _taken(_LAST_OLD_HEADER, f"{why}, and taken as that: --era says otherwise", False)
        return _taken(DEFAULT_TRACKER, f"the log does not say which kernel; taken as {DEFAULT_TRACKER}: --era", False)
    numbers = re.match(r"\d+(?:\.\d+)*", version)
    release = Kernel.parse(numbers.group()) if numbers else Kernel(())
    name = _released(release, version)
    vendor = f"; a vendor's {version} may carry later changes" if _VENDOR.search(version) else ""
    return Era(name, f"Linux {version}{vendor}", True, portfolio_of_kernel(_series(release)))


def told_era(name: str) -> Era:
    """The tracker that a user asks for instead."""
    return _taken(name, f"As asked, {name}", True)


def _taken(name: str, why: str, known: bool) -> Era:
    return Era(name, why, known, default_portfolio(name))


def _series(release: Kernel) -> str:
    """The version without its stable release: platforms and eras begin and end with series."""
    return ".".join(str(number) for number in release.numbers[: 3 if release.numbers[:1] == (2,) else 2])


def _released(release: Kernel, version: str) -> str:
    series = ".".join(str(number) for number in release.numbers[:2])
    patch = release.numbers[2] if len(release.numbers) > 2 and not re.search(r"rc\d", version) else 0
    if found := next((era for name, since, era in _STABLE if name == series and patch >= since), None):
        return found
    if release.numbers[:2] == (3, 14) and re.search(r"-rc1\b", version):
        return "3.14-rc1"
    try:
        return resolve(_series(release)).core
    except TrackerError:
        eras = [each.name for each in builtins() if each.kind == "era" and not each.vendor]
        older = Kernel.parse("2.6.30") > release
        return eras[-1] if older else eras[0]


def platforms_of(arch: str, members: Sequence[str]) -> tuple[str, ...]:
    """Those of a portfolio that stand for machines of an architecture; none where it is not known."""
    if not arch:
        return ()
    beginnings = _PLATFORMS.get(arch, (arch + "-",))
    return tuple(name for name in members if name.startswith(beginnings))
