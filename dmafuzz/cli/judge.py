# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz judge`: programs, judged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from dmafuzz import program as language
from dmafuzz.program import Program
from dmafuzz.program.expect import EXPECT
from dmafuzz.reporting import judgement_to_json, story
from dmafuzz.trackers import default_portfolio
from dmafuzz.verdicts import ExpectError, Judging, check, judging

from . import options
from .errors import EXIT_BAD_INPUT, EXIT_DIFFERENCE, INPUT_ERRORS, complain
from .hook_calls import hook_lines
from .terminal import show


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@options.tracker
@options.platforms
@options.portfolio
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line and judgement.")
@click.option(
    "--check", "checks", is_flag=True, help="Compare with the expect lines of the files; exit status 1 if they differ."
)
@click.option("--calls", is_flag=True, help="The calls as dma-debug's hooks see them, on one platform, instead.")
@click.pass_context
def judge(
    ctx: click.Context,
    files: Sequence[str],
    tracker: str,
    platforms: Sequence[str],
    portfolio: str | None,
    as_json: bool,
    checks: bool,
    calls: bool,
) -> None:
    """Judge programs: what data is lost, what dma-debug warns of.

    With --check the expect lines decide about tracker, platforms and portfolio.
    """
    programs, failed = _read_all(files)
    status = EXIT_BAD_INPUT if failed else 0
    if calls:
        _show_calls(programs, judging(tracker, portfolio or default_portfolio(tracker)), platforms)
        ctx.exit(status)
    if as_json or not checks:
        _judge(programs, judging(tracker, portfolio or default_portfolio(tracker)), platforms, as_json)
    if checks:
        status = max(status, _check(programs, to_stderr=as_json))
    ctx.exit(status)


def _read_all(files: Sequence[str]) -> tuple[list[tuple[str, Program]], bool]:
    """The programs of all files that hold one, and whether any does not."""
    programs, failed = [], False
    for file in files:
        try:
            programs.append((file, language.read(file)))
        except INPUT_ERRORS as error:
            complain(str(error))
            failed = True
    return programs, failed


def _judge(programs: Sequence[tuple[str, Program]], bench: Judging, platforms: Sequence[str], as_json: bool) -> None:
    names = tuple(dict.fromkeys(platforms)) or bench.members
    for name in names:
        bench.machine(name)  # a wrong name is reported before anything else
    for number, (file, program) in enumerate(programs):
        judgements = [bench.judge(program, platform, file) for platform in names]
        if as_json:
            for judgement in judgements:
                click.echo(json.dumps(judgement_to_json(judgement)))
            continue
        if number:
            click.echo()
        show(story(program, bench, judgements))


def _show_calls(programs: Sequence[tuple[str, Program]], bench: Judging, platforms: Sequence[str]) -> None:
    for number, (file, program) in enumerate(programs):
        if len(programs) > 1:
            click.echo(f"{'' if number == 0 else chr(10)}{file}:")
        for line in hook_lines(program, bench, platforms[0] if platforms else bench.members[0]):
            click.echo(line)


def _check(programs: Sequence[tuple[str, Program]], to_stderr: bool) -> int:
    """Prints how the expectations of all programs hold; gives the exit status."""
    status = 0
    for file, program in programs:
        try:
            lines, differs = _checked(file, program)
        except ExpectError as error:
            complain(f"{file}:{_line_of(file, error.number)}:1: {error}")
            status = EXIT_BAD_INPUT
            continue
        except INPUT_ERRORS as error:
            complain(f"{file}: {error}")
            status = EXIT_BAD_INPUT
            continue
        status = max(status, EXIT_DIFFERENCE if differs else 0)
        for line in lines:
            click.echo(line, err=to_stderr)
    return status


def _line_of(file: str, number: int) -> int:
    """The line of an `expect`, from 1, by its number among them."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return [at for at, line in enumerate(lines, 1) if line.split()[:1] == [EXPECT]][number]


def _checked(file: str, program: Program) -> tuple[list[str], bool]:
    count = len(program.expects)
    if not count:
        return [f"{file}: no expectations"], False
    differences = check(program)
    if not differences:
        return [f"{file}: ok, {count} expectation{'s' if count > 1 else ''}"], False
    return [
        f"{file}: expect {d.number + 1}: {d.what} of tracker {d.tracker} on {d.platform} (portfolio {d.portfolio}): "
        f"expected {_words(d.expected)}, found {_words(d.found)}"
        for d in differences
    ], True


def _words(words: Sequence[str]) -> str:
    return ",".join(words) or "none"
