# SPDX-License-Identifier: GPL-2.0-only
"""Reading logs: every warning of every version, however it was mangled; and nothing where there is nothing."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

import splats
from dmafuzz import checks
from dmafuzz.kernel_log import InputKind, input_kind_of, read
from dmafuzz.kernel_log.machine import era_of, platforms_of, told_era
from dmafuzz.kernel_log.plain_text import LINE_CHARS_MAX, plain_text
from dmafuzz.platforms import names as platform_names

ROOT = Path(__file__).parent.parent
PRINTED = list(splats.printed())
CASES = [(printed, how) for printed in PRINTED for how in splats.MANGLED]


def test_there_are_enough_of_them() -> None:
    messages = [c.id for c in checks.checks().values() for m in c.messages if not m.text.startswith("WARNING")]
    assert {printed.check for printed in PRINTED} == set(messages)
    assert len(CASES) >= 1000


@pytest.mark.parametrize("how", splats.MANGLED)
@pytest.mark.parametrize("printed", PRINTED, ids=lambda printed: f"{printed.check}-{printed.version}")
def test_a_warning_is_read_whatever_has_become_of_it(printed: splats.Printed, how: str) -> None:
    log = read(splats.MANGLED[how](printed.lines))
    assert [splat.check for splat in log.splats] == [printed.check]
    splat = log.splats[0]
    assert (splat.driver, splat.device) == (printed.driver, printed.device)
    assert dict(splat.values) == printed.values
    if how in ("wrapped by a mailer", "wrapped and quoted", "wrapped by a terminal"):
        return  # of a back trace only what is on a line of its own is taken
    assert splat.machine.version == f"{printed.version}.0-17-test"
    assert splat.machine.arch == "x86"
    assert tuple(frame.function for frame in splat.mapped_at) == printed.mapped
    assert splat.mapper == (printed.mapped[1] if printed.mapped else "")
    assert splat.caller == "e1000_clean_rx_irq"
    assert bool(splat.time) == (how not in ("bare", "carriage returns", "noise"))


# As drivers' people have posted them: (text, check, driver, device, version, arch, caller, mapper).
POSTED = [
    (
        """\
[    5.149828] WARNING: CPU: 0 PID: 0 at kernel/dma/debug.c:973 check_unmap+0x1f8/0x9c4
[    5.152714] DMA-API: ftgmac100 1e670000.ftgmac: device driver frees DMA memory with different size """
        """[device address=0x0000000081f7f8c2] [map size=1536 bytes] [unmap size=42 bytes]
[    5.153883] CPU: 0 PID: 0 Comm: swapper/0 Not tainted 5.11.0-00002-g65303e260692 #14
[    5.154692] Hardware name: Generic DT based system
[    5.155816] [<80867a20>] (dump_backtrace) from [<80867c74>] (show_stack+0x20/0x24)
[    5.159378] [<8019f304>] (check_unmap) from [<8019fd6c>] (debug_dma_unmap_page+0xa4/0xb4)
[    5.159762]  r10:81e46540
[    5.160011] [<8019fcc8>] (debug_dma_unmap_page) from [<80554b38>] (ftgmac100_poll+0x1dc/0x9f8)
""",
        ("free-size", "ftgmac100", "1e670000.ftgmac", "5.11.0-00002-g65303e260692", "arm", "ftgmac100_poll"),
    ),
    (
        """\
WARNING: lib/dma-debug.c:865 check_unmap+0x6f8/0x7d8()
net eth0: DMA-API: device driver tries to free DMA memory it
 has not allocated [device address=0x00000000443d7040] [size=2048
bytes]
""",
        ("free-unallocated", "net", "eth0", "", "", ""),
    ),
    (
        """\
[  235.091672] WARNING: CPU: 1 PID: 2873 at lib/dma-debug.c:601     debug_dma_assert_idle+0x198/0x210()
[  235.091674] mlx4_core 0000:00:07.0: DMA-API: cpu touching an active dma mapped cacheline     [cln=0x000000001f405880]
[  235.092840] CPU: 1 PID: 2873 Comm: bash Not tainted 4.0.0+ #1
""",
        ("assert-idle", "mlx4_core", "0000:00:07.0", "4.0.0+", "", ""),
    ),
    (
        """\
