# SPDX-License-Identifier: GPL-2.0-only
"""Catalogues: each entry shows what it is listed for, in the topic that it belongs to; changed rules of trackers."""

from __future__ import annotations

import functools
import gzip
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dmafuzz import _core, platforms
from dmafuzz import catalogue as catalogues
from dmafuzz.catalogue import Catalogue
from dmafuzz.catalogue.catalogue import counts_by_label, rejudge
from dmafuzz.catalogue.files import file_of, json_text, pack, read_catalogue, tracker_of
from dmafuzz.cli import catalogue as command
from dmafuzz.cli.main import main
from dmafuzz.exhaustive import Result, Search, SearchPlan
from dmafuzz.platforms import to_core
from dmafuzz.program import parse
from dmafuzz.reporting.catalogue import markdown
from dmafuzz.reporting.comparison import comparison
from dmafuzz.trackers import builtins, default_portfolio, resolve
from dmafuzz.triage import Topic, topic_of
from dmafuzz.verdicts import meanings

FRESH = ["4.19", "5.15", "6.12", "7.2", "2.6.30", "3.14-rc1", "2011-reader-writer", "full-range", "silent", "noisy"]
REPORTS = Path(__file__).parent.parent / "reports"
COMMITTED = {REPORTS / "catalogue": 1, REPORTS / "five": 1, REPORTS / "two-cpus": 2}  # CPUs
FOUR, FIVE, TWO_CPUS = COMMITTED
FILES = [file for folder in COMMITTED for file in sorted(folder.glob("*.json.gz"))]
ERAS = [each.name for each in _core.trackers()]
FACTS: dict[str, Any] = tomllib.loads(
    resources.files("dmafuzz.triage").joinpath("topics.toml").read_text(encoding="utf-8")
)

SECOND_LINE = (
    "cpu0 b0 = alloc pages 128; cpu0 m0 = map_single d0 b0 0 96 FROM_DEVICE; "
    "cpu0 m1 = map_single d0 b0 64 32 FROM_DEVICE"
)
OTHER_LINES = (
    "cpu0 b0 = alloc pages 128; cpu0 m0 = map_sg d0 BIDIRECTIONAL b0:0:16 b0:64:64; cpu0 sync_sg_for_device m0"
)


class Silent:
    def layer(self, length: int, pairs: int, done: int = 0) -> None:
        pass

    def pairs(self, done: int) -> None:
        pass


@functools.cache
def searched(tracker: str, ops: int = 3) -> tuple[Result, Catalogue]:
    name = default_portfolio(tracker)
    members = tuple(platforms.portfolio(name))
    core = resolve(tracker).core
    result = Search(SearchPlan(tracker, core, name, members, ops)).run(Silent())
    return result, catalogues.make(result, core, members)


def ops_of(text: str) -> list[_core.Op]:
    return list(parse("dmafuzz 1\n" + "\n".join(line.strip() for line in text.split(";"))).ops)


def judge(core: str, *names: str) -> _core.Judge:
    return _core.Judge(core, [to_core(platforms.load(name)) for name in names])


@functools.cache
def whole_judge(tracker: str) -> _core.Judge:
    machines = [to_core(member) for member in platforms.portfolio(default_portfolio(tracker))]
    return _core.Judge(resolve(tracker).core, machines)


def topics_of(tracker: str, text: str) -> set[Topic]:
    """Of all that a program shows."""
    return {
        topic_of(shown.label, (shown.kind,), shown.rules, shown.reason)
        for shown in whole_judge(tracker).signatures(ops_of(text))
    }


