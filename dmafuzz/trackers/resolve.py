# SPDX-License-Identifier: GPL-2.0-only
"""Trackers by the names that users give them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from dmafuzz import kernel, platforms
from dmafuzz.platforms.kernels import Kernel

from .eras import base_of, builtins, end_of, era_of, nearest, parsed, version_of
from .errors import TrackerError
from .own_era import own_era
from .python import PYTHON, core_name

DEFAULT_TRACKER = "6.12"
KERNEL = (
    "kernel:"  # what the name of a kernel's own code begins with; its name or a path to its tree or archive follows
)

# For trackers of no kernel version: the canaries, and kernels that do not say which they are.
_FALLBACK_PORTFOLIO = "6.12"


@dataclass(frozen=True)
class Tracker:
    """A tracker: ``name`` as the user gave it, ``core`` as the native core knows it."""

    name: str
    core: str

    @property
    def kernel(self) -> bool:
        """Whether it is a kernel's own code."""
        return self.name.startswith(KERNEL)


def names() -> list[str]:
    """The trackers that are built in, newest era first. Besides these there are kernels, by name or path."""
    return [each.name for each in builtins()]


def resolve(name: str) -> Tracker:
    """The tracker of a name: a built-in one, a kernel version, a kernel's own code, compiled first if need be, or one
    in Python.

    Raises TrackerError if there is no such tracker or the kernel cannot be used.
    """
    if name.startswith(KERNEL):
        return Tracker(name, _core_name(name.removeprefix(KERNEL)))
    core = None if name.startswith(PYTHON) else era_of(name)
    if core is None:
        core = core_name(name)
    if core is None:
        other = f"or a kernel version, {KERNEL}NAME, {KERNEL}PATH, {PYTHON}MODULE:CLASS"
        raise TrackerError(f"no tracker is named {name!r} ({nearest(name)}; {other})")
    return Tracker(name, core)


def default_portfolio(tracker: str) -> str:
    """The portfolio that a tracker is judged on by default: the first of its era, if there is one.

    Otherwise, and for a kernel version, it is the last one up to it whose machines all run that version, else the
    first such one after it; where there is none, the last one that is not later, or the first of all.
    """
    version = parsed(kernel_of(tracker)) if tracker.startswith(KERNEL) else version_of(tracker)
    return _FALLBACK_PORTFOLIO if version is None else _portfolio_of(version, end_of(tracker))


def portfolio_of_kernel(version: str) -> str:
    """The portfolio of a kernel's machines, whatever the era of its tracker: by the rule of default_portfolio for a
    version. Raises TrackerError for what is none."""
    kernel = parsed(version)
    if kernel is None:
        raise TrackerError(f"{version!r} is no kernel version")
    return _portfolio_of(kernel, None)


@functools.cache
def _portfolio_of(version: Kernel, after: Kernel | None) -> str:
    """By the version, and the one with which the next era begins."""
    dated = sorted((Kernel.parse(name), name) for name in platforms.portfolio_names() if name[0].isdigit())
    if within := [each for each in dated if after and version <= each[0] < after]:
        return min(within)[1]
    fitting = [each for each in dated if each[0] == version or _runs(each[1], version)]
    earlier = [each for each in fitting if each[0] <= version]
    if fitting:
        return max(earlier)[1] if earlier else min(fitting)[1]
    return max((each for each in dated if each[0] <= version), default=dated[0])[1]


def _runs(portfolio: str, version: Kernel) -> bool:
    """Whether all machines of a portfolio exist with that kernel."""
    text = ".".join(str(number) for number in version.numbers)
    return all(member.runs(text) for member in _members(portfolio))


@functools.cache
def _members(portfolio: str) -> tuple[platforms.PlatformFile, ...]:
    """Read once: a caller that needs one era's portfolio often needs all."""
    return tuple(platforms.portfolio(portfolio))


def kernel_of(tracker: str) -> str:
    """The version of the kernel that a tracker is, or is a change of; "" where there is none, or it is not known."""
    if tracker.startswith(KERNEL):
        try:
            return kernel.version_of(tracker.removeprefix(KERNEL))
        except kernel.KernelError:
            return ""  # reported when the tracker is used
    base = base_of(tracker)
    return base if parsed(base.removeprefix("v")) else ""


def added_kernels() -> list[tuple[str, str]]:
    """The kernels that have been added: the tracker's name, and what it is. Raises TrackerError."""
    try:
        return [
            (KERNEL + entry.name, f"the code of {entry.version or 'a kernel'}, from {entry.source}")
            for entry in kernel.registered()
        ]
    except kernel.KernelError as error:
        raise TrackerError(str(error)) from None


def _core_name(path: str) -> str:
    """With the era whose model is asked why the code is silent, if it is of one that is known."""
    if not path:
        raise TrackerError(f"{KERNEL} needs the name of an added kernel, or the path of a kernel tree or archive")
    try:
        built = kernel.locate(path)
    except kernel.KernelError as error:
        raise TrackerError(str(error)) from None
    return _name_in_core(built)


def kernel_tracker(name: str, built: kernel.KernelTracker) -> Tracker:
    """A kernel's own code that is built already, to be called ``name``."""
    return Tracker(name, _name_in_core(built))


def _name_in_core(built: kernel.KernelTracker) -> str:
    era = built.era
    if not era and (found := own_era(built.library, built.version)):
        era = found.era
    return f"kernel@{era}:{built.library}" if era else f"{KERNEL}{built.library}"
