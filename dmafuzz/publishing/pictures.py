# SPDX-License-Identifier: GPL-2.0-only
"""The figures of a run as files of their own: SVG that is shown as it is, light or dark."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from . import figures
from .content import Run
from .html import figure_style

_BORDER = 12  # pixels


def pictures_of(run: Run) -> dict[str, str]:
    """The text of each picture that there is something for, by its file's name."""
    return {f"{name}.svg": _alone(figure) for name, figure in _figures(run)}


def _figures(run: Run) -> Iterator[tuple[str, Markup]]:
    if run.labels:
        yield "labels", figures.bars(run.labels, "Shares of labels by tracker", legend=True)
    if run.lacks:
        yield "lacks", figures.heat(run.lacks, "What trackers lack")
    if run.shared:
        yield "shared", figures.sharing(run.shared, run.shared_title)
    if run.growth:
        yield "growth", figures.growth(run.growth, "Causes over time")


def _alone(figure: Markup) -> str:
    """With all that a page has around it: name space, size, style and ground."""
    opening, _, inside = figure.partition(">")
    _, _, box = opening.partition('viewBox="0 0 ')
    width, height = (int(size) + 2 * _BORDER for size in box.partition('"')[0].split())
    size = f'width="{width}" height="{height}"'
    words = opening.partition('aria-label="')[2].partition('"')[0]
    view = f'viewBox="{-_BORDER} {-_BORDER} {width} {height}"'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" {view} {size} role="img" aria-label="{words}">'
    ground = f'<rect x="{-_BORDER}" y="{-_BORDER}" {size} style="fill:var(--page)"/>'
    return f"{start}\n<style>\n{figure_style()}</style>\n{ground}{inside}\n"
