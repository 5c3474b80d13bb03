# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz report`: findings as pages for people, and in formats that other tools read."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from dmafuzz import program as language
from dmafuzz._core import encode
from dmafuzz.catalogue.files import read_catalogue
from dmafuzz.publishing import Finding, Run, finding_of, run_of, write_pages
from dmafuzz.publishing.content import Growth
from dmafuzz.publishing.junit import junit_of
from dmafuzz.publishing.ktap import ktap_of
from dmafuzz.publishing.leads import Source, growth_of, run_of_leads
from dmafuzz.publishing.markdown import markdown_of
from dmafuzz.publishing.pictures import pictures_of
from dmafuzz.publishing.run import Catalogued, with_catalogues
from dmafuzz.publishing.sarif import sarif_of
from dmafuzz.storage import read_ledgers, write_all_whole, write_whole
from dmafuzz.store.folder import ABOUT
from dmafuzz.store.runs import filing_times, runs_of
from dmafuzz.trackers import DEFAULT_TRACKER, TrackerError, default_portfolio
from dmafuzz.triage import Lead
from dmafuzz.triage.headline import Headline
from dmafuzz.verdicts import Judging, VerdictError, judging

from . import options
from .errors import BadInput
from .found import Found, read_baseline, read_found

LED = 100  # leaders that get a page of their own, unless more are asked for

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("sources", metavar="STORE|FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--tracker", metavar="T", help="Of a store with several, that of this tracker; of programs, their tracker."
)
@options.portfolio
@click.option(
    "--baseline", metavar="STORE", type=click.Path(path_type=Path), help="What is known: its topics are marked."
)
@click.option(
    "-n", "count", type=click.IntRange(1), default=LED, show_default=True, metavar="N", help="Leaders, at most."
)
@click.option("--html", type=_FOLDER, metavar="DIR", help="Pages: index.html, and one for each leader or program.")
@click.option("--pictures", type=_FOLDER, metavar="DIR", help="The figures, as files: labels.svg and so on.")
@click.option("--markdown", type=_FILE, metavar="F", help="A summary and the stories, as Markdown.")
@click.option("--sarif", type=_FILE, metavar="F", help="SARIF 2.1.0, for code hosts.")
@click.option("--junit", type=_FILE, metavar="F", help="JUnit's XML, for continuous integration.")
@click.option("--ktap", type=_FILE, metavar="F", help="KTAP, the format of the kernel's own tests.")
def report(
    sources: Sequence[Path],
    tracker: str | None,
    portfolio: str | None,
    baseline: Path | None,
    count: int,
    html: Path | None,
    pictures: Path | None,
    **outputs: Path | None,
) -> None:
    """Write what was found as pages for people, or for other tools.

    Of a STORE (a folder of `dmafuzz fuzz`, or a catalogue), a leader of each topic; of FILEs, each program. Of several
    catalogues the first, and what the trackers of all lack.
    At least one output is needed.
    """
    if not any((html, pictures, *outputs.values())):
        raise click.UsageError("nothing to write: give --html, --pictures, --markdown, --sarif, --junit or --ktap")
    if len(sources) == 1 and sources[0].suffix != ".dma":
        run = run_of_store(sources[0], tracker, baseline, count)
    elif all(source.name.endswith((".json", ".json.gz")) for source in sources):
        catalogues = [_catalogued(source) for source in _watched(sources)]
        run = with_catalogues(run_of_store(sources[0], tracker, baseline, count), catalogues)
    else:
        chosen = tracker or DEFAULT_TRACKER
        run = _run_of_files(sources, judging(chosen, portfolio or default_portfolio(chosen)))
    _write(run, html, outputs)
    if pictures is not None:
        _write_pictures(run, pictures)


def write_report(run: Run, folder: Path) -> Path:
    """Writes the pages of a run into a folder; gives the first of them. Raises BadInput."""
    try:
        return write_pages(run, folder)[0]
    except OSError as error:
        raise BadInput(f"{error.filename or folder}: cannot be written: {error.strerror}") from None


