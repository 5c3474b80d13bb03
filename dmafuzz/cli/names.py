"""`dmafuzz list`: the names that options and programs can use."""

from __future__ import annotations

from collections.abc import Callable

import click

from dmafuzz import _core, platforms
from dmafuzz.verdicts import catalogue, tracker_names
from dmafuzz.verdicts.trackers import added_kernels

_TRACKERS = {"silent": "a canary that never warns", "noisy": "a canary that always warns"}


def _trackers() -> list[tuple[str, str]]:
    known = [(name, _TRACKERS.get(name, f"dma-debug as in {name}")) for name in tracker_names()]
    return [*known, *added_kernels(), ("kernel:PATH", "the code of a kernel tree, or of an archive of one")]


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
    "rules": lambda: list(_core.rules()),
    "warnings": lambda: list(catalogue.WARNINGS.items()),
}


@click.command("list")
@click.argument("what", type=click.Choice(list(_LISTS)))
def list_names(what: str) -> None:
    """List what there is, one name a line with what it stands for."""
    rows = _LISTS[what]()
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        click.echo(f"{name:<{width}}  {text}".rstrip())
