# SPDX-License-Identifier: GPL-2.0-only
"""Limits of what a store keeps: of a topic so many causes in full, the rest as counts; of a corpus the newest part."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dmafuzz.storage import Pack, read_pack, write_pack

from .entries import StoredCause
from .salvage import target_of_pack
from .target import Target

COUNTED = ".counted"
_DAY_S = 86_400.0
_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Keep:
    """``causes_per_topic`` of each target; ``corpus_days``: packs of programs go when they are older;
    ``corpus_megabytes``: of a target's packs of programs the oldest go beyond that. None: no limit."""

    causes_per_topic: int
    corpus_days: float | None = None
    corpus_megabytes: float | None = None


def too_many(causes: Iterable[StoredCause], limit: int) -> list[StoredCause]:
    """Those of a target that are beyond the limit of their topic; the smallest programs stay."""
    seen: dict[tuple[str, str], int] = defaultdict(int)
    beyond = []
    for cause in causes:  # smallest program first
        seen[cause.label, cause.topic] += 1
        if seen[cause.label, cause.topic] > limit:
            beyond.append(cause)
    return beyond


def count_only(folder: Path, target: Target, beyond: Sequence[StoredCause]) -> None:
    """Writes their names down, then their packs without them. Raises OSError."""
    if not beyond:
        return
    rows = sorted(json.dumps([cause.cause, cause.label, cause.topic]).encode() for cause in beyond)
    write_pack(folder, COUNTED, {"kind": COUNTED[1:], "target": target.to_json()}, rows)
    gone: dict[str, set[int]] = defaultdict(set)
    for cause in beyond:
        gone[cause.pack].add(cause.item)
    for name, places in sorted(gone.items()):
        path = folder / name
        pack = read_pack(path)
        left = [item for at, item in enumerate(pack.items) if at not in places]
        if not left or write_pack(folder, path.suffix, pack.table, left) != path:
            path.unlink()


def counted_rows(pack: Pack) -> list[tuple[str, str, str]]:
    """Cause, label and topic of each; what is none is left out."""
    rows = []
    for item in pack.items:
        try:
            row = json.loads(item)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, list) and len(row) == 3 and all(isinstance(text, str) and len(text) < 200 for text in row):
            rows.append((row[0], row[1], row[2]))
    return rows


def drop_programs(
    paths: Iterable[Path], keep: Keep, needed: Collection[str], read: Callable[[Path], Pack] = read_pack
) -> int:
    """Removes packs of programs beyond the limits; how many. Raises OSError."""
    of_target: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        target = target_of_pack(read(path))
        of_target["" if target is None else target.lineage].append(path)
    dropped = 0
    for group in of_target.values():
        left = None if keep.corpus_megabytes is None else keep.corpus_megabytes * _MEGABYTE
        for path in sorted(group, key=lambda path: path.stat().st_mtime, reverse=True):
            facts = path.stat()
            old = keep.corpus_days is not None and time.time() - facts.st_mtime > keep.corpus_days * _DAY_S
            left = None if left is None else left - facts.st_size
            if (old or (left is not None and left < 0)) and path.name not in needed:
                path.unlink()
                dropped += 1
    return dropped
