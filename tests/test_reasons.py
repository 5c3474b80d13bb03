# SPDX-License-Identifier: GPL-2.0-only
"""Why a tracker says nothing, or what it looked at when it spoke: each reason with a program that comes to it."""

from __future__ import annotations

import functools

import pytest

from dmafuzz import _core, platforms
from dmafuzz.program import parse
from dmafuzz.trackers import resolve

REASONS = {str(name): (words, change) for name, words, change in _core.reasons()}

# The CPU has its turn, and writes, while the device of the other mapping is at it.
TURN = "; sync_single_for_cpu m1; write b0 0 64; sync_single_for_device m1"

# Ten mappings of a line and nine unmaps: the line is forgotten while one is left. Flagged, so that nothing is told.
TEN = "alloc pages 64" + "; map d0 0 64 FROM !" * 10 + "".join(f"; unmap_single m{m}" for m in range(9))
TEN += "; map d1 0 64 BIDI" + TURN.replace("m1", "m10")

# Reason, tracker, platform, program.
SILENT = [
    ("first-line-only", "6.12", "armv7-5.18", "alloc pages 256; map d0 0 96 FROM; map d0 96 96 FROM"),
    ("flagged-exempt", "7.0", "armv7-5.18", "alloc pages 64; map d0 0 16 FROM !; map d0 16 16 FROM !"),
    ("skip-exempt", "5.15", "armv7-5.5", "alloc pages 64; map d0 0 64 FROM; map d0 0 64 BIDI skip" + TURN),
    ("bounce-exempt", "6.12", "arm64-6.5", "alloc pages 64; map d0 0 64 FROM; map d0 0 64 BIDI" + TURN),
    ("to-device-untracked", "6.12", "armv7-5.18", "alloc pages 64; map d0 0 64 TO; map d0 0 64 BIDI" + TURN),
    ("overlaps-untold", "4.19", "armv7-5.5", "alloc pages 64; map d0 0 64 FROM; map d0 0 64 BIDI" + TURN),
    ("overlaps-untracked", "3.9", "armv7-3.6", "alloc pages 64; map d0 0 64 FROM; map d0 0 64 BIDI" + TURN),
    ("l1-lines-only", "6.1", "arm64-5.19-line128", "alloc pages 128; sg d0 BIDI 0:16 64:16; sync_sg_for_device m0"),
    ("copy-unchecked", "6.12", "x86-5.5", "alloc anonymous 64; map d0 0 64 FROM; cow b0 0"),
    ("resource-unchecked", "6.12", "armv7-5.18", "alloc pages 64; resource d0 0 64 BIDI"),
    (
        "bidirectional-syncs", "6.12", "armv7-5.18",
        "alloc pages 64; map d0 0 64 BIDI; sync_single_for_cpu m0 dir=TO_DEVICE",
    ),
    ("skip-uncompared", "7.2", "armv7-5.18", "alloc pages 64; map d0 0 64 FROM; unmap_single m0 attrs=SKIP_CPU_SYNC"),
    ("unknown-list", "6.12", "armv7-5.18", "alloc pages 64; sg d0 FROM 0:64; unmap_sg m0; sync_sg_for_cpu m0"),
    (
        "ownership-untracked", "6.12", "x86-5.18-force-bounce",
        "alloc pages 64; map d0 0 64 BIDI; sync_single_for_device m0",
    ),
    ("not-looked-at", "6.12", "armv7-5.18", "alloc pages 64; map d0 0 64 FROM; write b0 0 64"),
    ("not-looked-at", "6.12", "armv7-5.18", "alloc pages 32; map d0 0 16 FROM"),
    ("not-looked-at", "silent", "armv7-5.18", "alloc pages 64; map d0 0 64 FROM; map d0 0 64 BIDI" + TURN),
    ("saturated-counter", "7.0", "armv7-5.18", TEN),
    (
        "other-entry", "6.12", "armv7-5.18",
        "alloc pages 64; map d0 0 64 FROM; map d0 0 64 TO; sync_single_for_cpu m0 dir=TO_DEVICE",
    ),
    (
        "error-elsewhere", "6.12", "armv7-5.18",
        "alloc pages 64; cpu0 m0 = map_single d0 b0 0 64 TO_DEVICE unchecked; "
        "cpu0 m1 = map_single d0 b0 0 64 TO_DEVICE; write b0 0 64",
    ),
    (
        "merged-list", "6.12", "arm64-6.5-iommu-strict",
        "alloc pages 4096; cpu0 b1 = alloc pages 64; cpu0 m0 = map_sg d0 FROM_DEVICE b0:0:4096 b1:0:64; "
        "cpu0 m1 = map_single d0 b1 0 64 BIDIRECTIONAL" + TURN.replace("b0", "b1"),
    ),
    ("resources-untracked", "3.14", "armv7-3.6", "alloc pages 64; resource d0 0 64 FROM; map d0 0 64 BIDI" + TURN),
    (
        "once-per-boot", "7.0", "armv7-5.18",
        "alloc pages 64; cpu0 b1 = alloc pages 64; resource d0 0 64 TO; "
        "cpu0 m1 = map_resource d0 b1 0 64 FROM_DEVICE",
    ),
    ("reserved-pages", "7.2", "armv7-5.18", "alloc text 64; resource d0 0 64 FROM"),
    ("segments-unchecked", "4.9", "armv7-5.5", "alloc pages 131072; sg d0 FROM 0:131072; write b0 0 64"),
    (
        "errors-untracked", "3.2", "armv7-3.6",
        "alloc pages 64; cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE unchecked; write b0 0 64",
    ),
    (
        "legal-overlap", "2021-different-regions", "armv7-5.18",
        "alloc pages 64; map d0 0 64 FROM; map d1 0 64 BIDI" + TURN,
    ),
    ("coherent-exempt", "7.0", "x86-5.18-force-bounce", "alloc pages 64; map d0 0 64 FROM; map d0 0 64 BIDI" + TURN),
    ("page-start-only", "4.18", "armv7-5.18", "alloc anonymous 128; map d0 64 64 FROM; cow b0 0"),
    (
        "stack-unrecognised", "3.9", "x86-5.5",
        "cpu0 b0 = alloc stack 16; cpu0 m0 = map_page d0 b0 0 16 FROM_DEVICE; cpu0 free b0; device m0 write 0 32",
    ),
    ("area-unchecked", "4.18", "armv7-3.6", "alloc vmalloc 16; map d0 0 16 TO"),
    ("image-unrecognised", "6.12", "x86-5.18-force-bounce", "alloc text 16; map d0 0 16 BIDI"),
    (
        "leaks-unchecked", "2.6.30", "armv7-3.6",
        "alloc pages 16; map d0 0 16 TO skip; cpu0 unbind d0; cpu0 start m0",
    ),
]  # fmt: skip

