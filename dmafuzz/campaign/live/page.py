# SPDX-License-Identifier: GPL-2.0-only
"""The live page as HTML. Without script it is read by loading it again; with script its body is replaced."""

from __future__ import annotations

import time

from markupsafe import Markup

from dmafuzz.campaign.live.content import PLOT_HEIGHT, PLOT_WIDTH, Live
from dmafuzz.templates import template


def page_of(name: str, body: str) -> str:
    """The whole page around a body."""
    return template(__package__, "page.html").render(name=name, body=Markup(body))


def body_of(live: Live | None, fault: str = "") -> str:
    """What changes; ``fault`` says why there is nothing to show."""
    if live is None:
        return template(__package__, "fault.html").render(fault=fault)
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(live.at))
    return template(__package__, "body.html").render(live=live, at=at, width=PLOT_WIDTH, height=PLOT_HEIGHT, age=age)


def age(seconds: float) -> str:
    """In words, as "3 min"."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
