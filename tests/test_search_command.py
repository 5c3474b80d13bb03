# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz search`: the same result on any number of threads, cut off anywhere and gone on with; its errors."""

from __future__ import annotations

import functools
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dmafuzz import _core, platforms
from dmafuzz import catalogue as catalogues
from dmafuzz.cli.main import main
from dmafuzz.exhaustive import Result as Searched
from dmafuzz.exhaustive import Search, SearchPlan, layers, progress
from dmafuzz.exhaustive.kept import KeptParts
from dmafuzz.exhaustive.parts import PartResult
from dmafuzz.trackers import default_portfolio, resolve
from support import run

SMALL_PARTS = 10  # pairs: ten parts in a search up to three operations


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "PART_PAIRS", SMALL_PARTS)


def plan(tracker: str = "6.12", ops: int = 3, jobs: int = 1, out: Path | None = None) -> SearchPlan:
    name = default_portfolio(tracker)
    members = tuple(platforms.portfolio(name))
    return SearchPlan(tracker, resolve(tracker).core, name, members, ops, jobs=jobs, out=out)


class Watch:
    """Remembers how far a search is, and cuts it off when so many parts are done."""

    def __init__(self, cut_after: int = 0) -> None:
        self.lengths: list[int] = []
        self.total = self.done = self.known = self.parts = 0
        self._cut_after = cut_after

    def layer(self, length: int, pairs: int, done: int = 0) -> None:
        assert self.done == self.total
        self.lengths.append(length)
        self.total, self.done, self.known, self.parts = pairs, done, done, 0

    def pairs(self, done: int) -> None:
        self.done += done
        self.parts += 1
        if len(self.lengths) == 2 and self.parts == self._cut_after:
            raise KeyboardInterrupt