class TestFresh:
    @pytest.mark.parametrize("tracker", FRESH)
    def test_every_entry_shows_what_it_is_listed_for(self, tracker: str) -> None:
        _, catalogue = searched(tracker)
        assert catalogue.entries
        assert rejudge(catalogue) == []

    @pytest.mark.parametrize("tracker", FRESH)
    def test_every_program_counts_for_one_cause_of_each_signature(self, tracker: str) -> None:
        result, catalogue = searched(tracker)
        found: Counter[str] = Counter()
        for each in result.found.values():
            found[each.signature.label] += each.count
        listed: Counter[str] = Counter()
        for entry in {entry.signature: entry for entry in catalogue.entries}.values():
            listed[entry.signature.label] += entry.count + entry.composite
        assert listed == found

    @pytest.mark.parametrize("tracker", FRESH)
    def test_survives_json(self, tracker: str) -> None:
        _, catalogue = searched(tracker)
        again = Catalogue.from_json(catalogue.to_json())
        assert again == catalogue
        assert again.to_json() == catalogue.to_json()
        assert len(catalogue.to_json().splitlines()) == len(catalogue.entries) + 2

    def test_entries_are_causes_of_their_own_smallest_first(self) -> None:
        _, catalogue = searched("6.12")
        programs = [(entry.signature, entry.program) for entry in catalogue.entries]
        assert len(set(programs)) == len(programs)
        orders = [_core.order_of(entry.ops) for entry in catalogue.entries]
        assert orders == sorted(orders)
        assert len({entry.cause for entry in catalogue.entries}) == len(orders)

    def test_entries_are_minimal(self) -> None:
        """On some platform nothing in the search with the same signature is smaller."""
        result, catalogue = searched("6.12")
        for entry in catalogue.entries:
            if entry.signature not in result.found:
                continue
            smallest = result.found[entry.signature].smallest
            here = [result.platforms.index(name) for name in entry.platforms]
            assert any(smallest[i].size >= tuple(_core.order_of(entry.ops)) for i in here if i in smallest)

    def test_of_shorter_programs_is_a_part_of_it(self) -> None:
        _, catalogue = searched("6.12")
        short = catalogue.up_to(2)
        assert {len(entry.program) for entry in short.entries} == {2}
        assert set(short.entries) < set(catalogue.entries)

    def test_silent_tracker_is_wrong_by_its_silence_alone(self) -> None:
        assert set(counts_by_label(searched("silent")[1])) == {"FN"}

    def test_report_names_every_cause_and_claims_no_proof_where_there_is_none(self) -> None:
        _, catalogue = searched("6.12")
        text = markdown(catalogue)
        assert all(f"`{entry.cause}`" in text for entry in catalogue.entries)
        made_smaller = [entry for entry in catalogue.entries if not entry.count]
        assert made_smaller
        assert text.count("no program of the alphabet shows just this") == len(made_smaller)


