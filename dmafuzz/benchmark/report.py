# SPDX-License-Identifier: GPL-2.0-only
"""The report: every table of one run, with the machine and the versions, as Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path

from dmafuzz.benchmark.engines import versions
from dmafuzz.benchmark.subject import Bench
from dmafuzz.benchmark.table import Table

NAME = "benchmark.md"
_QUIET = 0.3  # of a load before the start


def write(
    folder: Path,
    bench: Bench,
    command: str,
    load: float,
    tables: Sequence[Table],
    plots: Sequence[Path],
    name: str = NAME,
) -> Path:
    """Writes the report and returns its path; ``load`` is what else was running at the start. Raises OSError."""
    path = folder / name
    path.write_text("\n".join(_lines(bench, command, load, tables, plots)) + "\n", encoding="utf-8")
    return path


def _lines(bench: Bench, command: str, load: float, tables: Sequence[Table], plots: Sequence[Path]) -> Iterator[str]:
    yield "# Benchmark"
    yield ""
    members = len(bench.members)
    yield (
        f"All of it measured by one command, in one run: `{command}`. Tracker {bench.tracker}; one platform is "
        f"{bench.platform}, the portfolio is {bench.portfolio} ({members} platforms); programs of at most {bench.ops} "
        "operations. Ratios matter, absolute figures are this machine's."
    )
    yield ""
    busy = ", busy with something else: the figures are rough" if load > _QUIET else ""
    yield f"Machine: {machine()}; load {load:.1f} before the start{busy}."
    yield ""
    yield f"Versions: {', '.join(f'{name} {version}' for name, version in versions().items())}."
    for table in tables:
        yield ""
        yield from table.markdown()
    for plot in plots:
        yield ""
        yield f"![{plot.stem}]({plot.name})"


def machine() -> str:
    """Processor, CPUs, memory and kernel, as far as the system tells."""
    parts = [_from_file("/proc/cpuinfo", "model name") or platform.machine()]
    parts.append(f"{os.cpu_count()} CPUs")
    memory = _from_file("/proc/meminfo", "MemTotal")
    if memory:
        parts.append(f"{int(memory.split()[0]) / 2**20:.0f} GiB")
    parts.append(f"{platform.system()} {platform.release().split('-')[0]}")
    return ", ".join(parts)


def _from_file(path: str, key: str) -> str | None:
    """The value of the first line that begins with ``key``."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key) and ":" in line), None)
