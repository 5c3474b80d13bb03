# SPDX-License-Identifier: GPL-2.0-only
"""Builds guest kernels: a kernel of the user's tree with a small configuration, and our module for it.

What is built is kept in the user's cache, by the content of everything it is made of.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from .cpio import initrd
from .errors import ConfirmationError
from .guest import EMULATORS

_HERE = Path(__file__).parent
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_COMMENT = re.compile(rb"/\*.*?\*/|//[^\n]*", re.DOTALL)
_LINES_SHOWN = 20
_TOLD_EACH = 1000  # files of an archive
FILES_ABOUT = 1700  # that make tells of in one build: for an estimate
ARCHES = ("x86_64", "arm64")
_TARGETS = {"x86_64": ("bzImage", "arch/x86/boot/bzImage"), "arm64": ("Image", "arch/arm64/boot/Image")}
# Where the host is another machine: the prefix of a compiler for it, and what has it and its C library.
_CROSS = {
    "x86_64": ("x86_64-linux-gnu-", ("gcc-x86-64-linux-gnu", "libc6-dev-amd64-cross")),
    "arm64": ("aarch64-linux-gnu-", ("gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross")),
}
_HOSTS = {"x86_64": "x86_64", "aarch64": "arm64"}
# What a command needs: the Debian package that has it.
_COMMANDS = {
    "gcc": "gcc",
    "make": "make",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
    "xz": "xz-utils",
    "perl": "perl",
}
_HEADERS = {"gelf.h": "libelf-dev"}

Progress = Callable[[str, int], None]  # what is being done, and how many files of it are done


@dataclass(frozen=True)
class GuestKernel:
    """A kernel that has been built. ``build`` is the folder of its build, for our module."""

    name: str
    version: str
    arch: str
    source: str
    added: str
    digest: str

    @property
    def folder(self) -> Path:
        return cache_directory() / self.digest

    @property
    def image(self) -> Path:
        return self.folder / "image"


def cache_directory() -> Path:
    """Where guest kernels are kept: the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / "dmafuzz" / "guest"


def missing(arch: str) -> list[str]:
    """The Debian packages that building and running lacks here."""
    packages = [package for command, package in _COMMANDS.items() if not shutil.which(command)]
    emulator, package = EMULATORS[arch]
    if not shutil.which(emulator):
        packages.append(package)
    packages += [package for header, package in _HEADERS.items() if not _has_header("gcc", header)]
    compiler, cross = _compiler(arch), _CROSS[arch][1]
    if compiler != "gcc" and not (shutil.which(compiler) and _has_header(compiler, "stdio.h")):
        packages += cross
    return packages


def _prefix(arch: str) -> str:
    """Of the tools that compile for an architecture: "" where that is the host's own."""
    return "" if _HOSTS.get(platform.machine()) == arch else _CROSS[arch][0]


def _compiler(arch: str) -> str:
    return f"{_prefix(arch)}gcc"


def _make(arch: str, source: Path, out: Path) -> list[str]:
    return ["make", "-C", str(source), f"O={out}", f"ARCH={arch}", f"CROSS_COMPILE={_prefix(arch)}"]


def build(path: Path, arch: str, name: str | None, jobs: int, progress: Progress) -> GuestKernel:
    """Builds the kernel of a tree, or of an archive of one, with ``jobs`` compilers at a time.

    Raises ConfirmationError; the next call goes on where this one ended.
    """
    lacks = missing(arch)
    if lacks:
        raise ConfirmationError(f"what building a guest needs is not here: apt-get install {' '.join(lacks)}")
    if name is not None and not _NAME.fullmatch(name):
        raise ConfirmationError(f"{name!r} cannot be the name of a guest kernel: letters, digits and . _ + -")
    digest = _digest(path, arch)
    folder = cache_directory() / digest
    if not (folder / "image").is_file():
        _build_into(folder, path, arch, jobs, progress)
    version = (folder / "out/include/config/kernel.release").read_text(encoding="utf-8").strip()
    when = datetime.now().astimezone().isoformat(timespec="seconds")
    default = version if arch == ARCHES[0] else f"{version}-{arch}"
    kernel = GuestKernel(name or default, version, arch, str(path.absolute()), when, digest)
    boot_files(kernel)
    record = _record(kernel.name)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(asdict(kernel), indent=1) + "\n", encoding="utf-8")
    return kernel


