# SPDX-License-Identifier: GPL-2.0-only
"""How fast a trace is judged, and with how much memory: `python harnesses/trace_speed.py [EVENTS] [KIND]`.

The trace is made by printing programs, each time on other pages. KIND is `mixed`, the default: realistic programs nine
times of ten, random ones else; `random`: random ones alone; or `places`: packets of random sizes at random places, so
that hardly two are equal.
"""

from __future__ import annotations

import random
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from dmafuzz import _core, traces
from dmafuzz.program import Program, parse
from dmafuzz.traces.printing import Printed
from dmafuzz.verdicts import judging

EVENTS = 1_000_000
PORTFOLIO = "6.12"
RANDOM_PROGRAMS, RANDOM_OPS = 2000, 12
SPREAD = 1 << 24  # bytes from one program's memory to the next one's
PLACES = 1 << 24  # so many programs lie apart; random ones leave mappings behind, which are never joined to others
ADDRESS_FIELD = re.compile(r"(?<=addr=)[0-9a-f]+|(?<=addrs=\{)[^}]+")
NUMBER = re.compile(r"\b(?:0x)?[0-9a-f]+")
RECEIVED = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_page d0 b0 {offset} {size} FROM_DEVICE
cpu1 sync_single_for_cpu m0 size={part}
cpu1 sync_single_for_device m0 size={part}
cpu1 unmap_page m0
"""
SENT = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_page d0 b0 {offset} {part} TO_DEVICE
cpu1 unmap_page m0
"""
DISK = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 b1 = alloc pages 4096
cpu0 b2 = alloc pages 4096
cpu0 m0 = map_sg d1 FROM_DEVICE b0:0:4096 b1:0:4096 b2:0:4096
cpu2 unmap_sg m0
"""
RING = """dmafuzz 1
cpu0 b0 m0 = alloc_coherent d0 4096
cpu0 free_coherent m0
"""


def realistic(rng: random.Random) -> list[Program]:
    """Packets of the sizes that a wire has, lists of a disk, a ring."""
    sizes = [42, 60, 66, 90, 110, 590, 1514, *(rng.randrange(60, 1515) for _ in range(400))]
    made = [parse(DISK), parse(RING)]
    for size in sizes:
        offset = rng.choice((0, 2, 64, 66, 128, 258))
        made.append(parse(RECEIVED.format(offset=rng.choice((0, 64, 2048)), size=1536, part=size)))
        made.append(parse(SENT.format(offset=offset, part=size)))
    return made


def programs(rng: random.Random, kind: str) -> Iterator[Program]:
    real = realistic(rng)
    odd = [Program.decode(rng.randbytes(RANDOM_OPS * _core.RECORD_BYTES)) for _ in range(RANDOM_PROGRAMS)]
    while kind == "places":
        packet = rng.choice((RECEIVED, SENT))
        yield parse(packet.format(offset=rng.randrange(2048), size=1536, part=rng.randrange(60, 1515)))
    real_ones = {"mixed": 0.9, "random": 0.0}[kind]
    while True:
        yield rng.choice(real if rng.random() < real_ones else odd)


def moved(line: str, shift: int) -> str:
    """The line with all addresses so many bytes further on."""

    def further(found: re.Match[str]) -> str:
        text = found.group()
        return f"{'0x' if text.startswith('0x') else ''}{int(text, 16) + shift:x}"

    return ADDRESS_FIELD.sub(lambda found: NUMBER.sub(further, found.group()), line)


def write(path: Path, count: int, kind: str) -> None:
    rng = random.Random(1)
    bench = judging("6.12", PORTFOLIO)
    known: dict[Program, list[Printed]] = {}
    written = 0
    with open(path, "w") as file:
        for number, program in enumerate(programs(rng, kind)):
            events = known.get(program)
            if events is None:
                events = traces.events_of(program, bench, bench.members[0])
                if kind != "places":
                    known[program] = events
            shift = number % PLACES * SPREAD
            for line in traces.lines_of(events, "ftrace", written):
                if not line.startswith("#"):
                    file.write(moved(line, shift) + "\n")
            written += len(events)
            if written >= count:
                return


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    kind = sys.argv[2] if len(sys.argv) > 2 else "mixed"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.txt"
        write(path, count, kind)
        counts = traces.Counts()
        bench = traces.Bench(("6.12",), PORTFOLIO)
        before, begun = time.process_time(), time.monotonic()
        result = traces.judged(traces.events(traces.lines(str(path)), counts), counts, bench)
        seconds, wall = time.process_time() - before, time.monotonic() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"{kind}: {counts.events:,} events, {result.groups:,} groups, {result.shapes:,} distinct, "
        f"on {len(bench.platforms)} platforms: {seconds:.1f} s of one core, "
        f"{counts.events / seconds:,.0f} events a second ({wall:.1f} s by the clock), at most {memory} MiB"
    )


if __name__ == "__main__":
    main()
