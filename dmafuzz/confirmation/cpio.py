# SPDX-License-Identifier: GPL-2.0-only
"""The archive that a guest boots from: init, our module, and the folders that it mounts things on."""

from __future__ import annotations

import itertools
import stat
from collections.abc import Mapping

_FOLDERS = ("dev", "proc", "sys")
_CONSOLE = (5, 1)
_TRAILER = "TRAILER!!!"


def initrd(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    """A cpio archive in the "newc" form. ``files``: content and permissions by path, without a slash in front."""
    numbers = itertools.count(1)
    parts = [_entry(next(numbers), folder, stat.S_IFDIR | 0o755, b"") for folder in _FOLDERS]
    parts.append(_entry(next(numbers), "dev/console", stat.S_IFCHR | 0o600, b"", _CONSOLE))
    for path, (content, mode) in sorted(files.items()):
        parts.append(_entry(next(numbers), path, stat.S_IFREG | mode, content))
    return b"".join([*parts, _entry(0, _TRAILER, 0, b"")])


def _entry(inode: int, path: str, mode: int, content: bytes, device: tuple[int, int] = (0, 0)) -> bytes:
    name = path.encode() + b"\0"
    numbers = (inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name), 0)
    head = b"070701" + b"".join(b"%08X" % number for number in numbers) + name
    return _padded(head) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
