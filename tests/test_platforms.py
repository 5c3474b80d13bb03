# SPDX-License-Identifier: GPL-2.0-only
"""Platform files, portfolios, and what a user sees who gets one wrong."""

import enum
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from dmafuzz import _core
from dmafuzz._core import Direction, Iommu, IommuDriver, Maintenance
from dmafuzz.platforms import PlatformError, load, names, portfolio, portfolio_names, to_core
from dmafuzz.platforms.portfolio import portfolio as portfolio_from

LETTERS = {"none": "-", "clean": "C", "invalidate": "I", "clean_invalidate": "CI"}

# docs/spec/platforms.md §1, row by row: TO / FROM / BIDI at for_device, at for_cpu; edges; speculates.
TABLE = {
    "ARM as in the 2011 thread": ("C / C / C", "- / I / I", "clean", True),
    "ARMv7": ("C / I / C", "- / I / I", "clean", True),
    "ARMv4/v5": ("C / I / CI", "- / - / -", "clean", False),
    "arm64 from 5.19": ("C / C / C", "- / I / I", "clean", True),
    "arm64 before 5.19": ("C / I / C", "- / I / I", "clean", True),
    "MIPS without post-DMA maintenance": ("C / I / CI", "- / - / -", "drop", False),
    "MIPS R10000, around 5.8": ("C / I / CI", "C / I / CI", "drop", True),
    "MIPS R10000, later": ("C / I / CI", "- / I / I", "drop", True),
    "PowerPC, not coherent": ("C / I / CI", "C / I / CI", "whole_range", False),
    "RISC-V Zicbom, before ~6.6": ("C / C / CI", "- / CI / CI", "drop", True),
    "RISC-V Zicbom": ("C / C / C", "- / I / I", "drop", True),
    "x86 and other coherent machines": ("- / - / -", "- / - / -", "clean", True),
}

# Which platforms a row is for, by the beginning of their names: the longest beginning that fits counts.
ROW_OF_PREFIX = {
    "arm-2011": "ARM as in the 2011 thread",
    "armv7-": "ARMv7",
    "armv5-": "ARMv4/v5",
    "arm64-4.17": "arm64 before 5.19",
    "arm64-5.5": "arm64 before 5.19",
    "arm64-5.19": "arm64 from 5.19",
    "arm64-6.5": "arm64 from 5.19",
    "mips-": "MIPS without post-DMA maintenance",
    "mips-r10000-4.18": "MIPS R10000, around 5.8",
    "mips-r10000-5.5": "MIPS R10000, around 5.8",
    "mips-r10000-5.10": "MIPS R10000, later",
    "powerpc-": "PowerPC, not coherent",
    "riscv-6.0": "RISC-V Zicbom, before ~6.6",
    "riscv-6.6": "RISC-V Zicbom",
    "x86-": "x86 and other coherent machines",
}

MACHINE = """
title = "a machine"
kernels = "6.1 to today"
source = "this test"

[cache]
line = 64
l1_line = 64
speculates = true

[alignment]
dma = 1
dma_min = 8
kmalloc = 8

[memory]
stacks_in_vmalloc = true
map_single_vmalloc_fails = true
text_in_linear_map = false

[device.default]
coherent = true
"""


def row_of(name: str) -> str:
    return ROW_OF_PREFIX[max((prefix for prefix in ROW_OF_PREFIX if name.startswith(prefix)), key=len)]


def letters(maintenance: Sequence[Maintenance]) -> str:
    directions = (Direction.to_device, Direction.from_device, Direction.bidirectional)
    return " / ".join(LETTERS[maintenance[direction.value].name] for direction in directions)


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def complaint(path: Path) -> str:
    with pytest.raises(PlatformError) as caught:
        load(path)
    return str(caught.value)


# --- the platforms that come with dmafuzz


@pytest.mark.parametrize("name", names())
def test_platform_has_the_row_of_the_table_that_its_name_promises(name: str) -> None:
    platform = load(name)
    actual = (
        letters(platform.core.for_device),
        letters(platform.core.for_cpu),
        platform.core.edges.name,
        platform.core.speculates,
    )
    assert platform.name == name
    assert actual == TABLE[row_of(name)]


