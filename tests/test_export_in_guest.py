# SPDX-License-Identifier: GPL-2.0-only
"""An exported module on a booted kernel, with a guest kernel that is built: else skipped, with what builds it."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from dmafuzz import export as exports
from dmafuzz import program as language
from dmafuzz.confirmation import ConfirmationError, building, machine_for
from dmafuzz.confirmation.cpio import initrd
from dmafuzz.export import Export
from dmafuzz.program import Program
from dmafuzz.verdicts import judging
from support import CORPUS, program_of

HERE = Path(__file__).parent
SECONDS = 300
LATE = (
    "cpu0 b0 = alloc pages 4096",
    "cpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE",
    "cpu0 unmap_page m0",
    "device m0 write 0 64",
)


@dataclass(frozen=True)
class Guest:
    """A guest kernel that is built, and the process that loads one module in it."""

    kernel: building.GuestKernel
    init: bytes

    def console(self, done: Export, machine_name: str, folder: Path) -> list[str]:
        """What the kernel and the process say."""
        done.write(folder)
        out, source = self.kernel.folder / "out", (self.kernel.folder / "source").read_text(encoding="utf-8").strip()
        make = ["make", "-s", "-C", source, f"O={out}", f"M={folder}", "modules"]
        made = subprocess.run(make, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        files = {"init": (self.init, 0o755), "module.ko": ((folder / "dmafuzz_program.ko").read_bytes(), 0o644)}
        image, console, machine = folder / "initrd", folder / "console", machine_for(machine_name)
        image.write_bytes(initrd(files))
        append = re.sub(r"loglevel=\d", "loglevel=8", machine.append)
        qemu = ["qemu-system-x86_64", *machine.arguments, "-m", machine.memory, "-nodefaults", "-display", "none"]
        qemu += ["-no-reboot", "-serial", f"file:{console}", "-kernel", str(self.kernel.image)]
        qemu += ["-initrd", str(image), "-append", append]
        subprocess.run(qemu, check=True, timeout=SECONDS, capture_output=True)
        text = console.read_text(encoding="utf-8", errors="replace")
        return [re.sub(r"^\[[ 0-9.]+\] ", "", line.strip()) for line in text.splitlines()]


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Guest:
    try:
        kernel = building.find(None)
    except ConfirmationError as error:
        pytest.skip(str(error))
    if not shutil.which("qemu-system-x86_64"):
        pytest.skip("no QEMU: apt-get install qemu-system-x86")
    init = tmp_path_factory.mktemp("init") / "init"
    subprocess.run(["gcc", "-O2", "-static", "-o", str(init), str(HERE / "exported_in_guest.c")], check=True)
    return Guest(kernel, init.read_bytes())


def exported(program: Program, guest_only: bool = False) -> Export:
    return exports.export(program, "program", judging("6.12", "6.12"), "x86-5.18-force-bounce", guest_only)


@pytest.mark.parametrize(("machine", "is_lost"), [("force-bounce", True), ("plain", False)])
def test_a_loss_is_shown_where_it_is_possible_and_nowhere_else(
    guest: Guest, machine: str, is_lost: bool, tmp_path: Path
) -> None:
    said = guest.console(
        exported(language.read(str(CORPUS / "reports/header-polled-without-sync.dma"))), machine, tmp_path
    )
    assert "KTAP version 1" in said
    results = [line for line in said if line.startswith(("ok ", "not ok "))]
    plan = int(next(line for line in said if line.startswith("1.."))[3:])
    assert len(results) == plan
    lost = [line for line in results if line.startswith("not ok ")]
    assert bool(lost) == is_lost
    assert all("op 3" in line or "op 4" in line for line in lost)
    assert "the end" in said


def test_what_dma_debug_says_comes_after_its_operation(guest: Guest, tmp_path: Path) -> None:
    lines = ("cpu0 b0 = alloc pages 4096", "cpu0 m0 = map_page d0 b0 0 64 TO_DEVICE", "cpu0 unmap_page m0 size=32")
    said = guest.console(exported(program_of(*lines)), "plain", tmp_path)
    warned = next(at for at, line in enumerate(said) if "DMA-API" in line and "different size" in line)
    assert said[:warned][-1].startswith(("# op 2: cpu0 unmap_page m0 size=32", "---", "WARNING", "["))
    assert any(line.startswith("# op 2: ") for line in said[:warned])
    assert not any(line.startswith("# op 3: ") for line in said[:warned])


def test_what_may_harm_loads_with_consent_only(guest: Guest, tmp_path: Path) -> None:
    said = guest.console(exported(program_of(*LATE), guest_only=True), "plain", tmp_path)
    refused = next(at for at, line in enumerate(said) if line.startswith("loaded without parameters: 1"))
    plan = next(at for at, line in enumerate(said) if line == "KTAP version 1")
    assert refused < plan
    assert "loaded with the parameter: 0" in said