def kernels() -> list[GuestKernel]:
    """All that have been built, by name."""
    out = []
    for path in sorted((cache_directory() / "names").glob("*.json")):
        with contextlib.suppress(OSError, ValueError, TypeError):
            kernel = GuestKernel(**json.loads(path.read_text(encoding="utf-8")))
            if kernel.image.is_file():
                out.append(kernel)
    return out


def find(name: str | None, arch: str = ARCHES[0]) -> GuestKernel:
    """The kernel of that name; without one, the newest build for an architecture. Raises ConfirmationError."""
    known = kernels()
    chosen = [k for k in known if name in (None, k.name) and k.arch == arch]
    if chosen:
        return max(chosen, key=lambda kernel: kernel.added)
    built = f" (there are: {', '.join(f'{k.name} for {k.arch}' for k in known)})" if known else ""
    what = f"no guest kernel for {arch} is built{f' as {name!r}' if name else ''}"
    raise ConfirmationError(f"{what}{built}: `dmafuzz confirm build TREE|ARCHIVE --arch {arch}`")


def boot_files(kernel: GuestKernel) -> tuple[Path, Path]:
    """Image and initrd of a kernel; our module is built for it where it is not yet. Raises ConfirmationError."""
    made = kernel.folder / f"initrd-{module_digest()[:16]}"
    if not made.is_file():
        with tempfile.TemporaryDirectory(dir=kernel.folder, prefix="module-") as directory:
            module, init = _build_module(kernel, Path(directory))
            part = made.with_suffix(f".{os.getpid()}")
            part.write_bytes(initrd({"init": (init, 0o755), "dmafuzz.ko": (module, 0o644)}))
            part.replace(made)
    return kernel.image, made


def module_digest(folder: Path = _HERE / "guest") -> str:
    """Of what is ours in a guest, as a compiler sees it: without comments, and with any white space the same."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        code = _COMMENT.sub(b" ", path.read_bytes())
        digest.update(path.name.encode() + b"\0" + b" ".join(code.split()) + b"\0")
    return digest.hexdigest()


def configuration(arch: str) -> str:
    """What a guest's kernel has beside tinyconfig, in the form of a .config."""
    return "".join((_HERE / "config" / f"{name}.config").read_text(encoding="utf-8") for name in ("common", arch))


def _build_module(kernel: GuestKernel, folder: Path) -> tuple[bytes, bytes]:
    for path in (_HERE / "guest").iterdir():
        shutil.copy(path, folder / path.name)
    out, source = kernel.folder / "out", _source_of(kernel.folder)
    _run([*_make(kernel.arch, source, out), "-s", f"M={folder}", "modules"], folder / "log")
    _run([_compiler(kernel.arch), "-O2", "-static", "-o", str(folder / "init"), str(folder / "init.c")], folder / "log")
    return (folder / "dmafuzz.ko").read_bytes(), (folder / "init").read_bytes()


def _source_of(folder: Path) -> Path:
    return Path((folder / "source").read_text(encoding="utf-8").strip())


