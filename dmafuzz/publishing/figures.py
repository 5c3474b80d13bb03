# SPDX-License-Identifier: GPL-2.0-only
"""Figures of a run as inline SVG: platform strips, stacked bars, growth over time. Only sizes are worked out."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from .content import Bar, Growth, Timeline

_CELL, _STRIP_HEIGHT, _GAP = 9, 14, 2
_NAME_WIDTH, _BARS_WIDTH, _ROW = 190, 760, 28
_PLOT_WIDTH, _PLOT_HEIGHT, _LEFT, _BOTTOM = 560, 190, 70, 26
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


def bars(rows: Sequence[Bar], words: str) -> Markup:
    """Stacked bars, each of the same length: shares in per cent."""
    out: list[str] = []
    for number, row in enumerate(rows):
        top = number * _ROW
        out.append(f'<text x="{_NAME_WIDTH - 8}" y="{top + 18}" text-anchor="end">{escape(row.name)}</text>')
        total = sum(count for _, count in row.parts) or 1
        left = float(_NAME_WIDTH)
        for label, count in row.parts:
            width = count / total * _BARS_WIDTH
            share = f"{label} {100 * count / total:.0f} %"
            title = f"<title>{escape(row.name)}: {escape(share)}, {count:,}</title>"
            place = f'x="{left:.1f}" y="{top + 3}" width="{width:.1f}" height="20"'
            out.append(f'<rect class="s-{escape(label)}" {place}>{title}</rect>')
            if width > _LABEL_WIDTH_MIN:
                out.append(_plate(left + width / 2, top + 17, share))
            left += width
    return _svg(_NAME_WIDTH + _BARS_WIDTH, len(rows) * _ROW, words, out, 'class="figure"')


def _plate(x: float, y: float, text: str) -> str:
    """Words on a ground of their own, so that they are read on any colour."""
    width = 7 * len(text) + 6
    return (
        f'<rect class="plate" x="{x - width / 2:.1f}" y="{y - 13}" width="{width}" height="17" rx="3"/>'
        f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{escape(text)}</text>'
    )


def growth(data: Growth, words: str) -> Markup:
    """Causes over time, with units at both axes."""
    right = max(data.seconds[-1], 1.0)
    top = max(data.causes[-1], 1)
    height, width = _PLOT_HEIGHT - _BOTTOM - 14, _PLOT_WIDTH - _LEFT - 10
    points = " ".join(
        f"{_LEFT + second / right * width:.1f},{14 + height - count / top * height:.1f}"
        for second, count in zip(data.seconds, data.causes, strict=True)
    )
    bottom = 14 + height
    marks = [
        f'<path class="axis" d="M{_LEFT} 14V{bottom}H{_PLOT_WIDTH - 10}"/>',
        f'<polyline class="line" points="{points}"/>',
        f'<text x="{_LEFT - 6}" y="20" text-anchor="end">{top:,}</text>',
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>',
        f'<text x="{_LEFT}" y="{bottom + 18}">0 s</text>',
        f'<text x="{_PLOT_WIDTH - 10}" y="{bottom + 18}" text-anchor="end">{right:,.0f} s</text>',
        f'<text x="{_LEFT - 6}" y="{(bottom + 20) / 2:.0f}" text-anchor="end" class="dim">causes</text>',
    ]
    return _svg(_PLOT_WIDTH, _PLOT_HEIGHT, words, marks, 'class="figure small-figure"')


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
