# SPDX-License-Identifier: GPL-2.0-only
"""Finds dma-debug's source in a kernel tree or in an archive of one."""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dmafuzz.kernel.error import KernelError
from dmafuzz.storage import cache_root, check_private, private_folder, read_regular

# Where dma-debug is: from 4.18 on, and before.
PLACES = ("kernel/dma/debug.c", "lib/dma-debug.c")
MAPPING_C = "kernel/dma/mapping.c"
SECTIONS_H = "include/asm-generic/sections.h"
# Besides: mapping.c says how some hooks are called, sections.h how a range meets the kernel's text.
WANTED = (*PLACES, "Makefile", MAPPING_C, SECTIONS_H)
# Headers beside dma-debug, which it may include by a name of their own.
_BESIDE = re.compile(r"(?:kernel/dma|lib)/[^/]+\.h")
_QUOTED = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)

# A path of the host's is no part of a kernel; of /dev/zero a compiler never sees the end.
_OUTSIDE = re.compile(r'^\s*#\s*include\s*["<](/[^">]*)[">]', re.MULTILINE)
_FILE_BYTES_MAX = 1 << 24  # of a source file

# Where a stored copy of a tree keeps the user's own stand-ins, a numbered folder for each.
_INCLUDES = ".include"


@dataclass(frozen=True)
class Source:
    """The few files of a tree that decide what its dma-debug does.

    ``origin`` is what the user named, ``tree`` the folder in which the files are. ``includes`` are folders of the
    user's own stand-in headers, in the order in which they are searched, before ours.
    """

    origin: Path
    tree: Path
    includes: tuple[Path, ...] = ()

    @property
    def debug_c(self) -> Path:
        return self.tree / (place_in(self.tree) or PLACES[0])

    def code(self) -> str:
        return _read(self.debug_c).decode("utf-8", "replace")

    def text(self, name: str) -> str:
        try:
            return _read(self.tree / name).decode("utf-8", "replace")
        except OSError:
            return ""

    def version(self) -> str:
        """The version as the tree's Makefile has it, or an empty string."""
        found = {}
        for line in self.text("Makefile").splitlines()[:10]:
            key, _, value = line.partition("=")
            found[key.strip()] = value.strip()
        parts = [found.get(key, "") for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
        return ".".join(parts) + found.get("EXTRAVERSION", "") if all(parts) else ""

    def beside(self) -> list[str]:
        """The headers that dma-debug and these headers include by a quoted name, by their path in the tree."""
        place = place_in(self.tree) or PLACES[0]
        found: list[str] = []
        texts = [self.code()]
        while texts:
            text = texts.pop()
            if outside := _OUTSIDE.search(text):
                raise KernelError(f"{self.origin}: includes {outside[1]!r}: a path of the host, not of the tree")
            for name in _QUOTED.findall(text):
                header = os.path.normpath(os.path.join(os.path.dirname(place), name))
                if header not in found and not header.startswith(".."):
                    found.append(header)
                    texts.append(self.text(header))
        return found

    def missing(self) -> list[str]:
        """What the build needs of the tree besides dma-debug itself, and does not find there."""
        needed = self.beside()
        if (self.tree / PLACES[0]).is_file() and "debug_dma_map_sg" in self.code():
            needed.append(MAPPING_C)
        if "memory_intersects" in self.code():
            needed.append(SECTIONS_H)
        return [name for name in needed if not (self.tree / name).is_file()]

    def headers(self) -> dict[str, bytes]:
        """The user's own stand-ins, by the number of their folder and their path in it."""
        try:
            return {
                f"{_INCLUDES}/{number}/{path.relative_to(folder).as_posix()}": _read(path)
                for number, folder in enumerate(self.includes)
                for path in sorted(folder.rglob("*.h"))
            }
        except OSError as error:
            raise KernelError(f"{error.filename}: cannot be read: {error.strerror}") from None

    def files(self) -> dict[str, bytes]:
        """All of them that are there, by their path in the tree; the user's stand-ins in a folder of their own."""
        names = (*WANTED, *self.beside())
        found = {name: _read(self.tree / name) for name in names if (self.tree / name).is_file()}
        return {**found, **self.headers()}


def place_in(tree: Path) -> str:
    """Where a tree has dma-debug; an empty string where it has none."""
    return next((place for place in PLACES if (tree / place).is_file()), "")


def cache_directory() -> Path:
    """Where built libraries, sources and names are kept. Raises KernelError where it is not the user's own."""
    folder = cache_root() / "kernel"
    try:
        for each in (folder.parent, folder, folder / "names", folder / "sources"):
            check_private(each)
    except OSError as error:
        raise KernelError(f"{error.filename}: {error.strerror}") from None
    return folder


def find_source(path: Path, includes: Sequence[Path] = ()) -> Source:
    """Raises KernelError for what is neither a kernel tree nor an archive of one, and for a folder that is missing."""
    for folder in includes:
        if not folder.is_dir():
            raise KernelError(f"{folder}: no such folder of stand-in headers (--include)")
    try:
        if path.is_dir():
            return _from_tree(path, tuple(includes))
        if path.is_file():
            return _from_archive(path, tuple(includes))
    except OSError as error:
        raise KernelError(f"{path}: cannot be read: {error.strerror}") from None
    raise KernelError(f"{path}: no such kernel tree or archive")


def stored(origin: Path, tree: Path) -> Source:
    """What `store` has put there."""
    kept = (tree / _INCLUDES).glob("*")
    return Source(origin, tree, tuple(sorted(kept, key=lambda folder: int(folder.name))))


def store(files: dict[str, bytes], tree: Path) -> None:
    """dma-debug itself comes last: it tells that the others are there."""
    try:
        private_folder(cache_directory())
        for name in sorted(files, key=lambda name: name in PLACES):
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f"{target.name}.{os.getpid()}")
            part.write_bytes(files[name])
            part.replace(target)
    except OSError as error:
        raise KernelError(f"{tree}: cannot be written: {error.strerror}") from None