[   50.1] DMA-API: rockchip-sfc fe300000.spi: device driver tries to sync DMA memory it has not allocated """
        """[device address=0x0000000002f41000] [size=288 bytes]
[   50.2] CPU: 2 UID: 0 PID: 91 Comm: kworker/2:2 Not tainted 6.17.0-rc6 #9 PREEMPT
[   50.3] pstate: 604000c9 (nZCv daIF +PAN -UAO -TCO -DIT -SSBS BTYPE=--)
[   50.4] pc : check_sync+0x4c8/0x9a0
[   50.5] Call trace:
[   50.6]  check_sync+0x4c8/0x9a0 (P)
[   50.7]  debug_dma_sync_single_for_cpu+0x8c/0xb8
[   50.8]  __dma_sync_single_for_cpu+0xd0/0x120
[   50.9]  rockchip_sfc_exec_mem_op+0x3f0/0x610 [spi_rockchip_sfc 0a1b2c3d4e5f]
""",
        ("sync-unallocated", "rockchip-sfc", "fe300000.spi", "6.17.0-rc6", "arm64", "rockchip_sfc_exec_mem_op"),
    ),
    (
        """\
[    3.1] DMA-API: moxart 92000000.mac: cacheline tracking EEXIST, overlapping mappings aren't supported
[    3.2] CPU: 0 PID: 1 Comm: init Not tainted 5.19.0 #1
[    3.3]  unwind_backtrace from show_stack+0x10/0x14
[    3.4]  add_dma_entry from debug_dma_map_page+0xf4/0x110
[    3.5]  debug_dma_map_page from dma_map_page_attrs+0x1d4/0x28c
[    3.6]  dma_map_page_attrs from moxart_mac_open+0x14c/0x1f0
""",
        ("line-overlap", "moxart", "92000000.mac", "5.19.0", "arm", "moxart_mac_open"),
    ),
    (
        "dwc_otg bcm2708_usb: DMA-API: device driver maps memory from stack [addr=aa217c54]\n",
        ("map-stack", "dwc_otg", "bcm2708_usb", "", "", ""),
    ),
]


@pytest.mark.parametrize(("text", "wanted"), POSTED, ids=lambda each: each[0] if isinstance(each, tuple) else "")
def test_what_people_have_posted_is_read(text: str, wanted: tuple[str, ...]) -> None:
    (splat,) = read(text.encode()).splats
    machine = splat.machine
    found = (splat.check, splat.driver, splat.device, machine.version, machine.arch, splat.caller)
    assert found == wanted


DUMPS = {
    "k3-ringacc 4b800000.ringacc: coherent idx 2208 P=d1140000 N=d114 D=d1140000 L=40 DMA_BIDIRECTIONAL "
    "dma map error check not applicable": ("4b800000.ringacc", "coherent", 0xD1140000, 0x40, None),
    "fsl_dpaa2_eth dpni.3: scather-gather idx 1 P=20a7320030 N=20a7320 D=20a7320030 L=5a8 DMA_BIDIRECTIONAL dma map\n"
    "error check not applicable": ("dpni.3", "scatter-gather", 0x20A7320030, 0x5A8, None),
    "e1000e 0000:00:19.0 phy idx 14 P=0x0000000101d40000 D=fffdc000 L=600 cln=0x4075000 DMA_FROM_DEVICE dma map error "
    "not checked attrs=0x20": ("0000:00:19.0", "phy", 0x101D40000, 0x600, False),
    "e1000e 0000:00:19.0 single idx 3 P=1000 D=1000 L=40 DMA_TO_DEVICE": ("0000:00:19.0", "single", 0x1000, 0x40, None),
}


@pytest.mark.parametrize("text", DUMPS)
def test_an_entry_of_a_dump_is_read(text: str) -> None:
    (live,) = read(f"[    1.000000] {text}\n".encode()).live
    assert (live.device, live.type, live.physical, live.length, live.checked) == DUMPS[text]


def test_frames_of_two_warnings_stay_apart() -> None:
    one, other = (printed for printed in PRINTED if printed.check == "free-size")
    log = read("\n".join((*one.lines, *other.lines)).encode())
    assert [splat.machine.version for splat in log.splats] == [f"{v.version}.0-17-test" for v in (one, other)]
    assert all(len(splat.mapped_at) == len(one.mapped) for splat in log.splats)


@pytest.mark.parametrize(
    ("version", "era"),
    {
        "2.6.32-5-amd64": "2.6.32",
        "3.14.0-rc1": "3.14-rc1",
        "3.14.0": "3.14",
        "4.19.0-6-amd64": "4.18",
        "5.11.0-00002-gab": "5.10",
        "5.15.102": "5.15",
        "6.12.0-rc3": "6.0",
        "6.12.107": "6.12",
        "6.16.12": "6.17",
        "6.17.0": "6.17",
        "6.17.8-arch1": "6.12",
        "6.18.3": "6.18",
        "6.18.24": "7.0",
        "6.19.0": "6.18",
        "7.0.4": "7.0",
        "7.2.0": "7.2",
        "9.9": "7.2",
        "2.6.18": "2.6.30",
        "4.18.0-305.el8.x86_64": "4.18",
        "": "6.12",
    }.items(),
)
def test_a_version_leads_to_its_era(version: str, era: str) -> None:
    found = era_of(version)
    assert found.name == era
    assert found.known == bool(version)


@pytest.mark.parametrize(
    ("version", "portfolio"),
    [
        ("6.12.0", "6.12"),
        ("6.8.5", "6.6"),
        ("6.12.107", "6.12"),
        ("6.18.3", "6.12"),
        ("5.16.2-arch1", "5.15"),
        ("4.19.0-6-amd64", "4.19"),
        ("2.6.32-5-amd64", "2.6.36"),
        ("9.9", "7.2"),
        ("", "6.12"),
    ],
)
def test_the_kernel_of_a_log_chooses_the_machines(version: str, portfolio: str) -> None:
    """Not the era of its dma-debug, which may be older: 6.12 as released has the checks of 6.0."""
    assert era_of(version).portfolio == portfolio


def test_an_era_that_is_asked_for_chooses_its_own_machines() -> None:
    assert told_era("6.0").portfolio == "6.1"


def test_an_old_header_without_a_version_is_an_old_kernel() -> None:
    assert era_of("", old_header=True).name == "4.18"


def test_architectures_have_platforms() -> None:
    every = platform_names()
    for arch in ("x86", "arm64", "armv7", "armv5", "arm", "mips", "powerpc", "riscv"):
        assert platforms_of(arch, every), arch
    assert not platforms_of("", every)
    assert not platforms_of("s390", every)


def others_of(text: str) -> list[str]:
    return [other.kind for other in read(text.encode()).others]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[    9.1] e1000e 0000:00:19.0: swiotlb buffer is full (sz: 4096 bytes), total 9 (slots)", "swiotlb-full"),
        ("DMAR: [DMA Write NO_PASID] Request device [00:1f.2] fault addr 0xfffff000 [fault", "dmar-fault"),
        ("arm-smmu-v3 9050000.smmuv3: event 0x10 received:", "smmu-fault"),
        ("arm-smmu 15000000.iommu: Unhandled context fault: fsr=0x402, iova=0xfff, fsynr=0x11", "smmu-fault"),
        ("nvme 0000:01:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000e address=0x0 flags=0x0000]", "amd-fault"),
        ("foo 1-1: dma_direct_map_page: overflow 0x0000000180000000+64 of device mask ffffffff", "direct-overflow"),
        ("foo 1-1: DMA addr 0x0000000180000000+64 overflow (mask ffffffff, bus limit 0).", "direct-overflow"),
        ("spi0: rejecting DMA map of vmalloc memory", "vmalloc-refused"),
        ("DMA-API: debugging out of memory - disabling", "dma-debug-off"),
        ("DMA-API: preallocated 65536 debug entries", "dma-debug-started"),
        ("WARNING: CPU: 3 PID: 44 at kernel/dma/mapping.c:361 dma_map_resource+0x3a/0x70", "resource-refused"),
        ("WARNING: CPU: 3 PID: 44 at kernel/dma/mapping.c:149 dma_map_page_attrs+0x3a/0x70", "no-mask"),
    ],
)
def test_other_messages_are_named(text: str, kind: str) -> None:
    assert others_of(text) == [kind]


def test_the_allocator_s_bugs_count_beside_a_warning_only() -> None:
    bug = "BUG: Bad page state in process kworker/0:1  pfn:1d40"
    assert others_of(bug) == []
    assert others_of("\n".join((bug, *PRINTED[0].lines))) == ["allocator"]


def test_ram_mapped_as_a_resource_is_the_warning_of_its_time() -> None:
    warning = "WARNING: CPU: 3 PID: 44 at kernel/dma/mapping.c:361 dma_map_resource+0x3a/0x70"
    about = "CPU: 3 UID: 0 PID: 44 Comm: x Not tainted {}.0 #1"
    for version, count in (("6.17", 0), ("6.18", 1), ("7.0", 1)):
        assert len(read(f"{warning}\n{about.format(version)}\n".encode()).splats) == count


# Formats and prose about warnings, which are none.
PROSE = [
    'err_printk(dev, entry, "device driver frees DMA memory with different size [device address=0x%016llx] [map '
    'size=%llu bytes] [unmap size=%llu bytes]\\n", ref->dev_addr);',
    '#define pr_fmt(fmt) "DMA-API: " fmt\nerr_printk(dev, NULL, "device driver '
    'tries to free an invalid DMA memory address\\n");',
    'pr_warn("DMA-API: cacheline tracking EEXIST, overlapping mappings aren\'t supported\\n");',
    "The warning `DMA-API: cacheline tracking EEXIST, overlapping mappings aren't supported` was added in 5.14.",
    'WARN(1, "DMA-API: exceeded %d overlapping mappings of cacheline %pa\\n", max, &cln);',
    "    dma-debug: fix DMA-API: device driver warnings about the size",
    "commit 0123456789abcdef0123456789abcdef01234567\nAuthor: A <a@b.c>\n\n    dma-mapping: DMA-API: more kernel-doc\n",
    "DMA-API: %s %s: device driver frees DMA sg list with different entry count [map count=%d] [unmap count=%d]",
    "Documentation/core-api/dma-api.rst: DMA-API: a how-to",
]


@pytest.mark.parametrize("text", PROSE)
def test_a_format_or_prose_is_no_warning(text: str) -> None:
    log = read(text.encode())
    assert not log.splats
    assert not log.live


def other_files() -> list[tuple[str, bytes]]:
    """What is no log: this project's files, and made-up ones of many kinds."""
    quotes_a_log = ROOT / "reports" / "confirmed.md"
    folders = ("dmafuzz", "corpus", "reports", "harnesses", ".ci")
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*")) if path.is_file()]
    found = [
        (str(path), path.read_bytes()[: 64 << 10])
        for path in paths
        if "__pycache__" not in path.parts and path != quotes_a_log
    ]
    dice = random.Random(1)
    for number in range(400):
        found.append((f"random bytes {number}", dice.randbytes(dice.randrange(3000))))
        rows = [{"time": dice.random(), "text": "DMA", "n": [dice.randrange(99)] * 3} for _ in range(20)]
        found.append((f"json {number}", json.dumps(rows).encode()))
        found.append((f"gzip {number}", gzip.compress(dice.randbytes(200))))
    words = "usb eth0 dma DMA map single page idx DMA_TO_DEVICE WARNING: at CPU: PID: [ ] 0x10 P= D= L= device driver"
    for number in range(300):
        lines = (f"[{i:5d}.{i:06d}] " + " ".join(dice.choices(words.split(), k=12)) for i in range(40))
        found.append((f"dmesg {number}", "\n".join(lines).encode()))
    return found


def test_other_files_are_nothing_of_the_dma_api() -> None:
    files = other_files()
    assert len(files) >= 1000
    claimed = [name for name, data in files if input_kind_of(read(data)) is not InputKind.NOTHING]
    assert not claimed


def test_nothing_that_a_terminal_acts_on_is_left() -> None:
    text = plain_text("a\x1b[31mb\x1b]0;title\x07c\x9b1md\u202ee\x00\r\nf\tg".encode())
    assert text == "abcde\nf g"
    assert len(plain_text(b"x" * 3 * LINE_CHARS_MAX)) == LINE_CHARS_MAX
