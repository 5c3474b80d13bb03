# SPDX-License-Identifier: GPL-2.0-only
"""What a kernel as shipped prints of the warnings of a run, and where panic_on_warn stops it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from toy_kernel import write_toy

from dmafuzz import kernel
from dmafuzz.cli import main
from dmafuzz.kernel.source import find_source, store
from dmafuzz.program import parse
from dmafuzz.reporting import judgement_to_json, judgements_in_full, story
from dmafuzz.trackers import TrackerError
from dmafuzz.verdicts import Judge, Judgement

ARCHIVE = Path("/usr/src/linux-source-6.12.tar.xz")
BUFFER = "cpu0 b0 = alloc pages 4096\n"
MAPPED = BUFFER + "cpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE\n"
OVERLAP = MAPPED + "cpu0 m1 = map_page d0 b0 0 64 FROM_DEVICE\n"
NINE = BUFFER + "".join(f"cpu0 m{n} = map_page d0 b0 0 64 FROM_DEVICE\n" for n in range(9))
RAM_TWICE = BUFFER + "".join(f"cpu0 m{n} = map_resource d0 b0 {64 * n} 64 TO_DEVICE\n" for n in range(2))


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The few files of Debian's 6.12 that matter: unpacked once, in the user's own cache."""
    if not ARCHIVE.exists():
        pytest.skip(f"needs Debian's package linux-source-6.12 ({ARCHIVE})")
    tree = tmp_path_factory.mktemp("linux-6.12")
    store(find_source(ARCHIVE).files(), tree)
    return tree


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def judged(tracker: str, text: str, platform: str = "armv7-5.18") -> Judgement:
    return Judge(tracker).judge(parse(f"dmafuzz 1\n{text}"), platform)


def told(judgement: Judgement) -> list[tuple[str, int, bool, bool]]:
    return [(w.id, w.op, w.printed, w.stops) for w in judgement.warnings]


