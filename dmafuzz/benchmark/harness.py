# SPDX-License-Identifier: GPL-2.0-only
"""Builds the native harnesses (harnesses/*.cpp) around the core, by clang and AFL++, from the sources of a checkout.

The core is compiled once for each compiler, what is to be judged for each set of platforms; both are kept in the user's
cache under the content of everything they are made of.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmafuzz import _core
from dmafuzz.benchmark.causes import Wanted

# The Python side, the core's tests, and the mutator that libFuzzer would take for its own.
_LEFT_OUT = ("binding", "tests", "fuzzing/libfuzzer.cpp")
_OPTIONS = ("-std=c++20", "-O3", "-DNDEBUG", "-g0")
_FUZZER = "-fsanitize=fuzzer"
_NO_LINK = "-fsanitize=fuzzer-no-link"


class HarnessError(Exception):
    """Why a harness cannot be built here."""


@dataclass(frozen=True)
class Kind:
    """A native harness: its source, its compiler, and where that comes from."""

    name: str
    compiler: str
    package: str
    compile: tuple[str, ...] = ()
    link: tuple[str, ...] = ()


LIBFUZZER = Kind("libfuzzer", "clang++", "clang libclang-rt-dev", (_NO_LINK,), (_FUZZER,))
AFL = Kind("afl", "afl-clang-fast++", "afl++")


def checkout() -> Path:
    """The sources: the ones this package is part of, or a checkout in the working folder. Raises HarnessError."""
    for root in (Path(__file__).parents[2], Path.cwd()):
        if (root / "harnesses" / "setup.hpp").is_file() and (root / "dmafuzz" / "core" / "fuzzing").is_dir():
            return root
    raise HarnessError("needs the sources: run it in a checkout")


def compiler_version(kind: Kind) -> str | None:
    """The first line that says a number, or None where the compiler is not there."""
    if not shutil.which(kind.compiler):
        return None
    done = subprocess.run([kind.compiler, "--version"], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    return next((line.strip() for line in lines if any(c.isdigit() for c in line)), kind.compiler)


def build(
    kind: Kind,
    tracker: str,
    platforms: Sequence[Any],
    causes: Sequence[Wanted],
    say: Callable[[str], None] | None = None,
) -> Path:
    """The executable that judges by that tracker on those platforms; ``say`` hears what takes long.

    Raises HarnessError.
    """
    root = checkout()
    version = compiler_version(kind)
    if version is None:
        raise HarnessError(f"needs {kind.compiler} (Debian: apt-get install {kind.package})")
    text = setup_source(tracker, platforms, causes)
    digest = _digest(root, kind, version)
    program = _cache() / f"{kind.name}-{digest}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    if not program.exists():
        if say:
            say(f"compiling the harness of {kind.name}: a minute or two, the first time")
        library = _library(root, kind, digest)
        with _folder() as folder:
            _link(root, kind, library, text, Path(folder), program)
    return program


def setup_source(tracker: str, platforms: Sequence[Any], causes: Sequence[Wanted]) -> str:
    """What is to be judged, as C++."""
    lines = [f"s.tracker = {_literal(tracker)};"]
    for platform in platforms:
        lines.append("{ Platform p;")
        lines += _assignments("p", platform)
        lines.append("s.platforms.push_back(p); }")
    for cause in causes:
        label, kind, rules, kinds, names = cause.named()
        arguments = ", ".join(_literal(part) for part in (label, kind, rules, kinds, names))
        lines.append(f"s.causes.push_back(wanted({arguments}));")
    body = "\n".join(lines)
    return f'#include "setup.hpp"\nnamespace dmafuzz {{\nSetup setup() {{\nSetup s;\n{body}\nreturn s;\n}}\n}}\n'


def _assignments(target: str, record: Any) -> list[str]:
    """One for each field that the core's record has: none can be forgotten."""
    lines = []
    for field in (name for name in dir(record) if not name.startswith("_")):
        value = getattr(record, field)
        if field == "devices":
            for index, device in enumerate(value):
                lines += _assignments(f"{target}.devices[{index}]", device)
        elif isinstance(value, list):
            lines += [f"{target}.{field}[{index}] = {_literal(part)};" for index, part in enumerate(value)]
        else:
            lines.append(f"{target}.{field} = {_literal(value)};")
    return lines


