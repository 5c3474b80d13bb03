# SPDX-License-Identifier: GPL-2.0-only
"""The user's cache: private, and not believed where it is anybody else's."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_MODE = 0o700


class ForeignCacheError(OSError):
    """A cache that others can have written to."""


def cache_root() -> Path:
    """The folder of all that dmafuzz keeps for a user; it need not be there."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / "dmafuzz"


def private_folder(folder: Path) -> Path:
    """A folder of the cache, made or checked: of mode 0700, the user's own, and no link. Raises OSError."""
    root = cache_root()
    for each in [*reversed([p for p in folder.parents if p == root or root in p.parents]), folder]:
        each.mkdir(mode=_MODE, parents=True, exist_ok=True)
        check_private(each)
        if stat.S_IMODE(each.stat().st_mode) != _MODE:
            each.chmod(_MODE)
    return folder


def check_private(path: Path) -> None:
    """Raises ForeignCacheError for what is a link, or somebody else's; a path that is not there is nobody's."""
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return
    if facts.st_uid != os.geteuid():
        raise ForeignCacheError(1, f"belongs to user {facts.st_uid}, not to you; it is not used", str(path))
    if stat.S_ISLNK(facts.st_mode):
        raise ForeignCacheError(1, "is a link; it is not used", str(path))