class TestTopics:
    def test_every_rule_that_is_broken_unseen_is_one_of_the_contract(self) -> None:
        known = {name for name, _ in _core.rules()}
        named = [rule for row in FACTS["unseen"].values() for rule in row["rules"]]
        assert set(named) == known
        assert len(set(named)) == len(named)
        assert list(FACTS["unseen"].values())[-1]["rules"] == []

    @pytest.mark.parametrize(
        ("program", "rule", "change"),
        [
            (
                "cpu0 b0 = alloc page_cache 128; cpu0 m0 = map_single d0 b0 0 128 FROM_DEVICE; cpu0 cow b0 0",
                "copy-on-write of a page under DMA is not checked", "assert-idle",
            ),
            (
                "cpu0 b0 = alloc pages 128; cpu0 m0 = map_single d0 b0 0 128 TO_DEVICE; "
                "cpu0 m1 = map_single d0 b0 0 128 FROM_DEVICE",
                "cachelines of TO_DEVICE mappings are not tracked", "to-device",
            ),
            (
                "cpu0 b0 = alloc pages 128; cpu0 m0 = map_resource d0 b0 0 128 BIDIRECTIONAL",
                "dma_map_resource() of RAM is not checked", "resource-ram",
            ),
            (
                "cpu0 b0 = alloc pages 128; cpu0 m0 = map_single d0 b0 0 128 FROM_DEVICE; cpu0 write b0 0 128",
                "CPU and device accesses between map and unmap are invisible to dma-debug", "",
            ),
            (
                "cpu0 b0 = alloc pages 128; cpu0 m0 = map_single d0 b0 0 128 TO_DEVICE; device m0 write 0 128",
                "device accesses are invisible to dma-debug", "",
            ),
            (
                "cpu0 b0 = alloc pages 32; cpu0 m0 = map_single d0 b0 0 16 BIDIRECTIONAL",
                "unrelated data sharing a cacheline with the mapping is not checked", "",
            ),
        ],
    )  # fmt: skip
    def test_by_hand(self, program: str, rule: str, change: str) -> None:
        unseen = {each for each in topics_of("6.12", program) if each.label == "FN"}
        assert {(each.name, each.change) for each in unseen} == {(rule, change)}

    def test_depends_on_what_lines_are(self) -> None:
        """One line of 128 bytes, or two of 64."""
        seen = topics_of("6.12", SECOND_LINE)
        assert {each.change for each in seen if each.label == "FN"} == {"every-line"}
        seen = topics_of("6.12", OTHER_LINES)
        assert "dma-lines" in {each.change for each in seen if each.label == "FN"}

    def test_copy_on_write_is_no_topic_where_it_is_checked(self) -> None:
        program = "cpu0 b0 = alloc page_cache 128; cpu0 m0 = map_single d0 b0 0 128 FROM_DEVICE; cpu0 cow b0 0"
        assert {each.label for each in topics_of("4.19", program)} == {"hazard"}
        assert not any(lead.topic.change == "assert-idle" for lead in searched("4.19")[1].topics())

    def test_warning_that_is_no_use(self) -> None:
        program = "cpu0 b0 = alloc stack 16; cpu0 m0 = map_single d0 b0 0 16 TO_DEVICE"
        assert Topic("FP", "map-stack") in topics_of("6.12", program)

    def test_changes_are_what_ends_it(self) -> None:
        """On the platform that it was made minimal for, which is one of those listed."""
        _, catalogue = searched("6.12")
        members = [to_core(member) for member in platforms.portfolio("6.12")]
        names = [member.name for member in platforms.portfolio("6.12")]
        for entry in catalogue.entries:
            if entry.topic.change:
                changed = _core.Judge(f"6.12+{entry.topic.change}", members)
                wanted = ("FN", entry.signature.kind, entry.signature.reason)
                shown_at = [names.index(name) for name in entry.platforms]
                assert all(wanted not in changed.signatures_on(entry.ops, at) for at in shown_at), entry


class TestWhatIf:
    @pytest.mark.parametrize("name", [name for name, _ in _core.what_ifs()])
    def test_changes_something(self, name: str) -> None:
        changed = []
        for era in ERAS:
            try:
                judge(f"{era}+{name}", "arm64-6.5")
            except ValueError:
                continue
            changed.append(era)
        assert changed

    @pytest.mark.parametrize(
        "name",
        [
            "6.12+", "6.12+nothing", "6.12++every-line", "6.12+every-line+every-line", "+every-line", "6.x+every-line",
            "silent+every-line", "noisy+every-line", "full-range+every-line", "7.2+attributes", "4.19+overlaps-told",
        ],
    )  # fmt: skip
    def test_that_is_none_is_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match=re.escape(name)):
            judge(name, "arm64-6.5")

    def test_every_line_warns_where_the_first_one_does_not_overlap(self) -> None:
        for platform in ("x86-5.5", "armv7-5.18"):
            assert judge("6.12", platform).judge(ops_of(SECOND_LINE), 0).warnings == ()
            changed = judge("6.12+every-line", platform).judge(ops_of(SECOND_LINE), 0)
            assert [warning.id for warning in changed.warnings] == ["line-overlap"]

    def test_every_line_of_7_2_is_the_proposal(self) -> None:
        names = platforms.names()
        changed, proposal = judge("7.2+every-line", *names), judge("full-range", *names)
        programs = [SECOND_LINE, *(";".join(entry.program) for entry in searched("7.2")[1].entries)]
        for ops in map(ops_of, programs):
            assert changed.judge_all(ops) == proposal.judge_all(ops)


