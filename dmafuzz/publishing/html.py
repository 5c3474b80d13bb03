# SPDX-License-Identifier: GPL-2.0-only
"""Pages: each one file by itself, without scripts, with nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from markupsafe import Markup

from dmafuzz.storage import write_all_whole
from dmafuzz.templates import template
from dmafuzz.verdicts.meanings import LABELS

from . import figures
from .content import Block, Finding, Run, Timeline
from .finding import DRAWN_OPS_MAX
from .words import FLAGS

INDEX = "index.html"


def finding_page(finding: Finding, index: str = "", index_title: str = "") -> str:
    """The page of a finding; ``index`` is the page that leads to it, if there is one."""
    shown = {chip.tone for d in finding.drawings for step in d.steps for cell in step.cells for chip in cell.chips}
    return template(__package__, "finding.html").render(
        finding=finding,
        index=index,
        index_title=index_title,
        style=_style(),
        flags=[(flag, words) for flag, words in FLAGS.items() if flag in shown],
        drawn_max=DRAWN_OPS_MAX,
    )


def run_page(run: Run) -> str:
    """The page of a run."""
    return template(__package__, "run.html").render(run=run, style=_style(), figures=figures, labels=_named(run))


def blocks_page(blocks: Sequence[Block], timeline: Timeline | None = None) -> str:
    """The page of a text in blocks, with a time line on top if there is one."""
    title = next((" ".join(block.lines) for block in blocks if block.kind == "title"), "dmafuzz")
    figure = figures.timeline(timeline, "Calls over time, and the places of what was found") if timeline else ""
    headings = {" ".join(block.lines) for block in blocks if block.kind == "heading"}
    return template(__package__, "blocks.html").render(
        blocks=blocks, title=title, headings=headings, figure=figure, style=_style()
    )


def write_pages(run: Run, folder: Path) -> list[Path]:
    """Writes the page of a run and those of its findings into a folder, which is made if need be; gives them."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {INDEX: run_page(run)}
    for finding in run.findings:
        pages[finding.page] = finding_page(finding, INDEX, run.title)
    write_all_whole(folder, {name: text.encode() for name, text in pages.items()})
    return [folder / name for name in pages]


def _named(run: Run) -> list[tuple[str, str]]:
    """The labels of a run's bars, each with its meaning."""
    there = {label for bar in run.labels for label, _ in bar.parts}
    return [(label, words) for label, words in LABELS.items() if label in there]


@cache
def _style() -> Markup:
    """The style sheets, which are our own."""
    return Markup(figure_style() + _file("style.css"))


@cache
def figure_style() -> str:
    """That of the figures: it is enough for one by itself."""
    return _file("figures.css")


def _file(name: str) -> str:
    return resources.files(__package__).joinpath("templates", name).read_text(encoding="utf-8")
