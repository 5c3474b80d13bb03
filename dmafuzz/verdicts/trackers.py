"""Trackers by the names that users give them."""

from __future__ import annotations

from dataclasses import dataclass

from dmafuzz import kernel, platforms
from dmafuzz.platforms.kernels import Kernel

from .eras import builtins, era_of, nearest, version_of
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
    return [each.name for each in builtins()]


def resolve(name: str) -> Tracker:
    """The tracker of a name: a built-in one, a kernel version, or ``kernel:PATH``, which is compiled first if need be.

    Raises VerdictError if there is no such tracker or the kernel cannot be used.
    """
    if name.startswith(KERNEL):
        return Tracker(name, KERNEL + str(_library(name.removeprefix(KERNEL))))
    core = era_of(name)
    if core is None:
        raise VerdictError(f"no tracker is named {name!r} ({nearest(name)}; or a kernel version, or {KERNEL}PATH)")
    return Tracker(name, core)


def default_portfolio(tracker: str) -> str:
    """The portfolio that a tracker is judged against if nobody says which: the last one up to its kernel version.

    Before the first portfolio it is the first; the canaries, and kernels whose version is not looked at, get 6.12's.
    """
    version = version_of(tracker)
    if version is None:
        return _FALLBACK_PORTFOLIO
    dated = [(Kernel.parse(name), name) for name in platforms.portfolio_names() if name[0].isdigit()]
    return max((each for each in dated if each[0] <= version), default=min(dated))[1]


def _library(path: str) -> object:
    if not path:
        raise VerdictError(f"{KERNEL} needs the path of a kernel tree or of an archive of one")
    try:
        return kernel.build(path).library
    except kernel.KernelError as error:
        raise VerdictError(str(error)) from None
