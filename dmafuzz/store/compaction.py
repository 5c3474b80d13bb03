# SPDX-License-Identifier: GPL-2.0-only
"""Small packs become large ones: a store of weeks has no more files than one of a day."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dmafuzz.storage import Pack, write_pack

from .salvage import target_of_pack
from .target import Target

SMALL_PACK_BYTES = 1 << 20  # smaller packs are joined
SLICE = "slice"  # in the table of a corpus pack: the number of the slice that found its programs, or the last of them

Packs = Iterable[tuple[Path, Pack]]


@dataclass(frozen=True)
class Joining:
    """What may be joined: of ``only`` one target, or of all. Of a target in ``before`` corpus packs of no later slice:
    slices that are to come start from the others one by one. ``leave`` are names of packs that somebody is at."""

    only: Target | None = None
    before: Mapping[str, int] = field(default_factory=dict)
    leave: Collection[str] = ()

    def looks_at(self, path: Path) -> bool:
        """Whether a pack may be joined, as far as is known before it is read."""
        return path.name not in self.leave and path.stat().st_size <= SMALL_PACK_BYTES

    def takes(self, pack: Pack, target: Target) -> bool:
        """Whether it is one of those that are joined."""
        if self.only not in (None, target):
            return False
        number = slice_of(pack)
        return number < 0 or target.key not in self.before or number <= self.before[target.key]


def slice_of(pack: Pack) -> int:
    """The number of the last slice whose programs are in a corpus pack; -1: they are of no slice."""
    number = pack.table.get(SLICE)
    return number if isinstance(number, int) else -1


def join(packs: Packs, joining: Joining, ordered: str) -> list[Path]:
    """Writes the joined packs, and returns those that are not needed any more. ``ordered``: the suffix of packs whose
    items are sorted, so that it does not matter in which order they came. Raises OSError."""
    groups: dict[tuple[str, str], list[tuple[Path, Pack]]] = {}
    for path, pack in packs:
        target = target_of_pack(pack)
        if target is not None and joining.takes(pack, target):
            groups.setdefault((target.key, path.suffix), []).append((path, pack))
    return [path for group in groups.values() if len(group) > 1 for path in _joined(group, ordered)]


def _joined(group: list[tuple[Path, Pack]], ordered: str) -> list[Path]:
    path, first = group[0]
    items = dict.fromkeys(item for _, pack in group for item in pack.items)
    table = dict(first.table)
    last = max(slice_of(pack) for _, pack in group)
    if last >= 0:
        table[SLICE] = last
    made = write_pack(path.parent, path.suffix, table, sorted(items) if path.suffix == ordered else items)
    return [path for path, _ in group if path != made]
