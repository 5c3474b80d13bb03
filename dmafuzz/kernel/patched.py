# SPDX-License-Identifier: GPL-2.0-only
"""A kernel's dma-debug with a patch: applied by git, in a private copy of the few files that are built."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from dmafuzz.kernel.build import KernelTracker, build_source
from dmafuzz.kernel.error import KernelError
from dmafuzz.kernel.registry import find
from dmafuzz.kernel.source import Source, find_source, store, stored

_PREFIX = "kernel:"
_LEVELS = (1, 0, 2, 3)  # folders to take off the patch's paths, the usual one first


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
        if not any(b"\r" in content for content in files.values()):
            data = data.replace(b"\r\n", b"\n")  # as git am does: mail programs put them there
        level, named = _level(data, patch, tree, files)
        applied = tuple(name for name in named if name in files)
        if not applied:
            raise KernelError(
                f"{patch}: changes nothing that is built of {_PREFIX}{text}: expected paths from the tree's root, "
                f"some of {', '.join(name for name in files if not name.startswith('.'))}, found {', '.join(named)}"
            )
        _apply(_Attempt(data, patch, tree, level, applied))
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


def _level(data: bytes, patch: Path, tree: Path, files: Container[str]) -> tuple[int, list[str]]:
    """How many folders its paths have in front of the tree's (patch -p), and the files that it changes; as git diff
    makes them where none is known."""
    read = {level: _git(["apply", f"-p{level}", "--numstat", "-z", "-"], data, tree) for level in _LEVELS}
    by_level = {level: _named(done.stdout) for level, done in read.items() if not done.returncode}
    if not by_level:
        raise KernelError(f"{patch}: {_unreadable(_said(read[_LEVELS[0]]))}")
    known = (level for level, names in by_level.items() if any(name in files for name in names))
    level = next(known, next(iter(by_level)))
    return level, by_level[level]


def _named(listed: bytes) -> list[str]:
    """The files that a patch changes, by git's own reading of it."""
    rows = [row for row in listed.decode("utf-8", "replace").split("\0") if row]
    return [name for name in dict.fromkeys(row.split("\t")[-1] for row in rows) if name]


def _unreadable(said: str) -> str:
    if "No valid patches" in said or "unrecognized input" in said:
        return "expected a patch as git diff or diff -u make it, found none"
    if "corrupt patch" in said:
        return f"is cut short or damaged: {said}"
    return f"git cannot read it: {said}"


@dataclass(frozen=True)
class _Attempt:
    """A patch's content, its file, the private copy of the tree, its level, and the files that are wanted of it."""

    data: bytes
    patch: Path
    tree: Path
    level: int
    names: tuple[str, ...]

    def git(self, *options: str) -> subprocess.CompletedProcess[bytes]:
        only = (f"--include={name}" for name in self.names)
        return _git(["apply", f"-p{self.level}", "--whitespace=nowarn", *options, *only, "-"], self.data, self.tree)


def _apply(attempt: _Attempt) -> None:
    done = attempt.git()
    if not done.returncode:
        return
    why = f"git cannot apply it: {_said(done)}"
    if not attempt.git("--check", "--reverse").returncode:
        why += ": the tree has it already"
    elif not attempt.git("--check", "--ignore-whitespace").returncode:
        why += ": its tabs and blanks are not the tree's (a mail program's work?)"
    elif not attempt.git("--check", "-C1").returncode:
        why += ": the lines around the change are others in this tree"
    elif "patch failed" in why:
        why += ": the tree has other lines there (is the patch made for this version?)"
    raise KernelError(f"{attempt.patch}: {why}")


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    first = next(iter(done.stderr.decode("utf-8", "replace").strip().splitlines()), "no message")
    return first.removeprefix("error: ")


def _git(arguments: list[str], data: bytes, tree: Path) -> subprocess.CompletedProcess[bytes]:
    """Outside any repository: what is around the copy has no say."""
    git = shutil.which("git")
    if git is None:
        raise KernelError("--patch needs git, which is not there")
    away = {"GIT_CEILING_DIRECTORIES": str(tree.parent), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    return subprocess.run([git, *arguments], input=data, cwd=tree, capture_output=True, check=False,
                          env={**os.environ, **away})  # fmt: skip
