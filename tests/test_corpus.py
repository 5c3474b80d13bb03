# SPDX-License-Identifier: GPL-2.0-only
"""The corpus: every program reads, prints and judges as it says, and the facts it stands for are pinned here as well.

A file's `expect` lines can be edited along with it. The named tests below say the same facts once more, derived from
what a platform is rather than from its name, and for every platform there is.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from dmafuzz import _core, platforms
from dmafuzz._core import Direction, Maintenance
from dmafuzz.program import Program, read, render
from dmafuzz.trackers import names as tracker_names
from dmafuzz.verdicts import Judgement, check, judging
from machine_kinds import bounced, coherent, fails, machine, maintained

CORPUS = Path(__file__).parent.parent / "corpus"
FILES = sorted(CORPUS.rglob("*.dma"))
FOLDERS = {"confirmed", "threads", "conforming", "rules", "machines", "costs", "eras", "reports", "verdicts"}
TRACKER = "6.12"

# Rules that no program breaks alone: who reads under the device's hands has not kept his off, and a page beyond the
# mask cannot be mapped unless the failure is ignored.
ALSO_BROKEN = {"sync-before-read": {"hands-off"}, "mask": {"check-error"}}
# Where a rule's program gets as far as breaking it. ARMv5 has linear stacks, no pool, no coherent device.
BREAKS_ON = {"no-vmalloc": "x86-4.9"}
BREAKS_ELSEWHERE = "armv5-5.5"


def name_of(file: Path) -> str:
    return str(file.relative_to(CORPUS).with_suffix(""))


every_file = pytest.mark.parametrize("file", FILES, ids=name_of)
every_platform = pytest.mark.parametrize("platform", platforms.names())


# Files


def test_every_folder_has_programs() -> None:
    assert {file.parent.relative_to(CORPUS).as_posix() for file in FILES} == FOLDERS


def test_the_corpus_holds_programs_only() -> None:
    assert [path for path in CORPUS.rglob("*") if path.is_file() and path.suffix != ".dma"] == []


@every_file
def test_a_file_is_canonical_text(file: Path) -> None:
    assert render(read(file)) == file.read_text(encoding="utf-8")


@every_file
def test_a_file_says_what_it_shows_and_what_it_expects(file: Path) -> None:
    program = read(file)
    assert program.comments.head
    assert program.expects


@every_file
def test_what_a_file_expects_holds(file: Path) -> None:
    assert check(read(file)) == []


@pytest.mark.parametrize("file", sorted((CORPUS / "threads").glob("*.dma")), ids=name_of)
def test_a_program_of_a_thread_names_it(file: Path) -> None:
    first, *_ = read(file).comments.head
    assert first.startswith("# Thread: ")


def test_no_two_files_hold_the_same_program() -> None:
    seen: dict[bytes, str] = {}
    for file in FILES:
        program = read(file).encode()
        assert program not in seen, f"{name_of(file)} is {seen[program]}"
        seen[program] = name_of(file)


# Judgements


@functools.cache
def program(name: str) -> Program:
    return read(CORPUS / f"{name}.dma")


def judged(name: str, platform: str, tracker: str = TRACKER, portfolio: str = TRACKER) -> Judgement:
    return judging(tracker, portfolio).judge(program(name), platform)


def corruptions(name: str, platform: str) -> set[str]:
    return {corruption.kind for corruption in judged(name, platform).corruptions}


def warnings(name: str, platform: str, tracker: str = TRACKER) -> set[str]:
    return {warning.id for warning in judged(name, platform, tracker).warnings}


def harms(name: str, platform: str) -> set[str]:
    return {harm.kind for harm in judged(name, platform).harms}


# Section 8 of the project's first task: facts of the threads


@every_platform
def test_a_page_cache_page_written_back_and_dirtied_loses_nothing_anywhere(platform: str) -> None:
    assert judged("threads/page-cache-writeback-dirtied", platform).labels == ("TN",)


@every_platform
def test_the_same_page_mapped_bidirectional_loses_data_with_bounce_buffers_and_without_coherence(platform: str) -> None:
    found = corruptions("threads/page-cache-bidirectional-dirtied", platform)
    if bounced(platform):
        assert found == {"lost-cpu-write"}
    elif not maintained(platform):
        assert found == set()
    elif machine(platform).core.for_cpu[Direction.bidirectional.value] == Maintenance.invalidate:
        # Unmap drops the dirty line, or the line was written back over what the device had written.
        assert found == {"lost-cpu-write", "stale-cpu-data", "stale-device-data"}
    else:
        assert found == {"stale-cpu-data", "stale-device-data"}


@every_platform
def test_nobody_warns_of_a_page_dirtied_under_bidirectional_dma(platform: str) -> None:
    assert warnings("threads/page-cache-bidirectional-dirtied", platform) == set()


@every_platform
def test_copy_on_write_of_a_page_being_received_into_is_corrupt_wherever_the_map_succeeds(platform: str) -> None:
    found = judged("threads/anonymous-receive-copy-on-write", platform)
    assert ("stale-cpu-data" in {corruption.kind for corruption in found.corruptions}) == (not fails(platform))
    assert found.labels == (("TN",) if fails(platform) else ("FN",))


@every_platform
def test_copy_on_write_of_a_page_under_writeback_loses_nothing_anywhere(platform: str) -> None:
    assert judged("threads/anonymous-writeback-copy-on-write", platform).labels == ("TN",)
    assert judged("threads/page-cache-writeback-private-copy", platform).labels == ("TN",)


@every_platform
def test_two_to_device_mappings_of_a_buffer_are_clean_everywhere(platform: str) -> None:
    assert judged("threads/two-to-device-mappings", platform).labels == ("TN",)
    assert judged("threads/one-buffer-two-devices-to-device", platform).labels == ("TN",)


@every_platform
def test_stacked_operations_are_corrupt_with_bounce_buffers_only(platform: str) -> None:
    for name in ("threads/stacked-from-and-to-device", "threads/stacked-async-memcpy"):
        assert corruptions(name, platform) == ({"stale-device-data"} if bounced(platform) else set())
        assert warnings(name, platform) == set()


@every_platform
def test_two_fragments_of_a_line_are_corrupt_without_coherence_unless_small_buffers_bounce(platform: str) -> None:
    hurt = maintained(platform) and not machine(platform).core.bounce_unaligned
    assert ("stale-cpu-data" in corruptions("threads/two-fragments-of-one-line", platform)) == hurt
    assert bool(corruptions("threads/two-fragments-of-one-line", platform)) == hurt


@every_platform
def test_two_fragments_of_a_line_are_warned_about_unless_small_buffers_bounce(platform: str) -> None:
    silent = fails(platform) or machine(platform).core.bounce_unaligned
    assert warnings("threads/two-fragments-of-one-line", platform) == (set() if silent else {"line-overlap"})
    without = set() if fails(platform) or needs_a_pool(platform) else {"line-overlap"}
    if not machine(platform).core.bounce_pool or coherent(platform):
        assert warnings("threads/two-fragments-of-one-line", platform, "6.1") == without


def needs_a_pool(platform: str) -> bool:
    """Small buffers are to be bounced, and there is nothing to bounce them with."""
    says = machine(platform).core
    return says.bounce_unaligned and not says.bounce_pool


@pytest.mark.parametrize("platform", ["x86-5.5", "x86-5.18-swiotlb", "x86-5.18-force-bounce", "x86-5.5-iommu-lazy"])
def test_the_warning_about_two_fragments_is_a_hazard_on_a_coherent_machine(platform: str) -> None:
    assert judged("threads/two-fragments-of-one-line", platform).labels == ("hazard",)


@pytest.mark.parametrize("platform", ["armv7-5.18", "armv5-5.5", "mips-5.5", "mips-r10000-5.10", "powerpc-5.5"])
def test_the_warning_about_two_fragments_is_true_without_coherence(platform: str) -> None:
    assert judged("threads/two-fragments-of-one-line", platform).labels == ("TP",)


@pytest.mark.parametrize("platform", ["x86-5.5", "x86-5.18-swiotlb", "x86-5.18-force-bounce"])
def test_the_warning_about_two_kmalloc_buffers_means_nothing(platform: str) -> None:
    assert judged("threads/two-kmalloc-fragments", platform).labels == ("FP",)


@every_platform
def test_one_receive_buffer_for_two_devices_is_corrupt_with_bounce_buffers_only(platform: str) -> None:
    # The slot copied back last holds what the other device wrote over, or, where it was not filled, old slot bytes.
    lost = {"stale-cpu-data"} if machine(platform).core.copy_in_from_device else {"stale-cpu-data", "clobbered"}
    for name in ("threads/one-buffer-two-devices-from-device", "threads/two-from-device-mappings"):
        assert corruptions(name, platform) == (lost if bounced(platform) else set())


@every_platform
def test_a_coherent_allocation_with_interrupts_off_sleeps_without_an_atomic_pool_only(platform: str) -> None:
    says = machine(platform).core
    sleeps = not coherent(platform) and says.coherent_remaps and not says.atomic_pool
    assert harms("threads/coherent-allocation-irqs-off", platform) == ({"sleep-in-atomic"} if sleeps else set())


def test_some_platform_sleeps_with_interrupts_off() -> None:
    assert harms("threads/coherent-allocation-irqs-off", "armv7-3.6-no-pool") == {"sleep-in-atomic"}


@every_platform
def test_coherent_memory_is_stale_where_mismatched_aliases_hit_and_nowhere_else(platform: str) -> None:
    hit = machine(platform).core.mismatched_aliases_hit
    expected = {"stale-cpu-data", "stale-cpu-read"} if hit else set()
    assert corruptions("threads/coherent-allocation-mismatched-aliases", platform) == expected


# Consequences worth testing, of the specification


@every_platform
def test_a_write_not_synced_back_is_lost_wherever_unmap_invalidates_or_copies_back(platform: str) -> None:
    drops = (
        maintained(platform) and machine(platform).core.for_cpu[Direction.bidirectional.value] == Maintenance.invalidate
    )
    expected = {"stale-cpu-data"} if drops or bounced(platform) else set()
    assert corruptions("rules/sync-after-write", platform) == expected
    assert corruptions("conforming/bidirectional-synced-both-ways", platform) == set()


# Rules


def test_every_rule_has_its_program() -> None:
    assert {file.stem for file in (CORPUS / "rules").glob("*.dma")} == {rule for rule, _ in _core.rules()}


@pytest.mark.parametrize("rule", [rule for rule, _ in _core.rules()])
def test_a_program_breaks_its_rule_and_no_other(rule: str) -> None:
    if rule == "mask":
        broken = broken_with_narrow_mask()
    else:
        found = judged(f"rules/{rule}", BREAKS_ON.get(rule, BREAKS_ELSEWHERE))
        broken = {breach.rule for breach in found.contract}
    assert broken == {rule} | ALSO_BROKEN.get(rule, set())


def broken_with_narrow_mask() -> set[str]:
    """No machine here has devices of 32 bits without a pool, so one is made."""
    platform = platforms.to_core(platforms.load("x86-5.5"))
    devices = platform.devices
    for device in devices:
        device.mask_bits = 32
    platform.devices = devices
    found = _core.Judge(TRACKER, [platform]).judge(program("rules/mask").ops, 0)
    return {str(breach.rule) for breach in found.breaches}


def test_every_tracker_judges_the_whole_corpus() -> None:
    programs = [read(file) for file in FILES]
    for tracker in tracker_names():
        bench = judging(tracker, TRACKER)
        for each in programs:
            for platform in bench.members:
                assert bench.judge(each, platform).labels


# Programs that lost data, or were warned about, and were once thought to keep the rules; and such that do keep them.
ONE_RULE = {
    "noncoherent-synced-for-the-cpu-first": {"skip-sync-by-hand", "sync-after-write"},
    "skipped-at-the-map-synced-at-the-unmap": {"skip-sync-by-hand"},
    "given-to-the-device-twice": {"hands-off"},
    "synced-for-the-cpu-after-a-write": {"sync-after-write"},
    "started-after-user-space-wrote": {"sync-after-write"},
    "device-told-before-the-check": {"check-error"},
    "device-writes-past-its-mapping": {"inside"},
    "device-writes-during-the-sync": {"hands-off"},
    "memory-mapped-as-registers": {"resource-is-mmio"},
    "unmapped-without-require-coherent": {"same-function"},
    "registers-synced": {"same-function"},
    "bidirectional-given-back-without-a-sync": {"sync-after-write"},
    "read-and-given-back-without-a-sync": set(),
    "noncontiguous-allocation-above-the-segment-maximum": set(),
    "part-of-a-page-mapped-twice-synced": set(),
    "nothing-synced-between-two-mappings": set(),
    "dirtied-before-its-content-matters": set(),
    "posted-before-its-content-matters": set(),
    "registers-side-by-side": set(),
}


@pytest.mark.parametrize("platform", ["x86-5.5", "x86-5.18-force-bounce", "arm64-6.5", "armv5-5.5"])
@pytest.mark.parametrize("name", ONE_RULE)
def test_what_a_finding_is_about_is_said_to_break_its_rule(name: str, platform: str) -> None:
    found = judged(f"verdicts/{name}", platform)
    assert {breach.rule for breach in found.contract} == ONE_RULE[name]
