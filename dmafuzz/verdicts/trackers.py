"""Trackers by the names that users give them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from dmafuzz import _core, kernel, platforms

from .errors import VerdictError

DEFAULT_TRACKER = "6.12"
KERNEL = "kernel:"  # what the name of a kernel's own code begins with; a path to its tree or archive follows

# For trackers without a portfolio of their own name: the canaries, and kernels whose version is not looked at.
_FALLBACK_PORTFOLIO = "6.12"


@dataclass(frozen=True)
class Tracker:
    """A tracker: ``name`` as the user gave it, ``core`` as the native core knows it."""

    name: str
    core: str


def names() -> list[str]:
    """The trackers that are built in, newest era first. Besides these there is ``kernel:PATH``."""
    return list(_core.tracker_names())


def resolve(name: str) -> Tracker:
    """The tracker of a name: a built-in one, or ``kernel:PATH``, which is compiled first if it has not been yet.

    Raises VerdictError if there is no such tracker or the kernel cannot be used.
    """
    if name.startswith(KERNEL):
        return Tracker(name, KERNEL + str(_library(name.removeprefix(KERNEL))))
    known = names()
    if name not in known:
        raise VerdictError(f"no tracker is named {name!r} ({_nearest(name, known)}, or {KERNEL}PATH)")
    return Tracker(name, name)


def default_portfolio(tracker: str) -> str:
    """The portfolio that a tracker is judged against if nobody says which: the one of its name, else 6.12's."""
    return tracker if tracker in platforms.portfolio_names() else _FALLBACK_PORTFOLIO


def _library(path: str) -> object:
    if not path:
        raise VerdictError(f"{KERNEL} needs the path of a kernel tree or of an archive of one")
    try:
        return kernel.build(path).library
    except kernel.KernelError as error:
        raise VerdictError(str(error)) from None


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, cutoff=0.5)
    return f"nearest: {', '.join(close)}" if close else f"known: {', '.join(known)}"
