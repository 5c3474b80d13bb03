# SPDX-License-Identifier: GPL-2.0-only
"""Builds a kernel's own dma-debug, unmodified, into shared libraries.

Supported is every dma-debug from 2.6.30 to 7.3: lib/dma-debug.c up to 4.17, kernel/dma/debug.c from 4.18 on. A tree is
read, not asked for its version, so that patched trees and trees to come are as good as long as they need nothing new;
the message names what the stand-in headers lack otherwise.

What is built is kept in the user's cache, by the content of everything it is made of. The kernel's source stays where
it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import secrets
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dmafuzz import _core, checks
from dmafuzz.kernel.compiler import Compiler
from dmafuzz.kernel.error import KernelError
from dmafuzz.kernel.probe import define_attributes, included_headers, needs_fixed_line, probe
from dmafuzz.kernel.source import Source, cache_directory, find_source
from dmafuzz.storage import private_folder, read_regular

_LOG = logging.getLogger("dmafuzz")
_SUMS = "sums.json"
_SUMS_BYTES_MAX = 1 << 16
_HERE = Path(__file__).parent
_STAND_IN = _HERE / "stand_in"

# The binary logarithms of the L1 lines that platforms can have.
L1_SHIFTS = (5, 6, 7)


@dataclass(frozen=True)
class KernelTracker:
    """A folder of built libraries, of which the core takes the one for a platform; and what they were built from.

    ``era``: the era of dma-debug that the user says it is of.
    """

    library: Path
    source: Path
    version: str
    digest: str
    instrumented: str = ""  # by which compiler
    era: str = ""


def build(
    path: str | os.PathLike[str], instrument: bool = False, includes: Sequence[str | os.PathLike[str]] = ()
) -> KernelTracker:
    """Builds the tracker of a kernel tree or of an archive of one, or takes it from the cache.

    ``instrument``: with edge coverage of the kernel's code. ``includes``: folders of stand-in headers, searched before
    ours. Raises KernelError; nothing is left behind then.
    """
    return build_source(find_source(Path(path), [Path(folder) for folder in includes]), instrument)


def build_source(source: Source, instrument: bool = False) -> KernelTracker:
    """The same for a tree that has been found."""
    if missing := source.missing():
        raise KernelError(
            f"{source.origin}: {source.debug_c.relative_to(source.tree)} is there, but not all that is needed beside "
            f"it: {', '.join(missing)}"
        )
    compiler = Compiler.find_for_coverage() if instrument else Compiler.find()
    units = _units(source)
    options = compiler.options(instrument)
    digest = _digest(source, units, compiler.fingerprint(options))
    folder = cache_directory() / digest
    if not is_whole(folder):
        _build_into(folder, source, units, compiler, options)
    return KernelTracker(folder, source.origin, source.version(), digest, compiler.title if instrument else "")


def our_digest() -> str:
    """Of what is ours in a library: one that was built with another has to be built anew."""
    digest = hashlib.sha256()
    for path in sorted(p for p in _HERE.rglob("*") if p.suffix in (".c", ".h")):
        digest.update(f"{path.relative_to(_HERE).as_posix()}\0{path.read_text(encoding='utf-8')}\0".encode())
    digest.update(_known_messages().encode())
    return digest.hexdigest()


def _known_messages() -> str:
    """By which part of a message the host's side knows a warning (host/warnings.c)."""
    rows = ((part, check.id) for check in checks.checks().values() for part in check.known_by)
    return "".join(f'{{"{part}", DK_{re.sub("[^A-Z0-9]", "_", name.upper())}}},\n' for part, name in rows)


def _units(source: Source) -> dict[str, str]:
    """What was probed of the tree, by the name of the library: one for each L1 line where the line is a constant."""
    attributes = define_attributes(source, _STAND_IN)
    if not needs_fixed_line(source):
        return {"tracker": probe(source) + attributes}
    return {f"l1-{shift}": probe(source, shift) + attributes for shift in L1_SHIFTS}


