# SPDX-License-Identifier: GPL-2.0-only
"""What real guests have said, compared again; and, with a guest kernel that is built, real guests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dmafuzz import program as language
from dmafuzz.confirmation import Confirmation, ConfirmationError, Confirming, Guest, QemuGuest, building, machine_for
from dmafuzz.confirmation.guest import EMULATORS
from dmafuzz.confirmation.replay import ReplayedGuest
from dmafuzz.verdicts import judging

ROOT = Path(__file__).parent.parent
LOGS = Path(__file__).parent / "golden" / "confirmation"
TRACKER = "6.12"
RUNS = 2
UP_LINES = 2  # of a transcript, until the guest is up
MACHINES = ("force-bounce", "plain", "intel-strict", "arm64")
# Short ones that lose, warn, keep the rules, and fail.
PROGRAMS = (
    "conforming/streaming-each-direction.dma",
    "conforming/coherent-ring.dma",
    "conforming/scatter-list-each-direction.dma",
    "rules/no-stack.dma",
    "rules/same-size.dma",
    "rules/same-direction.dma",
    "rules/sync-before-read.dma",
    "rules/unmap-once.dma",
    "rules/whole-lines.dma",
    "rules/hands-off.dma",
)


def log_of(machine: str) -> Path:
    return LOGS / f"{machine}.log"


def confirm_all(machine: str, kernel: str, guest: Guest) -> Iterator[Confirmation]:
    found = machine_for(machine)
    one = Confirming(judging(TRACKER, TRACKER), found.platforms[0], machine, kernel, lambda: guest, found.iommu)
    for name in PROGRAMS:
        yield one.confirm(language.read(str(ROOT / "corpus" / name)), name, RUNS)


def answers(done: list[Confirmation]) -> list[str]:
    return [
        f"# {one.program}: {one.answer.value}, {sum(t.shown for t in one.tried)} of {len(one.tried)}" for one in done
    ]


def kernel_for(machine: str) -> building.GuestKernel:
    """The newest one that is built for a machine; the test is skipped without one."""
    try:
        found = building.find(None, machine_for(machine).arch)
    except ConfirmationError as error:
        pytest.skip(str(error))
    if not shutil.which(EMULATORS[found.arch][0]):
        pytest.skip(f"no QEMU: apt-get install {EMULATORS[found.arch][1]}")
    return found


@pytest.mark.parametrize("machine", MACHINES)
def test_what_a_guest_has_said_comes_to_the_same_again(machine: str) -> None:
    """A log is good for one kernel, one module, and what the host asked for; --promote takes another one."""
    head, *lines = log_of(machine).read_text(encoding="utf-8").splitlines()
    _, version, module = head.split()
    assert module == building.module_digest(), (
        "the guest's module has changed: pytest tests/test_confirmation_logs.py --promote"
    )
    expected = [line for line in lines if line.startswith("# ")]
    guest = ReplayedGuest(line for line in lines if not line.startswith("# "))
    assert answers(list(confirm_all(machine, version, guest))) == expected
    assert guest.is_done()


@pytest.mark.parametrize("machine", MACHINES)
def test_a_real_guest_says_so_too(machine: str, promote: bool, tmp_path: Path) -> None:
    kernel = kernel_for(machine)
    image, initrd = building.boot_files(kernel)
    said = tmp_path / "said"
    guest = QemuGuest(machine_for(machine), image, initrd, said)
    try:
        done = list(confirm_all(machine, kernel.version, guest))
    finally:
        guest.close()
    if promote:
        head = f"# {kernel.version} {building.module_digest()}"
        # How it came up is not the comparison's.
        lines = said.read_text(encoding="utf-8").splitlines()
        log_of(machine).write_text("\n".join([head, *answers(done), *lines[UP_LINES:], ""]), encoding="utf-8")
    expected = [line for line in log_of(machine).read_text(encoding="utf-8").splitlines()[1:] if line.startswith("# ")]
    assert answers(done) == expected