def run_of_store(store: Path, tracker: str | None = None, baseline: Path | None = None, count: int = LED) -> Run:
    """The content of the report of a store, or of a catalogue. Raises BadInput."""
    found = read_found(store, tracker)
    leads = found.leads(None if baseline is None else read_baseline(baseline, found))
    return run_of_found(store, found, leads, found.headlines(leads[:count]), baseline is not None)


def run_of_found(
    store: Path, found: Found, leads: Sequence[Lead[Any]], told: Sequence[Headline], baseline: bool = False
) -> Run:
    """The content of the report of what was found, with a page for each of the headlines."""
    source = Source(str(store), found.tracker, found.portfolio, found.platforms, _bench_of(found), baseline)
    pages = source.pages(told, _watched)
    return run_of_leads(source, leads, told, pages, _growth(store), found.causes.shown())


def _catalogued(file: Path) -> Catalogued:
    found = read_found(file)
    labels = Counter[str]()
    for of_platform in read_catalogue(file).labels.values():
        labels.update(of_platform)
    silent = [lead for lead in found.leads() if lead.topic.label == "FN"]
    lacking = {lead.topic.name: len(lead.causes) for lead in silent}
    causes = [item.triage_cause for lead in silent for item in lead.causes]
    lost = frozenset((cause.kinds, cause.rules, bytes(encode(cause.ops))) for cause in causes)
    return Catalogued(found.tracker, dict(labels), lacking, lost)


def _bench_of(found: Found) -> Judging | None:
    """None of code that can no longer be named."""
    try:
        return judging(found.tracker, found.portfolio or default_portfolio(found.tracker))
    except (TrackerError, VerdictError):
        return None


def _watched(items: Sequence[Any]) -> Iterable[Any]:
    shown: Iterable[Any] = tqdm(items, unit=" pages", leave=False, disable=None)
    return shown


def _growth(store: Path) -> Growth | None:
    if not (store / ABOUT).exists():
        return None
    ledger = read_ledgers(store / "ledger")
    return growth_of(list(filing_times(ledger).values()), [(run.started, run.seconds) for run in runs_of(ledger)])


def _run_of_files(files: Sequence[Path], bench: Judging) -> Run:
    programs = [language.read(str(file)) for file in files]
    findings = [
        finding_of(str(file), program, bench, bench.members)
        for file, program in _watched(list(zip(files, programs, strict=True)))
    ]
    names = " ".join(str(file) for file in files[:3])
    title = f"{len(findings)} program{'' if len(findings) == 1 else 's'}: {_counts(findings)}"
    subtitle = f"tracker {bench.tracker.name} · portfolio {bench.portfolio}"
    return run_of(title, subtitle, findings, programs, f"dmafuzz judge {names}{' ...' if len(files) > 3 else ''}")


def _counts(findings: Sequence[Finding]) -> str:
    labels = dict.fromkeys(finding.label for finding in findings)
    return ", ".join(f"{sum(f.label == label for f in findings)} {label}" for label in labels)


def _write(run: Run, html: Path | None, outputs: dict[str, Path | None]) -> None:
    renderers: dict[str, Callable[[Run], str]] = {
        "markdown": markdown_of,
        "sarif": lambda content: sarif_of(content, version()),
        "junit": junit_of,
        "ktap": ktap_of,
    }
    if html is not None:
        count = len(run.findings)
        click.echo(f"{write_report(run, html)}: and {count} page{'' if count == 1 else 's'} of findings")
    for name, path in outputs.items():
        if path is None:
            continue
        try:
            write_whole(path, renderers[name](run).encode())
        except OSError as error:
            raise BadInput(f"{path}: cannot be written: {error.strerror}") from None
        click.echo(str(path))


def _write_pictures(run: Run, folder: Path) -> None:
    files = pictures_of(run)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_all_whole(folder, {name: text.encode() for name, text in files.items()})
    except OSError as error:
        raise BadInput(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
    click.echo(f"{folder}: {', '.join(files) or 'nothing to draw'}")


def version() -> str:
    """Of the package that runs."""
    try:
        return importlib.metadata.version("dmafuzz")
    except importlib.metadata.PackageNotFoundError:
        return "0.0.0"
