# SPDX-License-Identifier: GPL-2.0-only
"""What stands in a line of a trace, whoever printed it: ftrace, trace-cmd, perf, or a kernel that dumps its buffer.

They differ in what stands before the name of the event."""

from __future__ import annotations

import re
from typing import NamedTuple

# Task, CPU, flags (ftrace's; perf and trace-cmd have none, or others), time, name, the rest: of lines that their words
# do not tell, which takes a tenth of the time.
_LINE = re.compile(
    r"^\s*(.{0,80}?)\s+\[(\d{1,5})\]\s+(?:[^\s:]{1,12}\s+)?(\d+(?:\.\d+)?):\s+(?:dma:)?(dma_\w+):\s*(.*)$"
)
FIELD = re.compile(r"(\w+)=(ARRAY\[[^\]]*\]?|\{[^}]*\}?|[^\s]*)")
# Any event's name, what stands before it, and what of the DMA API stands behind it.
_ANY = re.compile(
    r"^(.{0,200}?[:\s)])(?:dma:)?(dma_\w+):\s+((?:\[FAILED TO PARSE\] )?(?:device=\S|\S+ (?:dir|dma_addr|size)=).*)$"
)
_LOG = re.compile(r"^(?:<\d+>)?\[\s*\d+\.\d+\]\s+(?=\S.*\bus)")  # a kernel's log has its own time before ftrace's
_CPU_IN_BRACKETS = re.compile(r"\s\[(\d{1,5})\](?=\s)")
_CPU_WITH_FLAGS = re.compile(r"[\s.](\d{1,4})[.dDbBXx][^\s:]{2,6}(?=\s)")  # the latency format: 3b..1.
_TIME = re.compile(r"(?:^|[\s(])(\d{1,20}(?:\.\d{1,9})?)(us|ms)?[^\w:.]{0,4}(?:\(\+[\d.]+ms\))?:")
_PER_SECOND = {"us": 1_000_000, "ms": 1_000}
_TASK_WORDS_MAX = 8  # words of a line among which that of the CPU is looked for


class Parts(NamedTuple):
    """An event's line in its parts. ``device`` is the first word behind the name, ``fields`` what has a = behind it."""

    task: str
    cpu: str
    time: str
    name: str
    device: str
    fields: dict[str, str]
    cut: bool


def parts_of(line: str) -> Parts | None:
    """The parts of an event's line; None of what is none."""
    return _by_words(line) or _by_form(line) or _by_name(line)


def _by_words(line: str) -> Parts | None:
    """The parts of a line of which each is a word; None where that is not so."""
    words = line.split()
    at = next((at for at, word in enumerate(words[:_TASK_WORDS_MAX]) if at and word[0] == "["), 0)
    word = words[at] if at else ""
    cpu = word[1:-1]
    at += 1 if words[at + 1 : at + 2] and words[at + 1][-1] == ":" else 2
    if not (cpu.isdecimal() and word[-1] == "]" and len(words) > at + 2):
        return None
    time, name = words[at], words[at + 1]
    if time[-1] != ":" or name[-1] != ":" or not time[:-1].replace(".", "", 1).isdecimal() or "ARRAY[" in line:
        return None
    task = words[0] if words[1] is word else line[: line.index(word)].strip()
    fields = dict(each.split("=", 1) for each in words[at + 3 :] if "=" in each)
    name = name[:-1].removeprefix("dma:")
    return Parts(task, cpu, time[:-1], name, words[at + 2], fields, "TRUNCATED" in line) if name else None


def _by_form(line: str) -> Parts | None:
    """The parts of any event's line of the DMA API."""
    found = _LINE.match(line)
    if found is None:
        return None
    task, cpu, time, name, rest = found.groups()
    return Parts(task, cpu, time, name, rest.partition(" ")[0], dict(FIELD.findall(rest)), "TRUNCATED" in rest)


def _by_name(line: str) -> Parts | None:
    """Of lines that lack a CPU, have it among the flags, or have more than others before the name: by the name."""
    found = _ANY.match(_LOG.sub("", line))
    if found is None:
        return None
    head, name, rest = found.groups()
    times = list(_TIME.finditer(f" {head}"))
    if not times:
        return None
    cpu = _CPU_IN_BRACKETS.search(head) or _CPU_WITH_FLAGS.search(head)
    task = head[: cpu.start()] if cpu else head[: max(0, times[-1].start() - 1)]
    time, unit = times[-1].groups()
    if unit:
        time = f"{float(time) / _PER_SECOND[unit]:.6f}"
    fields = dict(FIELD.findall(rest))
    device, number = rest.split(" ")[0], cpu.group(1) if cpu else "0"
    return Parts(task.strip(), number, time, name, device, fields, "TRUNCATED" in rest)
