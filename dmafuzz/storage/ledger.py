# SPDX-License-Identifier: GPL-2.0-only
"""Ledgers: what has been done, line by line, each with a checksum; a file for each running process."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .reading import read_regular
from .whole import write_whole

LEDGER_BYTES_MAX = 1 << 28
_SUFFIX = ".jsonl"

Line = dict[str, Any]


class LedgerWriter:
    """This process's own file in a folder of ledgers: HOST-RANDOM.jsonl, created with its first line."""

    def __init__(self, folder: Path) -> None:
        host = re.sub(r"[^A-Za-z0-9.]+", "-", socket.gethostname())[:40] or "host"
        self.path = folder / f"{host}-{secrets.token_hex(6)}{_SUFFIX}"

    def write(self, what: str, sync: bool = True, **facts: Any) -> None:
        """Appends a line: what happened, when (Unix time, s), and more. ``sync``: it is on the disk afterwards.

        Raises OSError.
        """
        text = json.dumps({"what": what, "at": round(time.time(), 3), **facts}, sort_keys=True)
        line = f'{text[:-1]}, {_SUM}{zlib.crc32(text.encode()):08x}"}}\n'.encode()
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            if os.write(handle, line) < len(line):
                os.write(handle, b"\n")  # what comes next begins a line of its own
                raise OSError(28, os.strerror(28), str(self.path))
            if sync:
                os.fsync(handle)
        finally:
            os.close(handle)


_SUM = '"sum": "'


@dataclass
class Ledger:
    """The lines of all ledgers of a folder, in the order of their time. ``damaged``: how many lines of which file
    cannot be believed; a last line without its end is no damage, its writer was killed."""

    lines: list[Line] = field(default_factory=list)
    damaged: dict[str, int] = field(default_factory=dict)

    def of(self, what: str) -> Iterator[Line]:
        """The lines that say this happened."""
        return (line for line in self.lines if line["what"] == what)


def read_ledgers(folder: Path, what: str | None = None) -> Ledger:
    """All of a folder's ledgers; ``what``: only the lines that say this happened, and of damage nothing then."""
    ledger = Ledger()
    wanted = b"" if what is None else f'"what": {json.dumps(what)}'.encode()
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        for line in _lines(path, wanted):
            if line is None:
                ledger.damaged[path.name] = ledger.damaged.get(path.name, 0) + 1
            else:
                ledger.lines.append(line)
    ledger.lines.sort(key=lambda line: float(line["at"]))
    return ledger


def mend_ledgers(folder: Path, aside: Path) -> dict[str, int]:
    """Moves ledgers with lines that cannot be believed aside, and keeps their other lines; how many those were, by the
    name of the file. For the only writer. Raises OSError."""
    mended = {}
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        data = read_regular(path, LEDGER_BYTES_MAX)
        lines = [b""] if data is None else data.split(b"\n")[:-1]
        good = [line for line in lines if line and _believed(line) is not None]
        wrong = len([line for line in lines if line]) - len(good)
        if data is None or wrong:
            os.replace(path, aside / path.name)
            write_whole(path, b"".join(line + b"\n" for line in good))
            mended[path.name] = max(1, wrong)
    return mended


def _lines(path: Path, wanted: bytes) -> Iterator[Line | None]:
    """Those with the ``wanted`` text in them."""
    try:
        data = read_regular(path, LEDGER_BYTES_MAX)
    except OSError:
        data = None
    if data is None:
        yield None
        return
    *whole, _rest = data.split(b"\n")
    for line in whole:
        if line and wanted in line:
            yield _believed(line)


def _believed(line: bytes) -> Line | None:
    """The line's facts; None where its checksum does not match."""
    try:
        head, found, checksum = line.decode().rpartition(f", {_SUM}")
        text = head + "}"
        if not found or checksum != f'{zlib.crc32(text.encode()):08x}"}}':
            return None
        facts: Line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return facts if isinstance(facts.get("what"), str) and isinstance(facts.get("at"), int | float) else None
