# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark against another build, of jobs, of the exhaustive search and of recall: all but timings."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from dmafuzz import _core, platforms
from dmafuzz.benchmark import against, builds, exhaustive, jobs, recall
from dmafuzz.benchmark.against import Figure, Row
from dmafuzz.benchmark.builds import Build, BuildError
from dmafuzz.benchmark.goals import Goals, NoCatalogueError
from dmafuzz.benchmark.job import Job
from dmafuzz.benchmark.processor_time import ProcessorClock
from dmafuzz.benchmark.recall import Run
from dmafuzz.benchmark.signatures import Settling, entry_bytes
from dmafuzz.benchmark.statistics import NEVER
from dmafuzz.benchmark.subject import Bench
from dmafuzz.catalogue import Catalogue
from dmafuzz.catalogue.files import json_text
from dmafuzz.estimates import Estimate, total
from dmafuzz.program import parse

ROOT = Path(__file__).parent.parent
MODELS = platforms.portfolio("6.12")
NAMES = tuple(model.name for model in MODELS)
BENCH = Bench("6.12", "6.12", "6.12", "arm64-6.5", 14, lambda line: None)
ENTRIES = Catalogue.from_json(json_text(ROOT / "reports" / "catalogue" / "6.12.json.gz")).up_to(4).entries


# Builds


def test_this_build_is_one_and_answers() -> None:
    folder = Build.here().folder  # of a checkout, or where it is installed
    here = Build.at(folder)
    assert Path(here.ask("about")["core"]).parent == folder / "dmafuzz"
    assert here.commit == Build.here().commit


def test_a_build_answers_what_programs_cost(tmp_path: Path) -> None:
    file = tmp_path / "programs"
    file.write_text("\n".join(_core.encode(_core.random_program(seed, 4)).hex() for seed in range(20)))
    about: dict[str, Any] = {"tracker": "6.12", "programs": str(file), "rounds": 2}
    assert Build.here().ask("loop", platform="arm64-6.5", **about)["seconds"] > 0
    assert Build.here().ask("portfolio", names=list(NAMES), **about)["seconds"] > 0


def test_a_build_answers_what_a_search_costs() -> None:
    answer = Build.here().ask("exhaustive", tracker="6.12", portfolio="6.12", ops=2, share=1.0, seed=0)
    cost = exhaustive.cost_of(2, answer)
    assert cost.drawn == cost.parts == len(answer["spent"])
    assert sum(answer["sizes"]) == answer["whole_size"]
    assert cost.whole.value == pytest.approx(answer["first"] + sum(answer["spent"]))


def test_a_build_answers_what_a_run_comes_to(tmp_path: Path) -> None:
    causes = tmp_path / "causes"
    causes.write_text(json.dumps(Goals.of("6.12").causes))
    about: dict[str, Any] = {"tracker": "6.12", "portfolio": "6.12", "jobs": 1, "seconds": 120.0, "seed": 1, "ops": 6}
    answer = Build.here().ask("run", causes=str(causes), goals=[1, 2], **about)
    assert answer["found"] >= 2
    assert 0 < answer["reached"][0] <= answer["reached"][1] <= answer["used"]
    assert answer["causes"] >= 2
    assert answer["searched"] < 120


@pytest.mark.parametrize("empty", [True, False])
def test_a_folder_that_is_no_build_is_refused(empty: bool, tmp_path: Path) -> None:
    """Nor is a checkout that is not built taken for the build that happens to be installed."""
    if not empty:
        (tmp_path / "dmafuzz").mkdir()
        (tmp_path / "dmafuzz" / "__init__.py").write_text("")
    with pytest.raises(BuildError, match="expected a checkout whose core is built in place"):
        Build.at(tmp_path)
    with pytest.raises(BuildError, match="no folder"):
        Build.at(tmp_path / "none")


def test_a_build_that_cannot_measure_says_why() -> None:
    with pytest.raises(BuildError, match=r"loop: .*no-such-machine"):
        Build.here().ask("loop", tracker="6.12", platform="no-such-machine", programs="", rounds=1)
    with pytest.raises(BuildError, match="KeyError"):
        Build.here().ask("weight")


# Against another build


def row(here: list[float], there: list[float], more: bool = False) -> Row:
    return Row(Figure("a figure", "s", len(here), lambda build, repeat: 0.0, more), here, there)


def test_a_ratio_says_how_many_times_better_this_build_is() -> None:
    assert row([1.0, 2.0], [3.0, 3.0]).ratios == [3.0, 1.5]
    assert row([6.0], [3.0], more=True).ratios == [2.0]
    assert row([1.0, NEVER, 1.0], [2.0, 2.0, NEVER]).ratios == [2.0]