def test_every_row_of_the_table_has_a_platform() -> None:
    assert {row_of(name) for name in names()} == set(TABLE)


@pytest.mark.parametrize("name", names())
def test_facts_that_follow_the_first_kernel_of_the_era(name: str) -> None:
    platform = load(name)
    first = tuple(int(number) for number in platform.kernels.split(" to ")[0].split("."))
    assert platform.core.map_single_vmalloc_fails == (first >= (5, 5))
    if platform.core.iommu is not Iommu.off:  # dma-iommu is Intel's from 5.11 on
        by_dma_iommu = platform.core.iommu_driver is not IommuDriver.intel or first >= (5, 11)
        assert platform.core.iommu_room_wraps == (by_dma_iommu and first >= (5, 4))
    if platform.core.stacks_in_vmalloc:
        assert first >= (4, 9)
    if platform.core.bounce_slots:
        assert platform.core.copy_in_from_device == (first >= (5, 17))
        assert platform.core.sync_from_device_copies_in == platform.runs("5.17")
    if platform.core.bounce_unaligned:
        assert first >= (6, 5)


@pytest.mark.parametrize("name", names())
def test_only_arm32_has_kernel_text_in_its_linear_map(name: str) -> None:
    assert load(name).core.text_in_linear_map == name.startswith(("arm-", "armv"))


@pytest.mark.parametrize("name", [name for name in names() if name.startswith("arm64-")])
def test_arm64_kernels_are_built_for_64_byte_lines_and_128_byte_dma(name: str) -> None:
    platform = load(name)
    assert platform.core.line == (128 if "line128" in name else 64)
    assert (platform.core.l1_line, platform.core.dma_alignment_min) == (64, 128)
    assert platform.core.dma_alignment == (platform.core.line if name.startswith("arm64-6.5") else 128)


@pytest.mark.parametrize("name", [name for name in names() if name.startswith("x86-")])
def test_x86_is_coherent_with_the_smallest_alignments(name: str) -> None:
    platform = load(name)
    assert all(device.coherent for device in platform.core.devices)
    assert (platform.core.dma_alignment, platform.core.kmalloc_alignment) == (1, 8)


@pytest.mark.parametrize("name", [name for name in names() if name.endswith("-mixed")])
def test_mixed_machine_alternates(name: str) -> None:
    assert [device.coherent for device in load(name).core.devices] == [True, False, True, False]


def test_names_of_options_say_what_they_do() -> None:
    assert load("x86-5.5-iommu-strict").core.iommu == Iommu.strict
    assert load("x86-5.5-iommu-lazy").core.iommu == Iommu.lazy
    full = load("x86-5.5-pool-full").core
    assert (full.bounce_pool, full.bounce_slots, full.bounce_always) == (True, 0, True)
    assert {device.mask_bits for device in load("x86-5.18-swiotlb").core.devices} == {32}
    assert load("x86-5.18-force-bounce").core.bounce_always
    assert not load("armv7-3.6-no-pool").core.atomic_pool
    assert load("armv7-3.6-no-pool").core.coherent_remaps
    assert load("armv7-5.18-aliases").core.mismatched_aliases_hit
    assert (load("armv7-5.18-line32").core.line, load("armv7-5.18-line32").core.l1_line) == (32, 64)
    limits = load("x86-5.5-segment-limits").core.devices[3]
    assert (limits.truncates, limits.segment_max, limits.wraps, limits.segment_boundary) == (True, 65536, True, 0xFFFF)
    bounced = load("arm64-6.5")
    assert (bounced.core.bounce_unaligned, bounced.core.bounce_pool, bounced.core.kmalloc_alignment) == (True, True, 8)
    unpooled = load("arm64-6.5-no-pool")
    assert (unpooled.core.bounce_unaligned, unpooled.core.bounce_pool) == (True, False)


# --- portfolios


