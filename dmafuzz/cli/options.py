# SPDX-License-Identifier: GPL-2.0-only
"""Options that several commands have."""

from __future__ import annotations

import click

from dmafuzz.trackers import DEFAULT_TRACKER

tracker = click.option(
    "--tracker",
    metavar="T",
    default=DEFAULT_TRACKER,
    show_default=True,
    help="A built-in tracker, or kernel:NAME or kernel:PATH for the code of a kernel tree or archive.",
)
portfolio = click.option(
    "--portfolio", metavar="NAME", help="The platforms of one time. Default: the tracker's own, else that of 6.12."
)
platforms = click.option(
    "--platform", "platforms", metavar="P", multiple=True, help="Only this platform; can be given more than once."
)
