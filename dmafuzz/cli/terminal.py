# SPDX-License-Identifier: GPL-2.0-only
"""Lines on a terminal, in colour if it is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click

from dmafuzz.reporting import Line, Tone

_STYLES: Mapping[Tone, Mapping[str, Any]] = {
    Tone.TITLE: {"bold": True},
    Tone.LOSS: {"fg": "red"},
    Tone.WARNING: {"fg": "yellow"},
    Tone.ASIDE: {"dim": True},
}


def show(lines: Iterable[Line]) -> None:
    """Prints lines. What is not a terminal gets no colours (click.echo takes them out)."""
    for line in lines:
        style = _STYLES.get(line.tone)
        click.echo(click.style(line.text, **style) if style and line.text else line.text)
