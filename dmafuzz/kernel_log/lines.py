# SPDX-License-Identifier: GPL-2.0-only
"""Lines of a log without what came in front of them: marks of quotation, time stamps, levels, names of hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d+)?"
_DATE = rf"\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?:Z|\s?[+-]\d\d:?\d\d)?"
_SYSLOG = rf"[A-Z][a-z]{{2}}\s+\d{{1,2}}\s+(?:\d{{4}}\s+)?{_CLOCK}"
_HOST = r"[\w.-]{1,64}\s+(?:kernel|klogd|vmunix)(?:\[\d+\])?:(?:\s|$)"

# Each is taken off as often as it stands in front. Named groups: `seconds` since boot, `date` of a clock.
_IN_FRONT = tuple(
    re.compile(pattern)
    for pattern in (
        r"[ ]*[>|](?=[ >|]|$)[ ]?",  # a mail that is answered
        r"[ ]*>(?=\S)",
        r"[ ]+",
        r"<\d{1,3}>",  # the level as printk has it
        r"\[\s*(?P<seconds>\d+\.\d{1,9})(?:@\d+)?(?:\s*<\s*[\d.]+>)?\]",  # printk.time, dmesg -d
        r"\[\s*\+\s*[\d.]+\]",  # dmesg -r
        r"\[\s*[TC]\d+\]",  # task or CPU
        rf"\[(?P<date>[A-Z][a-z]{{2}}\s+{_SYSLOG}(?:\s+\d{{4}})?)\]",  # dmesg -T
        rf"\[?(?P<date>{_DATE})\]?[:,]?(?=\s|$|\[)",
        rf"(?P<date>{_SYSLOG})(?=\s)",
        rf"\[?(?P<date>{_CLOCK})\]?(?=\s|$)[ ]*>?",  # a terminal program's own
        _HOST,
        r"(?:kern|user|daemon|syslog)\s*:\s*(?:emerg|alert|crit|err|warn|notice|info|debug)\s*:",  # dmesg -x
        r"kernel:\s",
        r"\(\d+\)\[\d+:[^\]]{1,40}\]",
        r"\[\s*[^\]\s]{1,20}/\d+(?::\d+)?\]",  # task names, as vendors' kernels print them
    )
)
_SECONDS = re.compile(r"(?P<seconds>\d{1,8}\.\d{6}):\s")
_ROUNDS_MAX = 16


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line: its number from 1, its text without what stood in front, the time stamp ("" for none) as printed."""

    number: int
    text: str
    time: str


def lines_of(text: str) -> Iterator[LogLine]:
    """The lines of a text without control characters."""
    for number, line in enumerate(text.split("\n"), 1):
        rest, time = _bare(line)
        yield LogLine(number, rest.strip(), time)


def _bare(line: str) -> tuple[str, str]:
    """What is left of a line, and its time; seconds since boot win over the time of a day."""
    seconds = date = ""
    for _ in range(_ROUNDS_MAX):
        found = next((match for pattern in _IN_FRONT if (match := pattern.match(line)) and match.end()), None)
        found = found or _SECONDS.match(line)
        if found is None:
            break
        groups = found.groupdict()
        seconds = seconds or groups.get("seconds") or ""
        date = date or groups.get("date") or ""
        line = line[found.end() :]
    return line, seconds or " ".join(date.split())