# Relation, tracker, platform, label, warning, program.
SPOKEN = [
    ("same-mapping", "6.12", "x86-5.5", "free-size", "alloc pages 64; map d0 0 64 TO; unmap_single m0 size=32"),
    ("live-mapping", "5.15", "x86-5.5", "line-overlap", "alloc pages 64; map d0 0 16 FROM; map d0 16 16 FROM"),
    (
        "no-entry", "6.12", "x86-5.5", "free-unallocated",
        "alloc pages 64; map d0 0 64 TO; unmap_single m0; unmap_single m0",
    ),
    (
        "stale-mapping", "6.12", "x86-5.5", "leak",
        "alloc pages 64; map d0 0 64 FROM; unmap_single m0 offset=16",
    ),
    (
        "missed-entry", "6.12", "x86-5.5", "free-unallocated",
        "alloc pages 64; map d0 0 64 TO; map d0 0 64 TO; unmap_single m0 size=32",
    ),
]  # fmt: skip

DIRECTIONS = {"FROM": "FROM_DEVICE", "TO": "TO_DEVICE", "BIDI": "BIDIRECTIONAL"}
ATTRIBUTES = {"!": " attrs=IGNORE_CACHELINES", "skip": " attrs=SKIP_CPU_SYNC"}


def ops_of(text: str) -> list[_core.Op]:
    """Mappings are numbered, and all of b0."""
    lines, mappings = ["dmafuzz 1"], 0
    for part in text.split("; "):
        verb, *rest = part.split(" ")
        if verb in ("cpu0", "device"):
            lines.append(part)
            mappings += " = map" in part
        elif verb == "alloc":
            lines.append(f"cpu0 b0 = {part}")
        elif verb in ("map", "resource"):
            kind = {"map": "map_single", "resource": "map_resource"}[verb]
            device, offset, size, direction, *attributes = rest
            attrs = "".join(ATTRIBUTES[each] for each in attributes)
            lines.append(f"cpu0 m{mappings} = {kind} {device} b0 {offset} {size} {DIRECTIONS[direction]}{attrs}")
            mappings += 1
        elif verb == "sg":
            device, direction, *entries = rest
            listed = " ".join(f"b0:{entry}" for entry in entries)
            lines.append(f"cpu0 m{mappings} = map_sg {device} {DIRECTIONS[direction]} {listed}")
            mappings += 1
        else:
            lines.append(f"cpu0 {part}")
    return list(parse("\n".join(lines)).ops)


