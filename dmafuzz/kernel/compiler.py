# SPDX-License-Identifier: GPL-2.0-only
"""The C compiler: which one, with which options, and what its complaints mean."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dmafuzz.kernel.error import KernelError

# -O3: hooks are a few instructions between locks, which only pay when they are inlined.
_COMMON = ("-O3", "-fPIC", "-std=gnu11", "-fvisibility=hidden")
# The kernel is compiled with the same assumptions; a missing function must not wait for the linker.
_KERNEL = (
    "-nostdinc",
    "-fno-strict-aliasing",
    "-fwrapv",
    "-fno-delete-null-pointer-checks",
    "-fno-builtin-index",
    "-Werror=implicit-function-declaration",
    "-Werror=implicit-int",
)
# Now: nothing is bound later, so that what is written to at run time is the kernel's state and ours alone.
_LINK = ("-shared", "-Wl,-z,defs", "-Wl,-z,relro", "-Wl,-z,now")

# What the kernel's own build can check too, and means to keep. A hit is an illegal instruction, without a library.
_CHECKS = "bounds,shift,integer-divide-by-zero,unreachable,bool,enum"
_TRAPS = {"gcc": ("-fsanitize-undefined-trap-on-error",), "clang": (f"-fsanitize-trap={_CHECKS}",)}
_COVERAGE = {"gcc": "-fsanitize-coverage=trace-pc", "clang": "-fsanitize-coverage=inline-8bit-counters"}

_COMPILE_S_MAX = 900

# What a compiler or linker says of a name the stand-ins lack.
_MISSING = re.compile(
    r"implicit declaration of function '(?P<a>\w+)'|(?:call to )?undeclared (?:function|identifier) '(?P<b>\w+)'"
    r"|'(?P<c>\w+)' undeclared|unknown type name '(?P<d>\w+)'|no member named '(?P<e>\w+)'"
    r"|undefined reference to `(?P<f>\w+)'|undefined symbol: (?P<g>\w+)|invalid use of undefined type '(?P<h>[\w ]+)'"
    r"|initializer element is not constant|storage size of '(?P<i>\w+)' isn't known|incomplete type '(?P<j>[\w ]+)'"
)
_ERRORS = ("error:", "undefined")
_PLACE = re.compile(r"\S*\b(?:dma-)?debug\.[ch]:\d+")


@dataclass(frozen=True)
class Compiler:
    """A C compiler that is there. ``family`` is gcc or clang: how options are spelt."""

    command: tuple[str, ...]
    version: str

    @staticmethod
    def find() -> Compiler:
        """The user's choice (CC), otherwise cc."""
        command = tuple(shlex.split(os.environ.get("CC") or "cc"))
        if not command or not shutil.which(command[0]):
            raise KernelError(f"a C compiler is needed: '{' '.join(command)}' is not there (set CC to another one)")
        return Compiler(command, _run((*command, "--version")).stdout)

    @staticmethod
    def find_for_coverage() -> Compiler:
        """clang where it is installed: its counters cost less. gcc can trace as well. The user's choice (CC) stays."""
        if not os.environ.get("CC") and (clang := shutil.which("clang")):
            return Compiler((clang,), _run((clang, "--version")).stdout)
        return Compiler.find()

    @property
    def family(self) -> str:
        return "clang" if "clang" in self.version else "gcc"

    @property
    def title(self) -> str:
        return (self.version.splitlines() or [" ".join(self.command)])[0]

    def options(self, instrument: bool) -> tuple[str, ...]:
        """The options of the kernel's unit."""
        checks = (f"-fsanitize={_CHECKS}", *_TRAPS[self.family])
        return (*_COMMON, *_KERNEL, *checks, *((_COVERAGE[self.family],) if instrument else ()))

    def build(self, unit: Path, hosts: Sequence[Path], library: Path, options: Sequence[str], debug_c: Path) -> None:
        """Compiles the unit, and links it with our own files into a library. Raises KernelError."""
        compiled = unit.with_suffix(".o")
        self._step(debug_c, (*options, "-c", str(unit), "-o", str(compiled)))
        ours = (*_COMMON, *_LINK, f"-I{unit.parent}")
        self._step(debug_c, (*ours, str(compiled), *map(str, hosts), "-o", str(library)))

    def fingerprint(self, options: Sequence[str]) -> str:
        return "\0".join((*self.command, self.version, *options, *_COMMON, *_LINK))

    def _step(self, debug_c: Path, arguments: Sequence[str]) -> None:
        done = _run((*self.command, *arguments))
        if done.returncode:
            raise KernelError(_complaint(debug_c, done.stderr))


def _run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """In the C locale: messages are searched for names."""
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            timeout=_COMPILE_S_MAX,
        )
    except subprocess.TimeoutExpired:
        raise KernelError(f"{command[0]}: has not ended after {_COMPILE_S_MAX} s") from None
    except OSError as error:
        raise KernelError(f"{command[0]}: cannot be run: {error.strerror}") from None


def _complaint(debug_c: Path, messages: str) -> str:
    """The first error, as one sentence with the name that is missing and where it is asked for."""
    errors = [line for line in messages.splitlines() if any(word in line for word in _ERRORS)]
    first = errors[0].strip() if errors else (messages.strip().splitlines() or ["no message"])[-1]
    found = _MISSING.search(first)
    name = next((text for text in found.groups() if text), "") if found else ""
    place = _PLACE.search(messages[messages.index(first) :] if errors else "")
    where = place.group() if place else str(debug_c)
    if name:
        lacking = f"{where} needs '{name.removeprefix('dk_enabled_')}', which the stand-in headers lack"
        return f"{lacking} (`dmafuzz kernel add --include DIR` adds your own)"
    return f"{debug_c} cannot be compiled: {first}"
