# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz catalogue`: the catalogues of several trackers, and what they have in common."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from dmafuzz import catalogue as catalogues
from dmafuzz import platforms as platform_files
from dmafuzz.catalogue.files import SUFFIX, catalogue_files, file_of, pack
from dmafuzz.catalogue.proof import keep, known_result
from dmafuzz.exhaustive import Search, SearchPlan
from dmafuzz.exhaustive.progress import Bar
from dmafuzz.exhaustive.result import Result
from dmafuzz.reporting.catalogue import markdown
from dmafuzz.reporting.comparison import comparison
from dmafuzz.storage import write_whole
from dmafuzz.trackers import KERNEL, builtins, default_portfolio, resolve

from .errors import BadInput, using_folder
from .recall import read_catalogue

ERAS = ("4.19", "5.15", "6.12", "7.2")


@click.command()
@click.argument("trackers", metavar="[TRACKER]...", nargs=-1)
@click.option("--ops", type=click.IntRange(1, 8), default=4, show_default=True, metavar="N",
              help="Operations of a program, at most.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N", help="Threads.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("reports/catalogue"),
              show_default=True, metavar="DIR")  # fmt: skip
@click.option("--pages", is_flag=True, help="Search nothing; write a page, TRACKER.md, for each catalogue in DIR.")
def catalogue(trackers: tuple[str, ...], ops: int, jobs: int, out: Path, pages: bool) -> None:
    """Write complete catalogues of trackers, side by side.

    Each is TRACKER.json.gz; the default is 4.19, 5.15, 6.12, 7.2 and all proposals.

    README.md beside them holds all catalogues of the folder side by side, those of earlier runs too. A catalogue that
    is complete up to more operations already is left as it is. An interrupted run continues.
    """
    names = trackers or (*ERAS, *(each.name for each in builtins() if each.kind == "proposal"))
    for tracker in names:
        resolve(tracker)
    with using_folder(out):
        if pages:
            _write_pages(trackers, out)
            return
        for tracker in names:
            _write(tracker, ops, jobs, out)
        _write_side_by_side(out)


def _write_pages(trackers: tuple[str, ...], out: Path) -> None:
    files = [file_of(out, tracker) for tracker in trackers] or catalogue_files(out)
    if not files:
        raise BadInput(f"{out}: has no catalogue")
    for file in files:
        made = read_catalogue(file)
        page = file.with_name(f"{file.name.removesuffix(SUFFIX)}.md")
        write_whole(page, markdown(made).encode())
        click.echo(f"{page}: {len(made.entries):,} causes")
    _write_side_by_side(out)


def _write_side_by_side(out: Path) -> None:
    made = [read_catalogue(path) for path in catalogue_files(out)]
    write_whole(out / "README.md", comparison(made).encode())
    click.echo(f"{out / 'README.md'}: {len(made)} catalogue{'' if len(made) == 1 else 's'} side by side")


def _write(tracker: str, ops: int, jobs: int, out: Path) -> None:
    path = file_of(out, tracker)
    if path.exists() and (known := read_catalogue(path).ops) > ops:
        click.echo(f"{tracker}: complete up to {known} operations already")
        return
    name = default_portfolio(tracker)
    members = tuple(platform_files.portfolio(name))
    work = out / f".{path.name.removesuffix(SUFFIX)}"
    threads = 1 if tracker.startswith(KERNEL) else jobs  # one kernel in a process
    plan = SearchPlan(tracker, resolve(tracker).core, name, members, ops, jobs=threads, out=work)
    bar = Bar()
    try:
        result = known_result(plan) or _search(plan, bar)
        bar.start("causes", len(result.found))
        made = catalogues.make(result, plan.core_tracker, members, bar.advance)
    except KeyboardInterrupt:
        raise BadInput(f"interrupted at {tracker}: the same command continues there") from None
    finally:
        bar.end()
    out.mkdir(parents=True, exist_ok=True)
    write_whole(path, pack(made))
    shutil.rmtree(work, ignore_errors=True)
    click.echo(f"{tracker}: {result.programs:,} programs of up to {ops} operations, {len(made.entries):,} causes")


def _search(plan: SearchPlan, bar: Bar) -> Result:
    """Kept from then on: interrupted at a later tracker, this one's is not done again."""
    run = Search(plan)
    result = run.run(bar)
    if run.interrupted:
        raise KeyboardInterrupt
    keep(result, plan)
    return result