@functools.cache
def judge(tracker: str, platform: str) -> _core.Judge:
    core = tracker if "+" in tracker else resolve(tracker).core
    return _core.Judge(core, [platforms.to_core(platforms.load(platform))])


@pytest.mark.parametrize(("reason", "tracker", "platform", "text"), SILENT)
def test_why_it_is_silent(reason: str, tracker: str, platform: str, text: str) -> None:
    targets = judge(tracker, platform).signatures_on(ops_of(text), 0)
    assert reason in {why for label, _, why in targets if label == "FN"}, targets


@pytest.mark.parametrize(("reason", "tracker", "platform", "kind", "text"), SPOKEN)
def test_what_it_looked_at_when_it_spoke(reason: str, tracker: str, platform: str, kind: str, text: str) -> None:
    warnings = judge(tracker, platform).judge(ops_of(text), 0).warnings
    assert (kind, reason) in {(warning.id, warning.reason) for warning in warnings}


@pytest.mark.parametrize(("reason", "tracker", "platform", "text"), SILENT)
def test_the_change_that_goes_with_a_reason_makes_it_speak(reason: str, tracker: str, platform: str, text: str) -> None:
    """What the table of reasons calls a rule is one: with the rule changed the false negative is gone."""
    change = REASONS[reason][1]
    if not change:
        return
    changed = _core.Judge(f"{resolve(tracker).core}+{change}", [platforms.to_core(platforms.load(platform))])
    before = {target for target in judge(tracker, platform).signatures_on(ops_of(text), 0) if target[2] == reason}
    assert before
    assert not before & set(changed.signatures_on(ops_of(text), 0))


def test_a_leak_on_a_bus_that_is_not_registered() -> None:
    machine = platforms.to_core(platforms.load("armv7-5.18"))
    devices = list(machine.devices)
    for device in devices:
        device.pci = False
    machine.devices = devices
    program = ops_of("alloc pages 16; map d0 0 16 TO skip; cpu0 unbind d0; cpu0 start m0")
    why = {reason for label, _, reason in _core.Judge("6.12", [machine]).signatures_on(program, 0) if label == "FN"}
    assert why == {"bus-unregistered"}
    assert not any(target[0] == "FN" for target in _core.Judge("6.12+every-bus", [machine]).signatures_on(program, 0))


TRACKERS = ("2.6.30", "3.9", "3.14", "4.18", "5.15", "6.12", "6.18", "7.0", "7.2", "2021-different-regions")
MACHINES = ("armv7-5.18", "arm64-6.5", "x86-5.18-force-bounce", "arm64-6.5-iommu-strict", "mips-5.5", "armv7-3.6")


def test_in_random_programs_no_reason_outlives_the_rule_that_it_names() -> None:
    """With the rule changed, what was silent for that reason is told, or silent for another one."""
    tried = 0
    for seed in range(6000):
        tracker, machine = TRACKERS[seed % len(TRACKERS)], MACHINES[seed // 7 % len(MACHINES)]
        program = _core.random_program(seed, 8)
        for target in judge(tracker, machine).signatures_on(program, 0):
            change = REASONS[target[2]][1]
            if target[0] == "FN" and change:
                tried += 1
                changed = judge(f"{tracker}+{change}", machine)
                assert target not in changed.signatures_on(program, 0), (seed, tracker, machine, target)
    assert tried > 1000


def test_every_reason_that_is_a_rule_has_a_changed_rule() -> None:
    limits = {"departs", "not-looked-at", "unknown"}
    spoken = {"same-mapping", "live-mapping", "stale-mapping", "no-entry", "missed-entry"}
    assert {name for name, (_, change) in REASONS.items() if not change} == limits | spoken


def test_looking_for_reasons_changes_no_warning() -> None:
    """A judge that has been asked for reasons says the same of a program as one that has not."""
    asked = judge("6.12", "arm64-6.5")
    fresh = _core.Judge("6.12", [platforms.to_core(platforms.load("arm64-6.5"))])
    for seed in range(300):
        ops = _core.random_program(seed, 8)
        asked.signatures(ops)
        one, other = asked.judge(ops, 0), fresh.judge(ops, 0)
        assert one.warnings == other.warnings
        assert one.labels == other.labels
        assert one.corruptions == other.corruptions


def test_every_reason_has_words() -> None:
    assert all(words for words, _ in REASONS.values())
    changes = {name for name, _ in _core.what_ifs()}
    assert {change for _, change in REASONS.values()} - {""} <= changes
