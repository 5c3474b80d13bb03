# SPDX-License-Identifier: GPL-2.0-only
"""Draws docs/pictures/tower.svg, the tower of rooms: `python -m making` in docs/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from .imports import BINDING, ROOT, Uses, core_uses, direct, floors, python_uses

FILE = ROOT / "docs" / "pictures" / "tower.svg"
_WIDTH, _MARGIN = 720, 16
_BOX_HEIGHT, _GAP, _FLOOR = 28, 12, 54  # pixels
_LETTER = 7.4  # width of a letter of the text, and so of a box
_CORE, _PYTHON = "#dbe7f3", "#e6f0dc"
_Place = tuple[float, float, float]  # left, top, width


def tower() -> Uses:
    """All rooms: those of the core, and above them, by way of the binding, Python's."""
    return {**core_uses(), **python_uses()}


def svg(uses: Mapping[str, set[str]], core: set[str]) -> str:
    """The picture: a floor for each length of the longest way from the top, an arrow for each direct use."""
    levels = [_ordered(level, number, uses) for number, level in enumerate(floors(uses))]
    places = _placed(levels)
    height = _FLOOR * len(levels) + 2 * _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'font-family="monospace" font-size="12">',
        "<title>The rooms of dmafuzz: each uses only those below it</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#888"/></marker></defs>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
    ]
    lines += _arrows(direct(uses), places)
    lines += _boxes(places, core)
    lines.append(f'<text x="{_MARGIN}" y="{_MARGIN + 4}" fill="#555">green: Python; blue: the C++ core</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def _ordered(level: Sequence[str], number: int, uses: Mapping[str, set[str]]) -> list[str]:
    """Rooms with many uses in the middle; the same order for the same uses."""
    ranked = sorted(level, key=lambda room: (-len(uses[room]), room))
    row: list[str] = []
    for at, room in enumerate(ranked):
        row.insert(0 if (at + number) % 2 else len(row), room)
    return row


def _placed(levels: Sequence[Sequence[str]]) -> dict[str, _Place]:
    places: dict[str, _Place] = {}
    for number, level in enumerate(levels):
        widths = [len(room) * _LETTER + 22 for room in level]
        free = (_WIDTH - 2 * _MARGIN - sum(widths)) / (len(level) + 1)
        x = float(_MARGIN)
        y = _MARGIN + number * _FLOOR + _GAP
        for room, width in zip(level, widths, strict=True):
            x += free
            places[room] = (x, y, width)
            x += width
    return places


def _arrows(uses: Mapping[str, set[str]], places: Mapping[str, _Place]) -> Iterator[str]:
    for room in sorted(uses):
        for other in sorted(uses[room]):
            (x, y, width), (to_x, to_y, to_width) = places[room], places[other]
            x1, y1, x2, y2 = x + width / 2, y + _BOX_HEIGHT, to_x + to_width / 2, to_y
            bend = max(18.0, (y2 - y1) / 2)
            yield (
                f'<path d="M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}" '
                f'fill="none" stroke="#888" marker-end="url(#tip)"><title>{escape(room)} uses {escape(other)}'
                "</title></path>"
            )


def _boxes(places: Mapping[str, _Place], core: set[str]) -> Iterator[str]:
    for room, (x, y, width) in sorted(places.items()):
        colour = _CORE if room in core else _PYTHON
        stroke = "#b33" if room == BINDING else "#666"
        yield (
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{_BOX_HEIGHT}" rx="4" fill="{colour}" '
            f'stroke="{stroke}"/>'
        )
        yield f'<text x="{x + width / 2:.0f}" y="{y + 19:.0f}" text-anchor="middle">{escape(room)}</text>'


def made() -> dict[Path, str]:
    """What the file must hold."""
    return {FILE: svg(tower(), set(core_uses()))}
