# SPDX-License-Identifier: GPL-2.0-only
"""Kernels by name: what `dmafuzz kernel add` has built, one small file for each.

With a name the few source files of its tree are kept too, in the user's cache: the tree may go or change, and a library
can be built anew when dmafuzz has changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from dmafuzz.kernel.build import KernelTracker, build_source, is_whole, our_digest
from dmafuzz.kernel.error import KernelError
from dmafuzz.kernel.source import cache_directory, find_source, place_in, store, stored
from dmafuzz.storage import private_folder, read_regular

_LOG = logging.getLogger("dmafuzz")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")  # by which a record names folders; nothing else is ever joined to the cache's
_RECORD_BYTES_MAX = 1 << 20
_ARCHIVE_ENDINGS = re.compile(r"(\.tar)?\.(xz|gz|bz2|zst)$|\.tar$|\.tgz$")


@dataclass(frozen=True)
class Registered:
    """A kernel that has a name. ``source`` is where it came from; it need not be there any more."""

    name: str
    version: str
    source: str
    added: str
    instrumented: str  # by which compiler; empty: not
    library: str  # digests: of the library, of what is ours in it, of the source files
    ours: str
    files: str
    era: str = ""  # of dma-debug, as the user has said
    includes: list[str] = field(default_factory=list)  # the user's own stand-ins, which are kept with the source files

    @property
    def folder(self) -> Path:
        return cache_directory() / self.library

    @property
    def tree(self) -> Path:
        return cache_directory() / "sources" / self.files


@dataclass(frozen=True)
class Added:
    """What an addition has come to; ``before`` is what had the name."""

    entry: Registered
    before: Registered | None


def add(
    path: str | os.PathLike[str],
    name: str | None = None,
    instrument: bool = False,
    includes: Sequence[str | os.PathLike[str]] = (),
    era: str = "",
) -> Added:
    """Builds a kernel's tracker and gives it a name. Raises KernelError, and then nothing has changed.

    ``era`` is the era of dma-debug that it is said to be of; empty: whoever uses it finds out. ``includes`` are folders
    of stand-in headers of the user's own, searched before ours, in that order.
    """
    source = find_source(Path(path), [Path(folder) for folder in includes])
    chosen = checked_name(source.version() or _stem(Path(path)) if name is None else name)
    before = find(chosen)
    files = source.files()
    built = build_source(source, instrument)
    entry = Registered(
        name=chosen,
        version=built.version,
        source=str(Path(path).absolute()),
        added=datetime.now().astimezone().isoformat(timespec="seconds"),
        instrumented=built.instrumented,
        library=built.digest,
        ours=our_digest(),
        files=_digest(files),
        era=era,
        includes=[str(Path(folder).absolute()) for folder in includes],
    )
    if not place_in(entry.tree):
        store(files, entry.tree)
    _write(entry)
    return Added(entry, before)


def remove(name: str) -> Registered:
    """Forgets a name, and what nothing else needs of it. Raises KernelError for an unknown one."""
    try:
        entry = find(name)
    except KernelError:
        entry = None  # a record that cannot be believed names nothing that could go with it
    if entry is None and not (_NAME.fullmatch(name) and _record(name).is_file()):
        raise KernelError(f"no kernel is added as {name!r}{_known()}")
    try:
        _record(name).unlink()
    except OSError as error:
        raise KernelError(f"{_record(name)}: cannot be removed: {error.strerror}") from None
    if entry is None:
        return Registered(name, "", "a damaged record", "", "", "", "", "")
    others = list(registered())
    if all(other.library != entry.library for other in others):
        shutil.rmtree(entry.folder, ignore_errors=True)
    if all(other.files != entry.files for other in others):
        shutil.rmtree(entry.tree, ignore_errors=True)
    return entry


def registered() -> Iterator[Registered]:
    """All that have a name, in the order of the names. A record that cannot be believed is named, and left out."""
    for path in sorted(_records().glob("*.json")):
        try:
            entry = find(path.stem)
        except KernelError as error:
            _LOG.warning("%s", error)  # the others are as good as before
            continue
        if entry is not None:
            yield entry


def find(name: str) -> Registered | None:
    """What has that name, or None. Raises KernelError for a record that cannot be read."""
    if not _NAME.fullmatch(name) or not _record(name).is_file():
        return None
    try:
        return _believed(read_regular(_record(name), _RECORD_BYTES_MAX), name)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        raise KernelError(f"{_record(name)}: damaged: remove it, and add the kernel again") from None


def _believed(data: bytes | None, name: str) -> Registered:
    """A record that is as it was written. Raises ValueError, TypeError, AttributeError."""
    facts = json.loads(data or b"")
    if facts.pop("sum", None) != _sum(facts):
        raise ValueError("its checksum does not match")
    entry = Registered(**{**facts, "name": name})
    if not all(_DIGEST.fullmatch(digest) for digest in (entry.library, entry.ours, entry.files)):
        raise ValueError("not the names of folders in the cache")
    return entry


def _sum(facts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def locate(text: str, instrument: bool = False) -> KernelTracker:
    """The tracker of a name or, where nothing has that name, of a path. Raises KernelError."""
    entry = find(text)
    if entry is not None:
        return _ready(entry)
    path = Path(text).expanduser()
    if not path.exists():
        raise KernelError(f"{text}: no such kernel tree or archive, and no kernel is added under that name{_known()}")
    return build_source(find_source(path), instrument)


def version_of(text: str) -> str:
    """The version of a kernel by name or path, or an empty string. Raises KernelError as `locate` does."""
    entry = find(text)
    return find_source(Path(text).expanduser()).version() if entry is None else entry.version


def checked_name(name: str) -> str:
    """Raises KernelError for what cannot be a name."""
    if not _NAME.fullmatch(name):
        raise KernelError(
            f"{name!r} cannot be the name of a kernel (--name): expected at most 64 letters, digits and . _ + -, "
            "a letter or digit first"
        )
    return name


def _ready(entry: Registered) -> KernelTracker:
    """Needs no compiler as long as the library is there and made by this dmafuzz."""
    source = stored(Path(entry.source), entry.tree)
    if entry.ours == our_digest() and is_whole(entry.folder):
        return KernelTracker(entry.folder, source.origin, entry.version, entry.library, entry.instrumented, entry.era)
    if not place_in(entry.tree):
        raise KernelError(
            f"kernel {entry.name}: its library is gone or of another dmafuzz, and so is the copy of its source; "
            f"add {entry.source} again"
        )
    if _digest(source.files()) != entry.files:
        raise KernelError(f"kernel {entry.name}: the copy of its source is damaged; add {entry.source} again")
    built = build_source(source, bool(entry.instrumented))
    _write(replace(entry, library=built.digest, ours=our_digest(), instrumented=built.instrumented))
    return replace(built, era=entry.era)


def _known() -> str:
    names = [path.stem for path in sorted(_records().glob("*.json"))]
    return f" (added are: {', '.join(names)})" if names else " (none is added: `dmafuzz kernel add PATH`)"


def _records() -> Path:
    return cache_directory() / "names"


def _record(name: str) -> Path:
    return _records() / f"{name}.json"


def _write(entry: Registered) -> None:
    """All of it or nothing; other names have files of their own."""
    path = _record(entry.name)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        private_folder(path.parent)
        facts = asdict(entry)
        part.write_text(json.dumps({**facts, "sum": _sum(facts)}, indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise KernelError(f"{path}: cannot be written: {error.strerror}") from None


def _digest(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def _stem(path: Path) -> str:
    return _ARCHIVE_ENDINGS.sub("", path.absolute().name)
