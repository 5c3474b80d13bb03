"""Builds a kernel's own dma-debug, unmodified, into a shared library.

The library is kept in the user's cache, by the content of everything it is made of. The kernel's source
stays where it is.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dmafuzz.kernel.error import KernelError
from dmafuzz.kernel.probe import define_attributes, included_headers, probe
from dmafuzz.kernel.source import DEBUG_C, DEBUG_H, Source, cache_directory, find_source

_HERE = Path(__file__).parent
_STAND_IN = _HERE / "stand_in"
_LIBRARY = "tracker.so"

# -O3: hooks are a few instructions between locks, which only pay when they are inlined.
_COMMON = ("-O3", "-fPIC", "-std=gnu11", "-fvisibility=hidden")
# The kernel is compiled with the same assumptions; a missing function must not wait for the linker.
_KERNEL = (
    "-nostdinc",
    "-fno-strict-aliasing",
    "-fwrapv",
    "-fno-delete-null-pointer-checks",
    "-Werror=implicit-function-declaration",
    "-Werror=implicit-int",
)
_LINK = ("-shared", "-Wl,-z,defs")

# What a compiler or linker says of a name the stand-ins lack.
_MISSING = re.compile(
    r"implicit declaration of function '(?P<a>\w+)'|(?:call to )?undeclared (?:function|identifier) '(?P<b>\w+)'"
    r"|'(?P<c>\w+)' undeclared|unknown type name '(?P<d>\w+)'|no member named '(?P<e>\w+)'"
    r"|undefined reference to `(?P<f>\w+)'|undefined symbol: (?P<g>\w+)|invalid use of undefined type '(?P<h>[\w ]+)'"
    r"|initializer element is not constant|storage size of '(?P<i>\w+)' isn't known|incomplete type '(?P<j>[\w ]+)'"
)


@dataclass(frozen=True)
class KernelTracker:
    """A built library and what it was built from."""

    library: Path
    source: Path
    version: str
    digest: str


def build(path: str | os.PathLike[str], l1_shift: int = 6) -> KernelTracker:
    """Builds the tracker of a kernel tree or of an archive of one, or takes it from the cache.

    l1_shift is the binary logarithm of the machine's L1 line. It only counts for kernels whose code needs it
    as a constant (those with assert-idle); libraries of others serve all machines.
    """
    source = find_source(Path(path))
    compiler = _Compiler.find()
    probed = probe(source, l1_shift) + define_attributes(source, _STAND_IN)
    digest = _digest(source, probed, compiler)
    library = cache_directory() / digest / _LIBRARY
    if not library.is_file():
        _compile_into(library, source, probed, compiler)
    return KernelTracker(library, source.origin, source.version(), digest)


@dataclass(frozen=True)
class _Compiler:
    command: tuple[str, ...]
    version: str

    @staticmethod
    def find() -> _Compiler:
        command = tuple(shlex.split(os.environ.get("CC") or "cc"))
        if not command or not shutil.which(command[0]):
            raise KernelError(f"a C compiler is needed: '{' '.join(command)}' is not there (set CC to another one)")
        done = _run((*command, "--version"))
        return _Compiler(command, done.stdout)


def _run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """In the C locale: messages are searched for names."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except OSError as error:
        raise KernelError(f"{command[0]}: {error.strerror}") from None


def _digest(source: Source, probed: str, compiler: _Compiler) -> str:
    digest = hashlib.sha256()
    parts = [source.text(DEBUG_C), source.text(DEBUG_H)]
    ours = sorted(p for p in _HERE.rglob("*") if p.suffix in (".c", ".h"))
    parts += [text for p in ours for text in (p.relative_to(_HERE).as_posix(), p.read_text(encoding="utf-8"))]
    parts += [probed, " ".join(compiler.command), compiler.version, " ".join(_COMMON + _KERNEL + _LINK)]
    for part in parts:
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()


def _compile_into(library: Path, source: Source, probed: str, compiler: _Compiler) -> None:
    """Built beside its final place and renamed: another process sees all of it or nothing."""
    try:
        cache_directory().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_directory(), prefix="build-") as directory:
            _write_unit(Path(directory), source, probed)
            _compile(Path(directory), source, compiler)
            library.parent.mkdir(exist_ok=True)
            (Path(directory) / _LIBRARY).replace(library)
    except OSError as error:
        raise KernelError(f"{cache_directory()}: cannot be written: {error.strerror}") from None


def _write_unit(directory: Path, source: Source, probed: str) -> None:
    for header in included_headers(source.text(DEBUG_C)):
        if not (_STAND_IN / header).is_file():
            empty = directory / "empty" / header
            empty.parent.mkdir(parents=True, exist_ok=True)
            empty.touch()
    (directory / "probed.h").write_text(probed, encoding="utf-8")
    includes = (directory / "probed.h", "dk/prelude.h", (source.tree / DEBUG_C).resolve(), _HERE / "driver.c")
    (directory / "unit.c").write_text("".join(f'#include "{i}"\n' for i in includes), encoding="utf-8")


def _compile(directory: Path, source: Source, compiler: _Compiler) -> None:
    includes = (f"-I{_STAND_IN}", f"-I{directory / 'empty'}")
    unit, host = directory / "unit.o", sorted(str(p) for p in (_HERE / "host").glob("*.c"))
    steps = (
        (*_COMMON, *_KERNEL, *includes, "-c", str(directory / "unit.c"), "-o", str(unit)),
        (*_COMMON, *_LINK, str(unit), *host, "-o", str(directory / _LIBRARY)),
    )
    for step in steps:
        done = _run((*compiler.command, *step))
        if done.returncode:
            raise KernelError(_complaint(source, done.stderr))


def _complaint(source: Source, messages: str) -> str:
    """The first error, as one sentence with the name that is missing and where it is asked for."""
    errors = [line for line in messages.splitlines() if "error:" in line or "undefined" in line]
    first = errors[0].strip() if errors else (messages.strip().splitlines() or ["no message"])[-1]
    found = _MISSING.search(first)
    name = next((text for text in found.groups() if text), "") if found else ""
    place = re.search(r"\S*\bdebug\.[ch]:\d+", messages[messages.index(first) :] if errors else "")
    where = place.group() if place else str(source.tree / DEBUG_C)
    if name:
        return f"{where} needs '{name.removeprefix('dk_enabled_')}', which the stand-in headers lack"
    return f"{source.tree / DEBUG_C} cannot be compiled: {first}"
