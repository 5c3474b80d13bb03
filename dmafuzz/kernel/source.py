"""Finds dma-debug's source in a kernel tree or in an archive of one."""

from __future__ import annotations

import hashlib
import lzma
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

from dmafuzz.kernel.error import KernelError

DEBUG_C = "kernel/dma/debug.c"
DEBUG_H = "kernel/dma/debug.h"
MAPPING_C = "kernel/dma/mapping.c"
REQUIRED = (DEBUG_C,)
# mapping.c checks resources in some kernels; sections.h decides how a range meets the kernel's text.
OPTIONAL = ("Makefile", DEBUG_H, MAPPING_C, "include/asm-generic/sections.h")
WANTED = REQUIRED + OPTIONAL


@dataclass(frozen=True)
class Source:
    """The few files of a tree that decide what its dma-debug does."""

    origin: Path
    tree: Path

    def text(self, name: str) -> str:
        try:
            return (self.tree / name).read_text(encoding="utf-8", errors="replace")
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


def cache_directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / "dmafuzz" / "kernel"


def find_source(path: Path) -> Source:
    if path.is_dir():
        return _from_tree(path)
    if path.is_file():
        return _from_archive(path)
    raise KernelError(f"{path}: no such kernel tree or archive")


def _from_tree(path: Path) -> Source:
    if not (path / DEBUG_C).is_file():
        raise KernelError(f"{path}: not a kernel tree from 4.19 on: {DEBUG_C} is missing")
    return Source(path, path)


def _from_archive(path: Path) -> Source:
    """Unpacks the wanted files once: finding them in a compressed archive takes many seconds."""
    stat = path.stat()
    key = hashlib.sha256(f"{path.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}".encode()).hexdigest()
    tree = cache_directory() / "sources" / key
    if not (tree / DEBUG_C).is_file():
        _store(_unpack(path), tree)
    return Source(path, tree)


def _unpack(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                name = _inside(member.name)
                if name in WANTED and member.isfile() and (data := archive.extractfile(member)):
                    found[name] = data.read()
                if len(found) == len(WANTED) or _complete(found, name):
                    break
    except (tarfile.TarError, lzma.LZMAError, EOFError, OSError) as error:
        raise KernelError(f"{path}: not a kernel tree, nor an archive of one: {error}") from None
    if missing := [name for name in REQUIRED if name not in found]:
        raise KernelError(f"{path}: not an archive of a kernel from 4.19 on: {missing[0]} is missing")
    return found


def _inside(name: str) -> str:
    """The path without the archive's top directory."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return "/".join(parts[1:])


def _complete(found: dict[str, bytes], name: str) -> bool:
    """Archives are sorted well enough: after kernel/, what is still missing does not exist."""
    return DEBUG_C in found and not name.startswith(("kernel/", "include/", "Makefile"))


def _store(files: dict[str, bytes], tree: Path) -> None:
    """DEBUG_C comes last: it tells that the others are there."""
    try:
        for name in sorted(files, key=lambda name: name == DEBUG_C):
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f"{target.name}.{os.getpid()}")
            part.write_bytes(files[name])
            part.replace(target)
    except OSError as error:
        raise KernelError(f"{tree}: cannot be written: {error.strerror}") from None
