# SPDX-License-Identifier: GPL-2.0-only
"""Is there a smaller program that shows the same? What an exhaustive search says of one.

`minimal: proved (<= N)`: all programs of the alphabet with up to N operations have been looked at, N is no less than
the program's own, and none that is smaller has the same label and kind and breaks the same rules. `minimal: local`:
the minimizer finds no smaller one by single steps, and more is not known, or there is a smaller one.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dmafuzz import _core
from dmafuzz.exhaustive.plan import SearchPlan, core_digest
from dmafuzz.exhaustive.result import Result, Signature, Smallest
from dmafuzz.exhaustive.search import Search, Unwatched, Watcher
from dmafuzz.storage import cache_root, check_private, private_folder, read_checked, write_checked

QUICK_OPS = 3  # a search that takes less than a second


@dataclass(frozen=True)
class Proof:
    """What one search proves."""

    result: Result

    @property
    def ops(self) -> int:
        return len(self.result.lengths)

    def smaller(self, signature: Signature, ops: Sequence[_core.Op]) -> Smallest | None:
        """The smallest program with that signature, if the search has met a smaller one than this."""
        found = self.result.found.get(signature)
        return found.first if found and found.first.size < tuple(_core.order_of(ops)) else None

    def stamp(self, signature: Signature, ops: Sequence[_core.Op]) -> str:
        """`proved (<= N)` or `local`: also where nothing in the alphabet has the signature, so that it says nothing."""
        known = signature in self.result.found and len(ops) <= self.ops
        proved = known and self.smaller(signature, ops) is None
        return f"proved (<= {self.ops})" if proved else "local"


def proof_for(plan: SearchPlan, watcher: Watcher | None = None) -> Proof:
    """What is known of a tracker and portfolio: the longest search that is kept, if it is no shorter than the plan's,
    else the plan's, which is kept from then on. Where nothing can be kept, it runs again next time."""
    best = max(_kept(plan), key=lambda proof: proof.ops, default=None)
    if best is not None and best.ops >= plan.ops:
        return best
    search = Search(plan)
    result = search.run(watcher or Unwatched())
    if search.interrupted:
        raise KeyboardInterrupt
    keep(result, plan)
    return Proof(result)


def known_result(plan: SearchPlan) -> Result | None:
    """What that very search came to, if it is kept."""
    return next((proof.result for proof in _kept(plan) if proof.ops == plan.ops), None)


def keep(result: Result, plan: SearchPlan) -> None:
    """Keeps a complete result for later proofs, where there is room for it."""
    try:
        path = _folder() / f"{_name(plan)}-{len(result.lengths)}.json"
        private_folder(path.parent)
        write_checked(path, {"search": _identity(plan), "result": result.to_json()})
    except (OSError, RuntimeError):
        return


def _folder() -> Path:
    """Raises OSError where it is not the user's own."""
    folder = cache_root() / "searches"
    check_private(folder.parent)
    check_private(folder)
    return folder


def _name(plan: SearchPlan) -> str:
    return f"{plan.tracker}-{plan.portfolio}-{core_digest()}".replace("/", "_")


def _identity(plan: SearchPlan) -> dict[str, object]:
    """Of a search, but for its length."""
    return {key: value for key, value in plan.identity().items() if key != "ops"}


def _kept(plan: SearchPlan) -> list[Proof]:
    try:
        paths = sorted(_folder().glob(f"{glob.escape(_name(plan))}-*.json"))
    except (OSError, RuntimeError):  # no home, or none that can be looked into
        return []
    return [Proof(result) for path in paths if (result := _load(path, plan))]


def _load(path: Path, plan: SearchPlan) -> Result | None:
    try:
        data = read_checked(path)
        return Result.from_json(data["result"]) if data is not None and data["search"] == _identity(plan) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
