"""Trackers by the names that users give them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from dmafuzz import _core, kernel, platforms

from .errors import VerdictError

DEFAULT_TRACKER = "6.12"
# What the name of a kernel's own code begins with; the name it was added under follows, or a path to tree or archive.
KERNEL = "kernel:"

_NUMBERS = re.compile(r"\d+(\.\d+)+")

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
    """The tracker of a name: a built-in one, ``kernel:NAME``, or ``kernel:PATH``, which is compiled first if need be.

    Raises VerdictError if there is no such tracker or the kernel cannot be used.
    """
    if name.startswith(KERNEL):
        return Tracker(name, KERNEL + str(_library(name.removeprefix(KERNEL))))
    known = names()
    if name not in known:
        raise VerdictError(f"no tracker is named {name!r} ({_nearest(name, known)}, or {KERNEL}NAME, {KERNEL}PATH)")
    return Tracker(name, name)


def default_portfolio(tracker: str) -> str:
    """The portfolio that a tracker is judged against if nobody says which: the one of its name, else 6.12's."""
    if tracker.startswith(KERNEL):
        return _portfolio_of_kernel(tracker.removeprefix(KERNEL))
    return tracker if tracker in platforms.portfolio_names() else _FALLBACK_PORTFOLIO


def added_kernels() -> list[tuple[str, str]]:
    """The kernels that have been added: the tracker's name, and what it is. Raises VerdictError."""
    try:
        return [
            (KERNEL + entry.name, f"the code of {entry.version or 'a kernel'}, from {entry.source}")
            for entry in kernel.registered()
        ]
    except kernel.KernelError as error:
        raise VerdictError(str(error)) from None


def _library(path: str) -> object:
    if not path:
        raise VerdictError(f"{KERNEL} needs the name of an added kernel, or the path of a kernel tree or archive")
    try:
        return kernel.locate(path).library
    except kernel.KernelError as error:
        raise VerdictError(str(error)) from None


def _portfolio_of_kernel(path: str) -> str:
    """The machines of the kernel's own time: of the latest version that is not later than its own."""
    try:
        found = _NUMBERS.match(kernel.version_of(path))
    except kernel.KernelError:
        found = None  # whoever uses the tracker is told
    if not found:
        return _FALLBACK_PORTFOLIO
    version = _numbers(found.group())
    dated = [name for name in platforms.portfolio_names() if _NUMBERS.fullmatch(name) and _numbers(name) <= version]
    return max(dated, key=_numbers, default=_FALLBACK_PORTFOLIO)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, cutoff=0.5)
    return f"nearest: {', '.join(close)}" if close else f"known: {', '.join(known)}"
