# SPDX-License-Identifier: GPL-2.0-only
"""The commands judge, list and minimize: what they print, and with which status they end."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dmafuzz import program as language
from dmafuzz.cli import main
from dmafuzz.cli.main import Commands
from support import run

# A page is broken by copy-on-write while a device may write it: corrupt everywhere, and 6.12 says nothing.
MOVED = """dmafuzz 1
cpu0 b0 = alloc anonymous 4096
cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
cpu1 cow b0 0
cpu0 unmap_page m0
"""
# Keeps every rule.
CLEAN = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_single d0 b0 0 4096 TO_DEVICE
cpu0 unmap_single m0
"""
# Two fragments of one line: harmless where caches are coherent, not everywhere.
FRAGMENTS = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_single d0 b0 0 32 FROM_DEVICE
cpu0 m1 = map_single d0 b0 32 32 FROM_DEVICE
cpu0 unmap_single m0
cpu0 unmap_single m1
"""
ARM64 = "arm64-6.5"
X86 = "x86-5.5"


def judgements(*arguments: str | Path) -> list[dict]:  # type: ignore[type-arg]
    result = run("judge", "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    return written(tmp_path / "moved.dma", MOVED)


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return written(tmp_path / "clean.dma", CLEAN)


@pytest.fixture
def fragments(tmp_path: Path) -> Path:
    return written(tmp_path / "fragments.dma", FRAGMENTS)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def covered(records: list[dict[str, Any]]) -> set[int]:
    """The bytes of a buffer that records are about."""
    return {byte for record in records for byte in range(record["offset"], record["offset"] + record["size"])}


class TestJson:
    def test_has_one_object_per_judgement_in_the_portfolios_order(self, moved: Path) -> None:
        found = judgements(moved)
        assert [j["platform"] for j in found][:2] == [X86, "x86-5.18-swiotlb"]
        assert {(j["schema"], j["program"], j["tracker"]) for j in found} == {(2, str(moved), "6.12")}

    def test_has_the_fields_of_schema_2(self, moved: Path) -> None:
        (found,) = judgements(moved, "--platform", ARM64)
        assert found["labels"] == ["FN"]
        assert found["contract"] == ["page-owner"]
        assert found["warnings"] == []
        assert found["harms"] == []
        assert {"kind", "op", "buffer", "offset", "size", "explained"} <= found["corruptions"][0].keys()

    def test_has_the_ranges_that_are_corrupt(self, moved: Path) -> None:
        (found,) = judgements(moved, "--platform", ARM64)
        stale = [c for c in found["corruptions"] if c["kind"] == "stale-cpu-data"]
        assert covered(stale) == set(range(4096))
        assert {(c["buffer"], c["op"], c["explained"]) for c in stale} == {("b0", 3, False)}

    def test_says_of_a_hazard_which_platform_it_hurts(self, fragments: Path) -> None:
        (found,) = judgements(fragments, "--platform", X86)
        (warning,) = found["warnings"]
        assert (warning["id"], warning["op"], warning["justified"]) == ("line-overlap", 2, False)
        assert (warning["justification"], warning["hurts"]) == ("hazard", "armv7-5.18")

    def test_counts_operations_with_the_tidy_up(self, tmp_path: Path) -> None:
        leak = "cpu0 b0 = alloc pages 64\ncpu0 m0 = map_single d0 b0 0 64 TO_DEVICE\ncpu0 forget m0\n"
        (found,) = judgements(written(tmp_path / "leak.dma", f"dmafuzz 1\n{leak}"), "--platform", X86)
        assert found["ops"][found["program_ops"] :] == ["cpu0 unbind d0"]
        assert [(w["id"], w["op"]) for w in found["warnings"]] == [("leak", 3)]
        assert found["harms"] == [{"kind": "leak", "op": 3, "mapping": "m0"}]
        assert found["labels"] == ["bookkeeping"]

    def test_lists_exposure_by_ranges(self, moved: Path) -> None:
        (found,) = judgements(moved, "--platform", "armv5-5.5")
        exposed = [h for h in found["harms"] if h["kind"] == "exposure"]
        assert exposed
        assert {h["buffer"] for h in exposed} == {"b0"}
        assert covered(exposed) <= set(range(4096))

    def test_judges_a_platform_outside_the_portfolio(self, clean: Path) -> None:
        (found,) = judgements(clean, "--platform", "armv7-5.18-aliases")
        assert found["labels"] == ["TN"]


class TestPortfolio:
    def test_is_by_default_that_of_the_trackers_name(self, clean: Path) -> None:
        assert {j["portfolio"] for j in judgements(clean, "--tracker", "6.1")} == {"6.1"}

    @pytest.mark.parametrize("tracker", ["silent", "noisy"])
    def test_of_a_canary_is_that_of_6_12(self, clean: Path, tracker: str) -> None:
        assert {j["portfolio"] for j in judgements(clean, "--tracker", tracker)} == {"6.12"}

    def test_can_be_named(self, clean: Path) -> None:
        assert {j["portfolio"] for j in judgements(clean, "--portfolio", "4.19")} == {"4.19"}


class TestCanaries:
    def test_one_that_never_warns_is_an_fn_wherever_data_is_lost(self, moved: Path) -> None:
        assert all(
            j["labels"] == (["FN"] if j["corruptions"] else ["TN"]) for j in judgements(moved, "--tracker", "silent")
        )

    def test_one_that_always_warns_is_an_fp_where_nothing_can_be_lost(self, clean: Path) -> None:
        assert all("FP" in j["labels"] for j in judgements(clean, "--tracker", "noisy"))


class TestCheck:
    def test_holds(self, tmp_path: Path) -> None:
        expects = f"expect tracker=6.12 platform={ARM64},{X86} labels=FN warnings=none harms=none\n"
        file = written(tmp_path / "p.dma", MOVED + expects)
        result = run("judge", "--check", file)
        assert result.exit_code == 0
        assert result.stdout == f"{file}: ok, 1 expectation\n"

    def test_fails_with_what_where_expected_and_found(self, tmp_path: Path) -> None:
        file = written(tmp_path / "p.dma", MOVED + "expect tracker=6.12 platform=arm64-6.5 labels=TN\n")
        result = run("judge", "--check", file)
        assert result.exit_code == 1
        for word in (str(file), "labels", "6.12", ARM64, "expected TN", "found FN"):
            assert word in result.stdout

    def test_goes_through_every_platform_of_an_expected_portfolio(self, tmp_path: Path) -> None:
        file = written(tmp_path / "p.dma", MOVED + "expect tracker=6.12 portfolio=6.12 labels=FN\n")
        result = run("judge", "--check", file)
        assert result.exit_code == 1
        assert [line.split(" on ")[1].split()[0] for line in result.stdout.splitlines()] == ["x86-5.5-pool-full"]

    @pytest.mark.parametrize("what", ["warnings=leak", "corruptions=clobbered", "harms=fault"])
    def test_compares_exact_sets_of_kinds(self, tmp_path: Path, what: str) -> None:
        file = written(tmp_path / "p.dma", MOVED + f"expect tracker=6.12 platform={ARM64} labels=FN {what}\n")
        result = run("judge", "--check", file)
        assert result.exit_code == 1
        assert what.split("=")[0] in result.stdout

    def test_takes_each_expectations_own_tracker(self, tmp_path: Path) -> None:
        file = written(tmp_path / "p.dma", CLEAN + f"expect tracker=noisy platform={X86} labels=FP\n")
        assert run("judge", "--check", file).exit_code == 0

    def test_says_that_there_are_no_expectations(self, clean: Path) -> None:
        result = run("judge", "--check", clean)
        assert result.exit_code == 0
        assert "no expectations" in result.stdout

    def test_leaves_standard_output_to_json(self, tmp_path: Path) -> None:
        file = written(tmp_path / "p.dma", CLEAN + f"expect tracker=6.12 platform={X86} labels=FN\n")
        result = run("judge", "--check", "--json", "--platform", X86, file)
        assert result.exit_code == 1
        assert [json.loads(line)["labels"] for line in result.stdout.splitlines()] == [["TN"]]
        assert "expected FN, found TN" in result.stderr

    @pytest.mark.parametrize(
        ("line", "unknown"),
        [
            ("tracker=6.99 platform=x86-5.5 labels=TN", "6.99"),
            ("tracker=6.12 platform=x87 labels=TN", "x87"),
            ("tracker=6.12 portfolio=6.13 labels=TN", "6.13"),
            ("tracker=6.12 platform=x86-5.5 labels=TN warnings=line-overlapp", "line-overlapp"),
            ("tracker=6.12 platform=x86-5.5 labels=TN corruptions=stale", "stale"),
            ("tracker=6.12 platform=x86-5.5 labels=TN harms=leaks", "leaks"),
        ],
    )
    def test_of_an_unknown_name_is_bad_input_at_its_line(self, tmp_path: Path, line: str, unknown: str) -> None:
        known = f"expect tracker=6.12 platform={X86} labels=TN\n"
        file = written(tmp_path / "p.dma", f"{CLEAN}{known}expect {line}\n")
        result = run("judge", "--check", file)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"{file}:{CLEAN.count(chr(10)) + 2}:1: ")
        assert unknown in result.stderr


class TestBadInput:
    def test_is_told_with_file_line_and_column(self, tmp_path: Path) -> None:
        file = written(tmp_path / "bad.dma", "dmafuzz 1\ncpu0 b0 = alloc pagges 64\n")
        result = run("judge", file)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert result.stderr.startswith(f"{file}:2:17: ")

    def test_does_not_hide_the_results_of_other_files(self, tmp_path: Path, clean: Path) -> None:
        bad = written(tmp_path / "bad.dma", "dmafuzz 2\n")
        result = run("judge", "--json", "--platform", X86, bad, clean, tmp_path / "missing.dma")
        assert result.exit_code == 2
        assert [json.loads(line)["program"] for line in result.stdout.splitlines()] == [str(clean)]
        assert str(bad) in result.stderr
        assert "missing.dma" in result.stderr

    @pytest.mark.parametrize(
        ("option", "name", "near"),
        [
            ("--tracker", "6.1x", "6.12"),
            ("--tracker", "6.99", "6.19"),
            ("--tracker", "6.12.40", "6.0"),
            ("--tracker", "2.6.29", "2.6.30"),
            ("--tracker", "2021", "2021-different-regions"),
            ("--platform", "arm64-6.4", ARM64),
            ("--portfolio", "6.11", "6.12"),
            ("--tracker", "kernel:/no/such/tree", "/no/such/tree"),
            ("--tracker", "kernel:", "path"),
        ],
    )
    def test_names_what_is_near(self, clean: Path, option: str, name: str, near: str) -> None:
        result = run("judge", clean, option, name)
        assert result.exit_code == 2
        assert near in result.stderr
        assert "Traceback" not in result.stderr

    @pytest.mark.parametrize("command", ["judge", "judge --calls", "trace print", "minimize"])
    @pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"dmafuzz 1\ncpu0 unmap_single m0\n", b"\0" * 100])
    def test_is_never_a_traceback(self, tmp_path: Path, command: str, content: bytes) -> None:
        file = tmp_path / "p.dma"
        file.write_bytes(content)
        result = run(*command.split(), file)
        assert result.exit_code == 2
        assert isinstance(result.exception, SystemExit)

    def test_is_a_file_name_that_is_no_text(self, tmp_path: Path) -> None:
        result = run("judge", f"{tmp_path}/\udcff.dma")
        assert result.exit_code == 2


class TestCalls:
    def test_prints_one_line_for_each_hook_call(self, clean: Path) -> None:
        lines = run("judge", "--calls", clean, "--platform", ARM64).stdout.splitlines()
        assert [line.split()[3] for line in lines] == [
            "map_single_area",
            "map_page",
            "mapping_error",
            "unmap_page",
            "unbind",
        ]
        assert lines[1] == "op=1 cpu0 d0 map_page m0 phys=0x120000 dma=0x120000 size=4096 dir=TO_DEVICE attrs=none"

    def test_shows_attributes_and_list_entries(self, tmp_path: Path) -> None:
        ops = "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_sg d1 FROM_DEVICE b0:0:64 b0:128:64 attrs=NO_WARN\n"
        lines = run("judge", "--calls", written(tmp_path / "sg.dma", f"dmafuzz 1\n{ops}")).stdout.splitlines()
        assert "op=1 cpu0 d1 map_sg m0" in lines[0]
        assert "attrs=NO_WARN nents=2 mapped=2" in lines[0]
        assert lines[0].endswith("list=0x120000+64->0x120000+64,0x120080+64->0x120080+64")

    def test_shows_where_the_tracker_warns(self, fragments: Path) -> None:
        lines = run("judge", "--calls", fragments).stdout.splitlines()
        warned = [line for line in lines if "warns: line-overlap" in line]
        assert len(warned) == 1
        assert warned[0].startswith("op=2 cpu0 d0 map_page m1")

    def test_of_a_bouncing_platform_shows_the_slot(self, clean: Path) -> None:
        line = run("judge", "--calls", clean, "--platform", "x86-5.18-force-bounce").stdout.splitlines()[1]
        assert "phys=0x120000 dma=0x20000" in line


class TestList:
    @pytest.mark.parametrize(
        ("what", "name"),
        [
            ("trackers", "6.12"),
            ("platforms", ARM64),
            ("portfolios", "4.19"),
            ("rules", "whole-lines"),
            ("warnings", "line-overlap"),
        ],
    )
    def test_has_one_name_a_line(self, what: str, name: str) -> None:
        result = run("list", what)
        assert result.exit_code == 0
        assert name in [line.split()[0] for line in result.stdout.splitlines()]

    def test_of_something_else_is_bad_input(self) -> None:
        assert run("list", "things").exit_code == 2


class TestMinimize:
    def test_prints_a_smaller_program_that_shows_the_same(self, tmp_path: Path, moved: Path) -> None:
        text = MOVED.replace("cpu1 cow", "cpu1 b1 = alloc pages 64\ncpu2 read b1 0 16\ncpu1 cow")
        result = run("minimize", written(tmp_path / "p.dma", text), "--platform", X86)
        assert result.exit_code == 0
        assert "tried" in result.stdout
        minimal = language.parse(result.stdout)
        assert len(minimal.ops) <= 3
        (found,) = judgements(written(tmp_path / "min.dma", result.stdout), "--platform", X86)
        assert found["labels"] == ["FN"]
        assert {c["kind"] for c in found["corruptions"]} == {"stale-cpu-data"}

    def test_keeps_the_label_and_kind_asked_for(self, tmp_path: Path, moved: Path) -> None:
        out = tmp_path / "min.dma"
        result = run("minimize", moved, "--platform", ARM64, "--label", "FN", "--kind", "stale-cpu-read", "--out", out)
        assert result.exit_code == 0
        assert "stale-cpu-read" in result.stdout
        (found,) = judgements(out, "--platform", ARM64)
        assert "stale-cpu-read" in {c["kind"] for c in found["corruptions"]}

    def test_takes_a_program_that_minimizes_no_further_as_it_is(self, tmp_path: Path, moved: Path) -> None:
        out, again = tmp_path / "min.dma", tmp_path / "again.dma"
        assert run("minimize", moved, "--platform", ARM64, "--out", out).exit_code == 0
        assert run("minimize", out, "--platform", ARM64, "--out", again).exit_code == 0
        assert again.read_text() == out.read_text()

    def test_of_a_program_that_shows_nothing_is_bad_input(self, clean: Path) -> None:
        result = run("minimize", clean)
        assert result.exit_code == 2
        assert "shows no FN, FP or hazard" in result.stderr

    def test_of_another_label_says_what_there_is(self, moved: Path) -> None:
        result = run("minimize", moved, "--label", "FP")
        assert result.exit_code == 2
        assert "there is FN of stale-cpu-data" in result.stderr

    def test_to_a_place_that_cannot_be_written_is_told(self, moved: Path, tmp_path: Path) -> None:
        result = run("minimize", moved, "--out", tmp_path / "no" / "such" / "folder")
        assert result.exit_code == 2
        assert "cannot be written" in result.stderr


class TestCommands:
    def test_has_a_version(self) -> None:
        result = run("--version")
        assert result.exit_code == 0
        assert result.stdout.startswith("dmafuzz ")

    def test_leaves_out_a_command_whose_module_does_not_exist(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules["dmafuzz.cli.main"]._COMMANDS, "fuzz", ("dmafuzz.cli.no_such_module", "fuzz"))
        assert isinstance(main, Commands)
        assert not re.search(r"^  fuzz\b", run("--help").stdout, re.MULTILINE)
        assert run("fuzz").exit_code == 2

    def test_is_quiet_when_its_reader_goes_away(self, moved: Path) -> None:
        command = [sys.executable, "-P", "-m", "dmafuzz", "judge", "--json", *[str(moved)] * 50]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
