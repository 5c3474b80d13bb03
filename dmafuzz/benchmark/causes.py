# SPDX-License-Identifier: GPL-2.0-only
"""The known causes that engines are timed on (causes.toml)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, TypeAlias

from dmafuzz import _core
from dmafuzz.program import Program, parse

FILE = Path(__file__).parent / "causes.toml"
TRACKER = "6.12"
PORTFOLIO = "6.12"

# As the core takes it: label, kind, rules, the kinds of operations of the minimal program, platforms.
NamedCause: TypeAlias = tuple[str, str, list[str], list[_core.OpKind], list[str]]


class Wanted(Protocol):
    """What an engine looks for."""

    @property
    def name(self) -> str: ...

    def named(self) -> NamedCause: ...


@dataclass(frozen=True)
class Stage:
    """How far a search has come with a planted fault (core/benchmark/planted_watch.hpp)."""

    name: str
    fault: str

    def named(self) -> NamedCause:
        return "planted", self.name, [self.fault], [], []


STAGES = ("reached", "triggered", "found")


@dataclass(frozen=True)
class Cause:
    """What a program has to show, and the smallest one that does. No ``platforms``: any counts.

    ``why``: the reason why random programs come upon it as soon as a guided search, where that is so.
    """

    name: str
    title: str
    label: str
    kind: str
    rules: tuple[str, ...]
    platforms: tuple[str, ...]
    program: Program
    why: str

    def named(self) -> NamedCause:
        kinds = [op.kind for op in self.program.ops]
        return self.label, self.kind, list(self.rules), kinds, list(self.platforms)


@cache
def causes() -> tuple[Cause, ...]:
    """All of them, in the order of the file."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        Cause(
            name,
            table["title"],
            table["label"],
            table["kind"],
            tuple(table["rules"]),
            tuple(table.get("platforms", ())),
            parse(f"dmafuzz 1\n{table['program']}"),
            table.get("why", ""),
        )
        for name, table in tables.items()
    )
