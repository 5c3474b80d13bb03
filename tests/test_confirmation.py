# SPDX-License-Identifier: GPL-2.0-only
"""Confirmation: the host's side against a guest without a kernel, and what a real one has said once."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from dmafuzz import _core, checks
from dmafuzz import program as language
from dmafuzz.cli.main import main
from dmafuzz.confirmation import Answer, Confirmation, ConfirmationError, Confirming, building, machine_for
from dmafuzz.confirmation.answer import read_answer
from dmafuzz.confirmation.comparing import about, placed_otherwise
from dmafuzz.confirmation.cpio import initrd
from dmafuzz.confirmation.hunting import smaller
from dmafuzz.confirmation.messages import other_messages, warning_of
from dmafuzz.confirmation.report import as_table, status_of
from dmafuzz.program import Program
from dmafuzz.verdicts import judging
from stand_in_guest import StandInGuest
from support import CORPUS, program_of

KEEPS = """
cpu0 b0 = alloc pages 64
cpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE
device m0 write 0 64
cpu0 unmap_page m0
cpu0 read b0 0 64
"""
# The sync copies the old bytes over what the device has written into the slot.
LOSES = """
cpu0 b0 = alloc pages 64
cpu0 m0 = map_page d0 b0 0 64 BIDIRECTIONAL
cpu0 sync_single_for_device m0
cpu0 unmap_page m0
"""
WARNED = """
cpu0 b0 = alloc pages 64
cpu0 m0 = map_page d0 b0 0 64 TO_DEVICE
cpu0 unmap_page m0 size=32
"""


def parse(text: str) -> Program:
    return language.parse(f"dmafuzz 1\n{text}")


def confirm(text: str, guest: StandInGuest, platform: str = "x86-5.5", runs: int = 0) -> Confirmation:
    one = Confirming(judging("6.12", "6.12"), platform, "stand-in", "none", lambda: guest)
    return one.confirm(parse(text), "program", runs)


def test_what_nothing_is_wrong_with_is_confirmed() -> None:
    done = confirm(KEEPS, StandInGuest(), runs=20)
    assert done.answer == Answer.CONFIRMED
    assert not done.tried
    assert done.runs == 21
    assert status_of([done]) == 0


def test_a_loss_that_the_guest_shows_is_confirmed() -> None:
    done = confirm(LOSES, StandInGuest(bounces=True), "x86-5.18-force-bounce")
    assert done.answer == Answer.CONFIRMED
    assert done.tried
    assert all(tried.shown for tried in done.tried)


def test_a_loss_that_the_guest_does_not_show_is_not_reproduced() -> None:
    done = confirm(LOSES, StandInGuest(), "x86-5.18-force-bounce")
    assert done.answer == Answer.NOT_REPRODUCED
    assert not any(tried.shown for tried in done.tried)
    assert status_of([done]) == 1


def test_what_caches_lose_has_a_reason_why_it_is_not_reproduced() -> None:
    text = "cpu0 b0 = alloc pages 64\ncpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE\ncpu0 read b0 0 64\ncpu0 unmap_page m0"
    done = confirm(text, StandInGuest(), "armv5-5.5")
    assert done.tried
    assert all(tried.reason == "takes a cache, which QEMU does not model" for tried in done.tried)
    assert status_of([done]) == 0


@pytest.mark.parametrize("guest", [StandInGuest(deaf=True), StandInGuest(clobbers=255)], ids=["deaf", "clobbers"])
def test_a_loss_that_cannot_be_is_impossible(guest: StandInGuest) -> None:
    done = confirm(KEEPS, guest)
    assert done.answer == Answer.IMPOSSIBLE
    assert done.impossible[0].buffer == 0
    assert status_of([done]) == 3
    assert any("said to be impossible" in line for line in as_table([done]))


def test_random_neighbours_find_a_loss_that_the_program_itself_does_not_show() -> None:
    text = KEEPS.replace("device m0 write 0 64\n", "").replace("cpu0 read b0 0 64\n", "")
    assert confirm(text, StandInGuest(deaf=True)).answer == Answer.CONFIRMED
    assert confirm(text, StandInGuest(deaf=True), runs=20).answer == Answer.IMPOSSIBLE


def test_warnings_are_compared_by_operation() -> None:
    said = "DMA-API: dmafuzz 0000:00:08.0: device driver frees DMA memory with different size [device address=0x1]"
    right = confirm(WARNED, StandInGuest(says={"unmap ": said}))
    assert right.expected == right.seen == [(2, "free-size")]
    assert right.answer == Answer.CONFIRMED
    for says in ({}, {"map ": said}, {"unmap ": said, "map ": said}):
        assert confirm(WARNED, StandInGuest(says=says)).answer == Answer.DIFFER


def test_a_guest_that_dies_is_an_answer_and_the_next_program_has_another() -> None:
    guests = [StandInGuest(dies_at="unmap"), StandInGuest()]
    booted = iter(guests)
    one = Confirming(judging("6.12", "6.12"), "x86-5.5", "stand-in", "none", lambda: next(booted))
    died = one.confirm(parse(KEEPS), "first")
    assert died.answer == Answer.DIED
    assert died.log.startswith("unmap 0 0 0 0 1 0 -1 2 0\n")
    assert guests[0].closed
    assert one.confirm(parse(KEEPS), "second").answer == Answer.CONFIRMED
    one.close()
    assert guests[1].closed


def test_what_a_program_leaves_asks_for_the_guest_as_it_came_up() -> None:
    guest = StandInGuest(left=1)
    one = Confirming(judging("6.12", "6.12"), "x86-5.5", "stand-in", "none", lambda: guest)
    one.confirm(parse(KEEPS), "first")
    assert guest.restarts == 0
    one.confirm(parse(KEEPS), "second")
    assert guest.restarts == 1
    assert not guest.closed


def test_what_a_guest_cannot_do_is_refused_before_it_begins() -> None:
    text = "cpu0 irq_off\ncpu0 b0 = alloc pages 64\ncpu0 m0 = map_page d0 b0 0 64 TO_DEVICE split\ncpu0 finish"
    guest = StandInGuest()
    done = confirm(text, guest)
    assert done.answer == Answer.REFUSED
    assert done.refused == [(0, "a call in two halves with interrupts off")]
    assert not guest.actions


def test_a_split_call_stops_and_is_checked_after_its_second_half() -> None:
    text = "cpu1 b0 = alloc pages 64\ncpu1 m0 = map_page d0 b0 0 64 TO_DEVICE split\ncpu1 finish\ncpu0 unmap_page m0"
    guest = StandInGuest()
    assert confirm(text, guest).answer == Answer.CONFIRMED
    assert [a for a in guest.actions if a.split()[0] in ("map", "finish", "error")] == [
        "map 1 2 0 0 1 0 0 64 1 0",
        "finish 1 0",
        "error 1 0 0 0",
    ]


def test_answers_are_read() -> None:
    answer = read_answer(["! <4>a message", "=map dma=1000:64 refused=place bytes=7*3,0*1"])
    assert (answer.name, answer.messages, answer.refused) == ("map", ("<4>a message",), "place")
    assert answer.data == b"\7\7\7\0"


def test_every_message_is_a_warning_of_the_trackers() -> None:
    for check in checks.checks().values():
        for part in check.known_by:
            place = f"{part}:340 dma_map_resource+0x1" if part.endswith(".c") else part
            assert warning_of(f"DMA-API: x 0000:00:01.0: device driver {place} [device address=0x0]") == check.id
    assert warning_of("usb 1-1: a message of somebody else") is None
    # As 6.12.117 says it: memory is freed with interrupts off.
    assert warning_of("<4>WARNING: CPU: 0 PID: 45 at kernel/dma/mapping.c:650 dma_free_attrs+0x73/0x80") is None
    with_trace = ["DMA-API: x: ", "WARNING: CPU: 0 PID: 1 at kernel/dma/debug.c:987 check_unmap+0x1", "DMAR: fault"]
    assert other_messages(with_trace) == ["DMAR: fault"]


def test_the_archive_that_a_guest_boots_from_is_well_formed() -> None:
    archive = initrd({"init": (b"hello", 0o755)})
    names = []
    at = 0
    while at < len(archive):
        assert archive[at : at + 6] == b"070701"
        size, name_size = int(archive[at + 54 : at + 62], 16), int(archive[at + 94 : at + 102], 16)
        names.append(archive[at + 110 : at + 109 + name_size].decode())
        at += -(-(110 + name_size) // 4) * 4
        content = archive[at : at + size]
        at += -(-size // 4) * 4
        if names[-1] == "init":
            assert content == b"hello"
    assert names == ["dev", "proc", "sys", "dev/console", "init", "TRAILER!!!"]


def test_a_machine_stands_for_a_platform() -> None:
    assert machine_for("x86-5.18-force-bounce") is machine_for("force-bounce")
    with pytest.raises(ConfirmationError, match="no machine of QEMU stands for this platform"):
        machine_for("mips-5.5")


def test_without_a_kernel_the_command_says_how_to_build_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file = tmp_path / "a.dma"
    file.write_text(KEEPS)
    result = CliRunner().invoke(main, ["confirm", str(file)])
    assert result.exit_code == 2
    assert "no guest kernel for x86_64 is built: `dmafuzz confirm build TREE|ARCHIVE --arch x86_64`" in result.output


def test_building_says_what_is_not_a_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(building, "missing", lambda arch: [])
    with pytest.raises(ConfirmationError, match="not a kernel tree with dma-debug"):
        building.build(tmp_path, "x86_64", None, 1, lambda what, done: None)
    monkeypatch.setattr(building, "missing", lambda arch: ["flex", "bison"])
    with pytest.raises(ConfirmationError, match="apt-get install flex bison"):
        building.build(tmp_path, "x86_64", None, 1, lambda what, done: None)
    assert not list((tmp_path / "cache").rglob("image"))


def test_the_core_says_what_a_program_comes_to() -> None:
    bench = judging("6.12", "6.12")
    judge, places = bench.judge_for("x86-5.5")
    facts = _core.run(judge, parse(KEEPS).ops, places[0])
    assert [(e.buffer, e.offset, e.size, e.first) for e in facts.extents] == [(0, 0, 64, True)]
    assert [(p.mapping, p.offset, p.size, p.via) for p in facts.pieces] == [(0, 0, 64, "direct")]
    kinds = [(s.op, s.kind) for s in facts.steps]
    assert kinds == [(0, "alloc"), (1, "begin"), (1, "to-device"), (2, "device-write"), (3, "end"), (4, "cpu-read")]


def test_nobody_writes_the_kernels_image_of_his_own_accord() -> None:
    text = "cpu0 b0 = alloc rodata 64\ncpu0 m0 = map_page d0 b0 0 64 TO_DEVICE\ncpu0 unmap_page m0"
    guest = StandInGuest()
    assert confirm(text, guest, runs=20).answer == Answer.CONFIRMED
    assert not [action for action in guest.actions if action.startswith("write ")]


def test_a_fault_of_the_kernel_that_is_foretold_is_confirmed_by_a_guest_that_dies_there() -> None:
    text = "cpu0 b0 = alloc rodata 64\ncpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE\ncpu0 unmap_page m0"
    dies = confirm(text, StandInGuest(dies_at="unmap"), "x86-5.18-force-bounce")
    assert (dies.oops, dies.answer) == (2, Answer.CONFIRMED)
    assert status_of([dies]) == 0
    lives = confirm(text, StandInGuest(), "x86-5.18-force-bounce")
    assert lives.answer == Answer.NOT_REPRODUCED
    assert status_of([lives]) == 1
    assert confirm(text, StandInGuest(dies_at="map"), "x86-5.18-force-bounce").answer == Answer.DIED


def test_what_a_hunt_finds_is_made_small() -> None:
    extra = (
        "\ncpu0 b1 = alloc pages 64\ncpu0 m1 = map_page d1 b1 0 64 TO_DEVICE\ncpu0 unmap_page m1\ncpu0 write b1 0 64\n"
    )
    one = Confirming(judging("6.12", "6.12"), "x86-5.5", "stand-in", "none", lambda: StandInGuest(deaf=True))
    program = parse(KEEPS.strip() + extra)
    small = smaller(one, program, one.confirm(program, "program"), seed=0)
    assert small.confirmation.answer == Answer.IMPOSSIBLE
    again = one.confirm(small.program, "again", small.runs, small.seed)
    where = [(lost.op, lost.offset, lost.size) for lost in small.confirmation.impossible]
    assert [(lost.op, lost.offset, lost.size) for lost in again.impossible] == where
    kept = [op.kind.name for op in small.program.ops]
    assert kept == ["alloc", "map_page"]  # the tidy-up unmaps


def test_a_device_is_served_by_a_cpu_that_is_not_inside_a_call() -> None:
    text = (
        "cpu0 b0 = alloc pages 64\ncpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE\ncpu0 sync_single_for_cpu m0 split\n"
        "device m0 write 0 64\ncpu0 finish\ncpu0 unmap_page m0"
    )
    guest = StandInGuest()
    assert not confirm(text, guest).refused
    writes = [action for action in guest.actions if action.startswith("device-write")]
    assert writes[0].split()[1] == "1"


def test_between_an_unchecked_map_and_its_check_the_cpu_does_not_look() -> None:
    """Seen on a booted 6.12.117: what a device has written too early was called impossible."""
    text = (
        "cpu0 b0 = alloc pages 64\ncpu0 m0 = map_page d0 b0 0 64 BIDIRECTIONAL unchecked\ndevice m0 write 0 64\n"
        "cpu0 mapping_error m0\ncpu0 unmap_page m0"
    )
    done = confirm(text, StandInGuest())
    assert not done.impossible
    assert done.answer == Answer.CONFIRMED


def test_memory_that_comes_again_only_in_the_model_is_a_reason() -> None:
    """The stand-in has pages at other places than the model, which gives freed ones again."""
    text = (
        "cpu0 b0 = alloc pages 4096\ncpu0 free b0\ncpu0 b1 = alloc pages 4096\n"
        "cpu0 m0 = map_page d0 b1 0 4096 TO_DEVICE\ncpu0 unmap_page m0"
    )
    warned = {"map": "DMA-API: dmafuzz: cacheline tracking EEXIST, overlapping mappings aren't supported"}
    done = confirm(text, StandInGuest(says=warned))
    assert done.answer == Answer.DIFFER
    done = confirm(text, StandInGuest(says=warned, homes=iter((0x1000, 0x2000))))
    assert done.answer == Answer.NOT_REPRODUCED
    assert done.reason == "needs the model's memory, and the kernel's allocator gives other memory"
    assert status_of([done]) == 0


def test_other_memory_excuses_only_what_is_about_it() -> None:
    """A warning on a mapping that has its own memory, and a loss there, are held against the model all the same."""
    text = (
        "cpu0 b0 = alloc pages 4096\ncpu0 free b0\ncpu0 b1 = alloc pages 4096\n"
        "cpu0 b2 = alloc pages 4096\ncpu0 m0 = map_page d0 b2 0 4096 FROM_DEVICE\n"
        "device m0 write 0 64\ncpu0 unmap_page m0\ncpu0 read b2 0 64"
    )
    homes = (0x1000, 0x2000, 0x5000)
    warned = {"map": "DMA-API: dmafuzz: cacheline tracking EEXIST, overlapping mappings aren't supported"}
    assert confirm(text, StandInGuest(homes=iter(homes))).answer == Answer.CONFIRMED
    assert confirm(text, StandInGuest(homes=iter(homes), says=warned)).answer == Answer.DIFFER
    assert confirm(text, StandInGuest(homes=iter(homes), deaf=True)).answer == Answer.IMPOSSIBLE


def test_what_is_lost_beyond_what_is_foretold_is_impossible() -> None:
    """The model knows of the loss of 64 bytes; the guest loses all."""
    text = LOSES.replace("pages 64", "pages 128")
    done = confirm(text, StandInGuest(bounces=True, clobbers=255), "x86-5.18-force-bounce")
    assert done.answer == Answer.IMPOSSIBLE
    assert (64, 64) in {(lost.offset, lost.size) for lost in done.impossible}
    assert not any(lost.op == 3 and lost.offset == 0 for lost in done.impossible)


def test_what_differs_before_a_refusal_counts() -> None:
    said = "DMA-API: dmafuzz 0000:00:08.0: device driver frees DMA memory with different size [device address=0x1]"
    text = KEEPS + "cpu0 m1 = map_page d0 b0 0 64 FROM_DEVICE\ndevice m1 write 0 64\ncpu0 unmap_page m1"
    refused = {"device-write": "place"}
    assert confirm(text, StandInGuest(refuses=refused)).answer == Answer.REFUSED
    assert confirm(text, StandInGuest(refuses=refused, says={"map": said})).answer == Answer.DIFFER
    assert confirm(text, StandInGuest(refuses=refused, says={"unmap": said})).answer == Answer.REFUSED


@pytest.mark.parametrize(
    ("platform", "segments"), [("x86-5.5-iommu-strict", 1), ("x86-5.5-iommu-strict-before-5.11", 2), ("x86-5.5", 2)]
)
def test_after_an_entry_that_is_too_long_all_join_where_the_difference_wraps(platform: str, segments: int) -> None:
    file = CORPUS / "confirmed" / "segment-longer-than-the-maximum-takes-all.dma"
    said = CliRunner().invoke(main, ["judge", "--calls", str(file), "--platform", platform])
    assert f" nents=2 mapped={segments} " in said.output


def test_a_comment_makes_no_other_module(tmp_path: Path) -> None:
    digests = set()
    for text in ("int a; /* one */\n", "int a;   // two\n", "int b;\n"):
        (tmp_path / "main.c").write_text(text, encoding="utf-8")
        digests.add(building.module_digest(tmp_path))
    assert len(digests) == 2


def test_addresses_that_only_the_model_gives_again_are_known() -> None:
    """The guest refuses the second free; in the model its address is there twice, and the next allocation gets it."""
    program = program_of(
        "cpu0 b0 m0 = alloc_coherent d0 48",
        "cpu1 free_coherent m0",
        "cpu0 free_coherent m0",
        "cpu0 b1 m1 = alloc_noncontiguous d0 64 TO_DEVICE",
    )
    hooks = judging("6.12", "6.12").hooks(program, "x86-5.5-iommu-strict")
    assert placed_otherwise(hooks, {0: "fffff000:48", 1: "ffffe000:4096"}) == {0, 1}
    assert placed_otherwise(hooks, {0: "fffff000:48", 1: "fffff000:4096"}) == set()
    assert about(program.ops, (), {1}) == {3}
    assert about(program.ops, (), {0}) == {0, 1, 2}
