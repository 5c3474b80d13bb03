# SPDX-License-Identifier: GPL-2.0-only
"""Is it the smallest? What an exhaustive search proves of a program, and where searches are kept."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dmafuzz import _core, platforms
from dmafuzz.catalogue import Proof, proof, proof_for
from dmafuzz.cli.main import main
from dmafuzz.exhaustive import Search, SearchPlan, Signature
from dmafuzz.exhaustive.search import Unwatched
from dmafuzz.program import parse, render_op
from support import run

SIGNATURE = Signature("FN", "stale-device-data", ("no-conflicting-overlap",), "to-device-untracked")
SMALLEST = """\
cpu0 b0 = alloc pages 16
cpu0 m0 = map_single d0 b0 0 16 TO_DEVICE
cpu0 m1 = map_single d0 b0 0 16 FROM_DEVICE
"""
LINE_TOO_MANY = SMALLEST.replace("cpu0 m0", "cpu0 b1 = alloc pages 16\ncpu0 m0", 1)
TOO_LARGE = SMALLEST.replace(" 16", " 4096")
OTHER_DEVICE = SMALLEST.replace("m1 = map_single d0", "m1 = map_single d1")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(proof, "Search")


def plan(ops: int = 3, tracker: str = "6.12") -> SearchPlan:
    return SearchPlan(tracker, tracker, "6.12", tuple(platforms.portfolio("6.12")), ops)


def ops_of(text: str) -> list[_core.Op]:
    return list(parse("dmafuzz 1\n" + text).ops)


@functools.cache
def proved() -> Proof:
    return Proof(Search(plan()).run(Unwatched()))


def kept(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.json"))


def minimized(tmp_path: Path, text: str, *args: str) -> list[str]:
    file = tmp_path / "program.dma"
    file.write_text("dmafuzz 1\n" + text)
    result = run("minimize", file, *args)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


class TestStamp:
    def test_of_the_smallest(self) -> None:
        assert proved().stamp(SIGNATURE, ops_of(SMALLEST)) == "proved (<= 3)"
        assert proved().smaller(SIGNATURE, ops_of(SMALLEST)) is None

    def test_of_what_the_search_has_found_itself(self) -> None:
        for signature, found in proved().result.found.items():
            assert proved().stamp(signature, found.first.ops) == "proved (<= 3)"
            assert proved().smaller(signature, found.first.ops) is None

    @pytest.mark.parametrize("text", [LINE_TOO_MANY, TOO_LARGE, OTHER_DEVICE])
    def test_of_one_that_is_not(self, text: str) -> None:
        assert proved().stamp(SIGNATURE, ops_of(text)) == "local"
        smaller = proved().smaller(SIGNATURE, ops_of(text))
        assert smaller is not None
        assert smaller.size == _core.order_of(smaller.ops) < _core.order_of(ops_of(text))
        judge = _core.Judge("6.12", [platforms.to_core(member) for member in plan().members])
        shown = [Signature.of(each) for each in judge.signatures(smaller.ops)]
        assert SIGNATURE in shown

    def test_of_one_longer_than_the_search(self) -> None:
        shorter = Proof(Search(plan(2)).run(Unwatched()))
        some = next(signature for signature in shorter.result.found)
        assert shorter.stamp(some, ops_of(SMALLEST)) == "local"

    def test_of_what_no_program_of_the_alphabet_shows(self) -> None:
        unknown = Signature("FN", "stale-device-data", ("segment-limits",), "not-looked-at")
        assert unknown not in proved().result.found
        assert proved().stamp(unknown, ops_of(SMALLEST)) == "local"
        assert proved().smaller(unknown, ops_of(SMALLEST)) is None

    def test_names_the_length_of_the_search(self) -> None:
        longer = Proof(Search(plan(2)).run(Unwatched()))
        signature, found = next(iter(longer.result.found.items()))
        assert longer.stamp(signature, found.first.ops) == "proved (<= 2)"


class TestKept:
    def test_is_used(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = proof_for(plan())
        assert first == proved()
        assert len(kept(cache)) == 1
        monkeypatch.delattr(proof, "Search")
        assert proof_for(plan()) == first

    def test_of_longer_programs_serves_for_shorter_ones(self, monkeypatch: pytest.MonkeyPatch) -> None:
        proof_for(plan(3))
        monkeypatch.delattr(proof, "Search")
        assert proof_for(plan(2)).ops == 3

    def test_of_shorter_programs_does_not_serve_for_longer_ones(self, cache: Path) -> None:
        proof_for(plan(2))
        assert proof_for(plan(3)).ops == 3
        assert len(kept(cache)) == 2

    def test_of_another_tracker_does_not_serve(self) -> None:
        proof_for(plan(2, "5.15"))
        assert proof_for(plan(2)).result.tracker == "6.12"

    @pytest.mark.parametrize("damage", ["half", "", "[]", "{}", "core", "labels"])
    def test_that_does_not_fit_is_not_used(self, damage: str, cache: Path) -> None:
        proof_for(plan())
        (file,) = kept(cache)
        text = file.read_text()
        data = json.loads(text)
        if damage == "core":
            data["search"]["core"] = "0" * 16
        if damage == "labels":
            data["result"]["labels"] = []
        whole = {"half": text[: len(text) // 2], "core": json.dumps(data), "labels": json.dumps(data)}
        file.write_text(whole.get(damage, damage))
        assert proof_for(plan()) == proved()
        assert file.read_text() == text

    @pytest.mark.parametrize("below", ["", "below"])
    def test_nowhere_does_no_harm(self, below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").write_text("mine")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / below))
        assert proof_for(plan()) == proved()
        assert (tmp_path / "file").read_text() == "mine"

    def test_without_a_home(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def nobody() -> Path:
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setattr(Path, "home", nobody)
        assert proof_for(plan()) == proved()


class TestMinimize:
    def test_says_proved(self, tmp_path: Path) -> None:
        assert "# minimal: proved (<= 3)" in minimized(tmp_path, LINE_TOO_MANY)

    def test_with_a_number_searches_that_far(self, tmp_path: Path, cache: Path) -> None:
        assert "# minimal: local" in minimized(tmp_path, SMALLEST, "--prove", "2")
        assert [json.loads(file.read_text())["search"].get("ops") for file in kept(cache)] == [None]
        assert "# minimal: proved (<= 3)" in minimized(tmp_path, SMALLEST, "--prove", "3")

    @pytest.mark.usefixtures("no_search")
    def test_uses_what_a_search_has_kept(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(main, ["search", "--ops", "3"])
        assert result.exit_code == 0, result.output
        assert "# minimal: proved (<= 3)" in minimized(tmp_path, SMALLEST)

    def test_names_the_smaller_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        found = proved().result.found[SIGNATURE].first
        monkeypatch.setattr(Proof, "smaller", lambda *_: found)
        said = minimized(tmp_path, SMALLEST)
        assert "# minimal: local" in said
        lines = "; ".join(render_op(op) for op in found.ops)
        assert f"# smaller, of the same kind, for the same reason, breaking the same rules: {lines}" in said

    def test_interrupted_it_is_still_minimal(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Search, "_go_on_in_parts", interrupt)
        said = minimized(tmp_path, LINE_TOO_MANY, "--prove", "3")
        assert "# minimal: local" in said
        assert any(line.startswith("interrupted") for line in said)
        assert SMALLEST.splitlines()[-1] in said

    def test_what_is_written_can_be_read_again(self, tmp_path: Path) -> None:
        out = tmp_path / "small.dma"
        minimized(tmp_path, SMALLEST, "--out", str(out))
        assert "# minimal: proved (<= 3)" in out.read_text().splitlines()
        assert list(parse(out.read_text()).ops) == ops_of(SMALLEST)
