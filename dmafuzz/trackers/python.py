# SPDX-License-Identifier: GPL-2.0-only
"""Trackers that are written in Python: `py:MODULE:CLASS`, or the name of an installed entry point.

A class has ``on_hook(call)``, which takes each `HookCall` and gives the warnings that it leads to, or None. Each
program gets a new instance. With ``on_start(platform)`` it is told the machine first. A way to try a rule, some hundred
times slower than the core's own trackers; to all commands it is a tracker like any other. Code is named on the command
line, or by an installed package: a file that names some is refused.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Protocol

from dmafuzz._core import HookCall, WarningId

from .errors import TrackerError

PYTHON = "py:"
ENTRY_POINTS = "dmafuzz.trackers"


@dataclass(frozen=True)
class Warns:
    """A warning of a tracker in Python: of ``mappings``, those that the call names, and owners of what it concerns.

    ``line`` is the physical address of the cacheline that it is about, of ``line_size`` bytes, ``entry_op`` the number
    of the operation that made the entry that it concerns; None where there is none.
    """

    id: WarningId
    mappings: Sequence[int] = ()
    line: int | None = None
    line_size: int | None = None
    entry_op: int | None = None
    counted: bool = True


class PythonTracker(Protocol):
    """What a tracker has to have."""

    def on_hook(self, call: HookCall) -> Iterable[Warns] | None: ...


def core_name(name: str) -> str | None:
    """What the core calls a tracker in Python; None where the name is none's. Raises TrackerError for one that is not
    there."""
    if name.startswith(PYTHON):
        return _checked(name, name.removeprefix(PYTHON))
    points = metadata.entry_points(group=ENTRY_POINTS, name=name)
    return next((_checked(name, point.value.replace(" ", "")) for point in points), None)


def _checked(name: str, place: str) -> str:
    module, colon, attribute = place.rpartition(":")
    if not (module and colon and attribute.isidentifier()):
        raise TrackerError(f"tracker {name!r}: expected {PYTHON}MODULE:CLASS")
    # The core looks in this folder too, in workers as well.
    core = f"{PYTHON}{Path.cwd()}:{module}:{attribute}"
    with _folder_on_path():
        try:
            made = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise TrackerError(f"tracker {name!r}: {error}") from None
    if not callable(getattr(made, "on_hook", None)):
        raise TrackerError(f"tracker {name!r}: {attribute} has no on_hook(call)")
    return core


@contextmanager
def _folder_on_path() -> Iterator[None]:
    """The folder of the process, where `python -P` and an installed command do not look."""
    folder = str(Path.cwd())
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
