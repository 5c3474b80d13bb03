# SPDX-License-Identifier: GPL-2.0-only
"""Targets: what findings are of. Two targets share nothing in a store, whatever they are called."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmafuzz import _core, platforms
from dmafuzz.storage import read_regular
from dmafuzz.trackers import KERNEL, added_kernels, default_portfolio
from dmafuzz.trackers.python import PYTHON

_DIGITS = 16
_SHORT = 8
_TRACKER = re.compile(r"(kernel:|py:|canary:|guest:)?[A-Za-z0-9][A-Za-z0-9._+-]{0,80}(@[0-9a-f]{8})?")
_PLATFORMS_MAX = 64
_SOURCE_BYTES_MAX = 1 << 24


@dataclass(frozen=True)
class Target:
    """A tracker on the platforms of a portfolio, as one build of dmafuzz judges them.

    ``tracker`` is the name to show and to judge by; code that was named by a path, or is in Python, has a name that
    ends in @ and the beginning of ``code``, by which nothing is ever found: files name no code. ``code`` is the hash of
    that code, "" for a model. ``portfolio`` is None where single platforms were chosen. ``build`` is the hash of the
    core and of the platforms' descriptions: another build may judge otherwise.
    """

    tracker: str
    code: str
    portfolio: str | None
    platforms: tuple[str, ...]
    build: str

    @functools.cached_property
    def key(self) -> str:
        """What its findings and programs are filed under."""
        return _hash([self.lineage, self.build])

    @functools.cached_property
    def lineage(self) -> str:
        """The same for every build of dmafuzz."""
        return _hash([self.tracker, self.code, self.portfolio, self.platforms])

    @property
    def nameable(self) -> bool:
        """Whether ``tracker`` can be looked up: no code that was named by a path or is in Python."""
        return "@" not in self.tracker

    @property
    def slug(self) -> str:
        """Short and fit for a file's name; different for the targets that people mix."""
        parts = [re.sub(r"[^A-Za-z0-9._+-]", "-", self.tracker)]
        if self.code and self.nameable:
            parts.append(self.code[:_SHORT])
        if self.portfolio is None:
            parts.append(self.lineage[:_SHORT])
        elif not self.nameable or self.portfolio != default_portfolio(self.tracker):
            parts.append(re.sub(r"[^A-Za-z0-9._+-]", "-", Path(self.portfolio).stem))
        return "-".join(parts)

    def to_json(self) -> dict[str, Any]:
        return {
            "tracker": self.tracker,
            "code": self.code,
            "portfolio": self.portfolio,
            "platforms": list(self.platforms),
            "build": self.build,
        }

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Target:
        """Raises ValueError for what is none: files of others are read with it."""
        try:
            target = cls(
                str(facts["tracker"]),
                str(facts["code"]),
                None if facts["portfolio"] is None else str(facts["portfolio"]),
                tuple(str(name) for name in facts["platforms"]),
                str(facts["build"]),
            )
        except (KeyError, TypeError):
            raise ValueError("not a target") from None
        if not _TRACKER.fullmatch(target.tracker) or not 0 < len(target.platforms) <= _PLATFORMS_MAX:
            raise ValueError(f"not a target: tracker {target.tracker!r}: files name no code by a path")
        return target


def target_of(tracker: str, core_tracker: str, portfolio: str | None, names: Sequence[str]) -> Target:
    """The target of a run: ``core_tracker`` is what the core calls the tracker (`dmafuzz.trackers.resolve`)."""
    code = _code_of(core_tracker)
    return Target(_shown_name(tracker, code), code, portfolio, tuple(names), build_of(names))


def build_of(names: Sequence[str]) -> str:
    """The hash of the core's code and of these platforms' descriptions."""
    digest = hashlib.sha256(_core_digest().encode())
    for name in names:
        digest.update(platforms.load(name).model_dump_json().encode())
    return digest.hexdigest()[:_DIGITS]


@functools.cache
def _core_digest() -> str:
    path = _core.__file__
    assert path is not None
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _shown_name(tracker: str, code: str) -> str:
    if tracker.startswith(KERNEL) and all(tracker != name for name, _ in added_kernels()):
        stem = Path(tracker.removeprefix(KERNEL)).name
    elif tracker.startswith(PYTHON):
        stem = tracker.removeprefix(PYTHON)
    else:
        return tracker
    kind = KERNEL if tracker.startswith(KERNEL) else PYTHON
    return f"{kind}{_word(stem)}@{code[:_SHORT]}"


def _word(stem: str) -> str:
    return re.sub(r"[^A-Za-z0-9._+-]", "-", stem).lstrip("._+-")[:80] or "code"


def _code_of(core_tracker: str) -> str:
    """The hash of what is built of a kernel, which names its folder; of a Python module's file."""
    kind, _, place = core_tracker.partition(":")
    if kind.split("@")[0] == "kernel":
        return hashlib.sha256(Path(place).name.encode()).hexdigest()[:_DIGITS]
    if core_tracker.startswith(PYTHON):
        return _module_hash(place)
    return ""


def _module_hash(place: str) -> str:
    """By its file in the folder of the process, or where Python finds it, or else by its name."""
    folder, module, _ = place.rsplit(":", 2)
    file = Path(folder, *module.split(".")).with_suffix(".py")
    data: bytes | None = None
    try:
        spec = None if file.is_file() else importlib.util.find_spec(module)
        data = read_regular(file if spec is None or spec.origin is None else Path(spec.origin), _SOURCE_BYTES_MAX)
    except (OSError, ImportError, ValueError):
        pass
    return hashlib.sha256(place.encode() if data is None else data).hexdigest()[:_DIGITS]


def _hash(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:_DIGITS]
