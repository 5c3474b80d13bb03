# SPDX-License-Identifier: GPL-2.0-only
"""The table of checks: what the kernel prints, and finding a check by it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dmafuzz import _core, checks
from dmafuzz.kernel.source import find_source
from dmafuzz.trackers import builtins, kernel_of
from support import said

ARCHIVES = [Path(f"/usr/src/linux-source-{version}.tar.xz") for version in ("6.1", "6.12")]
BREAKDOWNS = {"crash", "hang", "deadlock"}
# Of 6.18 on only, or nothing that memory in a model runs out of.
NEWER = {"free-attributes", "resource-ram"}
OLDER = {"assert-idle"}


def test_every_warning_but_a_breakdown_has_a_message() -> None:
    silent = {check.id for check in checks.checks().values() if not check.messages}
    assert silent == BREAKDOWNS | {"unknown"}
    assert all(check.known_by for check in checks.checks().values() if check.messages)


def test_the_table_has_what_the_core_warns_of() -> None:
    ids = set()
    for tracker in builtins():
        judge = _core.Judge(tracker.name, [_core.Platform()])
        for seed in range(300):
            ids |= {warning.id for warning in judge.judge(_core.random_program(seed, 12), 0).warnings}
    assert ids <= set(checks.checks())
    assert len(ids) > 10


def test_versions_of_a_message_are_in_order_and_of_kernels_that_are_known() -> None:
    for check in checks.checks().values():
        for message in check.messages:
            assert check.message(message.since) == message.text
            assert "\n" not in message.text
            assert "DMA-API" not in message.text


@pytest.mark.parametrize(
    ("name", "version", "part"),
    [
        ("overlap>7", "3.14-rc1", "of pfn %lx"),
        ("overlap>7", "3.14", "of cacheline %pa"),
        ("overlap>7", "", "of cacheline %pa"),
        ("map-stack", "3.14", "fromstack"),
        ("map-stack", "4.1", "from stack [addr"),
        ("map-stack", "6.12.3-rc1", "from stack [probable addr"),
        ("line-overlap", "2.6.32", "EEXIST"),
        ("resource-ram", "6.18", "mapping.c"),
        ("resource-ram", "7.1", "called for RAM"),
        ("crash", "6.12", ""),
        ("a-check-of-tomorrow", "6.12", ""),
    ],
)
def test_a_message_is_that_of_its_version(name: str, version: str, part: str) -> None:
    message = checks.named(name).message(version)
    assert part in message
    assert bool(message) == bool(part)


def test_a_tracker_says_which_kernel_it_is() -> None:
    of = {name: kernel_of(name) for name in ("6.12", "5.16", "2020-rcu", "silent", "3.14-rc1", "kernel:/nowhere")}
    assert of == {"6.12": "6.12", "5.16": "5.16", "2020-rcu": "5.5", "silent": "", "3.14-rc1": "3.14-rc1",
                  "kernel:/nowhere": ""}  # fmt: skip


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.name)
def test_messages_are_the_source_s_own(archive: Path) -> None:
    if not archive.exists():
        pytest.skip(f"needs {archive}")
    source = find_source(archive)
    # Strings that follow one another are one; conversions are left out, since %pa and its like are spelt otherwise.
    text = re.sub(r'"\s*"', "", source.code()).replace("\\n", " ")
    for check in checks.checks().values():
        if not check.messages or check.id in NEWER | OLDER:
            continue
        message = check.message(source.version())
        pieces = [piece for piece in re.split(r"0x%\w+|%\w+", message) if piece.strip("[] ")]
        assert all(piece.strip() in text for piece in pieces), check.id


FOUND = {
    "cacheline tracking EEXIST": ["line-overlap"],
    "eexist, overlapping": ["line-overlap"],
    "overlapping mappings": ["line-overlap", "overlap>7"],
    "DMA-API: exceeded 7 overlapping mappings of cacheline 0x031d2645": ["overlap>7"],
    "[   28.523959] DMA-API: ftgmac100 1e670000.ftgmac: device driver frees DMA memory with different size "
    "[device address=0x000000008f0c2000] [map size=1536 bytes] [unmap size=1518 bytes]": ["free-size"],
    "ehci-pci 0000:00:0a.0: DMA-API: device driver maps memory fromstack [addr=ffff88003d0b56bf]": ["map-stack"],
    "dwc_otg bcm2708_usb: DMA-API: device driver maps memory from stack [addr=aa217c54]": ["map-stack"],
    "different size [device address=0x0011223344556677]": ["free-size"],
    "[unmap size=12 bytes]": ["free-size"],
    "[sync count=3]": ["sync-sg-count"],
    "DMA-API: pci 0000:08:00.0: device driver has pending DMA allocations while released from device [count=1116]\n"
    "  One of leaked entries details: [device address=0x000000010ffd7028] [size=1534 bytes]": ["leak"],
    "WARNING: CPU: 3 PID: 44 at kernel/dma/mapping.c:361 dma_map_resource+0x3a/0x70": ["resource-ram"],
    "cpu touching an active dma mapped cacheline [cln=0x000000002fdf9800]": ["assert-idle"],
    "overlap>7": ["overlap>7"],
    "different direction": ["free-direction", "sync-direction"],
    "size at unmap differs": ["free-size"],
    "usb 1-1: new high-speed USB device number 2": [],
    "   ": [],
}


@pytest.mark.parametrize("text", FOUND)
def test_a_check_is_found_by_what_the_kernel_printed(text: str) -> None:
    assert [check.id for check in checks.find(text)] == FOUND[text]


@pytest.mark.parametrize("check", [check for check in checks.checks().values() if check.messages], ids=lambda c: c.id)
def test_a_message_with_its_values_finds_its_own_check_alone(check: checks.Check) -> None:
    for message in check.messages:
        printed = re.sub(r"0x%\w+|%pa?|%lx", "0x00000000fedc1000", message.text)
        printed = re.sub(r"%s", "DMA_TO_DEVICE", re.sub(r"%l*[ud]", "4096", printed))
        assert checks.find(f"[    1.25] DMA-API: e1000e 0000:00:19.0: {printed}") == [check]


def listed(*arguments: str) -> tuple[int, str]:
    return said("list", *arguments)


def test_the_list_shows_messages_and_finds_by_them() -> None:
    _, everything = listed("warnings")
    for check in checks.checks().values():
        assert re.search(rf"^{re.escape(check.id)} +{re.escape(check.means)}$", everything, re.M)
        assert all(f"from {m.since}: {m.text}\n" in everything for m in check.messages)
    code, found = listed("warnings", "cacheline tracking EEXIST")
    assert (code, len(found.splitlines())) == (0, 2)
    squeezed = [re.sub(" +", " ", text) for text in (found, everything)]  # columns are as wide as their rows need
    assert squeezed[0] in squeezed[1]


def test_what_is_not_found_or_cannot_be_looked_for_is_said() -> None:
    assert listed("warnings", "no such thing") == (
        2,
        "no warning has that message: 'no such thing' (`dmafuzz list warnings` has them all)\n",
    )
    code, text = listed("rules", "same-size")
    assert code == 2
    assert "only warnings can be looked for" in text