_ENUMERATIONS = (_core.OpKind, _core.Maintenance, _core.Edges, _core.Iommu, _core.IommuDriver, _core.BounceCut)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, int):
        return f"{value}u"
    if isinstance(value, list):
        return "{" + ", ".join(_literal(part) for part in value) + "}"
    if isinstance(value, _ENUMERATIONS):
        return f"{type(value).__name__}::{value.name}"
    raise TypeError(f"no C++ for {value!r}")


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / "dmafuzz" / "harnesses"


def _folder() -> tempfile.TemporaryDirectory[str]:
    try:
        _cache().mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=_cache(), prefix="build-")
    except OSError as error:
        raise HarnessError(f"{_cache()}: cannot be written: {error.strerror}") from None


def _core_units(root: Path) -> list[Path]:
    core = root / "dmafuzz" / "core"
    units = sorted(core.rglob("*.cpp"))
    return [unit for unit in units if not unit.relative_to(core).as_posix().startswith(_LEFT_OUT)]


def _digest(root: Path, kind: Kind, version: str) -> str:
    """Of all sources, headers included, and of how they are compiled."""
    digest = hashlib.sha256("\0".join((kind.name, version, *_OPTIONS, *kind.compile, *kind.link)).encode())
    core = root / "dmafuzz" / "core"
    files = [*core.rglob("*.[ch]pp"), *(root / "harnesses").glob("*.[ch]pp"), root / "dmafuzz" / "kernel" / "abi.h"]
    for file in sorted(files):
        digest.update(f"{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _library(root: Path, kind: Kind, digest: str) -> Path:
    """The instrumented core and the harness, as one object, without what is to be judged."""
    library = _cache() / f"{kind.name}-{digest}.o"
    if library.exists():
        return library
    with _folder() as name:
        folder = Path(name)
        units = [*_core_units(root), root / "harnesses" / f"{kind.name}.cpp", root / "harnesses" / "board.cpp"]
        objects = [folder / f"{index}-{unit.stem}.o" for index, unit in enumerate(units)]

        def one(pair: tuple[Path, Path]) -> None:
            _run(kind, root, (*kind.compile, "-c", str(pair[0]), "-o", str(pair[1])))

        with ThreadPoolExecutor(os.cpu_count()) as workers:
            list(workers.map(one, zip(units, objects, strict=True)))
        # One object, so that nothing is left out for want of a reference.
        whole = folder / "whole.o"
        _step(("ld", "-r", "-o", str(whole), *map(str, objects)))
        whole.replace(library)
    return library


def _link(root: Path, kind: Kind, library: Path, text: str, folder: Path, program: Path) -> None:
    source, made = folder / "setup.cpp", folder / "made"
    source.write_text(text, encoding="utf-8")
    _run(kind, root, (*kind.compile, *kind.link, str(source), str(library), "-ldl", "-o", str(made)))
    made.replace(program)


def _run(kind: Kind, root: Path, arguments: tuple[str, ...]) -> None:
    paths = ("dmafuzz/core", "dmafuzz", "harnesses")
    _step((kind.compiler, *_OPTIONS, *(f"-I{root / path}" for path in paths), *arguments))


def _step(command: tuple[str, ...]) -> None:
    environment = {**os.environ, "AFL_QUIET": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        told = ("undefined", "cannot find", "error")  # the linker's own words before the compiler's about it
        errors = [line for word in told for line in done.stderr.splitlines() if word in line]
        reason = (errors or done.stderr.splitlines() or ["no message"])[0]
        raise HarnessError(f"{command[0]} failed: {reason}")