def test_the_table_shows_spreads_and_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds.Build, "commit", property(lambda build: f"commit of {build.name}"))
    broken = row([], [])
    broken.missing = "it has no walk"
    rows = [row([1.0, 2.0, 4.0], [4.0, 4.0, 4.0]), row([NEVER], [3.0]), broken]
    made = against.table(rows, Build("the other build", Path("/there")), 1.5)
    assert made.rows[0][2:] == ("2.00", "1.00 to 4.00", "4.00", "4.00 to 4.00", "2.00", "1.00 to 4.00")
    assert made.rows[1][2:] == ("-", "- to -", "3.00", "3.00 to 3.00", "-", "-")
    assert made.rows[2][2:] == ("-",) * 6
    assert "commit of this build" in made.notes[0]
    assert "commit of the other build" in made.notes[0]
    assert "1.5" in made.notes[0]
    assert made.notes[1] == "a figure: not measured: it has no walk."


def test_both_builds_are_measured_in_turn_and_what_fails_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def ask(build: Build, measure: str, **question: Any) -> dict[str, Any]:
        asked.append((build.name, measure))
        if measure == "exhaustive":
            raise BuildError("no walk")
        times = 1.0 if build.name == "this build" else 2.0
        run = {"programs": 100 * question.get("jobs", 1) / times, "searched": 10.0, "causes": 7, "used": times}
        return {"seconds": times, "reached": [times], **run}

    monkeypatch.setattr(Build, "ask", ask)
    budget = against.Budget(2, 0.5, 3.0, 4.0)
    rows, _ = against.measure(
        BENCH, Build("the other build", Path("/there")), Goals((("FN", "x", (), "", ()),)), budget
    )
    by_title = {row.figure.title.split(",")[0]: row for row in rows}
    assert set(by_title["bare loop"].ratios) == {2.0}
    assert [name for name, measure in asked if measure == "loop"][:4] == [
        "this build",
        "the other build",
        "the other build",
        "this build",
    ]
    assert by_title["exhaustive search"].missing == "no walk"
    assert by_title["two jobs against one: programs"].here == [2.0, 2.0]
    # A run with two jobs is measured once in each repeat, whatever is made of it.
    assert len([measure for _, measure in asked if measure == "run"]) == 2 * 2 * 3


# The exhaustive search


def test_a_total_is_extrapolated_from_a_share_with_an_interval() -> None:
    rng = random.Random(1)
    sizes = [rng.uniform(50, 150) for _ in range(500)]
    values = [size * rng.uniform(0.9, 1.1) for size in sizes]
    hits = 0
    for seed in range(200):
        drawn = random.Random(seed).sample(range(500), 12)
        made = total([values[i] for i in drawn], [sizes[i] for i in drawn], 500, sum(sizes))
        assert made.low < made.value < made.high
        hits += made.low <= sum(values) <= made.high
    assert 175 <= hits <= 200
    full = total(values, sizes, 500, sum(sizes))
    assert full.low == full.value == full.high == pytest.approx(sum(values))
    assert total([2.0], [1.0], 9, 9.0) == Estimate(18.0, 0.0, math.inf)
    assert Estimate(2.0, 1.0, 3.0).plus(5.0) == Estimate(7.0, 6.0, 8.0)


def test_the_search_s_table_says_what_was_drawn() -> None:
    full = exhaustive.cost_of(4, {"first": 1.0, "spent": [2.0], "sizes": [5], "parts": 1, "whole_size": 5})
    some = exhaustive.cost_of(5, {"first": 1.0, "spent": [2.0] * 2, "sizes": [5] * 2, "parts": 40, "whole_size": 200})
    made = exhaustive.table(BENCH, [full, some])
    assert made.rows[0] == ("up to 4 operations", "1 of 1", "3", "in full")
    assert made.rows[1] == ("up to 5 operations", "2 of 40", "81", "81 to 81")


# Jobs


def test_two_jobs_are_held_against_one_in_the_same_repeat() -> None:
    def run(programs: int) -> dict[str, Any]:
        return {"programs": programs, "searched": 10.0, "causes": 50, "used": 20.0}

    made = jobs.table({1: [run(1000), run(2000)], 2: [run(1800), run(3800)]}, 10.0)
    assert made.rows[0][:2] == ("1", "150 (100 to 200)")
    assert made.rows[-1][:2] == ("ratio", "1.85 (1.80 to 1.90)")


# Recall


def test_the_goals_are_shares_of_the_catalogue() -> None:
    goals = Goals.of("6.12")
    assert len(goals.causes) == len(ENTRIES)
    assert Goals(goals.causes[:100]).counts == (50, 75, 91)
    assert Goals(goals.causes[:3]).counts == (2, 3, 3)
    with pytest.raises(NoCatalogueError, match=r"no catalogue of tracker 5\.9"):
        Goals.of("5.9")


