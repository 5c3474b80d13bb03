# SPDX-License-Identifier: GPL-2.0-only
"""Schedules: counted, judged and pruned as a listing of all orders says; what shows always, and what sometimes."""

from __future__ import annotations

import functools
import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from dmafuzz import _core, platforms
from dmafuzz._core import Op
from dmafuzz.findings import Replaying
from dmafuzz.findings.finding import Finding, RawFinding
from dmafuzz.program import Program, parse, read, render_op
from dmafuzz.program.strategies import programs
from dmafuzz.schedules import Exploration, Modality, ScheduleError, count, explore, threads
from dmafuzz.trackers import resolve
from naive.schedules import Naive, explored, threads_of
from small_programs import random_small
from support import said
from values import attributes

ROOT = Path(__file__).parent.parent
FEW = ("x86-5.18-force-bounce", "armv7-5.18", "arm64-6.5-iommu-strict")
CORPUS = [file for file in sorted((ROOT / "corpus").rglob("*.dma")) if len(threads(read(file).ops)) > 1]


@functools.cache
def judge(tracker: str = "6.12", names: tuple[str, ...] = FEW) -> Any:
    return _core.Judge(resolve(tracker).core, [platforms.to_core(platforms.load(name)) for name in names])


def ops_of(text: str) -> list[Op]:
    return list(parse("dmafuzz 1\n" + dedent(text)).ops)


def found(text: str, bound: int = 2, tracker: str = "6.12", names: tuple[str, ...] = FEW, **how: Any) -> Exploration:
    return explore(judge(tracker, names), range(len(names)), ops_of(text), bound, **how)


def told(e: Exploration, label: str, kind: str | None = None) -> tuple[str, tuple[int, ...]]:
    """Modality, and the schedules that show it by preemptions."""
    sight = e.sight(label, kind)
    return sight.modality.value, sight.shown


def text_of(ops: Sequence[Op]) -> str:
    return "\n".join(render_op(op) for op in ops)


def plain(facts: Any) -> Any:
    """What the core says, with operations as text, so that it can be compared."""
    if isinstance(facts, Op):
        return render_op(facts)
    if isinstance(facts, tuple):
        return [plain(each) for each in facts]
    found = attributes(facts)
    return {name: plain(value) for name, value in found.items()} if found else facts


# Counting, against the listing of all orders


def listable(ops: Sequence[Op], most: int = 800) -> bool:
    lengths = [len(steps) for steps in threads_of(ops)]
    orders = math.factorial(sum(lengths)) // math.prod(math.factorial(length) for length in lengths)
    return len(lengths) > 1 and orders <= most and sum(lengths) <= _core.OPS_MAX


def agree(ops: Sequence[Op], bound: int, tracker: str = "6.12", names: tuple[str, ...] = FEW) -> int:
    """Holds the core, pruned and unpruned, against the listing; gives the number of schedules."""
    bench = judge(tracker, names)
    known = explored(ops, bound, bench, len(names))
    for merge_from in (0, 1):
        facts = _core.explore(bench, ops, bound, list(range(len(names))), merge_from)
        reach = min(bound, sum(len(steps) for steps in threads_of(ops)))
        assert list(facts.counted.schedules) == known.schedules[: reach + 1]
        assert sum(known.schedules[reach + 1 :]) == 0
        assert facts.counted.dropped == known.dropped
        shown = {(t.platform, str(t.label), t.kind): t for t in facts.counts_by_sight if any(t.shown)}
        assert set(shown) == {(None if at is None else names[at], label, kind) for at, label, kind in known.sights}
        for (at, label, kind), sighting in known.sights.items():
            counts = shown[None if at is None else names[at], label, kind]
            assert list(counts.shown) == sighting.shown[: reach + 1]
            if facts.written.preemptions > bound:
                continue  # the order as written may be one of the examples, and is none of the listing's
            for schedule, first in ((counts.shows, sighting.shows), (counts.hides, sighting.hides)):
                assert (schedule is None) == (first is None)
                if schedule is not None and first is not None:
                    assert (schedule.preemptions, text_of(schedule.ops)) == (first[0], text_of(first[1]))
    return sum(known.schedules)


@pytest.mark.parametrize("file", [file for file in CORPUS if listable(read(file).ops)], ids=lambda file: file.stem)
def test_programs_of_the_corpus_have_the_schedules_that_a_listing_has(file: Path) -> None:
    ops = read(file).ops
    for bound in range(4):
        agree(ops, bound)