def _digest(source: Source, units: dict[str, str], compiler: str) -> str:
    digest = hashlib.sha256()
    beside = [source.text(name) for name in source.beside()]
    theirs = [f"{name}\0{data.hex()}" for name, data in source.headers().items()]
    for part in (source.code(), *beside, our_digest(), *theirs, *units, *units.values(), compiler):
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()


def _build_into(
    folder: Path, source: Source, units: dict[str, str], compiler: Compiler, options: tuple[str, ...]
) -> None:
    """Built beside its final place and renamed: another process sees all of it or nothing."""
    try:
        private_folder(cache_directory())
        with tempfile.TemporaryDirectory(dir=cache_directory(), prefix="build-") as directory:
            made = Path(directory) / "made"
            made.mkdir()

            def one(name: str) -> None:
                _build_one(Path(directory) / name, made / f"{name}.so", source, units[name], compiler, options)

            with ThreadPoolExecutor(os.cpu_count()) as workers:
                list(workers.map(one, units))
            (made / _SUMS).write_text(json.dumps(_sums(made)), encoding="utf-8")
            _boot(made, source)
            _rename(made, folder)
    except OSError as error:
        raise KernelError(f"{cache_directory()}: cannot be written: {error.strerror}") from None


def _boot(made: Path, source: Source) -> None:
    """A kernel that does not even boot is not kept."""
    machines = []
    for shift in L1_SHIFTS:
        machine = _core.Platform()
        machine.l1_line = 1 << shift
        machines.append(machine)
    try:
        judge = _core.Judge(f"kernel:{made}", machines)
        for index in range(len(machines)):
            judge.judge([], index)
    except RuntimeError as error:
        raise KernelError(f"{source.debug_c}: {error}") from None


def is_whole(folder: Path) -> bool:
    """Whether a built folder is there, as it was built. A damaged one is put aside, and named."""
    if not folder.is_dir():
        return False
    try:
        data = read_regular(folder / _SUMS, _SUMS_BYTES_MAX)
        whole = json.loads(data or b"") == _sums(folder) and not folder.is_symlink()
    except (OSError, ValueError, RecursionError):
        whole = False
    if not whole:
        aside = folder.with_name(f"damaged-{folder.name}-{secrets.token_hex(4)}")
        with contextlib.suppress(OSError):
            folder.rename(aside)
            _LOG.warning("%s: damaged: the built library is not as it was built; it is built anew", aside)
    return whole


def _sums(folder: Path) -> dict[str, str]:
    """The hash of each library in it."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.so"))}


def _rename(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():  # another process was faster
            raise


def _build_one(
    directory: Path, library: Path, source: Source, probed: str, compiler: Compiler, options: tuple[str, ...]
) -> None:
    directory.mkdir()
    folders = (*(folder.resolve() for folder in source.includes), _STAND_IN)
    texts = [source.code(), *map(source.text, source.beside())]
    texts += [data.decode("utf-8", "replace") for data in source.headers().values()]
    for header in {header for text in texts for header in included_headers(text)}:
        if not any((folder / header).is_file() for folder in folders):
            empty = directory / "empty" / header
            empty.parent.mkdir(parents=True, exist_ok=True)
            empty.touch()
    (directory / "probed.h").write_text(probed, encoding="utf-8")
    (directory / "known.h").write_text(_known_messages(), encoding="utf-8")
    includes = (directory / "probed.h", "dk/prelude.h", source.debug_c.resolve(), _HERE / "driver.c")
    unit = directory / "unit.c"
    unit.write_text("".join(f'#include "{i}"\n' for i in includes), encoding="utf-8")
    hosts = sorted((_HERE / "host").glob("*.c"))
    paths = [f"-I{folder}" for folder in (*folders, directory / "empty")]
    compiler.build(unit, hosts, library, (*options, *paths), source.debug_c)