# Each with id, operation, printed, stops.
CASES: dict[str, tuple[str, str, list[tuple[str, int, bool, bool]]]] = {
    "only the first counted error": (
        "6.12", OVERLAP + "cpu0 sync_single_for_cpu m0 offset=4096\ncpu0 unmap_page m0 dir=TO_DEVICE\n",
        [("line-overlap", 2, True, True), ("sync-unallocated", 3, False, False), ("free-unallocated", 4, False, False),
         ("leak", 6, False, False)],
    ),
    "5.14 prints each overlap by pr_err, and what counts is still to come": (
        "5.14", OVERLAP + "cpu0 m2 = map_page d0 b0 0 64 FROM_DEVICE\ncpu0 sync_single_for_cpu m0 offset=4096\n",
        [("line-overlap", 2, True, False), ("line-overlap", 3, True, False), ("sync-unallocated", 4, True, True)],
    ),
    "before 5.14 an overlap is nothing": ("5.13", OVERLAP, []),
    "overlap>7 has a rule of its own, and comes after the machine has stopped": (
        "5.15", NINE, [("line-overlap", 2, True, True)] + [("line-overlap", n, False, False) for n in range(3, 9)]
        + [("overlap>7", 9, True, False), ("line-overlap", 9, False, False)],
    ),
    "overlap>7 is WARN_ONCE, where nothing was printed before it": ("5.5", NINE, [("overlap>7", 9, True, True)]),
    "resource-ram is WARN_ON_ONCE at first": ("6.18", RAM_TWICE, [("resource-ram", 1, True, True)]),
    "and err_printk from 7.1 on": (
        "7.1", RAM_TWICE, [("resource-ram", 1, True, True), ("resource-ram", 2, False, False)],
    ),
    "assert-idle": (
        "4.18", "cpu0 b0 = alloc anonymous 4096\ncpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE\ncpu0 cow b0 0\n",
        [("assert-idle", 2, True, True)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_printed_and_where_the_machine_stops(case: str) -> None:
    tracker, text, expected = CASES[case]
    assert told(judged(tracker, text)) == expected


def test_a_genuine_kernel_prints_as_its_model_says(genuine: Path) -> None:
    for text in (OVERLAP, NINE, CASES["only the first counted error"][1]):
        real, model = judged(f"kernel:{genuine}", text), judged("6.12", text)
        assert told(real) == told(model)
        assert [real.message(w) for w in real.warnings] == [model.message(w) for w in model.warnings]


def test_a_tree_that_prints_more_or_otherwise_says_so(tmp_path: Path) -> None:
    """By num_errors as the tree has it, and by the way in which it warns."""
    more = """static u32 shown = 2;
static u32 error_count;
static int files(void) { debugfs_create_u32("num_errors", 0644, NULL, &shown); return 0; }
core_initcall_sync(files);
"""
    on_map = """error_count++; WARN(1, "device driver maps memory from stack");
    pr_err("cacheline tracking EEXIST, in words of my own\\n");
"""
    kernel.add(write_toy(tmp_path / "tree", more=more, on_map=on_map), "mine")
    three = MAPPED + "".join(f"cpu0 m{n} = map_page d0 b0 {64 * n} 64 FROM_DEVICE\n" for n in (1, 2))
    found = judged("kernel:mine", three)
    assert [(w.id, w.counted, w.printed, w.stops) for w in found.warnings[:6]] == [
        ("map-stack", True, True, True), ("line-overlap", False, True, False),
        ("map-stack", True, True, False), ("line-overlap", False, True, False),
        ("map-stack", True, False, False), ("line-overlap", False, True, False),
    ]  # fmt: skip
    assert found.message(found.warnings[1]) == "cacheline tracking EEXIST, in words of my own"


def test_of_a_breakdown_nothing_is_printed(tmp_path: Path) -> None:
    kernel.add(write_toy(tmp_path / "tree", on_map="BUG_ON(size == 64);"), "bad")
    found = judged("kernel:bad", MAPPED)
    (warning,) = found.warnings
    assert (warning.id, warning.printed, warning.stops) == ("crash", False, False)
    assert found.message(warning) == "BUG_ON: size == 64"


def test_story_and_json_say_it() -> None:
    judge = Judge("5.15")
    program = parse(f"dmafuzz 1\n{OVERLAP}cpu0 sync_single_for_cpu m0 offset=4096\n")
    judgement = judge.judge(program, "armv7-5.18", "p")
    lines = [line.text for line in story(program, judge, [judgement])]
    assert "  Kernel log: cacheline tracking EEXIST, overlapping mappings aren't supported" in lines
    assert "  default kernel: printed, and panic_on_warn stops the machine there." in lines
    assert "  default kernel: not printed, because num_errors (1 by default) errors were printed before." in lines
    records: list[dict[str, Any]] = json.loads(json.dumps(judgement_to_json(judgement)))["warnings"]
    assert [(r["id"], r["printed"], r["stops"]) for r in records] == [
        ("line-overlap", True, True), ("sync-unallocated", False, False)
    ]  # fmt: skip
    assert records[0]["message"] == "cacheline tracking EEXIST, overlapping mappings aren't supported"


# Names of trackers, from Python as from the command line


@pytest.mark.parametrize(
    ("name", "core"), [("4.19", "4.18"), ("v5.16", "5.15"), ("6.5", "6.0"), ("6.12", "6.12"), ("2020-rcu", "2020-rcu")]
)
def test_a_judge_takes_every_name_that_the_commands_take(name: str, core: str, tmp_path: Path) -> None:
    judge = Judge(name)
    assert judge.tracker.core == core
    (tmp_path / "p.dma").write_text(f"dmafuzz 1\n{OVERLAP}")
    done = CliRunner().invoke(main, ["judge", str(tmp_path / "p.dma"), "--tracker", name, "--json"])
    records = [json.loads(line) for line in done.stdout.splitlines()]
    program = parse(f"dmafuzz 1\n{OVERLAP}")
    judged = [judge.judge(program, member, str(tmp_path / "p.dma")) for member in judge.members]
    assert records == judgements_in_full(judged, program, judge)


def test_a_judge_of_a_kernel_and_of_nothing(tmp_path: Path) -> None:
    kernel.add(write_toy(tmp_path / "tree"), "mine")
    assert Judge("kernel:mine").members == Judge(f"kernel:{tmp_path}/tree").members
    assert Judge().tracker.name == "6.12"
    assert Judge("7.2", "4.19").portfolio == "4.19"
    with pytest.raises(TrackerError, match="no tracker is named 'nonsense'"):
        Judge("nonsense")
    with pytest.raises(TrackerError, match="dma-debug came with"):
        Judge("2.6.29")
