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
    help="A built-in tracker, kernel:NAME or kernel:PATH for the code of a kernel tree or archive, or py:MODULE:CLASS.",
)
portfolio = click.option(
    "--portfolio",
    metavar="NAME|FILE",
    help="The platforms of one time, by name, or from a file of one's own (*.toml). Default: the tracker's own.",
)
platforms = click.option(
    "--platform", "platforms", metavar="P", multiple=True, help="Only this platform; can be given more than once."
)
SEED = click.IntRange(0, (1 << 63) - 1)
GRADES_FAILING = ("A", "AB", "ABC")
fail_on = click.option(
    "--fail-on", type=click.Choice(GRADES_FAILING), help="Exit with status 1 if anything new is of these grades."
)
