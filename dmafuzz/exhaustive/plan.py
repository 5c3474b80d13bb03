# SPDX-License-Identifier: GPL-2.0-only
"""Which programs are searched, on what, and how."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmafuzz import _core
from dmafuzz.exhaustive.result import Result
from dmafuzz.platforms import PlatformFile, to_core


def core_digest() -> str:
    """Of the core's code: what another build has worked out is not mixed with this one's."""
    path = _core.__file__
    assert path is not None
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


@dataclass(frozen=True)
class SearchPlan:
    """``core_tracker`` is what the core calls the tracker; ``out`` None: nothing is kept, nothing can be resumed."""

    tracker: str
    core_tracker: str
    portfolio: str
    members: tuple[PlatformFile, ...]
    ops: int
    cpus: int = 1
    devices: int = 2
    jobs: int = 1
    out: Path | None = None

    def identity(self) -> dict[str, Any]:
        """What has to be the same for parts of two runs to belong to one search."""
        return {
            "tracker": self.core_tracker,  # of a kernel, which build of its code
            "portfolio": self.portfolio,
            "platforms": {member.name: member.model_dump(mode="json") for member in self.members},
            "ops": self.ops,
            "cpus": self.cpus,
            "devices": self.devices,
            "core": core_digest(),
        }

    def walk(self) -> _core.Walk:
        """At its beginning. Raises ValueError for a tracker that the core does not know."""
        return _core.Walk(self.core_tracker, [to_core(m) for m in self.members], self.cpus, self.devices)

    def empty_result(self) -> Result:
        names = tuple(member.name for member in self.members)
        return Result(self.tracker, self.portfolio, names, self.cpus, self.devices)
