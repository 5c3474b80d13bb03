# SPDX-License-Identifier: GPL-2.0-only
"""How mappings are reached, where data is, and who reads it: the core says it, and stories say no more."""

from __future__ import annotations

from pathlib import Path

from dmafuzz import _core
from dmafuzz.platforms.load import FOLDER
from dmafuzz.program import parse
from dmafuzz.reporting import story
from dmafuzz.verdicts import Judge, Judgement

SMALL = "dmafuzz 1\ncpu0 b0 = alloc kmalloc 32\ncpu0 m0 = map_single d0 b0 0 32 FROM_DEVICE\ncpu0 unmap_single m0\n"
WRITTEN = SMALL.replace("cpu0 unmap", "cpu0 write b0 0 32\ncpu0 unmap")
MOVED = """dmafuzz 1
cpu0 b0 = alloc anonymous 4096
cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
cpu1 cow b0 0
cpu0 unmap_page m0
"""


def told(text: str, platform: str) -> tuple[Judgement, str]:
    bench, program = Judge("6.12"), parse(text)
    found = bench.judge(program, platform)
    return found, " ".join(line.text.strip() for line in story(program, bench, [found]))


def reached(judgement: Judgement) -> list[tuple[int, _core.Via, bool]]:
    return [(mapping.number, mapping.via, mapping.iommu) for mapping in judgement.mappings]


def test_a_small_buffer_is_bounced_behind_an_iommu_too() -> None:
    """From 6.5 on dma-iommu bounces what is not aligned, and maps the slot: the facts and the story agree on it."""
    found, text = told(WRITTEN, "arm64-6.5-iommu-strict")
    assert reached(found) == [(0, _core.Via.slot, True)]
    assert found.corruptions
    assert "m0's bounce buffer" in text
    assert "m0 is bounced (swiotlb). m0 is mapped through an IOMMU (strict)." in text
    for platform, via, iommu in (
        ("arm64-6.5", _core.Via.slot, False),
        ("arm64-5.19-iommu-strict", _core.Via.direct, True),
        ("arm64-5.19", _core.Via.direct, False),
    ):
        assert reached(told(SMALL, platform)[0]) == [(0, via, iommu)]


def test_nothing_is_bounced_behind_an_iommu_that_maps_all(tmp_path: Path) -> None:
    """swiotlb=force is for what goes past an IOMMU: the platform says `always`, and no mapping has a slot."""
    machine = tmp_path / "forced.toml"
    bounces = (FOLDER / "x86-5.18-force-bounce.toml").read_text()
    machine.write_text(f'{bounces}\n[iommu]\nmode = "strict"\n')
    behind, text = told(MOVED, str(machine))
    told_behind = text.replace(str(machine), "")
    plain, told_plain = told(MOVED, "x86-5.18-force-bounce")
    assert reached(behind) == [(0, _core.Via.direct, True)]
    assert reached(plain) == [(0, _core.Via.slot, False)]
    assert behind.corruptions
    assert "m0 is mapped through an IOMMU (strict)." in told_behind
    assert "into the old page" in told_behind
    assert "bounced" not in told_behind
    assert "bounce buffer" not in told_behind
    assert plain.corruptions
    assert "m0 is bounced (swiotlb)." in told_plain
    assert "into its bounce buffer" in told_plain


def test_a_device_past_the_iommu_has_no_iommu_addresses(tmp_path: Path) -> None:
    machine = tmp_path / "past.toml"
    shipped = (FOLDER / "x86-5.5-iommu-strict.toml").read_text()
    machine.write_text(f"{shipped}\n[device.d1]\niommu = false\n")
    text = "dmafuzz 1\ncpu0 b0 = alloc pages 4096\n" + "".join(
        f"cpu0 m{number} = map_page d{number} b0 0 4096 TO_DEVICE\n" for number in (0, 1)
    )
    found, _ = told(text, str(machine))
    assert reached(found) == [(0, _core.Via.direct, True), (1, _core.Via.direct, False)]


def test_pages_are_called_as_they_are_at_each_step() -> None:
    """Two moves: a device writes the first page, which is old by then, and a copy of the second is what is lost."""
    program = parse(MOVED.replace("cpu1 cow b0 0\n", "cpu1 cow b0 0\n" * 2))
    bench = Judge("6.12")
    found = bench.judge(program, "x86-5.5")
    lost = next(each for each in found.corruptions if each.kind == "stale-cpu-data")
    steps = bench.witness(program, "x86-5.5", lost)
    kinds = [step.place.kind for step in steps]
    assert kinds[0] == _core.PlaceKind.memory
    assert _core.PlaceKind.new_page in kinds
    writes = [step for step in steps if step.into is not None]
    assert [step.into.kind for step in writes if step.into is not None] == [_core.PlaceKind.old_page] * len(writes)
    assert all(step.before is not None for step in steps[1:])


def test_the_reader_is_the_one_whose_view_is_wrong() -> None:
    """Of two mappings that read the same lines the story names the one that is bounced, since only its slot is old."""
    text = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_page d0 b0 0 64 TO_DEVICE
cpu0 write b0 0 64
cpu0 m1 = map_page d1 b0 0 64 TO_DEVICE
"""
    found, said = told(text, "x86-5.18-force-bounce")
    lost = [each for each in found.corruptions if each.kind == "stale-device-data"]
    assert lost
    assert {each.reader for each in lost} == {0}
    assert "d0 (through m0) may read" in said
    assert "or m1" not in said
