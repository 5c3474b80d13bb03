# SPDX-License-Identifier: GPL-2.0-only
"""The corpus in a store: programs that showed something new, for whoever searches on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dmafuzz.storage import read_pack

from .salvage import target_of_pack
from .target import Target

SUFFIX = ".corpus"


def read_corpus(folder: Path, target: Target, ordered: bool = False) -> Iterator[bytes]:
    """The records of each program of a target, whichever build found it; of a damaged pack those that can be read.

    ``ordered``: each once, in an order that is the same however they are packed. Raises OSError.
    """
    programs = _programs(folder, target)
    yield from sorted(set(programs)) if ordered else programs


def _programs(folder: Path, target: Target) -> Iterator[bytes]:
    for path in sorted((folder / "packs").glob(f"[!.]*{SUFFIX}")):
        pack = read_pack(path)
        of = target_of_pack(pack)
        if of is not None and of.lineage == target.lineage:
            yield from pack.items