def test_random_programs_have_the_schedules_that_a_listing_has() -> None:
    rng = random.Random(5)
    schedules = looked = 0
    while looked < 60:
        ops = random_small(rng, rng.randrange(5, 10))
        for op in ops:
            op.cpu = rng.choice((0, 1))
        ops = _core.repair(ops)
        if listable(ops) and count(ops, 3).total > 5:
            looked += 1
            schedules += agree(ops, looked % 4, "7.2" if looked % 2 else "5.8")
    assert schedules > 600


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(programs(min_ops=3, max_ops=7))
def test_any_programs_have_the_schedules_that_a_listing_has(program: Program) -> None:
    assume(listable(program.ops, 300))
    agree(program.ops, 2)


# Pruning loses nothing


def same_without_pruning(ops: Sequence[Op], bound: int) -> tuple[int, int]:
    """How many schedules there are, and how many were judged with pruning."""
    pruned, some, each = (plain(_core.explore(judge(), ops, bound, [0, 1, 2], merge_from)) for merge_from in (1, 16, 0))
    judged = pruned.pop("judged")
    assert judged <= some.pop("judged")
    schedules = sum(each["counted"]["schedules"])
    assert each.pop("judged") == schedules
    assert pruned == some == each
    return schedules, judged


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_pruning_loses_nothing_of_the_corpus(file: Path) -> None:
    ops = read(file).ops
    bound = next(bound for bound in (3, 2, 1, 0) if count(ops, bound).total < 2_000)
    total, judged = same_without_pruning(ops, bound)
    assert 0 < judged <= total


def test_pruning_loses_nothing_of_larger_random_programs() -> None:
    explored_programs = 0
    for seed in range(120):
        ops = _core.random_program(seed, 10)
        for op in ops:
            op.cpu %= 2
        ops = _core.repair(ops)
        if len(threads(ops)) > 1 and 20 < count(ops, 2).total < 1_500:
            explored_programs += 1
            same_without_pruning(ops, 2)
    assert explored_programs > 20


def test_interrupts_of_another_cpu_are_pruned() -> None:
    ops = ops_of(
        """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 write b0 0 64
        cpu0 unmap_page m0
        cpu1 irq_off
        cpu1 irq_on
        cpu1 irq_off
        """
    )
    total, judged = same_without_pruning(ops, 3)
    assert judged < total / 2


# What is a preemption, and what is no schedule


def test_the_places_for_one_line_among_a_cpus_steps() -> None:
    """Before and after all of them nothing is preempted; between any two of five steps cpu0 is."""
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 unmap_page m0
        cpu1 unbind d0
    """
    assert [count(ops_of(text), bound).schedules for bound in (0, 1, 2)] == [(2,), (2, 4), (2, 4, 0)]


def test_a_switch_from_a_blocked_cpu_costs_nothing() -> None:
    """cpu1 waits for the buffer, then cpu0 for the mapping, and each can do nothing else."""
    text = """
        cpu0 b0 = alloc pages 4096
        cpu1 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 unmap_page m0
    """
    e = found(text, 0)
    assert e.counted.schedules == (1,)
    assert [(s.leaves, s.preempts) for s in e.written.switches] == [("cpu0", False), ("cpu1", False)]


def test_orders_in_which_a_line_can_never_run_are_dropped() -> None:
    text = "cpu0 b0 = alloc pages 4096\ncpu1 write b0 0 64\ncpu0 free b0"
    e = found(text, 1)
    assert (e.counted.schedules, e.counted.dropped) == ((0, 1), 1)
    assert found(text, 0).counted.schedules == (0,)


def test_a_handle_is_there_when_its_call_has_returned() -> None:
    """The sync cannot come between the halves of the map, though another map can."""
    sync = "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 4096 TO_DEVICE\ncpu1 sync_single_for_cpu m0"
    assert found(sync).counted.schedules == (1, 0, 0)
    other = (
        "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 4096 TO_DEVICE\ncpu1 m1 = map_page d0 b0 0 64 TO_DEVICE"
    )
    assert found(other).counted.schedules == (1, 2, 2)


def test_each_devices_accesses_run_by_themselves() -> None:
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d1 b0 0 4096 FROM_DEVICE
        device m0 write 0 64
        device m0 write 64 64
        cpu0 unmap_page m0
    """
    assert threads(ops_of(text)) == ("cpu0", "d1")
    # Two halves of an unmap (u) and two writes (w): uuww; uwwu, wwuu; uwuw, wuuw; and wuwu takes three.
    assert found(text, 3).counted.schedules == (1, 2, 2, 1)


