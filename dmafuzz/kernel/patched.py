# SPDX-License-Identifier: GPL-2.0-only
"""A kernel's dma-debug with a patch: applied by git, in a private copy of the few files that are built."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dmafuzz.kernel.build import KernelTracker, build_source
from dmafuzz.kernel.error import KernelError
from dmafuzz.kernel.registry import find
from dmafuzz.kernel.source import Source, find_source, store, stored


@dataclass(frozen=True)
class Patched:
    """What was built; ``applied``: the files that the patch changes there; ``left_out``: the others that it names."""

    built: KernelTracker
    applied: tuple[str, ...]
    left_out: tuple[str, ...]


def patched(text: str, patch: Path) -> Patched:
    """The tracker of a kernel, by name or path, with a patch. It compiles the patch's code, which then runs in this
    process. Nothing of the kernel's own files is changed. Raises KernelError."""
    try:
        data = patch.read_bytes()
    except OSError as error:
        raise KernelError(f"{patch}: cannot be read: {error.strerror}") from None
    source = _source_of(text)
    with tempfile.TemporaryDirectory(prefix="dmafuzz-patch-") as folder:
        tree = Path(folder) / "tree"
        files = source.files()
        store(files, tree)
        named = _named(data, patch, tree)
        applied = tuple(name for name in named if name in files)
        if not applied:
            raise KernelError(
                f"{patch}: changes nothing that is built of {text}: expected one of "
                f"{', '.join(name for name in files if not name.startswith('.'))}, found {', '.join(named)}"
            )
        _apply(data, patch, tree, applied)
        copy = Source(source.origin, tree, stored(source.origin, tree).includes)
        try:
            built = build_source(copy)
        except KernelError as error:
            raise KernelError(f"{patch}: {str(error).replace(f'{tree}{os.sep}', '')}") from None
    return Patched(built, applied, tuple(name for name in named if name not in files))


def _source_of(text: str) -> Source:
    entry = find(text)
    if entry is not None:
        return stored(Path(entry.source), entry.tree)
    return find_source(Path(text).expanduser())


def _named(data: bytes, patch: Path, tree: Path) -> list[str]:
    """The files that a patch changes, by git's own reading of it."""
    listed = _git(["apply", "--numstat", "-z", "-"], data, tree, patch)
    rows = [row for row in listed.decode("utf-8", "replace").split("\0") if row]
    names = [name for name in dict.fromkeys(row.split("\t")[-1] for row in rows) if name]
    if not names:
        raise KernelError(f"{patch}: expected a patch as git diff or diff -u make it, found none")
    return names


def _apply(data: bytes, patch: Path, tree: Path, names: tuple[str, ...]) -> None:
    only = [f"--include={name}" for name in names]
    _git(["apply", "--whitespace=nowarn", *only, "-"], data, tree, patch)


def _git(arguments: list[str], data: bytes, tree: Path, patch: Path) -> bytes:
    """Outside any repository: what is around the copy has no say."""
    git = shutil.which("git")
    if git is None:
        raise KernelError("--patch needs git, which is not there")
    away = {"GIT_CEILING_DIRECTORIES": str(tree.parent), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    done = subprocess.run([git, *arguments], input=data, cwd=tree, capture_output=True, check=False,
                          env={**os.environ, **away})  # fmt: skip
    if done.returncode:
        first = next(iter(done.stderr.decode("utf-8", "replace").strip().splitlines()), "no message")
        raise KernelError(f"{patch}: git cannot apply it: {first.removeprefix('error: ')}")
    return done.stdout
