# SPDX-License-Identifier: GPL-2.0-only
"""The title of a cause: one sentence in a kernel developer's words, the same wherever the cause is shown."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from dmafuzz._core import ATTRS, BufferKind, Op, OpKind, matching_end, traits
from dmafuzz.program.kinds import DEVICE_ACCESSES

from .cause import Cause
from .topic import entry_of

SKIP_CPU_SYNC = 1 << ATTRS.index("SKIP_CPU_SYNC")
_NAMED_RULES = 2  # of a program that breaks more


def title_of(cause: Cause) -> str:
    """What the program does, then what comes of it."""
    return f"{doing_of(cause)}: {effect_of(cause)}"


def doing_of(cause: Cause) -> str:
    """What the program does."""
    doings = list(_doings(cause))
    added = _facts()["reasons"].get(cause.reason)
    doing = f"{', and '.join(doings)}{f', {added}' if added else ''}"
    return doing if doing.startswith("dma_") else f"{doing[0].upper()}{doing[1:]}"


def _doings(cause: Cause) -> Iterator[str]:
    facts, scene = _facts(), _Scene(cause.ops)
    if not cause.rules:
        yield facts["kept"][next(row for row in facts["kept"] if row == "any" or scene.has(row))].format_map(
            scene.names()
        )
    for rule in cause.rules[:_NAMED_RULES]:
        rows = [row for row in facts["rules"] if row.startswith(f"{rule} ") and scene.has(row.split()[1])]
        row = rows[0] if rows else rule
        yield facts["rules"][row].format_map(scene.names(rule, row))


def effect_of(cause: Cause) -> str:
    """What comes of it."""
    facts = _facts()
    entry = "" if cause.label == "FN" else entry_of(cause.kinds[0], cause.reason)
    check = f"{' and '.join(cause.kinds)}{facts['entries'].get(entry, '')}"
    return str(facts["effects"][cause.label].format(loss=_loss(cause), check=check))


def outcome_of(cause: Cause) -> str:
    """The same in fewer words, for lists that name the label."""
    return str(_facts()["outcomes"][cause.label].format(loss=_loss(cause), check=" and ".join(cause.kinds)))


def _loss(cause: Cause) -> str:
    return next((words for kind, words in _facts()["losses"].items() if kind in cause.kinds), "")


@cache
def _facts() -> dict[str, Any]:
    return tomllib.loads(resources.files("dmafuzz.triage").joinpath("titles.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class _Scene:
    """What is in a program: which operations, which of them break a rule. Read off the program; nothing is judged."""

    ops: Sequence[Op]

    def has(self, what: str) -> bool:
        """Whether the program has what a row of titles.toml asks for."""
        tests = {
            "device": self._any(*DEVICE_ACCESSES),
            "sync": any(_is_sync(op) for op in self.ops),
            "late-sync": self._late_sync() is not None,
            "several": len(self._maps()) > 1,
            "sync-of-several": len(self._maps()) > 1 and any(_is_sync(op) for op in self.ops),
            "attributes": any(op.given_attrs for op in self.ops),
            "mmio": any(op.kind == OpKind.alloc and op.buffer_kind == BufferKind.mmio for op in self.ops),
            "reused-list": any(op.reuse_list for op in self.ops),
        }
        return tests[what] if what in tests else self._any(OpKind[what])

    def names(self, rule: str = "", row: str = "") -> dict[str, str]:
        """What the braces stand for."""
        op = self._breaking(rule, row)
        maps = self._maps()
        made = next((m for m in maps if op is not None and m.mapping == op.mapping), maps[0] if maps else None)
        others = [m for m in maps if made is not None and m.mapping != made.mapping]
        streaming = [m for m in maps if m.kind.name.startswith("map_")]
        return {
            "dir": _direction(made) if made is not None else "",
            "both": _both(_direction(made), _direction(others[-1])) if made is not None and others else "two",
            "call": function_of(op.kind) if op is not None else "a call",
            "map": function_of(made.kind) if made is not None else "a map",
            "made": _made(made),
            "skip": _skip(made),
            "streaming": function_of(streaming[0].kind) if streaming else "a map call",
            "size": str(made.size) if made is not None else "",
            "given": op.direction.name.upper() if op is not None else "",
        }

    def _breaking(self, rule: str, row: str) -> Op | None:
        """The operation that a sentence about a broken rule names: by what is wrong with it, else the last sync, else
        the last call that ends a mapping."""
        wrong: Callable[[Op], bool] | None = {
            "same-size": lambda op: op.given_size,
            "inside": lambda op: op is self._late_sync() or _is_sync(op),
            "same-direction": lambda op: op.given_direction,
            "same-device": lambda op: op.given_device,
            "same-nents": lambda op: op.given_count,
            "same-address": lambda op: _is_call_on(op) and bool(op.offset or op.cpu_offset),
            "same-function": self._ends_otherwise,
            "skip-sync-by-hand": lambda op: op.given_attrs,
        }.get(rule)
        found = [op for op in self.ops if wrong is not None and wrong(op)]
        syncs = [op for op in self.ops if _is_sync(op)]
        ends = [op for op in self.ops if _is_call_on(op)]
        accesses = [op for op in self.ops if op.kind in DEVICE_ACCESSES]
        of_device = accesses if row.endswith(" device") else []
        return next(iter((*of_device, *found, *reversed(syncs), *reversed(ends))), None)

    def _any(self, *kinds: OpKind) -> bool:
        return any(op.kind in kinds for op in self.ops)

    def _maps(self) -> list[Op]:
        return [op for op in self.ops if traits(op.kind).defines_mapping]

    def _ends_otherwise(self, op: Op) -> bool:
        made = next((m for m in self._maps() if m.mapping == op.mapping), None)
        return made is not None and _is_end(op) and op.kind != matching_end(made.kind)

    def _late_sync(self) -> Op | None:
        ended: set[int] = set()
        for op in self.ops:
            if _is_sync(op) and op.mapping in ended:
                return op
            if _is_end(op):
                ended.add(op.mapping)
        return None


def function_of(kind: OpKind) -> str:
    """The kernel's function behind an operation."""
    name = kind.name.replace("sync_range_", "sync_single_range_")
    return f"dma_{name}()"


def _both(one: str, other: str) -> str:
    return f"two {one}" if one == other else f"{one} and {other}"


def _made(made: Op | None) -> str:
    if made is None:
        return "what it does not belong to"
    what = "a mapping" if made.kind.name.startswith("map_") else "memory"
    return f"{what} from {function_of(made.kind)}"


def _skip(made: Op | None) -> str:
    has = made is not None and bool(made.attrs & SKIP_CPU_SYNC)
    return "without the mapping's DMA_ATTR_SKIP_CPU_SYNC" if has else "with DMA_ATTR_SKIP_CPU_SYNC, the map without it"


def _direction(op: Op) -> str:
    return "coherent" if op.kind == OpKind.alloc_coherent else op.direction.name.upper()


def _is_sync(op: Op) -> bool:
    return op.kind.name.startswith("sync_")


def _is_end(op: Op) -> bool:
    return op.kind.name.startswith(("unmap_", "free_"))


def _is_call_on(op: Op) -> bool:
    return _is_sync(op) or _is_end(op)
