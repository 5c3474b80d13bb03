# SPDX-License-Identifier: GPL-2.0-only
"""What is done of a search, on disk: a search that was cut off goes on where it was."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from dmafuzz import _core
from dmafuzz.exhaustive.result import Result
from dmafuzz.storage import read_checked, write_checked

Part = tuple[int, int]


def core_digest() -> str:
    """Of the core's code: what another build has worked out is not mixed with this one's."""
    path = _core.__file__
    assert path is not None
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


class Checkpoint:
    """The parts of the last length that are done and what they came to, in ``DIR/search.json``.

    Everything before the last length is worked out again, which takes about a fiftieth of the time. ``identity`` says
    which search it is: what is kept of another one, or of another build, does not count.
    """

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "search.json"
        self._identity = identity

    def load(self) -> tuple[set[Part], Result] | None:
        """What is done; None if there is nothing to go on from."""
        try:
            data = read_checked(self._file)
            if data is None or data["search"] != self._identity:
                return None
            return {(first, last) for first, last in data["done"]}, Result.from_json(data["result"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def save(self, done: Collection[Part], result: Result) -> None:
        data = {"search": self._identity, "done": sorted(done), "result": result.to_json()}
        write_checked(self._file, data)

    def clear(self) -> None:
        self._file.unlink(missing_ok=True)