def _digest(path: Path, arch: str) -> str:
    """Of an archive's content, or of a tree's files by name, size and time; and of the configuration."""
    digest = hashlib.sha256(f"{arch}\0{configuration(arch)}\0".encode())
    try:
        if path.is_dir():
            if not (path / "kernel/dma/debug.c").is_file():
                raise ConfirmationError(f"{path}: not a kernel tree with dma-debug: kernel/dma/debug.c is not there")
            for root, folders, files in os.walk(path):
                folders.sort()
                for file in sorted(files):
                    stat = os.lstat(os.path.join(root, file))
                    digest.update(f"{root}/{file}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
        else:
            digest.update(_archive_digest(path).encode())
    except OSError as error:
        raise ConfirmationError(f"{path}: cannot be read: {error.strerror}") from None
    return digest.hexdigest()


def _archive_digest(path: Path) -> str:
    with path.open("rb") as archive:
        return hashlib.file_digest(archive, "sha256").hexdigest()


def _build_into(folder: Path, path: Path, arch: str, jobs: int, progress: Progress) -> None:
    """In its final place, where its paths stay right; the image comes last and tells that the rest is there.

    A build that was interrupted is gone on with: what has been unpacked, configured and compiled is used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = path.resolve() if path.is_dir() else _unpacked(path, progress)
    (folder / "source").write_text(f"{source}\n", encoding="utf-8")
    out, log = folder / "out", folder / "log"
    make = _make(arch, source, out)
    configured = folder / "configured"
    if not configured.is_file():
        progress("configuring", 0)
        _run([*make, "tinyconfig"], log)
        with (out / ".config").open("a", encoding="utf-8") as config:
            config.write(configuration(arch))
        _run([*make, "olddefconfig"], log)
        configured.touch()
    target, image = _TARGETS[arch]
    _run([*make, f"-j{jobs}", target, "modules_prepare"], log, progress)
    # Which symbols there are is known once the kernel is linked; `modules` would build none, and write it down.
    progress("linking", FILES_ABOUT)
    _run([*make, "modules"], log)
    shutil.copy(out / image, folder / "image.part")
    (folder / "image.part").replace(folder / "image")


def _unpacked(path: Path, progress: Progress) -> Path:
    """The tree of an archive, unpacked once for all that is built of it."""
    into = cache_directory() / "trees" / _archive_digest(path)
    done = into / "unpacked"
    if not done.is_file():
        source = _unpack(path, into, progress)
        done.write_text(f"{source}\n", encoding="utf-8")
    return Path(done.read_text(encoding="utf-8").strip())


def _unpack(path: Path, into: Path, progress: Progress) -> Path:
    shutil.rmtree(into, ignore_errors=True)

    def told(archive: tarfile.TarFile, packed: BinaryIO, size: int) -> Iterator[tarfile.TarInfo]:
        for number, member in enumerate(archive):
            if number % _TOLD_EACH == 0:
                progress(f"unpacking, {100 * packed.tell() // size} %", 0)
            yield member

    try:
        with path.open("rb") as packed, tarfile.open(fileobj=packed, mode="r|*") as archive:
            archive.extractall(into, told(archive, packed, max(1, path.stat().st_size)), filter="tar")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ConfirmationError(f"{path}: not a kernel tree, nor an archive of one: {error}") from None
    for place in (into, *into.iterdir()):
        if (place / "kernel/dma/debug.c").is_file():
            return place
    raise ConfirmationError(f"{path}: not an archive of a kernel with dma-debug: kernel/dma/debug.c is not in it")


def _run(command: list[str], log: Path, progress: Progress | None = None) -> None:
    """Raises ConfirmationError with the lines that matter."""
    lines: list[str] = []
    done = 0
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert process.stdout is not None
    with log.open("a", encoding="utf-8", buffering=1) as file:
        for line in process.stdout:
            lines.append(line)
            file.write(line)
            if progress and line.startswith("  "):
                done += 1
                progress("building", done)
    if process.wait():
        raise ConfirmationError(f"the guest cannot be built ({' '.join(command[:2])} ...):\n{_that_matter(lines)}")


def _that_matter(lines: list[str]) -> str:
    bad = [line for line in lines if re.search(r"error|undefined|\*\*\*|No such file|No rule", line)]
    return "".join((bad or lines)[-_LINES_SHOWN:])


def _has_header(compiler: str, header: str) -> bool:
    if not shutil.which(compiler):
        return False
    source = f"#include <{header}>\n"
    return not subprocess.run([compiler, "-E", "-"], input=source, text=True, capture_output=True).returncode


def _record(name: str) -> Path:
    return cache_directory() / "names" / f"{name}.json"