@functools.cache
def uncut(tracker: str = "6.12") -> Searched:
    """In small parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers, "PART_PAIRS", SMALL_PARTS)
        return Search(plan(tracker)).run(Watch())


def cut_off(out: Path, after: int = 3, jobs: int = 1, tracker: str = "6.12") -> Search:
    search = Search(plan(tracker, jobs=jobs, out=out))
    search.run(Watch(after))
    assert search.interrupted
    return search


def command(*args: object) -> Result:
    return run("search", *args)


def said(*args: object) -> str:
    result = command(*args)
    assert result.exit_code == 0, result.output
    return result.output


def written(out: Path, *args: object) -> bytes:
    said("--out", out, *args)
    assert sorted(path.name for path in out.iterdir()) == ["catalogue.json", "catalogue.md"]
    return (out / "catalogue.json").read_bytes()


class TestResult:
    def test_is_of_all_programs(self) -> None:
        first = said().splitlines()[0]
        assert first.startswith("13,732 programs on 18 platforms")

    @pytest.mark.usefixtures("small_parts")
    @pytest.mark.parametrize("tracker", ["6.12", "4.19", "2021-different-regions"])
    def test_is_the_same_to_the_byte_on_any_number_of_threads(self, tracker: str, tmp_path: Path) -> None:
        once = written(tmp_path / "1", "--tracker", tracker)
        for jobs in (2, 2, 3):
            assert written(tmp_path / f"{jobs}", "--tracker", tracker, "--jobs", jobs) == once

    @pytest.mark.usefixtures("small_parts")
    def test_names_the_same_programs_on_any_number_of_threads(self) -> None:
        """Of several smallest ones, too."""
        for jobs in (2, 2, 3):
            assert Search(plan(jobs=jobs)).run(Watch()) == uncut()

    def test_does_not_depend_on_the_parts(self) -> None:
        """Nor do the smallest programs of several of the same size, nor the causes that come of them."""
        assert Search(plan()).run(Watch()) == uncut()

    def test_tells_the_watcher_of_everything_once(self) -> None:
        watch = Watch()
        Search(plan()).run(watch)
        assert watch.lengths == [1, 3]
        assert watch.done == watch.total

    def test_of_two_cpus_has_split_calls(self, tmp_path: Path) -> None:
        catalogue = catalogues.Catalogue.from_json(written(tmp_path / "out", "--cpus", 2).decode())
        assert catalogue.cpus == 2
        assert sum(length.programs for length in catalogue.lengths) > 11_186
        assert any("split" in line for entry in catalogue.entries for line in entry.program)
        assert not catalogues.catalogue.rejudge(catalogue)

    def test_of_one_device_has_no_other(self, tmp_path: Path) -> None:
        catalogue = catalogues.Catalogue.from_json(written(tmp_path / "out", "--devices", 1).decode())
        assert sum(length.programs for length in catalogue.lengths) < 11_186
        assert not any("d1" in line for entry in catalogue.entries for line in entry.program)

    def test_is_kept_for_proofs_only_where_it_answers_them(self, cache: Path) -> None:
        said("--ops", 2, "--cpus", 2)
        said("--ops", 2, "--devices", 1)
        assert not list(cache.rglob("*.json"))
        said("--ops", 2)
        assert len(list(cache.rglob("*.json"))) == 1


@pytest.mark.usefixtures("small_parts")
class TestCutOff:
    @pytest.mark.parametrize("jobs", [1, 2])
    @pytest.mark.parametrize("after", [1, 4, 7])
    def test_goes_on_to_the_same_result(self, after: int, jobs: int, tmp_path: Path) -> None:
        search = cut_off(tmp_path, after, jobs)
        assert search.kept
        watch = Watch()
        again = Search(plan(jobs=jobs, out=tmp_path))
        assert again.run(watch) == uncut()
        assert not again.interrupted
        assert 0 < watch.known < watch.total == watch.done

    def test_again_and_again(self, tmp_path: Path) -> None:
        known = []
        for _ in range(3):
            watch = Watch(cut_after=2)
            search = Search(plan(out=tmp_path))
            search.run(watch)
            known.append(watch.known)
        assert known == sorted(set(known))
        assert Search(plan(out=tmp_path)).run(Watch()) == uncut()

    def test_while_a_part_is_added(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The part is on disk as a whole, or not at all."""
        file = KeptParts.file

        def interrupted(self: KeptParts, result: PartResult) -> None:
            signal.raise_signal(signal.SIGINT)
            file(self, result)

        monkeypatch.setattr(KeptParts, "file", interrupted)
        search = Search(plan(out=tmp_path))
        search.run(Watch())
        assert search.interrupted
        monkeypatch.setattr(KeptParts, "file", file)
        assert search.kept
        assert Search(plan(out=tmp_path)).run(Watch()) == uncut()

    def test_before_the_last_length(self, tmp_path: Path) -> None:
        class Early(Watch):
            def pairs(self, done: int) -> None:
                raise KeyboardInterrupt

        search = Search(plan(out=tmp_path))
        search.run(Early())
        assert search.interrupted
        assert not search.kept
        assert Search(plan(out=tmp_path)).run(Watch()) == uncut()

    def interrupt(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        watch = Watch(after)
        monkeypatch.setattr(progress.Bar, "layer", lambda _, *args: watch.layer(*args))
        monkeypatch.setattr(progress.Bar, "pairs", lambda _, *args: watch.pairs(*args))

    def test_says_where_it_goes_on(self, tmp_path: Path) -> None:
        expected = written(tmp_path / "uncut")
        out = tmp_path / "out"
        with pytest.MonkeyPatch.context() as patch:
            self.interrupt(patch, 4)
            result = command("--out", out)
        assert result.exit_code == 2
        assert f"interrupted: complete up to 1 operation; the same command continues from {out}" in result.output
        assert "with what was done before" in said("--out", out)
        assert (out / "catalogue.json").read_bytes() == expected
        assert sorted(path.name for path in out.iterdir()) == ["catalogue.json", "catalogue.md"]

    def test_without_a_folder_says_what_would_have_helped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.interrupt(monkeypatch, 4)
        result = command()
        assert result.exit_code == 2
        assert "with --out" in result.output

    @pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
    def test_while_causes_are_made_out_or_written(self, error: Any, tmp_path: Path) -> None:
        def fail(*_: object) -> None:
            raise error

        expected = written(tmp_path / "uncut")
        out = tmp_path / "out"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(catalogues, "make", fail)
            result = command("--out", out)
        assert result.exit_code == 2
        assert "Traceback" not in result.output
        watch = Watch()
        Search(plan(out=out)).run(watch)
        assert watch.known == watch.total
        assert written(out) == expected


class TestProgress:
    def test_what_was_known_before_says_nothing_of_what_remains(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: now)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
        bar = progress.Bar()
        bar.layer(4, 1000, done=900)
        now = 60.0
        bar.advance(20)
        assert capsys.readouterr().err == "4 operations: 92 %, 240 s left\n"


class TestErrors:
    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (["--ops", "0"], "0 is not in the range"),
            (["--ops", "9"], "9 is not in the range"),
            (["--cpus", "3"], "3 is not in the range"),
            (["--jobs", "0"], "0 is not in the range"),
            (["--tracker", "6.x"], "no tracker is named '6.x'"),
            (["--portfolio", "vax"], "no portfolio is named 'vax'"),
        ],
    )
    def test_is_clear(self, args: list[str], message: str) -> None:
        result = command(*args)
        assert result.exit_code == 2
        assert message in result.output

    @pytest.mark.parametrize("below", ["", "below"])
    def test_a_file_in_the_way_stays_what_it_is(self, below: str, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_text("mine")
        result = command("--ops", 2, "--out", file / below)
        assert result.exit_code == 2
        assert "is a file" in result.output or "Not a directory" in result.output
        assert file.read_text() == "mine"

    def test_a_cache_that_cannot_be_written_does_no_harm(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").write_text("mine")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
        assert said("--ops", 2).startswith("296 programs")


def test_a_reader_who_leaves_early_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("dmafuzz.cli.search.click.echo", gone)
    # A pipe's reader: main closes the descriptors of the process, which the runner has not got.
    CliRunner().invoke(main, ["search", "--out", str(tmp_path)])
    assert (tmp_path / "catalogue.json").exists()


def test_the_alphabet_is_said_whole() -> None:
    text = re.sub(r"\s+", " ", said("--alphabet"))
    assert all(re.sub(r"\s+", " ", paragraph) in text for paragraph in _core.ALPHABET)
    assert "programs on" not in text
