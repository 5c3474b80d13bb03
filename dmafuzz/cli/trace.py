# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz trace`: the kernel's trace events of the DMA API, to programs and to judgements, and from programs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from tqdm import tqdm

from dmafuzz import kernel_log, traces
from dmafuzz import program as language
from dmafuzz.program import render
from dmafuzz.publishing import blocks_page
from dmafuzz.storage import write_all_whole, write_whole
from dmafuzz.store.seeds import FREQUENCIES, frequencies_bytes
from dmafuzz.trackers import DEFAULT_TRACKER, default_portfolio, resolve
from dmafuzz.verdicts import judging

from . import options
from .errors import EXIT_DIFFERENCE, BadInput
from .terminal import show

_EXPECTED = "ftrace's text (trace, trace_pipe), or what `trace-cmd report` or `perf script` print, of the events dma:*"


@click.group()
def trace() -> None:
    """Judge traces of the DMA API (events dma:*).

    They came with Linux 6.12. Traces can also be made into programs, printed for programs, and recorded.
    """


@trace.command(name="import")
@click.argument("file", metavar="FILE|-", type=click.Path())
@click.option("--out", "--seeds", "out", type=click.Path(file_okay=False, path_type=Path),
              default=Path("trace-programs"), show_default=True, metavar="DIR",
              help="Where the programs go.")  # fmt: skip
def import_(file: str, out: Path) -> None:
    """Turn a trace into programs.

    Calls on mappings that share cachelines become one program; equal ones are written once, with how often they occur.
    Each line says where in the trace it comes from. The trace may be compressed with gzip or zstd. The folder is one of
    seeds for `dmafuzz fuzz --seeds`: beside the programs it has how often each operation occurs.
    """
    counts = traces.Counts()
    with _lines(file) as lines:
        programs = traces.imported(traces.events(lines, counts), counts)
    _refuse_if_empty(file, counts)
    source = "a pipe" if file == "-" else os.path.basename(file)
    files = {name: render(each.program(_plain(source))).encode() for name, each in traces.names_of(programs)}
    if files:
        files[FREQUENCIES] = frequencies_bytes(traces.frequencies(programs))
    _write(out, files)
    total = sum(each.count for each in programs)
    click.echo(f"{file}: {counts.events:,} calls, {total:,} groups, {len(programs):,} distinct programs in {out}")
    for name, (count, line) in counts.notes.items():
        click.echo(f"  {count:,} {name} (first: line {line:,})")
    if counts.lost:
        click.echo(f"  {counts.lost:,} events were lost when the trace was made")


@trace.command(name="judge")
@click.argument("file", metavar="FILE|-", type=click.Path())
@click.option("--tracker", "trackers", metavar="T", multiple=True,
              help=f"What dma-debug would have said: of this tracker; can be given more than once. "
              f"Default: {DEFAULT_TRACKER}.")  # fmt: skip
