# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz recall`: findings with their times, held against a catalogue."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dmafuzz import _core, platforms
from dmafuzz.campaign.held_against import held_against, report_lines
from dmafuzz.catalogue import Catalogue, Entry
from dmafuzz.catalogue.recall import Run, missed, read_run, recall
from dmafuzz.catalogue.unmatched import Alphabet, unmatched
from dmafuzz.estimates import unseen
from dmafuzz.exhaustive import Signature
from dmafuzz.exhaustive.result import Length
from dmafuzz.findings import Finding
from dmafuzz.program import parse, render_op
from dmafuzz.store import Store, target_of
from dmafuzz.store.runs import ENDED, FILED
from dmafuzz.store.runs import STARTED as STARTED_RUN
from support import run

STARTED = 1_000_000_000.0
HEAD = ("cpu0 b0 = alloc pages 128",)
OVERLAP = (
    *HEAD, "cpu0 m0 = map_single d0 b0 0 128 TO_DEVICE", "cpu0 m1 = map_single d0 b0 0 128 FROM_DEVICE",
)  # fmt: skip
TOUCHED = (*HEAD, "cpu0 m0 = map_single d0 b0 0 128 FROM_DEVICE", "cpu0 write b0 0 128")
STACK = ("cpu0 b0 = alloc stack 16", "cpu0 m0 = map_single d0 b0 0 16 TO_DEVICE")
HARMLESS = (*HEAD, "cpu0 m0 = map_single d0 b0 0 128 FROM_DEVICE")


EVERYWHERE = tuple(member.name for member in platforms.portfolio("6.12"))


def entry(label: str, kind: str, why: str, rules: Sequence[str], program: tuple[str, ...]) -> Entry:
    return Entry(Signature(label, kind, tuple(rules), why), program, EVERYWHERE, 1, 0)


OVERLAPS = entry("FN", "stale-device-data", "to-device-untracked", ["no-conflicting-overlap"], OVERLAP)
TOUCHES = entry("FN", "stale-cpu-data", "not-looked-at", ["hands-off", "from-device-read-only"], TOUCHED)
OVERWRITES = entry("FN", "clobbered", "not-looked-at", ["hands-off", "from-device-read-only"], TOUCHED)
STACKS = entry("FP", "map-stack", "same-mapping", ["no-stack"], STACK)
CATALOGUE = Catalogue("6.12", "6.12", 1, 2, (Length(), Length(), Length()), {}, (STACKS, OVERLAPS, TOUCHES, OVERWRITES))


def finding(
    folder: Path, name: str, program: Sequence[str], at: float, tracker: str = "6.12", reason: str = "", shown: int = 1
) -> None:
    """Filed by a run so many seconds after its start; named after a label and a kind, or after nothing much."""
    label, _, kind = name.rpartition("-")[0].partition("-")
    records = _core.encode(parse("\n".join(("dmafuzz 1", *program))).ops)
    of = target_of(tracker, tracker, "6.12", EVERYWHERE)
    made = Finding(
        label or "FN", (kind or f"kind-{name}",), (), tracker, records, (), reason, EVERYWHERE[:shown], "6.12"
    )
    store = Store.create(folder)
    store.add(of, [made])
    store.note(FILED, target=of.key, causes=[made.cause], at=STARTED + at)
    store.close()
    (folder / "index.sqlite").unlink()


def fuzzed(folder: Path, tracker: str = "6.12") -> Path:
    store = Store.create(folder)
    key = target_of(tracker, tracker, "6.12", EVERYWHERE).key
    store.note(STARTED_RUN, run="1", target=key, at=STARTED)
    store.note(ENDED, run="1", seconds=700.0, programs=12_345)
    store.close()
    return folder


