# SPDX-License-Identifier: GPL-2.0-only
"""What is known of each warning beyond its meaning: usual faults, repairs, cases in which it is wrong (advice.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from dmafuzz import _core
from dmafuzz.platforms.kernels import Kernel
from dmafuzz.trackers import builtins, kernel_of

from .splat import Splat


@dataclass(frozen=True)
class FalseCase:
    """A case in which a warning means nothing, in kernels from ``since`` to before ``until`` ("": no such end).

    ``arch``, ``types`` and ``mappers`` limit it, empty ones do not. ``sure``: where they all fit it is this case.
    """

    since: str
    until: str
    when: str
    mended: str
    arch: str
    types: tuple[str, ...]
    mappers: tuple[str, ...]
    sure: bool

    def fits(self, splat: Splat, era: str, arch: str) -> bool:
        """Whether a warning may be this case: nothing that the log says is against it."""
        if not _within(era, self.since, self.until):
            return False
        if self.arch and arch and arch != self.arch:
            return False
        told = [splat.values[name] for name in ("mapped as", "unmapped as") if name in splat.values]
        if self.types and any(type_ not in self.types for type_ in told):
            return False
        functions = [frame.function for frame in splat.mapped_at]
        return not self.mappers or not functions or any(function in self.mappers for function in functions)

    def is_it(self, splat: Splat, era: str, arch: str) -> bool:
        """Whether a warning is this case for sure."""
        if not (self.sure and self.fits(splat, era, arch)):
            return False
        if self.types and not {"mapped as", "unmapped as"} <= splat.values.keys():
            return False
        return not self.mappers or any(frame.function in self.mappers for frame in splat.mapped_at)


@dataclass(frozen=True)
class Advice:
    """Sentences; "" where there is nothing to say."""

    usually: str
    repair: str
    more: str
    never: str
    false: tuple[FalseCase, ...]


@cache
def _all() -> Mapping[str, Advice]:
    text = resources.files("dmafuzz.kernel_log").joinpath("advice.toml").read_text(encoding="utf-8")
    return {name: _advice(facts) for name, facts in tomllib.loads(text).items()}


def advice_for(check: str) -> Advice:
    """What is known of a check; of one that is not known here, that."""
    return _all().get(check, _all()["unknown"])


def _advice(facts: Mapping[str, Any]) -> Advice:
    cases = tuple(_case(case) for case in facts.get("false", ()))
    return Advice(facts["usually"], facts["repair"], facts.get("more", ""), facts.get("never", ""), cases)


def _case(facts: Mapping[str, Any]) -> FalseCase:
    return FalseCase(
        since=facts.get("from", ""),
        until=facts.get("before", ""),
        when=facts["when"],
        mended=facts["mended"],
        arch=facts.get("arch", ""),
        types=tuple(facts.get("types", ())),
        mappers=tuple(facts.get("mapper", ())),
        sure=facts.get("sure", False),
    )


def _within(era: str, since: str, until: str) -> bool:
    """Whether an era is no older than a kernel, and older than another. Vendors' eras carry later changes."""
    if any(each.name == era and each.vendor for each in builtins()) and until and _carries(era, until):
        return False
    return (not since or _order(era) >= _order(since)) and (not until or _order(era) < _order(until))


def _carries(vendor: str, later: str) -> bool:
    """Whether a vendor's era has a later kernel's changes: 6.12 has those of 6.17 and the exemption of 6.18."""
    return vendor == "6.12" and later in ("6.17", "6.18")


def _order(version: str) -> tuple[Kernel, bool]:
    """A release candidate comes before its release."""
    base = kernel_of(version) or _core.newest_kernel()
    return Kernel.parse(base.split("-")[0]), "-rc" not in base
