# SPDX-License-Identifier: GPL-2.0-only
"""What a file system refuses, for people: what, where, and what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_ADVICE = {
    errno.EACCES: "make {place} readable and writable for yourself, or use another folder",
    errno.EPERM: "make {place} readable and writable for yourself, or use another folder",
    errno.EROFS: "use a folder on a file system that can be written",
    errno.ENOSPC: "free some space, or use a folder on another disk",
    errno.EDQUOT: "free some space, or use a folder on another disk",
    errno.EMFILE: "allow more of them (ulimit -n)",
    errno.ENFILE: "allow more of them (ulimit -n)",
    errno.ENOTDIR: "{place} is in the way: use another folder",
}


def refusal(error: OSError, folder: Path | None = None) -> str:
    """One line about an error met while a folder was used; without a folder, about the file that the error names."""
    named = error.filename if isinstance(error.filename, str | bytes | os.PathLike) else None  # or a descriptor
    refused = Path(os.fsdecode(named or folder or "."))
    advice = _ADVICE.get(error.errno or 0, "use another folder").format(place=_nearest_there(refused))
    return f"{folder or refused}: cannot be used: {error.strerror or error}; {advice}"


def _nearest_there(path: Path) -> str:
    """The path, or the first of the folders above it that exists: that is what refuses."""
    for place in (path, *path.parents):
        try:
            if place.exists():
                return f"the {'folder' if place.is_dir() else 'file'} {place}"
        except OSError:  # one that may not be searched refuses what is below it
            continue
    return str(path)


def shown_path(path: object) -> str:
    """A path for people: without control characters, and without bytes that are no text."""
    text = str(path).encode("utf-8", "backslashreplace").decode()
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
