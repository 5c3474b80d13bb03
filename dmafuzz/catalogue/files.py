# SPDX-License-Identifier: GPL-2.0-only
"""Catalogues as files: one compressed file each, ``TRACKER.json.gz``, a tenth of its text or less.

Plain JSON, as `dmafuzz search --out` writes it, is read as well.
"""

from __future__ import annotations

import errno
import gzip
import zlib
from pathlib import Path

from dmafuzz.catalogue.catalogue import Catalogue

SUFFIX = ".json.gz"
_GZIP = b"\x1f\x8b"


def catalogue_files(folder: Path) -> list[Path]:
    """Those of a folder, by name."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def tracker_of(file: Path) -> str:
    """The tracker that a file of `catalogue_files` is named after."""
    return file.name.removesuffix(SUFFIX)


def file_of(folder: Path, tracker: str) -> Path:
    """The file of a tracker's catalogue; a kernel by its path has none of the path's folders."""
    return folder / f"{tracker.replace('/', '_')}{SUFFIX}"


def pack(catalogue: Catalogue) -> bytes:
    """The same bytes for the same catalogue: no time and no name is kept."""
    return gzip.compress(catalogue.to_json().encode(), mtime=0)


def json_text(file: Path) -> str:
    """What is in a file, compressed or not. Raises OSError where it cannot be read or is damaged."""
    data = file.read_bytes()
    try:
        return (gzip.decompress(data) if data.startswith(_GZIP) else data).decode("utf-8", "replace")
    except (EOFError, zlib.error) as error:
        raise OSError(errno.EIO, "damaged", str(file)) from error


def read_catalogue(file: Path) -> Catalogue:
    """The catalogue in a file. Raises OSError as `json_text` does, and all that `Catalogue.from_json` raises."""
    return Catalogue.from_json(json_text(file))
