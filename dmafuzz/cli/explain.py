# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz explain`: a log, a dump or a program, and which of its warnings are true."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from dmafuzz import kernel_log, traces
from dmafuzz.kernel_log import InputKind
from dmafuzz.platforms import load
from dmafuzz.program import Program, parse
from dmafuzz.publishing import blocks_page
from dmafuzz.reporting import judgements_in_full, story
from dmafuzz.trackers import DEFAULT_TRACKER, default_portfolio, resolve
from dmafuzz.verdicts import judging

from .errors import EXIT_DIFFERENCE, BadInput
from .terminal import show
from .trace import judged_lines, report, write_page

_STDIN = "-"
_EXPECTED = "a kernel log with warnings of dma-debug, a dump of its mappings (dma-api/dump), a trace, or a program"
# Of a program: what is no matter of a tracker that is wrong alone.
_TRUE_LABELS = {"FN", "TP", "hazard", "bookkeeping", "broken"}


@click.command()
@click.argument("file", metavar="FILE|-", type=click.Path())
@click.option("--era", metavar="T", help="The kernel of the log. Default: the version in the log.")
@click.option(
    "--platform",
    "platforms",
    metavar="P",
    multiple=True,
    help="The platform of the machine; can be given more than once. Default: by the log's architecture.",
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Markdown, to answer a mail with.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object (of a program, one for each judgement).")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="A page besides.")
@click.pass_context
def explain(
    ctx: click.Context,
    file: str,
    era: str | None,
    platforms: Sequence[str],
    as_markdown: bool,
    as_json: bool,
    html: Path | None,
) -> None:
    """Explain the DMA-API warnings in a kernel log (dmesg).

    FILE is a log, a mail, a dump of the live mappings (dma-api/dump), a trace (as for `trace judge`), or a program.

    Each cause is answered by what it means and since when, whether data is lost and on which machines, whether it is a
    known false positive, what is usually wrong, and what to do. Exit status: 1 if something is true, 0 if nothing is, 2
    if there is nothing of the DMA API in it.
    """
    if as_markdown and as_json:
        raise click.UsageError("either --markdown or --json")
    if era:
        resolve(era)
    for name in platforms:
        load(name)
    data, cut = _read(file)
    if command := kernel_log.reader_of(data):
        raise BadInput(f"{file}: compressed; give what {command} makes of it: {command} FILE | dmafuzz explain -")
    name = "standard input" if file == _STDIN else file
    text = data.decode("utf-8", "replace")
    if kernel_log.is_program(text[:_BEGINNING_CHARS]):
        ctx.exit(_judge(parse(text, name), name, era or DEFAULT_TRACKER, platforms, as_markdown, as_json))
    log = kernel_log.read(data, cut)
    kind = kernel_log.input_kind_of(log)
    if kind is InputKind.TRACE:
        tracker = era or DEFAULT_TRACKER
        bench = traces.Bench((tracker,), default_portfolio(tracker))
        # A file is read again: a trace may be longer than a log, of which the beginning is looked at.
        lines = text.splitlines() if file == _STDIN else traces.lines(file)
        ctx.exit(report(judged_lines(lines, name, bench), name, as_markdown, as_json))
    if kind is InputKind.NOTHING:
        raise BadInput(f"{name}: nothing of the DMA API in it; expected {_EXPECTED}")
    answer = kernel_log.answer(log, era or "", platforms)
    blocks = kernel_log.document(answer, kernel_log.plain_text(name.encode("utf-8", "replace")))
    if html is not None:
        write_page(html, blocks_page(blocks))
    if as_json:
        click.echo(json.dumps(kernel_log.to_json(answer, name)))
    elif as_markdown:
        click.echo(kernel_log.markdown(blocks), nl=False)
    else:
        show(kernel_log.text_lines(blocks, shutil.get_terminal_size().columns))
    ctx.exit(EXIT_DIFFERENCE if answer.true else 0)


_BEGINNING_CHARS = 16 << 10  # within which a program says that it is one


def _read(file: str) -> tuple[bytes, bool]:
    """The bytes of a file, or of standard input, up to the limit; and whether there are more."""
    limit = kernel_log.BYTES_MAX
    try:
        if file == _STDIN:
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with open(file, "rb") as stream:
                data = stream.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BadInput(f"{file}: cannot be read: {reason}") from None
    return data[:limit], len(data) > limit


def _judge(
    program: Program, name: str, tracker: str, platforms: Sequence[str], as_markdown: bool, as_json: bool
) -> int:
    """The story of a program, as `dmafuzz judge` tells it; gives the exit status."""
    bench = judging(tracker, default_portfolio(tracker))
    judgements = [bench.judge(program, platform, name) for platform in tuple(dict.fromkeys(platforms)) or bench.members]
    if as_json:
        for record in judgements_in_full(judgements, program, bench):
            click.echo(json.dumps(record))
    else:
        lines = story(program, bench, judgements)
        if as_markdown:
            click.echo("\n".join(("```", *(line.text for line in lines), "```")))
        else:
            show(lines)
    return EXIT_DIFFERENCE if any(_TRUE_LABELS & set(judgement.labels) for judgement in judgements) else 0
