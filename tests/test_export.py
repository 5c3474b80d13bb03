# SPDX-License-Identifier: GPL-2.0-only
"""Export: what is refused, what the C says, and that Debian's headers compile it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from dmafuzz import export as exports
from dmafuzz import program as language
from dmafuzz.cli.main import main
from dmafuzz.export import Export, ExportError
from dmafuzz.program import Program
from dmafuzz.verdicts import judging
from support import CORPUS, program_of

HEADERS = sorted(Path("/usr/src").glob("linux-headers-*-amd64"))
MAPPED = "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 2048 FROM_DEVICE\n"
COHERENT = "cpu0 b0 m0 = alloc_coherent d0 4096\n"
# A list, several CPUs and devices, a loss, an allocation of each kind.
COMPILED = ("conforming/scatter-list-mapped-again.dma", "conforming/several-cpus-hand-over.dma")


def exported(program: Program, guest_only: bool = False, platform: str = "x86-5.18-force-bounce") -> Export:
    return exports.export(program, "program", judging("6.12", "6.12"), platform, guest_only)


def source(done: Export) -> str:
    return done.files["program.c"].decode()


@pytest.mark.parametrize(
    ("lines", "op", "why"),
    [
        (MAPPED + "cpu0 unmap_page m0\ndevice m0 write 0 64", 3, "comes after m0 has ended"),
        (MAPPED + "device m0 write 2048 64\ncpu0 unmap_page m0", 2, "past the end of m0"),
        (MAPPED + "cpu0 unmap_page m0 size=4096", 2, "more than m0 has: 4096 bytes of 2048"),
        (MAPPED + "cpu0 sync_single_for_cpu m0 offset=2048 size=64\ncpu0 unmap_page m0", 2, "more than m0 has"),
        (MAPPED + "cpu0 unmap_page m0 offset=64", 2, "more than m0 has|another address"),
        (MAPPED + "cpu0 unmap_resource m0", 2, "another function"),
        (MAPPED + "cpu0 unmap_page m0 dev=d1", 2, "another device"),
        (MAPPED + "cpu0 unmap_page m0\ncpu0 unmap_page m0", 3, "ended already"),
        (MAPPED + "cpu0 free b0\ncpu0 unmap_page m0", 2, "b0 is freed, and m0 still leads there"),
        (COHERENT + "cpu0 free_coherent m0 size=8192", 1, "more than m0 has: 8192 bytes of 4096"),
        (COHERENT + "cpu0 free_coherent m0 cpu_offset=64", 1, "another address"),
        (
            "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 64 TO_DEVICE\ndevice m0 write 0 64",
            2,
            "mapped TO_DEVICE",
        ),
        (
            "cpu0 b0 = alloc anonymous 4096\ncpu0 m0 = map_page d0 b0 0 64 TO_DEVICE\ncpu0 cow b0\ncpu0 unmap_page m0",
            2,
            "copy-on-write",
        ),
        (
            "cpu0 b0 = alloc vmalloc 4096\ncpu0 m0 = map_single d0 b0 0 64 TO_DEVICE\ncpu0 unmap_single m0",
            1,
            "vmalloc address",
        ),
    ],
)
def test_what_could_touch_memory_of_others_is_refused_and_stamped(lines: str, op: int, why: str) -> None:
    program = program_of(lines)
    with pytest.raises(ExportError, match=rf"not its own \(--guest-only[^\n]*\n  op {op} \([^\n]*({why})"):
        exported(program)
    done = exported(program, guest_only=True)
    assert "const bool program_guest_only = true;" in source(done)
    assert "i_accept_data_loss=1" in done.files["README.md"].decode()
    assert any(line.startswith(f"op {op} ") for line in done.dangers)


@pytest.mark.parametrize(
    "lines",
    [
        MAPPED + "device m0 write 0 2048\ncpu0 unmap_page m0\ncpu0 read b0 0 2048",
        MAPPED + "cpu0 unmap_page m0 size=1024",
        MAPPED + "cpu0 unmap_page m0 dir=BIDIRECTIONAL",
        MAPPED + "cpu0 read b0 0 64\ncpu0 unmap_page m0",
        COHERENT + "device m0 write 0 64\ncpu0 read b0 0 64\ncpu0 free_coherent m0",
    ],
)
def test_what_stays_in_its_own_memory_is_not(lines: str) -> None:
    done = exported(program_of(lines))
    assert not done.dangers
    assert "const bool program_guest_only = false;" in source(done)


def test_the_harness_does_not_reset_anything_of_the_kernels() -> None:
    """No removal of the tracker's entries, no clear_warn_once: these are a guest's."""
    harness = exported(program_of(MAPPED)).files["harness.c"].decode()
    assert not re.search(r"kallsyms|kprobe|clear_warn_once|debug_dma_", harness)
    assert "X86_FEATURE_HYPERVISOR" in harness


def test_the_c_is_what_the_author_of_a_driver_would_write() -> None:
    done = exported(language.read(str(CORPUS / "reports/header-polled-without-sync.dma")))
    text = source(done)
    assert "\tm0 = dma_map_single(d0, b0, 128, DMA_BIDIRECTIONAL);\n" in text
    assert "\tif (dma_mapping_error(d0, m0)) {\n\t\tkfree(b0);\n\t\treturn -EIO;\n\t}\n" in text
    assert "\t/* The device of m0 writes, as it may. */\n\tdevice_writes(d0, m0, 16, 4);\n" in text
    assert '\tcpu_reads("op 3: the CPU reads: b0[0..15]", b0, 16, 4);\n' in text
    assert text.index("dma_unmap_single(d0, m0, 128, DMA_BIDIRECTIONAL);") < text.rindex("\tkfree(b0);")
    assert "How stale-cpu-read after op 3 becomes possible on x86-5.18-force-bounce" in text
    assert done.shown is not None
    assert done.shown.kind == "stale-cpu-read"


def test_the_readme_says_what_it_is_about_first() -> None:
    done = exported(language.read(str(CORPUS / "reports/header-polled-without-sync.dma")))
    text = done.files["README.md"].decode()
    assert text.startswith("Use a machine that you can lose.\n")
    assert "| x86-5.18-force-bounce | FN | - | stale-cpu-read (op 3) |" in text
    assert "echo 1 > /sys/kernel/debug/dma-api/all_errors" in text
    assert "x86-64, swiotlb=force; `swiotlb=force` on its command line" in text


def test_every_check_has_a_result() -> None:
    """The plan of KTAP is the number of looks; every program of the corpus is written or refused with its reason."""
    written = refused = 0
    paths = sorted(CORPUS.rglob("*.dma"))
    for path in paths:
        try:
            done = exported(language.read(str(path)))
        except ExportError as error:
            refused += bool(re.search(r"op \d+ \(", str(error)))
            continue
        looks = len(re.findall(r"^\t(?:cpu|device)_reads(?:_list)?\(", source(done), re.MULTILINE))
        assert f"program_checks = {looks};" in source(done), path
        assert max(map(len, source(done).splitlines())) <= 120, path
        written += 1
    assert written > len(paths) // 3
    assert written + refused == len(paths)


def test_the_command_writes_a_folder_or_says_why_not(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.dma", tmp_path / "bad.dma"
    good.write_text(f"dmafuzz 1\n{MAPPED}cpu0 unmap_page m0\n")
    bad.write_text(f"dmafuzz 1\n{MAPPED}cpu0 unmap_page m0\ndevice m0 write 0 64\n")
    result = CliRunner().invoke(main, ["export", str(good), "--kernel-module", str(tmp_path / "module")])
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / "module").iterdir()}
    assert names == {"Kbuild", "Makefile", "README.md", "harness.c", "harness.h", "program.c"}
    result = CliRunner().invoke(main, ["export", str(bad), "--kernel-module", str(tmp_path / "no")])
    assert result.exit_code == 2
    assert "op 3 (device m0 write 0 64): " in result.output
    assert not (tmp_path / "no").exists()


def compiled(done: Export, folder: Path, build: Path, *arguments: str) -> Path:
    done.write(folder)
    make = ["make", "-s", "-C", str(build), f"M={folder}", *arguments, "modules"]
    made = subprocess.run(make, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert "warning:" not in made.stderr.replace("warning: the compiler differs", "")
    return folder / "dmafuzz_program.ko"


@pytest.mark.skipif(not HEADERS or not shutil.which("make"), reason="apt-get install linux-headers-amd64 make")
@pytest.mark.parametrize(
    "headers", [*(pytest.param(path, marks=pytest.mark.slow) for path in HEADERS[1:]), *HEADERS[:1]]
)
def test_debians_headers_compile_it(headers: Path, tmp_path: Path) -> None:
    """One after another in one folder, so that the harness is compiled once."""
    for name in COMPILED:
        done = exported(language.read(str(CORPUS / name)))
        assert compiled(done, tmp_path, headers).is_file()