def test_a_call_that_the_program_leaves_unfinished_stays_so() -> None:
    text = "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 4096 TO_DEVICE split\ncpu1 unbind d0"
    e = found(text)
    assert e.counted.schedules == (2, 1, 0)
    assert e.written.ops[1].split
    assert not e.written.switches[0].preempts


def test_the_listing_itself() -> None:
    """Two steps and two steps have six orders, by hand: aabb abab abba baab baba bbaa."""
    naive = Naive(ops_of("cpu0 irq_off\ncpu0 irq_on\ncpu1 irq_off\ncpu1 irq_on"))
    assert [(cost[0], cost[1]) for cost, _ in naive.schedules] == [(0, 1), (0, 1), (1, 2), (1, 2), (2, 3), (2, 3)]


# Races


RACING_UNBIND = """
    cpu0 b0 = alloc pages 4096
    cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
    cpu0 unmap_page m0
    cpu1 unbind d0
"""


def test_an_unbind_during_an_unmap_finds_an_entry_of_nothing() -> None:
    """The operation comes first: between the halves of the unmap, and nowhere else, the leak is none."""
    e = found(RACING_UNBIND)
    assert told(e, "FP", "leak") == ("sometimes", (0, 1, 0))
    shows = e.sight("FP", "leak").shows
    assert shows is not None
    assert shows.preemptions == 1
    assert text_of(shows.ops).splitlines()[-3:] == ["cpu0 unmap_page m0 split", "cpu1 unbind d0", "cpu0 finish"]
    assert told(found(RACING_UNBIND, 0), "FP") == ("never", (0,))


def test_an_unbind_during_a_free_finds_no_entry() -> None:
    """The hook comes first: who asks in between is told nothing, and before it the leak is one."""
    text = "cpu0 b0 m0 = alloc_coherent d0 4096\ncpu0 free_coherent m0\ncpu1 unbind d0"
    e = found(text)
    assert e.counted.schedules == (2, 3, 0)
    assert [told(e, label)[0] for label in ("FN", "FP", "hazard", "broken")] == ["never"] * 4


def test_an_unmap_sg_is_racing_with_a_map() -> None:
    """With bounce buffers, the copy back of the one undoes the other, and the tracker has forgotten the one."""
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_sg d0 FROM_DEVICE b0:0:4096
        cpu0 unmap_sg m0
        cpu1 m1 = map_page d1 b0 0 4096 FROM_DEVICE
        cpu1 unmap_page m1
    """
    e = found(text, 1, "5.15", ("x86-5.5-force-bounce",))
    assert told(e, "FN", "stale-cpu-data") == ("sometimes", (0, 1))
    silent = [text_of(s.ops) for s in (e.sight("FN").shows,) if s is not None]
    assert "split" in silent[0]
    assert told(found(text, 0, "5.15", ("x86-5.5-force-bounce",)), "FN") == ("never", (0,))
    # An unmap of one page tells its hook later, and the map that comes between is warned about.
    both = ("armv7-5.5", "x86-5.5-force-bounce")
    page = text.replace("map_sg d0 FROM_DEVICE b0:0:4096", "map_page d0 b0 0 4096 FROM_DEVICE").replace("_sg", "_page")
    assert told(found(page, 1, "5.15", both), "FP", "line-overlap") == ("sometimes", (0, 1))
    assert told(found(text, 1, "5.15", both), "FP", "line-overlap") == ("never", (0, 0))


COPY_DURING_RECEIVE = """
    cpu0 b0 = alloc anonymous 4096
    cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
    cpu0 unmap_page m0
    cpu1 cow b0 0