def test_the_estimate_of_what_is_left_stands_beside_the_truth(tmp_path: Path) -> None:
    folder = fuzzed(tmp_path / "1")
    for number in range(3):
        name, program = f"FN-x{number}-{number}", OVERLAP[: number + 1]
        finding(folder, name, program, 10 * number, reason="to-device-untracked", shown=1 + number // 2)
    finding(folder, "FN-y-1", TOUCHED, 50, reason="of-no-topic-there")
    early, late = held_against(folder, CATALOGUE, 4, [-1, 5, 700])
    assert [(each.seconds, each.causes, each.truly_left) for each in (early, late)] == [(5, 1, 2), (700, 3, 2)]
    assert late.estimate == unseen([2])
    assert [each.within for each in (early, late)] == [True, False]
    assert held_against(folder, CATALOGUE, 2, [700]) == []  # the one topic of that size has not been found
    text = "\n".join(report_lines([early, late], CATALOGUE, 4))
    assert "| 1 | 700 s | 3 | 1 | 0.0 | 0.0 to 0.5 | 2 |" in text


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.json"
    path.write_text(CATALOGUE.to_json())
    return path


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """One run that has found two causes in the first minute and one later, and one that has found one."""
    first, second = fuzzed(tmp_path / "1"), fuzzed(tmp_path / "2")
    finding(first, "a", OVERLAP, 30)
    finding(first, "b", OVERLAP, 20)
    finding(first, "c", TOUCHED, 400)
    finding(first, "d", HARMLESS, 1)
    finding(second, "a", OVERLAP, 599)
    return [first, second]


def command(*args: object) -> Any:
    return run("recall", *args)


def test_signatures_are_known_from_their_first_finding_on(folders: list[Path]) -> None:
    first, second = (read_run(folder, CATALOGUE) for folder in folders)
    assert (first.seconds, first.programs) == (700.0, 12_345)
    ages = {signature: age for (signature, _), age in first.first.items()}
    assert ages[OVERLAPS.signature] == pytest.approx(20)
    assert ages[TOUCHES.signature] == ages[OVERWRITES.signature] == pytest.approx(400)
    known = {signature for signature, _ in second.first}
    assert {OVERLAPS.signature} == known & {each.signature for each in CATALOGUE.entries}


def test_on_another_platform_it_is_not_that_cause(folders: list[Path]) -> None:
    runs = [read_run(folder, CATALOGUE) for folder in folders]
    shown = {name for run in runs for signature, name in run.first if signature == OVERLAPS.signature}
    elsewhere = replace(OVERLAPS, platforms=tuple(name for name in EVERYWHERE if name not in shown))
    assert elsewhere.platforms
    assert missed(replace(CATALOGUE, entries=(elsewhere,)), runs) == [elsewhere]


def test_topics_are_counted_by_time_and_run(folders: list[Path]) -> None:
    runs = [read_run(folder, CATALOGUE) for folder in folders]
    found = {row.topic.id: (row.causes, row.found) for row in recall(CATALOGUE, runs, [60, 600])}
    assert found == {
        "to-device-untracked": (1, ((1, 0), (1, 1))),
        "accesses": (2, ((0, 0), (2, 0))),
        "map-stack": (1, ((0, 0), (0, 0))),
    }
    assert missed(CATALOGUE, runs) == [STACKS]


def test_at_the_very_moment_counts() -> None:
    runs = [Run({(STACKS.signature, EVERYWHERE[0]): 60.0}, 100, 1)]
    assert sum(sum(row.found[0]) for row in recall(CATALOGUE, runs, [60])) == 1
    assert sum(sum(row.found[0]) for row in recall(CATALOGUE, runs, [59.9])) == 0


def test_tables(folders: list[Path], catalogue: Path) -> None:
    result = command(*folders, "--catalogue", catalogue)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == f"{folders[0]}: 12,345 programs in 700 s"
    assert "| 60 s | 0 of 2 | 0.5 of 3 | 0.5 of 4 |" in lines
    assert "| 600 s | 0 of 2 | 1.5 of 3 | 2 of 4 |" in lines
    rows = [line for line in lines if line.startswith(("| FN", "| FP"))]
    assert rows == [
        f"| FP | {STACKS.topic.name} | 1 | 0 % (least 0 %) | 0 % (least 0 %) |",
        f"| FN | {TOUCHES.topic.name} | 2 | 0 % (least 0 %) | 50 % (least 0 %) |",
        f"| FN | {OVERLAPS.topic.name} | 1 | 50 % (least 0 %) | 100 % (least 100 %) |",
    ]
    assert "1 of 4 causes were found by no run:" in lines
    assert lines[-1] == f"- FP map-stack (no-stack): {'; '.join(STACK)}"


def test_times_and_lengths_can_be_asked_for(folders: list[Path], catalogue: Path) -> None:
    lines = command(folders[0], "--catalogue", catalogue, "--at", "400", "--ops", "2").output.splitlines()
    assert "| 400 s | 0 of 1 | 0 of 1 | 0 of 1 |" in lines
    assert not any(TOUCHES.topic.name in line for line in lines)


def test_all_found(folders: list[Path], catalogue: Path) -> None:
    finding(folders[0], "e", STACK, 500)
    result = command(folders[0], "--catalogue", catalogue)
    assert "| 600 s | 1 of 1 | 3 of 3 | 4 of 4 |" in result.output
    assert result.output.endswith("0 of 4 causes were found by no run\n")


class TestUnmatched:
    """Findings that the catalogue does not have, by why not."""

    # The alphabet maps all of a page cache page, or nothing.
    PART = ("cpu0 b0 = alloc page_cache 32", "cpu0 m0 = map_single d0 b0 0 16 FROM_DEVICE", "cpu0 cow b0 0")

    # Three entries, two of them of the same page: no list of the alphabet.
    LIST = ("cpu0 b0 = alloc stack 48", "cpu0 m0 = map_sg d0 TO_DEVICE b0:0:16 b0:16:16 b0:32:16")

    def test_each_is_one_of_the_sorts(self, tmp_path: Path) -> None:
        folder = fuzzed(tmp_path)
        smaller = tuple(line.replace("128", "64") for line in OVERLAP)
        finding(folder, "FN-stale-device-data-1", smaller, 1)
        finding(folder, "FN-clobbered-2", (*OVERLAP, "cpu0 unmap_single m0"), 1)
        finding(folder, "FP-map-stack-3", self.LIST, 1)
        touched = tuple(line.replace("128", "64") for line in TOUCHED)
        finding(folder, "FN-stale-cpu-data-4", touched, 1)
        finding(folder, "FP-leak-5", HARMLESS, 1)
        without = replace(CATALOGUE, entries=tuple(e for e in CATALOGUE.entries if e not in (TOUCHES, STACKS)))
        found = unmatched(folder, without)
        assert (found.longer, found.known, found.composite, found.beyond, found.silent) == (1, 1, 1, 1, 1)
        assert (found.total, found.ranges) == (5, [])

    def test_ranges_of_its_own(self, tmp_path: Path) -> None:
        folder = fuzzed(tmp_path)
        finding(folder, "FN-clobbered-1", self.PART, 1)
        found = unmatched(folder, CATALOGUE)
        assert [finding.label for finding in found.ranges] == ["FN"]
        assert (found.total, found.silent) == (1, 0)

    @pytest.mark.parametrize("device", ["d0", "d1"])
    def test_counterparts_differ_in_ranges_alone(self, device: str) -> None:
        lines = (*(line.replace("d0", device) for line in HARMLESS), "cpu0 unmap_single m0 size=16")
        ops = list(parse("\n".join(("dmafuzz 1", *lines))).ops)
        found = list(Alphabet(1, 2).counterparts(ops))
        assert {render_op(op) for other in found for op in other[2:]} == {
            f"cpu0 unmap_single m0 size={half}" for half in (16, 32, 48, 64)
        }
        for other in found:
            assert [op.kind for op in other] == [op.kind for op in ops]
            assert other[1].device == ops[1].device

    def test_command(self, folders: list[Path], catalogue: Path) -> None:
        finding(folders[1], "FN-stale-device-data-1", OVERLAP, 1)
        result = command(folders[1], "--catalogue", catalogue, "--unmatched")
        assert result.exit_code == 0, result.output
        assert f"{folders[1]}: 2 findings, 0 of more than 3 operations" in result.output
        assert "1 show nothing of what they are named after" in result.output
        assert "1 show the signature of a cause in the catalogue" in result.output


class TestErrors:
    def refused(self, *args: object) -> str:
        result = command(*args)
        assert result.exit_code == 2, result.output
        return str(result.output)

    def test_folder_that_is_none(self, tmp_path: Path, catalogue: Path) -> None:
        assert "no folder of a fuzzing run" in self.refused(tmp_path / "x", "--catalogue", catalogue)

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"dmafuzz": "store", "format": 99}', '{"format": null}'])
    def test_folder_of_something_else(self, text: str, tmp_path: Path, catalogue: Path) -> None:
        (tmp_path / "store.json").write_text(text)
        assert "no folder of a fuzzing run" in self.refused(tmp_path, "--catalogue", catalogue)

    @pytest.mark.parametrize("other", [("--ops", "3"), ("--at", "5")])
    def test_options_that_do_not_go_together(self, other: tuple[str, str], tmp_path: Path, catalogue: Path) -> None:
        said = self.refused(fuzzed(tmp_path / "run"), "--catalogue", catalogue, "--unmatched", *other)
        assert "do not go with it" in said

    def test_run_of_another_tracker(self, tmp_path: Path, catalogue: Path) -> None:
        folder = fuzzed(tmp_path / "run", tracker="4.19")
        finding(folder, "a", OVERLAP, 1, tracker="4.19")
        said = self.refused(folder, "--catalogue", catalogue)
        assert f"{folder}: a run of tracker 4.19, the catalogue is of 6.12" in said

    def test_findings_that_are_damaged(self, folders: list[Path], catalogue: Path) -> None:
        command(*folders, "--catalogue", catalogue)  # the index knows them
        for path in (folders[0] / "packs").iterdir():
            size, changed = path.stat().st_size, path.stat().st_mtime_ns
            path.write_bytes(bytes(size))
            os.utime(path, ns=(changed, changed))
        assert "damaged" in self.refused(*folders, "--catalogue", catalogue)

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"tracker": 1}', '{"entries": 1}'])
    def test_file_that_is_no_catalogue(self, text: str, folders: list[Path], catalogue: Path) -> None:
        catalogue.write_text(text)
        assert "expected a catalogue" in self.refused(*folders, "--catalogue", catalogue)

    def test_file_that_is_not_there(self, folders: list[Path], tmp_path: Path) -> None:
        assert "cannot be read: No such file" in self.refused(*folders, "--catalogue", tmp_path / "x")
