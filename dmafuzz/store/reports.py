# SPDX-License-Identifier: GPL-2.0-only
"""Reports of workers that wait to be replayed: packs that go when what became of them is filed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dmafuzz.findings import Finding, RawFinding
from dmafuzz.storage import read_pack, write_pack

from .entries import item_to_raw, raw_to_item
from .target import Target

SUFFIX = ".reports"


@dataclass(frozen=True)
class Report:
    """A file and what is in it; ``damage`` says what is wrong with it. ``origin`` is the target of another build that
    had these findings, where they are judged anew; else None."""

    path: Path
    target: Target | None
    found: list[RawFinding]
    damage: str | None = None
    origin: str | None = None


@dataclass
class Settled:
    """What replayed reports came to: causes that are ``new``; how many findings were not confirmed, which is a bug of
    dmafuzz; and how many of another build's do not show with this one, which has changed them."""

    new: list[Finding] = field(default_factory=list)
    unconfirmed: int = 0
    changed: int = 0


def write_report(folder: Path, target: Target, found: Sequence[RawFinding], origin: str | None = None) -> Path:
    """The same report lands in the same file. Raises OSError."""
    table = {"kind": "reports", "target": target.to_json(), "origin": origin}
    return write_pack(folder, SUFFIX, table, map(raw_to_item, found))


def read_reports(folder: Path) -> Iterator[Report]:
    """In the order of their names, which is none of time."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if not path.name.startswith("."):
            yield read_report(path)


def read_report(path: Path) -> Report:
    """With its readable part where it is damaged."""
    try:
        pack = read_pack(path)
    except OSError as error:
        return Report(path, None, [], error.strerror or "cannot be read")
    found, damage, target = [], pack.damage, None
    for item in pack.items:
        try:
            found.append(item_to_raw(item))
        except ValueError as error:
            damage = damage or str(error)
    try:
        target = Target.from_json(pack.table["target"])
    except (KeyError, ValueError, TypeError, AttributeError):
        damage = damage or "it does not say of which target"
    origin = pack.table.get("origin")
    return Report(path, target, found, damage, origin if isinstance(origin, str) else None)


def move(path: Path, folder: Path) -> Path:
    """To the same name in another folder of the store. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    os.replace(path, folder / path.name)
    return folder / path.name
