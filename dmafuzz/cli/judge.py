# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz judge`: programs, judged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
from click.core import ParameterSource

from dmafuzz import program as language
from dmafuzz.findings import Finding
from dmafuzz.kernel.confine import confine_command
from dmafuzz.program import Program
from dmafuzz.program.expect import EXPECT
from dmafuzz.publishing import finding_of, run_of
from dmafuzz.reporting import Line, Tone, judgements_in_full, story
from dmafuzz.reporting.in_short import REPAIR_PROGRAMS_MAX, repair_lines
from dmafuzz.trackers import added_kernels, default_portfolio, names
from dmafuzz.triage.bench import Bench
from dmafuzz.triage.repairs import PROGRAMS_MAX, repairs_of
from dmafuzz.verdicts import ExpectError, Judging, check, judging, prepare

from . import options
from .errors import EXIT_BAD_INPUT, EXIT_DIFFERENCE, BadInput, complain, input_errors
from .found import Found, finding_in, read_found
from .hook_calls import hook_lines
from .report import write_report
from .terminal import show

REPAIRS_MAX = 8  # shown


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
@click.option("--repair", "repair", is_flag=True, help="Show the ways out instead: small changes after which nothing "
              "is lost, and nothing is warned about, on any platform.")  # fmt: skip
@click.option("--store", metavar="DIR", type=click.Path(path_type=Path), help="FILEs are causes in this store.")
@click.option("--html", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write pages instead: index.html, and one for each program.")  # fmt: skip
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
    repair: bool,
    store: Path | None,
    html: Path | None,
) -> None:
    """Judge programs: what data is lost, what dma-debug warns of.

    With --check the expect lines decide about tracker, platforms and portfolio. A finding is judged by its own tracker
    and portfolio, unless others are given.
    """
    asked = {name: ctx.get_parameter_source(name) != ParameterSource.DEFAULT for name in ("tracker", "portfolio")}
    inputs, failed = _read_all(files, store)
    status = EXIT_BAD_INPUT if failed else 0
    if calls:
        _show_calls(inputs, judging(tracker, _portfolio(tracker, portfolio)), platforms)
        ctx.exit(status)
    if html is not None or as_json or repair or not checks:
        inputs = [each if any(asked.values()) else each.by_its_own() for each in inputs]
        benches = [
            judging(each.tracker or tracker, each.portfolio or _portfolio(tracker, portfolio)) for each in inputs
        ]
        judged = list(zip(inputs, benches, strict=True))
        if html is None:
            _confine_for_judges([bench for _, bench in judged], platforms)
        if html is not None:
            _write_pages(judged, platforms, html)
        for number, (each, bench) in enumerate(judged if html is None else ()):
            if number and not as_json:
                click.echo()
            _show(each, bench, platforms, as_json, repair)
    if checks:
        programs = [(each.name, each.program) for each in inputs]
        _confine_for(programs)
        status = max(status, _check(programs, to_stderr=as_json))
    ctx.exit(status)


def _confine_for_judges(benches: Sequence[Judging], platforms: Sequence[str]) -> None:
    """Where one is of a kernel's own code: that is loaded, and then nothing else is."""
    for bench in benches:
        for name in tuple(platforms) or bench.members:
            bench.machine(name)
    if any(bench.tracker.kernel for bench in benches):
        confine_command()


def _confine_for(programs: Sequence[tuple[str, Program]]) -> None:
    """Where an expectation is of a kernel's own code: that is loaded, for all programs, and then nothing else is."""
    kernels = []
    for _, program in programs:
        try:
            kernels.append(prepare(program))
        except input_errors():  # said when it is judged
            continue
    if any(kernels):
        confine_command()


@dataclass(frozen=True)
class _Input:
    """A program to judge; ``finding`` where it is one; ``tracker`` and ``portfolio`` are its own, if they count."""

    name: str
    program: Program
    finding: Finding | None = None
    tracker: str | None = None
    portfolio: str | None = None

    def by_its_own(self) -> _Input:
        """Of a finding, by its own tracker: a model, or a kernel that was added; never code that a file names."""
        finding = self.finding
        if finding is None or not _is_known(finding.tracker):
            return self
        return replace(self, tracker=finding.tracker, portfolio=finding.portfolio or default_portfolio(finding.tracker))


def _is_known(tracker: str) -> bool:
    return tracker in names() or any(tracker == name for name, _ in added_kernels())


def _portfolio(tracker: str, portfolio: str | None) -> str:
    return portfolio or default_portfolio(tracker)


def _read_all(files: Sequence[str], store: Path | None) -> tuple[list[_Input], bool]:
    """The programs of all files, or causes of a store, that hold one, and whether any does not."""
    inputs, failed = [], False
    found = None if store is None else read_found(store)
    for file in files:
        try:
            inputs.append(_read(file) if found is None else _of_store(file, found))
        except input_errors() as error:
            complain(str(error))
            failed = True
        except BadInput as error:
            complain(error.message)
            failed = True
    return inputs, failed


def _read(file: str) -> _Input:
    program = language.read(file)
    return _Input(file, program, finding_in(Path(file)))


def _of_store(name: str, found: Found) -> _Input:
    item = found.one(name)
    if isinstance(item, Finding):
        return _Input(item.file_name, item.program, item)
    return _Input(item.cause, Program(ops=item.ops), None, found.tracker, found.portfolio)


def _write_pages(inputs: Sequence[tuple[_Input, Judging]], platforms: Sequence[str], folder: Path) -> None:
    findings = [
        finding_of(each.name, each.program, bench, tuple(dict.fromkeys(platforms)) or bench.members)
        for each, bench in inputs
    ]
    names = " ".join(each.name for each, _ in inputs[:3])
    again = f"dmafuzz judge {names}{' ...' if len(inputs) > 3 else ''}"
    title = f"{len(inputs)} program{'' if len(inputs) == 1 else 's'}"
    run = run_of(title, "dmafuzz judge", findings, [each.program for each, _ in inputs], again)
    click.echo(write_report(run, folder))


def _show(each: _Input, bench: Judging, platforms: Sequence[str], as_json: bool, repair: bool) -> None:
    chosen = tuple(dict.fromkeys(platforms)) or bench.members
    for name in chosen:
        bench.machine(name)  # a wrong name is reported before anything else
    if repair and not as_json:
        repairs = repairs_of(each.program.ops, Bench.of(bench))
        show([*_own(each), *repair_lines(repairs, REPAIRS_MAX)])
        return
    judgements = [bench.judge(each.program, platform, each.name) for platform in chosen]
    if as_json:
        tried_max = PROGRAMS_MAX if repair else REPAIR_PROGRAMS_MAX
        for record in judgements_in_full(judgements, each.program, bench, tried_max):
            click.echo(json.dumps(record))
        return
    show([*_own(each), *story(each.program, bench, judgements)])


def _own(each: _Input) -> list[Line]:
    """That the tracker was not asked for."""
    if each.tracker is None:
        return []
    return [Line(f"Judged by the finding's own tracker, {each.tracker}, portfolio {each.portfolio}.", Tone.ASIDE)]


def _show_calls(inputs: Sequence[_Input], bench: Judging, platforms: Sequence[str]) -> None:
    for number, each in enumerate(inputs):
        if len(inputs) > 1:
            click.echo(f"{'' if number == 0 else chr(10)}{each.name}:")
        for line in hook_lines(each.program, bench, platforms[0] if platforms else bench.members[0]):
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
        except input_errors() as error:
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
