# SPDX-License-Identifier: GPL-2.0-only
"""Plots of scaling, a file each."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dmafuzz.benchmark.scaling import Curve, Scaling
from dmafuzz.benchmark.statistics import require

_INCHES = (6.0, 3.6)
_DPI = 110
_POINTS_MIN = 3  # what two points say, a table says as well
_UNITS = {"us a program": "µs of time per program", "programs/s": "programs per second"}


def draw(all_: Sequence[Scaling], folder: Path) -> list[Path]:
    """Writes ``scaling-NAME.png`` for each that has more than two points. Raises MissingPackageError."""
    require("matplotlib")
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.use("Agg")  # no screen is needed
    pyplot = importlib.import_module("matplotlib.pyplot")
    drawn = [scaling for scaling in all_ if len(scaling.curves[0].xs) >= _POINTS_MIN]
    return [_draw(pyplot, scaling, folder / f"scaling-{scaling.name}.png") for scaling in drawn]


def _draw(pyplot: Any, scaling: Scaling, path: Path) -> Path:
    figure, axes = pyplot.subplots(figsize=_INCHES, dpi=_DPI, layout="constrained")
    for curve in scaling.curves:
        middle = [point.median for point in curve.points]
        name = f"{curve.name}: median, and smallest to largest"
        axes.errorbar(curve.xs, middle, yerr=_bars(curve), marker="o", capsize=3, label=name)
    unit = _UNITS.get(scaling.unit, scaling.unit)
    axes.set(title=scaling.title, xlabel=scaling.axis, ylabel=unit, ylim=(0, None), xlim=(0, None))
    axes.set_xticks(scaling.curves[0].xs if len(scaling.curves[0].xs) < 6 else _ticks(scaling.curves[0].xs))
    axes.grid(alpha=0.3)
    axes.legend(loc="best")
    figure.savefig(path)
    pyplot.close(figure)
    return path


def _bars(curve: Curve) -> list[list[float]]:
    """From the median to the smallest and to the largest value."""
    return [[p.median - p.low for p in curve.points], [p.high - p.median for p in curve.points]]


def _ticks(xs: Sequence[int]) -> list[int]:
    """Those that do not run into each other."""
    apart = max(xs) / 16
    kept: list[int] = []
    for x in xs:
        if not kept or x - kept[-1] >= apart:
            kept.append(x)
    return kept
