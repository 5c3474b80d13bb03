# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz report`: findings as pages for people, and in formats that other tools read."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from tqdm import tqdm

from dmafuzz import program as language
from dmafuzz.publishing import Finding, Run, finding_of, run_of, write_pages
from dmafuzz.publishing.junit import junit_of
from dmafuzz.publishing.ktap import ktap_of
from dmafuzz.publishing.markdown import markdown_of
from dmafuzz.publishing.sarif import sarif_of
from dmafuzz.storage import write_whole
from dmafuzz.trackers import default_portfolio
from dmafuzz.verdicts import Judging, judging

from . import options
from .errors import BadInput

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.tracker
@options.portfolio
@click.option("--html", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Pages: index.html, and one for each program.")
@click.option("--markdown", type=_FILE, metavar="FILE", help="A summary and the stories, as Markdown.")
@click.option("--sarif", type=_FILE, metavar="FILE", help="SARIF 2.1.0, for code hosts.")
@click.option("--junit", type=_FILE, metavar="FILE", help="JUnit's XML, for continuous integration.")
@click.option("--ktap", type=_FILE, metavar="FILE", help="KTAP, the format of the kernel's own tests.")
def report(
    files: Sequence[Path],
    tracker: str,
    portfolio: str | None,
    html: Path | None,
    markdown: Path | None,
    sarif: Path | None,
    junit: Path | None,
    ktap: Path | None,
) -> None:
    """Write what was found as pages for people, or for other tools.

    Each FILE is a program. At least one of the outputs is needed.
    """
    outputs: list[tuple[Path | None, Callable[[Run], str]]] = [
        (markdown, markdown_of),
        (sarif, lambda run: sarif_of(run, _version())),
        (junit, junit_of),
        (ktap, ktap_of),
    ]
    if html is None and not any(path for path, _ in outputs):
        raise click.UsageError("nothing to write: give --html, --markdown, --sarif, --junit or --ktap")
    run = _run_of(files, judging(tracker, portfolio or default_portfolio(tracker)))
    try:
        if html is not None:
            pages = write_pages(run, html)
            click.echo(f"{pages[0]}: {len(pages)} page{'' if len(pages) == 1 else 's'}")
        for path, render in outputs:
            if path is not None:
                write_whole(path, render(run).encode())
                click.echo(f"{path}")
    except OSError as error:
        raise BadInput(f"{error.filename}: cannot be written: {error.strerror}") from None


def _run_of(files: Sequence[Path], bench: Judging) -> Run:
    programs = [language.read(str(file)) for file in files]
    watched = tqdm(list(zip(files, programs, strict=True)), unit=" programs", leave=False, disable=None)
    findings = [finding_of(str(file), program, bench, bench.members) for file, program in watched]
    names = " ".join(str(file) for file in files[:3])
    title = f"{len(findings)} program{'' if len(findings) == 1 else 's'}: {_counts(findings)}"
    subtitle = f"tracker {bench.tracker.name} · portfolio {bench.portfolio}"
    return run_of(title, subtitle, findings, programs, f"dmafuzz judge {names}{' ...' if len(files) > 3 else ''}")


def _counts(findings: Sequence[Finding]) -> str:
    labels = dict.fromkeys(finding.label for finding in findings)
    return ", ".join(f"{sum(f.label == label for f in findings)} {label}" for label in labels)


def _version() -> str:
    try:
        return importlib.metadata.version("dmafuzz")
    except importlib.metadata.PackageNotFoundError:
        return "0.0.0"
