# SPDX-License-Identifier: GPL-2.0-only
"""Parts of a search as pieces of work: a part in, its result out, as bytes that are checked when they are read."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass

from dmafuzz import _core
from dmafuzz.exhaustive import layers
from dmafuzz.exhaustive.layers import Part, follow
from dmafuzz.exhaustive.plan import SearchPlan
from dmafuzz.exhaustive.result import Result
from dmafuzz.storage import pack_bytes, unpacked

_DIGITS = 16
_FORMAT = 2


class PartError(ValueError):
    """What is no result of that part, in one line."""


def search_key(plan: SearchPlan) -> str:
    """The hash of all that decides about what a part is and what it comes to."""
    names = [member.name for member in plan.members]  # their order is that of the results
    facts = {"format": _FORMAT, "search": plan.identity(), "order": names, "part_pairs": layers.PART_PAIRS}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True)
class PartResult:
    """What the programs that follow a part have shown. ``seconds``: processor time that it took.

    Parts taken together have a result of this kind as well, with another ``kind``.
    """

    part: Part
    result: Result
    seconds: float
    kind: str = "search-part"

    def to_bytes(self, search: str) -> bytes:
        """``search`` is the `search_key`."""
        facts = {"kind": self.kind, "search": search, "part": list(self.part), "seconds": round(self.seconds, 6)}
        result = self.result.to_json()
        found = result.pop("found")  # in items of its own: there is no limit to them
        return pack_bytes({**facts, "result": result}, (json.dumps(each).encode() for each in found))

    @classmethod
    def from_bytes(cls, data: bytes, search: str, part: Part, kind: str = "search-part") -> PartResult:
        """Raises PartError for what is not that part's: it may have come from another host."""
        pack = unpacked(data)
        table = pack.table
        if pack.damage is not None:
            raise PartError(pack.damage)
        if (table.get("kind"), table.get("search"), table.get("part")) != (kind, search, list(part)):
            raise PartError("of another part, or of another search")
        try:
            found = [json.loads(item) for item in pack.items]
            return cls(part, Result.from_json({**table["result"], "found": found}), float(table["seconds"]), kind)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise PartError("its facts are not what they should be") from None


def carry_out(plan: SearchPlan, walk: _core.Walk, part: Part) -> PartResult:
    """``walk`` has gone through the whole layers of the plan; it stays as it is."""
    started = time.thread_time()
    result = plan.empty_result()
    for length, harvest in follow(walk, part, plan.ops, _core.Expander.harvest):
        result.add(length, harvest)
    return PartResult(part, result, time.thread_time() - started)