def test_a_program_of_the_catalogue_counts_as_its_cause(tmp_path: Path) -> None:
    file = tmp_path / "signatures"
    some = ENTRIES[::100]
    file.write_bytes(b"".join(entry_bytes(10 * at, _core.encode(entry.ops)) for at, entry in enumerate(some, 1)))
    settling = Settling(Goals.of("6.12"), "6.12", NAMES, minimize=False)
    settling.take(file)
    places = {at for at, entry in enumerate(ENTRIES) if entry in some}
    assert places <= settling.found.keys()
    assert settling.found[0].by.at == pytest.approx(10e-9)
    assert settling.found[100].settling > settling.found[0].settling > 0


def test_what_is_written_only_in_part_is_read_later(tmp_path: Path) -> None:
    file = tmp_path / "signatures"
    whole = entry_bytes(10, _core.encode(ENTRIES[0].ops))
    settling = Settling(Goals.of("6.12"), "6.12", NAMES, minimize=False)
    settling.take(file)
    for end in (4, len(whole) - 1):
        file.write_bytes(whole[:end])
        settling.take(file)
        assert not settling.found
    file.write_bytes(whole)
    settling.take(file)
    assert 0 in settling.found


def test_of_an_engine_that_does_not_minimize_longer_programs_count_too(tmp_path: Path) -> None:
    entry = next(entry for entry in ENTRIES if entry.signature.rules and len(entry.ops) == 3)
    ops = (*entry.ops, *parse("dmafuzz 1\ncpu0 b7 = alloc pages 64\ncpu0 m7 = map_single d0 b7 0 64 TO_DEVICE").ops)
    probe = _core.CauseProbe([], str(tmp_path / "board"), False, str(tmp_path / "signatures"))
    machines = [platforms.to_core(model) for model in MODELS]
    place = NAMES.index(entry.platforms[0])
    # The program decides on which platform it is judged: that one is put there.
    at = _core.platform_of(_core.encode(ops), len(NAMES))
    names = list(NAMES)
    names[at], names[place] = names[place], names[at]
    _core.Subject("6.12", [machines[NAMES.index(name)] for name in names], probe).run(_core.encode(ops))
    settling = Settling(Goals.of("6.12"), "6.12", names, minimize=True)
    settling.take(tmp_path / "signatures")
    assert ENTRIES.index(entry) in settling.found


def test_an_engine_s_time_is_told_between_two_looks() -> None:
    clock = ProcessorClock(1)
    assert clock.at(5.0) == 0.0
    clock._looks = [(10.0, 0.0), (12.0, 1.0), (14.0, 4.0)]
    assert [clock.at(moment) for moment in (9.0, 10.0, 11.0, 12.0, 13.0, 15.0)] == [0.0, 0.0, 0.5, 1.0, 2.5, 4.0]


def test_the_table_of_recall_says_who_did_not_get_there() -> None:
    goals = Goals.of("6.12")
    native = [Run((1.0, 2.0, 3.0), (1.0, 2.0, 3.0), 1092, 10), Run((3.0, 4.0, NEVER), (3.0, 4.0, NEVER), 1000, 20)]
    runs = {"native": native, "uniform": [Run((NEVER,) * 3, (5.0, NEVER, NEVER), 700, 7)]}
    made = recall.table(runs, goals, 30.0)
    assert made.header == ("engine", "50 %", "75 %", "91 %", "causes", "programs")
    assert made.rows[0][1:] == ("2.0 (1.0 to 3.0)", "3.0 (2.0 to 4.0)", "- (3.0 to -)", "1,046", "15")
    assert made.rows[1][:4] == ("uniform", *("- (- to -)",) * 3)
    assert made.rows[2][:2] == ("uniform, settled for nothing", "5.0 (5.0 to 5.0)")
    assert "30 s" in made.notes[0]


@pytest.mark.parametrize(("engine", "file"), [("native", False), ("generator", True), ("afl", True)])
def test_engines_that_minimize_say_themselves_what_they_have_found(engine: str, file: bool, tmp_path: Path) -> None:
    job = Job(engine, "6.12", "6.12", "6.12", NAMES, False, 1, 0.2, 8, str(tmp_path), recall=True)
    assert job.looks_into_programs == file
    assert job.by_processor_time
    assert job.causes == ()


@pytest.mark.slow
def test_a_run_for_recall_finds_causes() -> None:
    runs = recall.measure(BENCH, Goals.of("6.12"), 1, 1.0, ("native", "generator"))
    assert runs.keys() == {"native", "generator"}
    assert all(run.programs and run.found for of in runs.values() for run in of)