@pytest.mark.parametrize("name", portfolio_names())
def test_portfolio_loads_with_the_plain_coherent_x86_in_it_and_no_member_twice(name: str) -> None:
    members = [platform.name for platform in portfolio(name)]
    assert len(set(members)) == len(members)
    assert any(member in ("x86-2.6.30", "x86-4.9", "x86-5.5") for member in members)


@pytest.mark.parametrize("name", [name for name in portfolio_names() if name != "all"])
def test_portfolio_of_a_kernel_has_machines_of_that_kernel_only_tamest_first(name: str) -> None:
    members = portfolio(name)
    assert all(platform.runs(name) for platform in members)
    assert members[0].name.startswith("x86-")
    assert not members[0].core.bounce_pool
    assert members[0].core.iommu == Iommu.off
    assert not any(platform.core.mismatched_aliases_hit for platform in members)
    machines = {repr(platform.model_copy(update={"name": "", "title": "", "source": ""})) for platform in members}
    assert len(machines) == len(members)


def test_portfolio_of_6_12_has_one_machine_for_each_thing_that_can_go_wrong() -> None:
    members = portfolio("6.12")
    assert 12 <= len(members) <= 18
    assert {row_of(platform.name) for platform in members} == {
        "x86 and other coherent machines",
        "arm64 from 5.19",
        "ARMv7",
        "ARMv4/v5",
        "MIPS without post-DMA maintenance",
        "MIPS R10000, later",
        "PowerPC, not coherent",
        "RISC-V Zicbom",
    }
    assert {platform.core.iommu for platform in members} == set(Iommu)
    assert {platform.core.line for platform in members} == {32, 64, 128}
    assert any(platform.core.bounce_pool and platform.core.bounce_slots == 0 for platform in members)
    assert any(platform.core.bounce_always and platform.core.bounce_slots for platform in members)
    assert any(platform.core.bounce_unaligned for platform in members)
    assert any(len({device.coherent for device in platform.core.devices}) == 2 for platform in members)
    assert any(device.truncates and device.wraps for platform in members for device in platform.core.devices)


def test_portfolio_all_has_every_platform() -> None:
    assert [platform.name for platform in portfolio("all")] == names()


def test_unknown_portfolio_is_told_the_nearest() -> None:
    with pytest.raises(PlatformError, match=r"no portfolio is named '6\.13' \(nearest: .*6\.12"):
        portfolio("6.13")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            '["x86-5.5", "armv7-5.81"]',
            r'"mine"\.members\[1\]: found \'armv7-5\.81\', expected .* \(nearest: armv7-5\.18',
        ),
        ('["x86-5.5", "x86-5.5"]', r'"mine"\.members\[1\]: found \'x86-5\.5\', expected each member once'),
        ('["x86-4.9"]', r"found 'x86-4\.9', which is of kernels 4\.9 to 5\.4, expected a platform of kernel 6\.12"),
        ("[]", r'"mine"\.members: found \[\], expected '),
        ('"x86-5.5"', r'"mine"\.members: found \'x86-5\.5\', expected a valid list'),
    ],
)
def test_bad_portfolio_member(tmp_path: Path, members: str, message: str) -> None:
    path = write(tmp_path, f'[mine]\ntitle = "mine"\nkernel = "6.12"\nmembers = {members}\n')
    with pytest.raises(PlatformError, match=message):
        portfolio_from("mine", path)


# --- a platform of one's own


def test_file_of_ones_own_is_loaded_by_path_and_named_after_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, MACHINE)
    assert load(path) == load(str(path))
    assert load(path).name == "mine"


def test_device_takes_what_it_does_not_give_from_the_default(tmp_path: Path) -> None:
    path = write(tmp_path, MACHINE + "mask_bits = 32\n[device.d2]\ntruncates = true\n")
    devices = load(path).core.devices
    assert [(device.coherent, device.mask_bits, device.truncates) for device in devices] == [
        (True, 32, False),
        (True, 32, False),
        (True, 32, True),
        (True, 32, False),
    ]