"""


def test_a_copy_on_write_is_lost_with_one_preemption_and_with_none_it_is_not() -> None:
    """The copy loses data from the map's operation to the unmap's: there are two places for it."""
    e = found(COPY_DURING_RECEIVE)
    assert e.counted.schedules == (1, 4, 0)
    assert told(e, "FN", "stale-cpu-data") == ("sometimes", (0, 2, 0))
    sight = e.sight("FN", "stale-cpu-data")
    assert (sight.shows and sight.shows.preemptions, sight.hides and sight.hides.preemptions) == (1, 0)
    assert told(found(COPY_DURING_RECEIVE, 0), "FN") == ("never", (0,))


def test_assert_idle_hears_of_it_but_for_one_place() -> None:
    """5.8 misses only the copy between the halves of the map; for one during the unmap it warns, and for nothing."""
    e = found(COPY_DURING_RECEIVE, 1, "5.8", ("x86-5.5",))
    assert told(e, "FN", "stale-cpu-data") == ("sometimes", (0, 1))
    assert told(e, "FP", "assert-idle") == ("sometimes", (0, 1))


def test_what_one_cpu_does_wrong_by_itself_is_always_wrong() -> None:
    text = """
        cpu0 b0 = alloc kmalloc 4096
        cpu0 m0 = map_single d0 b0 0 4096 FROM_DEVICE
        cpu0 write b0 0 64
        cpu0 unmap_single m0
        cpu1 b1 = alloc pages 4096
        cpu1 write b1 0 64
    """
    e = found(text, 2, "silent", ("armv7-5.18",))
    assert e.counted.schedules == (2, 6, 10)
    assert told(e, "FN") == ("always", e.counted.schedules)
    assert e.sight("FN").hides is None
    assert e.sight("FN").modality is Modality.ALWAYS


def test_what_shows_somewhere_counts_for_the_portfolio() -> None:
    text = (ROOT / "corpus/machines/unmap-sg-split-while-other-cpu-maps.dma").read_text()
    e = explore(judge(), range(3), parse(text).ops)
    for sight in e.sights:
        if sight.platform is None:
            of_platforms = [e.sight(sight.label, sight.kind, name) for name in FEW]
            assert max(each.count for each in of_platforms) <= sight.count <= sum(each.count for each in of_platforms)
    assert any(sight.platform is not None for sight in e.sights)


def test_the_order_as_written_is_judged_beyond_the_bound() -> None:
    text = COPY_DURING_RECEIVE.replace("    cpu1 cow b0 0\n", "").replace("cpu0 unmap", "cpu1 cow b0 0\n    cpu0 unmap")
    e = found(text, 0)
    assert (e.counted.schedules, e.written.preemptions, e.written_within) == ((1,), 1, False)
    sight = e.sight("FN", "stale-cpu-data")
    assert (sight.modality, sight.count, sight.written) == (Modality.SOMETIMES, 0, True)
    assert sight.shows is not None
    assert text_of(sight.shows.ops) == text_of(ops_of(text))


def test_schedules_of_one_cpu() -> None:
    e = found("cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 64 TO_DEVICE\ncpu0 unmap_page m0", 5)
    assert e.counted.total == 1
    assert (e.counted.schedules[0], e.written.preemptions) == (1, 0)


# Limits


def busy(cpus: int, lines: int) -> list[Op]:
    return ops_of("\n".join(f"cpu{n % cpus} unbind d{n % cpus}" for n in range(lines)))


def test_too_many_schedules_are_refused_with_a_bound_that_fits() -> None:
    ops = busy(2, 20)
    by_bound = [count(ops, bound).total for bound in range(20)]
    assert by_bound[-1] == math.comb(20, 10)
    with pytest.raises(
        ScheduleError, match=rf"184,756 schedules .*limit is 1,000; within 3 preemptions .*{by_bound[3]}"
    ):
        explore(judge(), [0], ops, 19, 1_000)
    assert by_bound[3] <= 1_000 < by_bound[4]
    with pytest.raises(ScheduleError, match="too many even without preemptions"):
        explore(judge(), [0], ops, 0, 1)


def test_a_schedule_is_no_longer_than_a_program_may_be() -> None:
    maps = "\n".join(f"cpu1 m{n} = map_page d0 b0 0 64 TO_DEVICE" for n in range(31))
    text = f"cpu0 b0 = alloc pages 4096\n{maps}\n" + "\n".join(["cpu0 unbind d1"] * 31)
    with pytest.raises(ScheduleError, match=r"at most 64 lines; this one has 63, and up to 2 more .* at most 1$"):
        explore(judge(), [0], ops_of(text), 2)
    assert explore(judge(), [0], ops_of(text), 1).counted.total > 30


# The command


def run(*args: object) -> tuple[int, str]:
    return said("schedules", *args)


def written(folder: Path, text: str) -> Path:
    file = folder / "program.dma"
    file.write_text("dmafuzz 1\n" + dedent(text))
    return file


def test_the_command_answers_first_and_then_shows_schedules(tmp_path: Path) -> None:
    file = written(tmp_path, COPY_DURING_RECEIVE)
    status, output = run(file, "--tracker", "5.8")
    assert status == 0
    assert "5 schedules of cpu0, cpu1 within 2 preemptions: 1 with no preemption, 4 with 1 preemption" in output
    assert "FN of stale-cpu-data: sometimes; needs 1 preemption; in 1 of 5 schedules" in output
    assert "# cpu1 runs: cpu0 is preempted inside the call" in output
    # Each schedule is a program, and shows what is said of it.
    bench = judge("5.8", tuple(each.name for each in platforms.portfolio("5.8")))
    _, *schedules = output.split("dmafuzz 1\n")
    titles = [part.strip().splitlines()[-1] for part in output.split("dmafuzz 1\n")[:-1]]
    shows = 0
    for title, text in zip(titles, schedules, strict=True):
        lines = [line for line in text.splitlines() if line.startswith(("cpu", "#"))]
        ops = parse("dmafuzz 1\n" + "\n".join(lines)).ops
        labels = {label for judged in bench.judge_all(ops) for label in judged.labels}
        if "shows FN" in title:
            shows += 1
            assert "FN" in labels
    assert shows


def test_the_command_as_json(tmp_path: Path) -> None:
    file = written(tmp_path, RACING_UNBIND)
    status, output = run(file, "--json", "--platform", "armv7-5.18")
    record = json.loads(output)
    assert status == 0
    assert (record["schedules"], record["threads"], record["platforms"]) == (
        [2, 4, 0],
        ["cpu0", "cpu1"],
        ["armv7-5.18"],
    )
    sight = next(each for each in record["sights"] if (each["platform"], each["kind"]) == (None, "leak"))
    assert (sight["label"], sight["modality"], sight["shown"]) == ("FP", "sometimes", [0, 1, 0])
    assert sight["shows"]["ops"][-1] == "cpu0 finish"
    assert [each["inside_call"] for each in sight["shows"]["switches"]] == [True, False]
    status, unpruned = run(file, "--json", "--platform", "armv7-5.18", "--unpruned")
    assert {**json.loads(unpruned), "judged": 0} == {**record, "judged": 0}


def test_the_command_says_so_where_there_is_nothing_to_explore() -> None:
    status, output = run(ROOT / "corpus/rules/mask.dma")
    assert (status, "one schedule, nothing to explore" in output) == (0, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--platform", "nowhere"), "nowhere"),
        (("--tracker", "nobody"), "nobody"),
        (("--limit", "4"), "program.dma: 6 schedules within 2 preemptions, the limit is 4; within no preemption there"),
        (("--preemptions", "-1"), "preemptions"),
    ],
)
def test_bad_input_is_told(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    status, output = run(written(tmp_path, RACING_UNBIND), *options)
    assert status == 2
    assert said in output
    assert run(tmp_path / "missing.dma")[0] == 2


# Findings


def confirmed(text: str, label: str, kind: str, reason: str, rules: tuple[str, ...], schedules: int = 2_000) -> Finding:
    raw = RawFinding(label, kind, "armv7-5.18", rules, _core.encode(ops_of(text)), reason)
    (finding,) = Replaying([raw], "6.12", "6.12", FEW, None, schedules).findings()
    assert finding is not None
    return finding


def test_findings_carry_their_modality() -> None:
    text = RACING_UNBIND.replace("    cpu1 unbind d0\n", "").replace(
        "unmap_page m0", "unmap_page m0 split\n    cpu1 unbind d0\n    cpu0 finish"
    )
    finding = confirmed(text, "FP", "leak", "live-mapping", ("unmap-all",))
    assert finding.modality == "sometimes, 1 preemption; 1 of 6 schedules within 2 preemptions"
    assert f"# modality: {finding.modality}" in finding.file_text().splitlines()
    assert text_of(parse(finding.file_text()).ops) == finding.text
    # Two schedules are all that take no preemption, and one is less than that.
    assert confirmed(text, "FP", "leak", "live-mapping", ("unmap-all",), schedules=5).modality == (
        "sometimes, 1 preemption; 0 of 2 schedules within no preemption"
    )
    assert confirmed(text, "FP", "leak", "live-mapping", ("unmap-all",), schedules=1).modality == "not explored"


def test_findings_of_one_cpu_have_none() -> None:
    text = """
        cpu0 b0 = alloc pages 4096
        cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
        cpu0 write b0 0 64
        cpu0 unmap_page m0
    """
    finding = confirmed(text, "FN", "clobbered", "not-looked-at", ("hands-off", "from-device-read-only"))
    assert finding.modality is None
    assert "modality" not in finding.file_text()
    assert "modality" in replace(finding, modality="always").file_text()
    assert finding.cause == replace(finding, modality="always").cause