@options.portfolio
@click.option("--markdown", "as_markdown", is_flag=True, help="Markdown, to answer a mail with.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="A page besides, with a time line.")  # fmt: skip
@click.option("--seeds", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write the distinct programs there too, as seeds, and how often each operation occurs.")  # fmt: skip
@click.pass_context
def judge_(
    ctx: click.Context,
    file: str,
    trackers: Sequence[str],
    portfolio: str | None,
    as_markdown: bool,
    as_json: bool,
    html: Path | None,
    seeds: Path | None,
) -> None:
    """Judge a trace: what the driver loses, on which machines, and what dma-debug would have said.

    A trace of any machine will do. First comes what could be lost on each platform of the portfolio, by device and
    kind of call; then the warnings; then what could not be said, and why. Exit status: 1 if data can be lost, else 0.
    """
    if as_markdown and as_json:
        raise click.UsageError("either --markdown or --json")
    if seeds is not None and file == "-":
        raise click.UsageError("--seeds reads the trace a second time: give a file")
    names = tuple(dict.fromkeys(trackers)) or (DEFAULT_TRACKER,)
    for name in names:
        resolve(name)
    bench = traces.Bench(names, portfolio or default_portfolio(names[0]))
    with _lines(file) as lines:
        result = judged_lines(lines, file, bench)
    if seeds is not None:
        _write_seeds(file, seeds)
    name = "standard input" if file == "-" else file
    if html is not None:
        page = blocks_page(
            traces.document(result, kernel_log.plain_text(name.encode("utf-8", "replace"))), traces.timeline(result)
        )
        write_page(html, page)
    ctx.exit(report(result, name, as_markdown, as_json))


def judged_lines(lines: Iterable[str], file: str, bench: traces.Bench) -> traces.Judged:
    """A trace, judged. Raises BadInput for what has no event in it."""
    counts = traces.Counts()
    result = traces.judged(traces.events(lines, counts), counts, bench)
    _refuse_if_empty(file, counts)
    return result


def report(result: traces.Judged, name: str, as_markdown: bool, as_json: bool) -> int:
    """Prints a judged trace; gives the exit status."""
    if as_json:
        click.echo(json.dumps(traces.to_json(result, name)))
    else:
        blocks = traces.document(result, kernel_log.plain_text(name.encode("utf-8", "replace")))
        if as_markdown:
            click.echo(kernel_log.markdown(blocks), nl=False)
        else:
            show(kernel_log.text_lines(blocks, shutil.get_terminal_size().columns))
    return EXIT_DIFFERENCE if any(each.verdict.losses for each in result.findings.values()) else 0


@trace.command(name="print")
@click.argument("program", metavar="PROGRAM", type=click.Path())
@click.option("--format", "form", type=click.Choice((*traces.FORMATS, "splat")), default="ftrace", show_default=True,
              help="`splat`: the warnings of dma-debug, as the kernel's log has them.")  # fmt: skip
@options.tracker
@click.option("--platform", metavar="P", help="The machine. Default: the first of the tracker's portfolio.")
def print_(program: str, form: str, tracker: str, platform: str | None) -> None:
    """Print the trace events, or the warnings, that a kernel would print for a program.

    The tracker says which kernel: its names of events and attributes, its warnings.
    """
    parsed = language.read(program)
    bench = judging(tracker, default_portfolio(tracker))
    where = platform or bench.members[0]
    lines = (
        traces.splat_lines(parsed, bench, where)
        if form == "splat"
        else traces.lines_of(traces.events_of(parsed, bench, where), form)
    )
    for line in lines:
        click.echo(line)


@trace.command(name="record", context_settings={"ignore_unknown_options": True})
@click.option("--for", "duration", metavar="TIME", help="How long at most: 30s, 5m, 1h. Default: as long as COMMAND.")
@click.option("--attach", is_flag=True, help="Run no command: record until --for is over, or Ctrl-C.")
@click.option("--as-root", is_flag=True, help="Run COMMAND as root, not as the user of sudo.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("dma.trace"), show_default=True,
              metavar="FILE", help="Where the trace goes.")  # fmt: skip
@click.option("--tracefs", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Where tracefs is mounted. Default: /sys/kernel/tracing.")  # fmt: skip
@click.argument("command", nargs=-1, metavar="-- COMMAND", type=click.UNPROCESSED)
@click.pass_context
def record(
    ctx: click.Context,
    duration: str | None,
    attach: bool,
    as_root: bool,
    out: Path,
    tracefs: Path | None,
    command: Sequence[str],
) -> None:
    """Record the DMA API's events while a command runs, as root, on Linux 6.12 or later.

    They go through an instance of tracefs of its own, which is removed at the end; no other setting is touched.
    The exit status is COMMAND's.
    """
    if attach is bool(command):
        raise click.UsageError("either -- COMMAND or --attach")
    seconds = _seconds(duration) if duration is not None else None
    place = traces.find_tracefs((tracefs,)) if tracefs else traces.find_tracefs()
    for name in traces.remove_left(place):
        click.echo(f"{name}: left over from a recording that was killed: removed", err=True)
    instance = traces.Instance(place, os.getpid())
    user = {} if as_root else traces.invoking_user(os.environ)
    with tqdm(unit="B", unit_scale=True, desc="recorded", leave=False, disable=None) as bar:
        done = traces.record(instance, out, command, seconds, user, bar.update)
    lost = f", {done.lost:,} events lost" if done.lost else ""
    click.echo(f"{out}: {done.bytes:,} bytes{lost}; see: dmafuzz trace judge {out}", err=True)
    if done.still_running:
        click.echo(f"{command[0]}: still running, and no longer recorded", err=True)
    ctx.exit(done.status if done.status >= 0 else 128 - done.status)


_UNITS_S = {"s": 1, "m": 60, "h": 3600}


def _seconds(text: str) -> float:
    number, unit = (text[:-1], text[-1]) if text and text[-1] in _UNITS_S else (text, "s")
    try:
        seconds = float(number) * _UNITS_S[unit]
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise click.BadParameter(f"{text!r}: expected a time like 30s, 5m or 1h", param_hint="--for")
    return seconds


@contextmanager
def _lines(file: str) -> Iterator[Iterator[str]]:
    """The lines of a file, with a bar of its bytes on a terminal."""
    size = os.path.getsize(file) if file != "-" and os.path.isfile(file) else None
    with tqdm(total=size, unit="B", unit_scale=True, desc="trace", leave=False, disable=None) as bar:
        yield traces.lines(file, bar.update)


def _refuse_if_empty(file: str, counts: traces.Counts) -> None:
    if not counts.events and not counts.notes.get("calls that failed"):
        raise BadInput(f"{file}: no event of the DMA API in {counts.lines:,} lines; expected {_EXPECTED}")


def _write_seeds(file: str, folder: Path) -> None:
    counts = traces.Counts()
    with _lines(file) as lines:
        programs = traces.imported(traces.events(lines, counts), counts)
    files = {name: render(each.program()).encode() for name, each in traces.names_of(programs)}
    files[FREQUENCIES] = frequencies_bytes(traces.frequencies(programs))
    _write(folder, files)


def write_page(path: Path, page: str) -> None:
    """Writes a page, whole. Raises BadInput."""
    try:
        write_whole(path, page.encode())
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror}") from None


def _write(folder: Path, files: dict[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_all_whole(folder, files)
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written: {error.strerror}") from None


def _plain(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)
