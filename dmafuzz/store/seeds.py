# SPDX-License-Identifier: GPL-2.0-only
"""Seeds: programs that a search begins with, as `dmafuzz trace import` makes them of a running kernel's trace, and how
often each call occurs there. In a store they are part of its corpus, and say what is everyday."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dmafuzz.program import ProgramError, read
from dmafuzz.storage import read_regular, shown_path, write_whole
from dmafuzz.triage import IN_THE_TREE, Uses

from .corpus import read_corpus
from .errors import StoreError
from .folder import told_in_one_line
from .store import Store
from .target import Target

FREQUENCIES = "frequencies.json"
_FREQUENCIES_BYTES_MAX = 1 << 20
_COUNT_MAX = 1 << 62


@dataclass(frozen=True)
class Seeds:
    """``programs`` as records, in the order of their files; ``frequencies`` by the name of an operation."""

    programs: tuple[bytes, ...]
    frequencies: dict[str, int]


def read_seeds(folder: Path) -> Seeds:
    """The programs of a folder (``*.dma``) and its frequencies.json, if there is one.

    Raises StoreError for a folder without programs, and for files that are none.
    """
    shown = shown_path(folder)
    try:
        files = sorted(folder.glob("*.dma"))
        programs = tuple(dict.fromkeys(read(path).encode() for path in files))
    except ProgramError as error:
        raise StoreError(str(error)) from None
    if not programs:
        raise StoreError(f"{shown}: no seeds: expected a folder of programs, as `dmafuzz trace import` writes it")
    return Seeds(programs, _frequencies(folder))


def plant(store: Store, targets: Iterable[Target], seeds: Seeds) -> None:
    """Puts seeds into the corpus of targets; twice is as good as once. Raises StoreError."""
    for target in targets:
        with told_in_one_line(store.folder):
            known = set(read_corpus(store.folder, target))
        store.add_programs(target, [program for program in seeds.programs if program not in known])
    if seeds.frequencies:
        with told_in_one_line(store.folder):
            write_whole(store.folder / FREQUENCIES, frequencies_bytes(seeds.frequencies))


def frequencies_bytes(frequencies: dict[str, int]) -> bytes:
    """The file's content."""
    return (json.dumps(frequencies, indent=1) + "\n").encode()


def uses_of(folder: Path) -> Uses:
    """What is everyday for the findings of a store: as its seeds have it, else as the kernel's source has it.

    Raises StoreError.
    """
    frequencies = _frequencies(folder)
    return Uses.of_frequencies(frequencies) if frequencies else IN_THE_TREE


def _frequencies(folder: Path) -> dict[str, int]:
    path = folder / FREQUENCIES
    if not path.exists():
        return {}
    with told_in_one_line(folder):
        data = read_regular(path, _FREQUENCIES_BYTES_MAX)
    try:
        table = json.loads(data or b"")
        if isinstance(table, dict) and all(type(count) is int and 0 <= count <= _COUNT_MAX for count in table.values()):
            return table
    except (ValueError, RecursionError):
        pass
    raise StoreError(f'{shown_path(path)}: expected counts by operation, as {{"map_page": 12}}')