def _from_tree(path: Path, includes: tuple[Path, ...]) -> Source:
    if not place_in(path):
        raise KernelError(f"{path}: not a kernel tree with dma-debug: neither {' nor '.join(PLACES)} is there")
    return Source(path, path, includes)


def _from_archive(path: Path, includes: tuple[Path, ...]) -> Source:
    """Unpacks the wanted files once: finding them in a compressed archive takes many seconds."""
    stat = path.stat()
    key = hashlib.sha256(f"{path.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}".encode()).hexdigest()
    tree = cache_directory() / "sources" / key
    if not place_in(tree):
        store(_unpack(path), tree)
    return Source(path, tree, includes)


def _unpack(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                name = _inside(member.name)
                if (
                    (name in WANTED or _BESIDE.fullmatch(name))
                    and member.isfile()
                    and (data := archive.extractfile(member))
                ):
                    found[name] = data.read(_FILE_BYTES_MAX + 1)
                    if len(found[name]) > _FILE_BYTES_MAX:
                        raise KernelError(f"{path}: {name} is larger than {_FILE_BYTES_MAX >> 20} MiB")
                if _complete(found, name):
                    break
    except (tarfile.TarError, lzma.LZMAError, EOFError, OSError) as error:
        raise KernelError(f"{path}: not a kernel tree, nor an archive of one: {error}") from None
    if not any(place in found for place in PLACES):
        raise KernelError(f"{path}: not an archive of a kernel with dma-debug: neither {' nor '.join(PLACES)} is there")
    return found


def _read(path: Path) -> bytes:
    """Raises OSError, KernelError for what is no file, or far too large for one of a kernel."""
    data = read_regular(path, _FILE_BYTES_MAX)
    if data is None:
        raise KernelError(f"{path}: expected a file of at most {_FILE_BYTES_MAX >> 20} MiB")
    return data


def _inside(name: str) -> str:
    """The path without the archive's top directory."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return "/".join(parts[1:])


def _complete(found: dict[str, bytes], name: str) -> bool:
    """Archives are sorted well enough: after dma-debug's folder, what is still missing does not exist."""
    place = next((place for place in PLACES if place in found), "")
    return bool(place) and not name.startswith((f"{place.partition('/')[0]}/", "include/", "Makefile"))