def test_file_that_extends_changes_single_fields(tmp_path: Path) -> None:
    text = 'extends = "arm64-6.5"\ntitle = "a"\nkernels = "6.5 to 6.9"\nsource = "s"\n'
    text += '[maintenance.for_cpu]\nfrom_device = "none"\n'
    mine, base = load(write(tmp_path, text)), load("arm64-6.5")
    assert mine.core.for_cpu[Direction.from_device.value] == Maintenance.none
    assert mine.core.for_cpu[Direction.bidirectional.value] == base.core.for_cpu[Direction.bidirectional.value]
    assert (mine.core.line, mine.core.bounce_slots) == (base.core.line, base.core.bounce_slots)
    assert (mine.title, mine.kernels) == ("a", "6.5 to 6.9")


def test_title_kernels_and_source_are_not_inherited(tmp_path: Path) -> None:
    text = complaint(write(tmp_path, 'extends = "x86-5.5"\n'))
    for field in ("title", "kernels", "source"):
        assert f"mine.toml: {field}: found nothing, expected a value" in text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "[cache]\n",
            "[cache]\nlines = 3\n",
            "cache.lines: found an unknown field, expected a known one (nearest: line,",
        ),
        (
            "[cache]",
            "[bonce]\npool = true\n[cache]",
            "bonce: found an unknown field, expected a known one (nearest: bounce",
        ),
        ("line = 64\nl1", 'line = "64"\nl1', "cache.line: found '64', expected 32, 64 or 128"),
        ("line = 64\nl1", "line = 48\nl1", "cache.line: found 48, expected 32, 64 or 128"),
        ("speculates = true", "speculates = 1", "cache.speculates: found 1, expected a valid boolean"),
        ("speculates = true\n", "", "cache.speculates: found nothing, expected a value"),
        ('"6.1 to today"', '"since 6.1"', "kernels: found 'since 6.1', expected a range such as \"5.19 to 6.4\""),
        ('"6.1 to today"', '"6.1 to 5.15"', "kernels: found '6.1 to 5.15', expected the older kernel first"),
        (
            "coherent = true",
            "coherent = false",
            "maintenance: found nothing, expected this section, since d0, d1, d2, d3",
        ),
        ("[cache]", "[bounce]\nslots = 3\n[cache]", "bounce.slots: found 3, expected 0, since bounce.pool is false"),
        (
            "[cache]",
            "[bounce]\npool = true\nslots = 513\n[cache]",
            "bounce.slots: found 513, expected less than or equal to 512",
        ),
        ("[cache]", '[iommu]\nmode = "lasy"\n[cache]', "iommu.mode: found 'lasy', expected 'off', 'strict' or 'lazy'"),
        ("coherent = true", "coherent = true\nmask_bits = 31", "device.default.mask_bits: found 31, expected 32 or 64"),
        (
            "coherent = true",
            "coherent = true\nsegment_boundary = 0x10000",
            "device.default.segment_boundary: found 65536, expected a mask, that is a power of two minus one",
        ),
        ("title =", 'name = "x"\ntitle =', "name: found an unknown field, expected none"),
        (
            "title =",
            'extends = "x86-5.6"\ntitle =',
            "extends: found 'x86-5.6', expected the name of a platform (nearest: x86-5.5",
        ),
        (
            "title =",
            'extends = "arm64-6.5-mixed"\ntitle =',
            "expected a platform that extends none (it extends 'arm64-6.5')",
        ),
    ],
)
def test_bad_field_is_told_file_field_what_was_found_and_what_was_expected(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in MACHINE
    path = write(tmp_path, MACHINE.replace(old, new, 1))
    text = complaint(path)
    assert text.startswith(f"{path}: ")
    assert message in text


def test_all_complaints_about_a_file_come_at_once(tmp_path: Path) -> None:
    text = MACHINE.replace("line = 64", "line = 65").replace("kmalloc = 8", "kmalloc = 9")
    assert len(complaint(write(tmp_path, text)).splitlines()) == 3


def test_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(PlatformError, match=r"no platform is named 'riscv-6\.5' \(nearest: riscv-6\.6"):
        load("riscv-6.5")


def test_portfolios_are_no_platform() -> None:
    with pytest.raises(PlatformError):
        load("portfolios")


def test_file_that_is_not_there_or_not_toml(tmp_path: Path) -> None:
    assert "cannot be read" in complaint(tmp_path / "none.toml")
    assert "is not TOML" in complaint(write(tmp_path, "title = \n"))


# --- the core's table


def test_every_field_of_the_core_is_a_row_of_its_table() -> None:
    for rows, record in ((_core.PLATFORM_FIELDS, _core.Platform()), (_core.DEVICE_FIELDS, _core.Device())):
        fields = {name for name, kept in vars(type(record)).items() if isinstance(kept, property)}
        assert {row.attribute for row in rows} == fields - {"name", "devices"}
        assert len({row.key for row in rows}) == len(rows)
        for row in rows:
            assert getattr(record, row.attribute) == row.value
            assert row.meaning


def test_every_field_that_a_file_gives_comes_to_the_core(tmp_path: Path) -> None:
    """Each field of the table, given another value than it has without."""
    base = load(write(tmp_path, MACHINE))
    for row in _core.PLATFORM_FIELDS:
        section, key = row.key.split(".")
        if section == "maintenance":
            continue  # below
        text = given(getattr(base.core, row.attribute), row.values)
        table = re.sub(rf"(?m)^{key} = .*\n", "", MACHINE) if f"[{section}]" in MACHINE else MACHINE
        pool = "" if key in ("pool", "slots") else "pool = true\n"
        extra = f"{key} = {text}\n" + ("pool = true\n" if key == "slots" else pool if section == "bounce" else "")
        if f"[{section}]" in table:
            table = table.replace(f"[{section}]\n", f"[{section}]\n{extra}")
        else:
            table = f"{table}\n[{section}]\n{extra}"
        found = load(write(tmp_path, table))
        assert getattr(found.core, row.attribute) != getattr(base.core, row.attribute), row
    for device in _core.DEVICE_FIELDS:
        text = given(getattr(base.core.devices[0], device.attribute), device.values)
        old = MACHINE.replace("coherent = true", "") if device.key == "coherent" else MACHINE
        section = "[maintenance]\nedges = 'clean'\nfor_device = {}\nfor_cpu = {}\n" if device.key == "coherent" else ""
        found = load(write(tmp_path, f"{old}{device.key} = {text}\n{section}"))
        assert getattr(found.core.devices[3], device.attribute) != getattr(base.core.devices[3], device.attribute)


def given(value: object, values: str) -> str:
    """Another value of a field, as TOML has it."""
    if isinstance(value, bool):
        return "false" if value else "true"
    if isinstance(value, enum.Enum):
        return repr(next(member.name for member in type(value) if member != value))
    allowed = values.removeprefix("!")
    if " to " in allowed:
        return "4095" if value else "7"
    return next(each for each in allowed.split() if int(each) != value)


def test_cache_maintenance_by_direction() -> None:
    """By the values of enum dma_data_direction: bidirectional, to device, from device."""
    both, clean, invalidate = Maintenance.clean_invalidate, Maintenance.clean, Maintenance.invalidate
    assert load("armv5-5.5").core.for_device == [both, clean, invalidate]
    assert load("armv7-5.5").core.for_cpu == [invalidate, Maintenance.none, invalidate]
    assert load("powerpc-5.5").core.edges == _core.Edges.whole_range


def test_a_platform_that_is_changed_is_nobody_elses() -> None:
    changed = to_core(load("x86-5.5"))
    changed.line = 32
    assert load("x86-5.5").core.line == to_core(load("x86-5.5")).line == 64


def test_where_no_name_is_near_the_list_of_all_is_named() -> None:
    with pytest.raises(PlatformError, match=r"'qq' \(`dmafuzz list platforms` has them all\)$"):
        load("qq")
    with pytest.raises(PlatformError, match=r"'x86-5\.6' \(nearest: x86-5\.5, "):
        load("x86-5.6")
