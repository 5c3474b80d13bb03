# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz review`: what a change to dma-debug does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click

from dmafuzz.exhaustive.progress import Bar
from dmafuzz.publishing.html import blocks_page
from dmafuzz.publishing.review import review_blocks
from dmafuzz.reporting.review import eras_markdown, review_lines, review_markdown
from dmafuzz.reporting.review_json import review_record
from dmafuzz.review import Review, Scope, Sides, by_names, by_patch, neighbouring_eras
from dmafuzz.review import review as make_review

from . import options
from .errors import EXIT_DIFFERENCE, BadInput, complain
from .search import OPS_MAX
from .terminal import show
from .written import prepare, write_files, write_forms

SECONDS = 10.0


@click.command()
@click.argument("base", metavar="[BASE]", required=False)
@click.argument("patched", metavar="[PATCHED]", required=False)
@click.option("--patch", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Instead of PATCHED: BASE, a kernel:NAME or kernel:PATH, with this patch. Compiles and runs the "
                   "patch's code.")  # fmt: skip
@click.option("--each-era", is_flag=True,
              help="Instead of both: a page for each era against the one before it, in --out DIR.")  # fmt: skip
@click.option("--ops", type=click.IntRange(1, OPS_MAX), default=3, show_default=True, metavar="N",
              help="All programs of up to so many operations. 4 takes a minute or so.")  # fmt: skip
@click.option("--time", "seconds", type=click.FloatRange(min=0), default=SECONDS, show_default=True, metavar="S",
              help="Seconds to look beyond them; 0: not at all.")  # fmt: skip
@click.option("--corpus", type=click.Path(file_okay=False, exists=True, path_type=Path), metavar="DIR",
              help="Programs to begin with beyond them. Default: the corpus of a checkout.")  # fmt: skip
@click.option("--seed", type=options.SEED, default=0, show_default=True, metavar="N")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N", help="Threads.")
@options.portfolio
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write review.txt, .md, .html and .json there.")  # fmt: skip
@click.option("--markdown", is_flag=True, help="Markdown, for a mail or a pull request.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all causes.")
@click.pass_context
def review(
    context: click.Context,
    base: str | None,
    patched: str | None,
    patch: Path | None,
    each_era: bool,
    ops: int,
    seconds: float,
    corpus: Path | None,
    seed: int,
    jobs: int,
    portfolio: str | None,
    out: Path | None,
    markdown: bool,
    as_json: bool,
) -> None:
    """Review a change to dma-debug: what it finds, misses and costs.

    BASE and PATCHED are any trackers: two eras, an era and a proposal, two kernels. Every program of a small alphabet
    is judged under both, then random ones. Exit status 1 says that something is worse: it crashes, misses lost data
    that BASE finds, warns without need, or tells a leak no more.
    """
    scope = Scope(ops, seconds, seed, jobs, corpus)
    if each_era:
        if base or patched or patch or out is None:
            raise click.UsageError("--each-era takes no trackers, and --out DIR for its pages")
        prepare(out)
        _write_eras(scope, portfolio, out)
        return
    if base is None or (patched is None) == (patch is None):
        raise click.UsageError("expected BASE and PATCHED, or BASE and --patch FILE")
    if markdown and as_json:
        raise click.UsageError("--markdown and --json are two forms of the same: expected one of them")
    if out is not None:
        prepare(out)
    if patch is not None:
        complain(f"{patch}: its code is compiled, and runs in this process")
        sides = by_patch(base, patch, portfolio)
    else:
        sides = by_names(base, patched or "", portfolio)
    made = _made(sides, scope)
    texts = _texts(made)
    if out is not None:
        write_forms(out, "review", texts)
    if markdown or as_json:
        click.echo(texts["md" if markdown else "json"], nl=False)
    else:
        show(review_lines(made))
    if made.worse:
        context.exit(EXIT_DIFFERENCE)


def _made(sides: Sides, scope: Scope) -> Review:
    bar = Bar()
    try:
        return make_review(sides, scope, bar, _hunting(bar, scope.seconds))
    except KeyboardInterrupt:
        raise BadInput("interrupted: nothing is kept of a review") from None
    finally:
        bar.end()


def _write_eras(scope: Scope, portfolio: str | None, out: Path) -> None:
    """A page for each era, and one that lists them with a sentence each."""
    pages = {}
    rows = []
    for before, era in neighbouring_eras():
        made = _made(by_names(before, era.name, portfolio), scope)
        pages[f"{era.name}.md"] = review_markdown(made)
        rows.append((before, era, made.sentence))
        click.echo(f"{era.name}: {made.sentence}")
    pages["README.md"] = eras_markdown(rows, scope.ops)
    write_files(out, pages)


def _hunting(bar: Bar, seconds: float) -> Callable[[float, int], None]:
    """Shows the hunt's time as it passes."""
    shown = 0

    def progress(passed: float, found: int) -> None:
        nonlocal shown
        if shown == 0:
            bar.start("beyond, s", max(1, round(seconds)))
        now = min(int(passed), round(seconds))
        bar.advance(now - max(shown, 0))
        shown = now or -1

    return progress


def _texts(made: Review) -> dict[str, str]:
    return {
        "txt": "".join(f"{line.text}\n" for line in review_lines(made)),
        "md": review_markdown(made),
        "json": json.dumps(review_record(made)) + "\n",
        "html": blocks_page(review_blocks(made)),
    }