class TestCommand:
    @pytest.fixture(autouse=True)
    def cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(self, out: Path, *args: str, status: int = 0) -> str:
        result = CliRunner().invoke(main, ["catalogue", "--out", str(out), *args])
        assert result.exit_code == status, result.output
        return result.output

    def test_writes_what_the_search_does(self, tmp_path: Path) -> None:
        self.run(tmp_path / "out", "--ops", "3", "6.12", "4.19")
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
            "4.19.json.gz", "6.12.json.gz", "README.md",
        ]  # fmt: skip
        assert json_text(tmp_path / "out/6.12.json.gz") == searched("6.12")[1].to_json()

    def test_readme_has_those_of_earlier_runs_too(self, tmp_path: Path) -> None:
        self.run(tmp_path, "--ops", "2", "6.12")
        self.run(tmp_path, "--ops", "2", "4.19")
        text = (tmp_path / "README.md").read_text()
        assert "| 6.12 | 2 operations" in text
        assert "| 4.19 | 2 operations" in text

    def test_pages_are_made_of_what_is_there(self, tmp_path: Path) -> None:
        self.run(tmp_path, "--ops", "3", "6.12", "4.19")
        assert "4.19.md: " in self.run(tmp_path, "--pages")
        for tracker in ("6.12", "4.19"):
            page = (tmp_path / f"{tracker}.md").read_text()
            entries = read_catalogue(tmp_path / f"{tracker}.json.gz").entries
            assert entries
            assert all(f"`{entry.cause}`" in page for entry in entries)

    def test_pages_of_nothing_are_told(self, tmp_path: Path) -> None:
        assert "has no catalogue" in self.run(tmp_path, "--pages", status=2)
        assert "5.15.json.gz: cannot be read" in self.run(tmp_path, "--pages", "5.15", status=2)

    def test_leaves_longer_ones_as_they_are(self, tmp_path: Path) -> None:
        self.run(tmp_path, "--ops", "3", "6.12")
        before = (tmp_path / "6.12.json.gz").read_bytes()
        assert "complete up to 3 operations already" in self.run(tmp_path, "--ops", "2", "6.12")
        assert (tmp_path / "6.12.json.gz").read_bytes() == before

    def test_interrupted_at_the_second_goes_on_there(self, tmp_path: Path) -> None:
        made = catalogues.make

        def make(result: Result, *args: Any) -> Catalogue:
            if result.tracker == "4.19":
                raise KeyboardInterrupt
            return made(result, *args)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(catalogues, "make", make)
            assert "interrupted at 4.19" in self.run(tmp_path, "--ops", "2", "6.12", "4.19", status=2)
        with pytest.MonkeyPatch.context() as patch:
            patch.delattr(command, "Search")
            self.run(tmp_path, "--ops", "2", "6.12", "4.19")

    def test_leftovers_of_a_killed_one_are_no_obstacle(self, tmp_path: Path) -> None:
        (tmp_path / ".6.12").mkdir()
        (tmp_path / ".6.12/.search.json.1.tmp").write_text("{")
        self.run(tmp_path, "--ops", "2", "6.12")
        assert not (tmp_path / ".6.12").exists()

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"tracker": 1}'])
    def test_other_files_are_told(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "6.12.json.gz").write_text(text)
        assert "6.12.json.gz: expected a catalogue" in self.run(tmp_path, "--ops", "2", "6.12", status=2)
        assert (tmp_path / "6.12.json.gz").read_text() == text

    @pytest.mark.parametrize("damage", [lambda data: data[:-20], lambda data: data[:50] + b"\xff" * 50 + data[100:]])
    def test_a_damaged_file_is_told(self, damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
        file = tmp_path / "6.12.json.gz"
        file.write_bytes(damage(pack(searched("6.12")[1])))
        assert "6.12.json.gz: cannot be read" in self.run(tmp_path, "--pages", status=2)

    @pytest.mark.parametrize("tracker", ["6.x", "kernel:none", "../6.12"])
    def test_other_trackers_are_told_before_anything_is_done(self, tracker: str, tmp_path: Path) -> None:
        output = self.run(tmp_path / "out", "--ops", "2", "6.12", tracker, status=2)
        assert tracker.removeprefix("kernel:") in output
        assert not (tmp_path / "out").exists()


def place_of(file: Path) -> str:
    return f"{file.parent.name}/{tracker_of(file)}"


@pytest.mark.parametrize("file", FILES, ids=place_of)
class TestCommitted:
    def test_every_entry_shows_what_it_is_listed_for(self, file: Path) -> None:
        assert rejudge(read_catalogue(file)) == []

    def test_tables_are_those_of_one_search(self, file: Path) -> None:
        catalogue = read_catalogue(file)
        assert catalogue.tracker == tracker_of(file)
        assert (catalogue.cpus, catalogue.devices) == (COMMITTED[file.parent], 2)
        assert list(catalogue.labels) == [member.name for member in platforms.portfolio(catalogue.portfolio)]
        programs = sum(length.programs for length in catalogue.lengths)
        for counts in catalogue.labels.values():
            assert set(counts) <= set(meanings.LABELS)
            assert max(counts.values()) <= programs <= sum(counts.values())
        states = [length.states for length in catalogue.lengths]
        assert all(states[:-2])
        assert not states[-1]
        for entry in catalogue.entries:
            assert len(entry.program) <= catalogue.ops
            most = max(counts.get(entry.signature.label, 0) for counts in catalogue.labels.values())
            assert entry.count <= programs
            assert entry.count + entry.composite > 0
            assert most > 0

    def test_names_of_causes_are_theirs(self, file: Path) -> None:
        catalogue = read_catalogue(file)
        said = [fields["cause"] for fields in json.loads(json_text(file))["entries"]]
        assert [entry.cause for entry in catalogue.entries] == said

    def test_is_compressed_as_the_command_does_it(self, file: Path) -> None:
        assert gzip.decompress(file.read_bytes()) == gzip.decompress(pack(read_catalogue(file)))


@pytest.mark.skipif(not FILES, reason="no catalogues here")
@pytest.mark.parametrize("folder", [FOUR, FIVE], ids=lambda folder: folder.name)
def test_the_catalogues_stand_side_by_side(folder: Path) -> None:
    made = comparison([read_catalogue(file) for file in FILES if file.parent == folder])
    assert (folder / "README.md").read_text() == made, "made again by: dmafuzz catalogue --pages"


@pytest.mark.skipif(not FILES, reason="no catalogues here")
@pytest.mark.parametrize("tracker", [tracker_of(file) for file in FILES if file.parent == FIVE])
def test_five_operations_leave_what_four_have_shown(tracker: str) -> None:
    """But for what was there only because something else came down to it, and is a cause of its own now."""
    four, five = (read_catalogue(file_of(folder, tracker)) for folder in (FOUR, FIVE))
    assert (four.ops, five.ops) == (4, 5)
    now = {entry.cause for entry in five.entries}
    assert all(entry.count == 0 for entry in four.entries if entry.cause not in now)
    assert [length.programs for length in five.lengths[:4]] == [length.programs for length in four.lengths]


@pytest.mark.skipif(not FILES, reason="no catalogues here")
@pytest.mark.parametrize("tracker", [tracker_of(file) for file in FILES if file.parent == TWO_CPUS])
def test_programs_of_one_cpu_are_among_those_of_two(tracker: str) -> None:
    one, two = (read_catalogue(file_of(folder, tracker)) for folder in (FOUR, TWO_CPUS))
    assert two.ops == one.ops
    counts = {entry.signature: entry.count for entry in two.entries}
    assert all(entry.count <= counts[entry.signature] for entry in one.entries if entry.signature in counts)
    assert all(x.programs < y.programs for x, y in zip(one.lengths, two.lengths, strict=True))
    new = [entry for entry in two.entries if any("cpu1" in line for line in entry.program)]
    assert new
    assert any("split" in line for entry in new for line in entry.program)


@pytest.mark.skipif(not FILES, reason="no catalogues here")
def test_there_is_a_catalogue_of_four_eras_and_every_proposal() -> None:
    proposals = [each.name for each in builtins() if each.kind == "proposal"]
    assert {tracker_of(file) for file in FILES if file.parent == FOUR} == {"4.19", "5.15", "6.12", "7.2", *proposals}
