# SPDX-License-Identifier: GPL-2.0-only
"""Leaders: for each check and era the smallest programs that make it fire, by what the warning means there.

They are made from the catalogues and the corpus by `python -m dmafuzz.kernel_log.make_leaders`, and kept in
leaders.json beside this file: a list of programs, of platforms, and for each check and era rows of
[meaning, program, bits of the platforms that lose data, bits of those on which it fires].
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TypeVar

from .benches import Outcome

# What a warning can mean, in the order in which leaders are shown.
LOSES = "loses"  # on one platform at least what it covers is corrupt
BOOKKEEPING = "bookkeeping"  # there is a harm that is no corruption
FALSE = "false"  # no platform justifies it
KEPT = "false-kept"  # nor does the program break any rule
MEANINGS = (LOSES, BOOKKEEPING, FALSE, KEPT)

FILE = "leaders.json"
BYTES_MAX = 200_000  # of the file


@dataclass(frozen=True)
class Leader:
    """A program: its lines. By name, ``losing`` are the platforms on which the data is lost that its warning is about,
    ``firing`` those on which the check fires."""

    meaning: str
    program: tuple[str, ...]
    losing: tuple[str, ...]
    firing: tuple[str, ...]


_T = TypeVar("_T")

Table = Mapping[tuple[str, str], Sequence[Leader]]
"""By check and era."""


@cache
def leaders() -> Table:
    """All of them."""
    return from_json(resources.files("dmafuzz.kernel_log").joinpath(FILE).read_text(encoding="utf-8"))


def meaning_of(outcome: Outcome) -> str:
    """What a check's warnings mean for a program."""
    if outcome.losing:
        return LOSES
    if outcome.by_justification.get("bookkeeping"):
        return BOOKKEEPING
    return FALSE if outcome.rules else KEPT


def eras_of(check: str) -> tuple[str, ...]:
    """The eras in which a check fires for any program that is known, oldest first."""
    return tuple(era for name, era in leaders() if name == check)


def to_json(table: Table) -> str:
    """A row a line, so that a change of one is a change of one line."""
    programs = _numbered(leader.program for rows in table.values() for leader in rows)
    named = {name for rows in table.values() for leader in rows for name in (*leader.firing, *leader.losing)}
    platforms = _numbered(sorted(named))
    lines = ['{"platforms": ' + json.dumps(list(platforms)) + ",", '"programs": [']
    lines.append(",\n".join(json.dumps(list(program)) for program in programs))
    lines.append('],\n"leaders": [')
    rows = []
    for (check, era), of_era in table.items():
        told = [
            [each.meaning, programs[each.program], _bits(each.losing, platforms), _bits(each.firing, platforms)]
            for each in of_era
        ]
        rows.append(json.dumps([check, era, told]))
    lines.append(",\n".join(rows))
    lines.append("]}")
    return "\n".join(lines) + "\n"


def from_json(text: str) -> Table:
    """The inverse of to_json."""
    data = json.loads(text)
    platforms, programs = data["platforms"], data["programs"]

    def named(bits: int) -> tuple[str, ...]:
        return tuple(name for i, name in enumerate(platforms) if bits >> i & 1)

    return {
        (check, era): tuple(
            Leader(meaning, tuple(programs[program]), named(losing), named(firing))
            for meaning, program, losing, firing in rows
        )
        for check, era, rows in data["leaders"]
    }


def _numbered(values: Iterable[_T]) -> dict[_T, int]:
    return {value: number for number, value in enumerate(dict.fromkeys(values))}


def _bits(names: Sequence[str], numbers: Mapping[str, int]) -> int:
    return sum(1 << numbers[name] for name in names)
