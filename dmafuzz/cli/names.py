"""`dmafuzz list`: the names that options and programs can use."""

from __future__ import annotations

from collections.abc import Callable

import click

from dmafuzz import _core, platforms
from dmafuzz.trackers import Builtin, added_kernels, builtins
from dmafuzz.verdicts import words


def _tracker(tracker: Builtin) -> str:
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
    "reasons": lambda: list(words.reasons().items()),
    "rules": lambda: list(_core.rules()),
    "warnings": lambda: list(words.WARNINGS.items()),
}


@click.command("list")
@click.argument("what", type=click.Choice(list(_LISTS)))
def list_names(what: str) -> None:
    """List what there is, one name a line with what it stands for."""
    rows = _LISTS[what]()
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        click.echo(f"{name:<{width}}  {text}".rstrip())
