# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz list`: the names that options and programs can use."""

from __future__ import annotations

from collections.abc import Callable

import click

from dmafuzz import _core, checks, platforms
from dmafuzz.reporting.layout import terminal_chars
from dmafuzz.tables import columns
from dmafuzz.trackers import added_kernels, builtins

from .errors import BadInput


def _tracker(tracker: _core.BuiltinTracker) -> str:
    year = tracker.year or "    "
    if tracker.kind == "proposal":
        return f"{year}  proposal for {tracker.base}: {tracker.changed}"
    return f"{year}  {tracker.changed}" if tracker.kind == "era" else f"{year}  {tracker.kind}: {tracker.changed}"


def _trackers() -> list[tuple[str, str]]:
    """A kernel version between two eras is the earlier one's."""
    return [
        *((tracker.name, _tracker(tracker)) for tracker in builtins()),
        *((name, f"      {what}") for name, what in added_kernels()),
        ("kernel:PATH", "      the code of a kernel tree, or of an archive of one"),
    ]


def _platforms() -> list[tuple[str, str]]:
    machines = [platforms.load(name) for name in platforms.names()]
    return [(machine.name, f"{machine.title} ({machine.kernels})") for machine in machines]


def _portfolios() -> list[tuple[str, str]]:
    return [
        (name, ", ".join(member.name for member in platforms.portfolio(name))) for name in platforms.portfolio_names()
    ]


_LISTS: dict[str, Callable[[], list[tuple[str, str]]]] = {
    "trackers": _trackers,
    "platforms": _platforms,
    "portfolios": _portfolios,
    "reasons": lambda: [(name, words) for name, words, _ in _core.reasons()],
    "rules": lambda: list(_core.rules()),
}
_WARNINGS = "warnings"


@click.command("list")
@click.argument("what", type=click.Choice([*_LISTS, _WARNINGS]))
@click.argument("text", default="")
def list_names(what: str, text: str) -> None:
    """List trackers, platforms, rules, warnings and other names.

    Warnings are listed with the kernel's messages, each with the kernel that introduced it. TEXT selects the warnings
    that have it in their message, id or meaning: a line of a kernel's log, whatever its addresses and numbers are.
    """
    if what == _WARNINGS:
        _show_warnings(text)
        return
    if text:
        raise click.UsageError(f"only warnings can be looked for: list {_WARNINGS} TEXT")
    for line in columns(_LISTS[what](), width_chars=terminal_chars()):
        click.echo(line)


def _show_warnings(text: str) -> None:
    """One line for each warning, and below it what the kernel prints."""
    found = checks.find(text) if text else list(checks.checks().values())
    if not found:
        raise BadInput(f"no warning has that message: {text!r} (`dmafuzz list {_WARNINGS}` has them all)")
    rows = []
    for check in found:
        rows.append((check.id, check.means))
        rows += [("", f"from {message.since}: {message.text}") for message in check.messages]
    for line in columns(rows, width_chars=terminal_chars()):
        click.echo(line)
