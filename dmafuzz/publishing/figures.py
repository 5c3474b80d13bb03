# SPDX-License-Identifier: GPL-2.0-only
"""Figures of a run as inline SVG: platform strips, stacked bars, growth over time, what sets share. Only sizes are
worked out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

from .content import Bar, Growth, HeatMap, Shared, Timeline

_CELL, _STRIP_HEIGHT, _GAP = 9, 14, 2
_NAME_WIDTH, _BARS_WIDTH, _ROW = 190, 760, 28
_PLOT_WIDTH, _PLOT_HEIGHT, _LEFT, _BOTTOM = 560, 190, 70, 26
_HEAT_WIDTH, _HEAT_ROW = 44, 24
_UPSET_BARS, _UPSET_COLUMN, _UPSET_ROW = 120, 34, 20
_CHAR_WIDTH = 7.1  # at most, on the average
_ENDS = {0: "start", 100: "end"}  # of an axis in per cent: where words stand
_TICKS = 4  # of an axis, about
_LABEL_WIDTH_MIN = 62  # of a part that has room for its words


def strip(labels: Sequence[str], words: str) -> Markup:
    """One square for each platform, by its label ("none": nothing shows there); ``words`` say the same."""
    width = len(labels) * (_CELL + _GAP)
    size = f'y="1" width="{_CELL}" height="{_STRIP_HEIGHT - 2}"'
    cells = [f'<rect class="s-{escape(label)}" x="{at * (_CELL + _GAP)}" {size}/>' for at, label in enumerate(labels)]
    return _svg(width, _STRIP_HEIGHT, words, cells, f'width="{width}" height="{_STRIP_HEIGHT}"')


def swatch(label: str) -> Markup:
    """The colour of a label, for a legend."""
    shown = [f'<rect class="s-{escape(label)}" x="1" y="1" width="12" height="12"/>']
    return _svg(14, 14, label, shown, 'width="14" height="14"')


def bars(rows: Sequence[Bar], words: str, legend: bool = False) -> Markup:
    """Stacked bars, each of the same length: shares in per cent. ``legend``: with what the colours are."""
    out: list[str] = []
    for number, row in enumerate(rows):
        out.append(_text(_NAME_WIDTH - 8, number * _ROW + 18, row.name, "end"))
        out += _parts(row, number * _ROW)
    bottom = len(rows) * _ROW + 4
    for share in range(0, 101, 25):
        x, anchor = _NAME_WIDTH + share / 100 * _BARS_WIDTH, _ENDS.get(share, "middle")
        out += [f'<path class="axis" d="M{x:.1f} {bottom - 4}v6"/>', _text(x, bottom + 16, f"{share} %", anchor, "dim")]
    if legend:
        left = float(_NAME_WIDTH)
        for label in dict.fromkeys(label for row in rows for label, _ in row.parts):
            out.append(f'<rect class="s-{escape(label)}" x="{left:.1f}" y="{bottom + 27}" width="14" height="14"/>')
            out.append(_text(left + 20, bottom + 39, label, "start"))
            left += 40 + _CHAR_WIDTH * len(label)
        bottom += 26
    return _svg(_NAME_WIDTH + _BARS_WIDTH, bottom + 22, words, out, 'class="figure"')


def _parts(row: Bar, top: float) -> Iterator[str]:
    total = sum(count for _, count in row.parts) or 1
    left = float(_NAME_WIDTH)
    for label, count in row.parts:
        width = count / total * _BARS_WIDTH
        share = f"{label} {100 * count / total:.0f} %"
        title = f"<title>{escape(row.name)}: {escape(share)}, {count:,}</title>"
        place = f'x="{left:.1f}" y="{top + 3}" width="{width:.1f}" height="20"'
        yield f'<rect class="s-{escape(label)}" {place}>{title}</rect>'
        if width > _LABEL_WIDTH_MIN:
            yield _plate(left + width / 2, top + 17, share)
        left += width


def _plate(x: float, y: float, text: str) -> str:
    """Words on a ground of their own, so that they are read on any colour."""
    width = 7 * len(text) + 6
    return (
        f'<rect class="plate" x="{x - width / 2:.1f}" y="{y - 13}" width="{width}" height="17" rx="3"/>'
        f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{escape(text)}</text>'
    )


def heat(data: HeatMap, words: str) -> Markup:
    """Counts by row and column, the hotter the darker."""
    left = 20 + _CHAR_WIDTH * max(len(name) for name, _ in data.rows)
    top = 20 + _CHAR_WIDTH * max(map(len, data.columns))
    out = []
    for at, name in enumerate(data.columns):
        x = left + (at + 0.5) * _HEAT_WIDTH + 4
        out.append(f'<text transform="translate({x:.1f} {top - 8:.1f}) rotate(-90)">{escape(name)}</text>')
    for number, (name, counts) in enumerate(data.rows):
        y = top + number * _HEAT_ROW
        out.append(_text(left - 10, y + 16, name, "end"))
        for at, count in enumerate(counts):
            if count is None or not count[0]:
                continue
            x = left + at * _HEAT_WIDTH
            place = f'x="{x + 1:.1f}" y="{y + 1:.1f}" width="{_HEAT_WIDTH - 2}" height="{_HEAT_ROW - 2}"'
            out.append(f'<rect class="f-h{count[1]}" {place}/>')
            out.append(_text(x + _HEAT_WIDTH / 2, y + 16, f"{count[0]:,}", "middle", f"t-h{count[1]}"))
    height = top + len(data.rows) * _HEAT_ROW
    return _svg(left + len(data.columns) * _HEAT_WIDTH, height, words, out, 'class="figure"')


def sharing(data: Shared, words: str) -> Markup:
    """An UpSet plot: a column for each combination of sets, as tall as what is in just these; dots say which."""
    left = 20 + _CHAR_WIDTH * max(len(f"{name}: {total:,}") for name, total in data.sets)
    bottom, width = _UPSET_BARS + 22, left + len(data.rows) * _UPSET_COLUMN + 4
    most = max(count for _, count in data.rows)
    out = [_text(left - 10, bottom - _UPSET_BARS / 2, data.what, "end", "dim")]
    for row, (name, total) in enumerate(data.sets):
        y = bottom + 8 + row * _UPSET_ROW
        if row % 2 == 0:
            out.append(f'<rect class="stripe" x="0" y="{y}" width="{width}" height="{_UPSET_ROW}"/>')
        out.append(_text(left - 10, y + 14, f"{name}: {total:,}", "end"))
    for at, (members, count) in enumerate(data.rows):
        x, tall = left + (at + 0.5) * _UPSET_COLUMN, max(1.0, count / most * _UPSET_BARS)
        names = ", ".join(name for (name, _), inside in zip(data.sets, members, strict=True) if inside)
        place = f'x="{x - 9:.1f}" y="{bottom - tall:.1f}" width="18" height="{tall:.1f}"'
        out.append(f'<rect class="s-TP" {place}><title>{count:,}: {escape(names)}</title></rect>')
        out.append(_text(x, bottom - tall - 4, f"{count:,}", "middle", "tiny"))
        out += _dots(x, bottom + 8, members)
    height = bottom + 8 + len(data.sets) * _UPSET_ROW
    return _svg(width, height, words, out, f'class="figure" style="max-width:{width:.0f}px"')


def _dots(x: float, top: float, members: Sequence[bool]) -> Iterator[str]:
    """A dot for each set, those of the combination joined by a line."""
    ys = [top + (row + 0.5) * _UPSET_ROW for row in range(len(members))]
    inside = [y for y, member in zip(ys, members, strict=True) if member]
    outside = [y for y in ys if y not in inside]
    yield from (f'<circle class="out" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for y in outside)
    yield f'<path class="join" d="M{x:.1f} {inside[0]:.1f}V{inside[-1]:.1f}"/>'
    yield from (f'<circle class="in" cx="{x:.1f}" cy="{y:.1f}" r="5"/>' for y in inside)


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    named = f'class="{kind}" ' if kind else ""
    return f'<text {named}x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def growth(data: Growth, words: str) -> Markup:
    """Causes over time, with units at both axes."""
    right = max(data.seconds[-1], 1.0)
    top = max(data.causes[-1], 1)
    height, width = _PLOT_HEIGHT - _BOTTOM - 14, _PLOT_WIDTH - _LEFT - 10
    bottom = 14 + height
    points = " ".join(
        f"{_LEFT + second / right * width:.1f},{bottom - count / top * height:.1f}"
        for second, count in zip(data.seconds, data.causes, strict=True)
    )
    marks = []
    for tick in _ticks(top):
        y = bottom - tick / top * height
        marks.append(f'<path class="axis" d="M{_LEFT} {y:.1f}H{_PLOT_WIDTH - 10}"/>')
        marks.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:,}</text>')
    for tick in _ticks(right):
        x = _LEFT + tick / right * width
        marks.append(f'<path class="axis" d="M{x:.1f} {bottom}v5"/>')
        marks.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{tick:,}</text>')
    marks += [
        f'<path class="axis" d="M{_LEFT} 14V{bottom}"/>',
        f'<polyline class="line" points="{points}"/>',
        f'<text x="{_PLOT_WIDTH - 10}" y="{bottom + 36}" text-anchor="end" class="dim">seconds of searching</text>',
        f'<text transform="translate(14 {(bottom + 14) / 2:.0f}) rotate(-90)" text-anchor="middle" class="dim">'
        "causes found</text>",
    ]
    return _svg(_PLOT_WIDTH, _PLOT_HEIGHT + 20, words, marks, 'class="figure small-figure"')


def _ticks(most: float) -> list[int]:
    """Round numbers from 0 to the largest one that fits, some four steps apart."""
    rough = max(1.0, most / _TICKS)
    power = 10 ** int(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return list(range(0, int(most) + 1, step))


def timeline(data: Timeline, words: str) -> Markup:
    """Calls over time as columns, with a mark for each place."""
    most, width = max(data.counts, default=0) or 1, _PLOT_WIDTH - _LEFT - 10
    height, step = _PLOT_HEIGHT - _BOTTOM - 14, width / max(1, len(data.counts))
    bottom = 14 + height
    marks = [f'<path class="axis" d="M{_LEFT} 14V{bottom}H{_PLOT_WIDTH - 10}"/>']
    for at, count in enumerate(data.counts):
        if count:
            tall = max(1.0, count / most * (height - 14))
            marks.append(
                f'<rect class="s-TN" x="{_LEFT + at * step:.1f}" y="{bottom - tall:.1f}" width="{max(step, 1):.1f}" '
                f'height="{tall:.1f}"><title>{count:,} calls</title></rect>'
            )
    for at, name in data.places:
        x = _LEFT + (at + 0.5) * step
        marks.append(
            f'<path class="line" d="M{x:.1f} 14V{bottom}"><title>{escape(name)}</title></path>'
            f'<circle class="s-FN" cx="{x:.1f}" cy="14" r="4"><title>{escape(name)}</title></circle>'
        )
    marks += [
        f'<text x="{_LEFT - 6}" y="30" text-anchor="end">{most:,}</text>',
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>',
        f'<text x="{_LEFT}" y="{bottom + 18}">{escape(data.begin)} s</text>',
        f'<text x="{_PLOT_WIDTH - 10}" y="{bottom + 18}" text-anchor="end">{escape(data.end)} s</text>',
        f'<text x="{_LEFT - 6}" y="{(bottom + 20) / 2:.0f}" text-anchor="end" class="dim">calls</text>',
    ]
    return _svg(_PLOT_WIDTH, _PLOT_HEIGHT, words, marks, 'class="figure"')


def _svg(width: float, height: float, words: str, parts: Sequence[str], more: str) -> Markup:
    return Markup(
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(words)}" {more}>'
        f"{''.join(parts)}</svg>"
    )
