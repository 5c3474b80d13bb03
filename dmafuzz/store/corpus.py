# SPDX-License-Identifier: GPL-2.0-only
"""The corpus in a store: programs that showed something new, for whoever searches on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dmafuzz.storage import read_pack

from .salvage import target_of_pack
from .target import Target

SUFFIX = ".corpus"


def read_corpus(folder: Path, target: Target) -> Iterator[bytes]:
    """The records of each program of a target, whichever build found it; of a damaged pack those that can be read.

    Raises OSError.
    """
    for path in sorted((folder / "packs").glob(f"[!.]*{SUFFIX}")):
        pack = read_pack(path)
        of = target_of_pack(pack)
        if of is not None and of.lineage == target.lineage:
            yield from pack.items
