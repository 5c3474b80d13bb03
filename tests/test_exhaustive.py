# SPDX-License-Identifier: GPL-2.0-only
"""The exhaustive search against a naive enumerator: the same alphabet, the same causes, exactly the same counts.

The enumerator (naive/successors.py, naive/totals.py) judges every program from its first operation on, merges nothing
and
keeps no tables. What it cannot reach is pinned in golden/exhaustive/, which `pytest tests/test_exhaustive.py --promote`
writes anew (with `--long`, those of four operations too).
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from dmafuzz import _core, platforms
from dmafuzz._core import Op
from dmafuzz.exhaustive import Result
from dmafuzz.exhaustive.layers import LAST_OPS, Part, follow, grow, whole_layers
from dmafuzz.program import canonical, parse
from naive.exhaustive import Search, differences, golden, search, some_platforms, whole_portfolio
from naive.successors import ACCESSES, successors
from naive.totals import Found, Question, Shown, Totals, programs, shown, totals

GOLDEN = Path(__file__).parent / "golden" / "exhaustive"
OTHER_TRACKERS = ["3.14", "5.15", "7.2", "2021-different-regions", "full-range", "silent", "noisy"]
PINNED = ["6.12", *OTHER_TRACKERS]
FEW = "x86-5.5", "arm64-6.5-mixed", "x86-5.18-swiotlb"


def records(ops: Iterable[Op]) -> list[bytes]:
    return sorted(_core.encode([op]) for op in ops)


def exchanged(ops: Sequence[Op]) -> list[Op]:
    """The same program with d0 and d1 exchanged."""
    out = []
    for op in ops:
        other = copy.copy(op)
        if _core.traits(op.kind).names_device or op.given_device:
            other.device = 1 - op.device
        out.append(other)
    return out


def random_program(rng: random.Random, length: int, cpus: int, devices: int) -> list[Op]:
    ops: list[Op] = []
    for _ in range(length):
        ops.append(rng.choice(successors(ops, cpus, devices, True)))
    return ops


def all_names(length: int, beginning: tuple[Op, ...] = ()) -> Iterator[list[Op]]:
    """All programs of two devices, whichever of them is the first one named."""
    if not length:
        yield list(beginning)
        return
    for letter in successors(beginning, 1, 2, False):
        yield from all_names(length - 1, (*beginning, letter))


def renamed(ops: Sequence[Op], rng: random.Random) -> list[Op]:
    """The same program with other names of CPUs, buffers and mappings."""
    cpus, buffers, mappings = rng.sample(range(4), 4), rng.sample(range(16), 16), rng.sample(range(32), 32)
    out = []
    for op in ops:
        traits = _core.traits(op.kind)
        other = copy.copy(op)
        if op.kind not in ACCESSES:
            other.cpu = cpus[op.cpu]
        if traits.defines_buffer or traits.names_buffer:
            other.buffer = buffers[op.buffer]
        if traits.defines_mapping or traits.names_mapping:
            other.mapping = mappings[op.mapping]
        if op.reuse_list:
            other.list = mappings[op.list]
        other.entries = [_core.Entry(buffers[entry.buffer], entry.offset, entry.size) for entry in op.entries]
        out.append(other)
    return out


def verdict(judge: _core.Judge, ops: Sequence[Op]) -> tuple[list[tuple[_core.Label, ...]], Shown]:
    """What a program comes to: labels by platform, and causes."""
    judgements = judge.judge_all(ops)
    return [judgement.labels for judgement in judgements], shown(judgements)


def compare(question: Question, lengths: Iterable[int]) -> int:
    """How many programs were compared."""
    lengths = set(lengths)
    compared = 0
    for length, searched in enumerate(search(question, max(lengths)), 1):
        if length not in lengths:
            continue
        assert not differences(searched, totals(question, length))
        compared += searched.programs
    return compared


class TestAlphabet:
    @pytest.mark.parametrize(("cpus", "devices"), [(1, 1), (1, 2), (2, 1), (2, 2)])
    def test_is_what_its_statement_says(self, cpus: int, devices: int) -> None:
        question = some_platforms("6.12", "x86-5.5", cpus=cpus, devices=devices)
        for ops in (ops for length in range(3) for ops in programs(question, length)):
            assert records(_core.successors(ops, cpus, devices)) == records(question.successors(ops)), ops

    @pytest.mark.parametrize(("cpus", "devices"), [(1, 1), (1, 2), (2, 1), (2, 2)])
    def test_is_what_its_statement_says_after_random_programs(self, cpus: int, devices: int) -> None:
        rng = random.Random(cpus * 10 + devices)
        for _ in range(300):
            ops = random_program(rng, rng.randrange(3, 9), cpus, devices)
            assert records(_core.successors(ops, cpus, devices)) == records(successors(ops, cpus, devices, True)), ops

    def test_has_every_operation_once(self) -> None:
        rng = random.Random(1)
        for _ in range(200):
            ops = random_program(rng, rng.randrange(6), 2, 2)
            following = records(successors(ops, 2, 2, rng.random() < 0.5))
            assert len(following) == len(set(following))

    def test_makes_canonical_names(self) -> None:
        rng = random.Random(2)
        for _ in range(200):
            ops = random_program(rng, rng.randrange(1, 9), 2, 2)
            assert records(ops) == records(canonical(ops, devices=True))


class TestOrder:
    def test_is_the_documented_one(self) -> None:
        rng = random.Random(3)
        for _ in range(500):
            ops = random_program(rng, rng.randrange(8), 2, 2)
            traits = [_core.traits(op.kind) for op in ops]
            expected = (
                len(ops),
                len({op.cpu for op in ops if op.kind not in ACCESSES}),
                sum(op.split for op in ops),
                len({op.device for op, is_a in zip(ops, traits, strict=True) if is_a.names_device or op.given_device}),
                sum(is_a.defines_buffer for is_a in traits),
                sum(_place(each) for op in ops for each in _sizes(op)),
            )
            assert _core.order_of(ops) == expected


def _sizes(op: _core.Op) -> list[int]:
    """A call's size of 0 is as odd as 1."""
    size = 1 if op.given_size and op.size == 0 else op.size
    return [size, op.offset, op.cpu_offset, *(part for entry in op.entries for part in (entry.size, entry.offset))]


def _place(size: int) -> int:
    """Multiples of 16 before all others."""
    return size if size % 16 == 0 else (1 << 24) + size


class TestCounts:
    """Programs, label tables, causes with counts, platforms and smallest programs: all of them equal."""

    def test_of_the_default_portfolio(self) -> None:
        assert compare(whole_portfolio("6.12"), [1, 2, 3]) == 13_732

    @pytest.mark.parametrize("tracker", OTHER_TRACKERS)
    def test_of_other_trackers(self, tracker: str) -> None:
        assert compare(whole_portfolio(tracker), [2, 3])

    @pytest.mark.parametrize("platform", platforms.names())
    def test_of_each_platform_alone(self, platform: str) -> None:
        # More programs come to equal states, and no other platform justifies a warning.
        assert compare(some_platforms("6.12", platform), [2, 3])

    @pytest.mark.parametrize("tracker", ["6.12", "3.14"])
    def test_with_two_cpus(self, tracker: str) -> None:
        assert compare(whole_portfolio(tracker, cpus=2), [1, 2])

    def test_with_two_cpus_and_three_operations(self) -> None:
        assert compare(some_platforms("6.12", *FEW, cpus=2, devices=2), [3]) == 109_540

    def test_with_two_devices_that_are_alike(self) -> None:
        question = some_platforms("6.12", "x86-5.5", "arm64-6.5", devices=2)
        assert question.devices_alike
        assert compare(question, [1, 2, 3])

    def test_of_four_operations(self) -> None:
        assert compare(some_platforms("6.12", *FEW), [4]) == 299_699

    @pytest.mark.slow
    def test_of_four_operations_on_the_default_portfolio(self) -> None:
        assert compare(whole_portfolio("6.12"), [4]) == 972_436

    @pytest.mark.slow
    @pytest.mark.parametrize("tracker", [facts.name for facts in _core.trackers()])
    def test_of_every_tracker(self, tracker: str) -> None:
        assert compare(whole_portfolio(tracker), [3])

    @pytest.mark.slow
    @pytest.mark.parametrize("tracker", OTHER_TRACKERS)
    def test_of_four_operations_with_other_trackers(self, tracker: str) -> None:
        assert compare(some_platforms(tracker, *FEW), [4])

    @pytest.mark.slow
    @pytest.mark.parametrize("platform", platforms.names())
    def test_of_four_operations_on_each_platform_alone(self, platform: str) -> None:
        assert compare(some_platforms("6.12", platform), [4])


def some_state(walked: Search, rng: random.Random) -> int:
    """A random state of the last layer, rather one that much can follow."""
    states = [rng.randrange(walked.states) for _ in range(3)]
    return max(states, key=lambda state: len(walked.question.successors(walked.program(state))))


def added(parts: Sequence[Totals]) -> Totals:
    total = Totals(0, [Counter() for _ in parts[0].labels], {})
    for one in parts:
        total.programs += one.programs
        for here, more in zip(total.labels, one.labels, strict=True):
            here.update(more)
        for cause, found in one.causes.items():
            known = total.causes.setdefault(cause, Found(order=found.order))
            known.count += found.count
            known.platforms |= found.platforms
            if found.order < known.order:
                known.order, known.smallest = found.order, set()
            if found.order == known.order:
                known.smallest |= found.smallest
            for platform, (order, records) in found.on.items():
                before, programs_of = known.on.get(platform, (order, set()))
                if order <= before:
                    known.on[platform] = order, (programs_of if order == before else set()) | records
    return total


def walk_of(question: Question) -> _core.Walk:
    return _core.Walk(question.tracker, list(question.platforms), question.cpus, question.devices)


def no_result(question: Question) -> Result:
    names = tuple(platform.name for platform in question.platforms)
    return Result(question.tracker, "", names, question.cpus, question.devices)


def in_layers(question: Question, length: int) -> Result:
    """What programs of the last two lengths come to."""
    walk, result = walk_of(question), no_result(question)
    for shorter in range(1, length):
        harvest = grow(walk, _core.Expander.harvest, lambda _: None)
        if shorter > length - LAST_OPS:
            result.add(shorter, harvest)
    expander = _core.Expander(walk)
    expander.survey(0, walk.size)
    result.add(length, expander.harvest())
    return result


def in_parts(question: Question, length: int, states: int) -> Result:
    """The same by parts of so many states, in a random order."""
    walk, result = walk_of(question), no_result(question)
    for _ in whole_layers(length):
        grow(walk, _core.Expander.harvest, lambda _: None)
    firsts = list(range(0, walk.size, states))
    random.Random(states).shuffle(firsts)
    for first in firsts:
        part = Part(0, first, min(first + states, walk.size))
        for each, harvest in follow(walk, part, length, _core.Expander.harvest):
            result.add(each, harvest)
    return result


class TestParts:
    """Two operations deep, part by part, in any order: what whole layers come to, with the same smallest programs."""

    def compare(self, question: Question, length: int, states: int) -> int:
        parts = in_parts(question, length, states)
        assert parts == in_layers(question, length)
        return parts.lengths[-1].programs

    @pytest.mark.parametrize("states", [1, 4, 1000])
    def test_on_the_default_portfolio(self, states: int) -> None:
        assert self.compare(whole_portfolio("6.12"), 3, states) == 13_436

    @pytest.mark.parametrize("tracker", OTHER_TRACKERS)
    def test_with_other_trackers(self, tracker: str) -> None:
        assert self.compare(whole_portfolio(tracker), 3, 3)

    def test_with_two_cpus(self) -> None:
        assert self.compare(some_platforms("6.12", *FEW, cpus=2, devices=2), 3, 2) == 109_540

    def test_with_two_devices_that_are_alike(self) -> None:
        assert self.compare(some_platforms("6.12", "x86-5.5", "arm64-6.5", devices=2), 3, 2)

    @pytest.mark.parametrize("states", [1, 7])
    def test_of_four_operations(self, states: int) -> None:
        assert self.compare(some_platforms("6.12", *FEW), 4, states) == 299_699

    @pytest.mark.slow
    def test_of_four_operations_on_the_default_portfolio(self) -> None:
        assert self.compare(whole_portfolio("6.12"), 4, 5) == 972_436

    @pytest.mark.slow
    def test_of_five_operations(self) -> None:
        assert self.compare(some_platforms("6.12", *FEW), 5, 30) > 10_000_000

    @pytest.mark.parametrize("devices", [1, 2])
    def test_name_the_first_of_the_smallest(self, devices: int) -> None:
        """In the order of the alphabet, which decides between programs of one size."""
        question = some_platforms("6.12", *FEW, devices=devices)
        enumerated = totals(question, 3).causes
        ties = 0
        for found in in_parts(question, 3, 3).found.values():
            signature = found.signature
            cause = signature.label, signature.kind, tuple(sorted(signature.rules)), signature.reason
            for platform, smallest in found.smallest.items():
                # The shorter programs that the parts have gone through as well are not among those.
                if smallest.size[0] == 3:
                    _, candidates = enumerated[cause].on[platform]
                    ties += len(candidates) > 1
                    assert smallest.records == min(candidates, key=lambda each: letters(_core.decode(each), devices))
        assert ties > 100


def letters(ops: Sequence[Op], devices: int) -> list[int]:
    """Each by its place among those that can follow, with d0 named first; then, whether that had to be exchanged."""
    mirrored = records(canonical(ops, devices=True)) != records(ops)
    named = exchanged(ops) if mirrored else ops
    places = [
        [_core.encode([each]) for each in _core.successors(named[:i], 1, devices)].index(_core.encode([op]))
        for i, op in enumerate(named)
    ]
    return [*places, int(mirrored)]


class TestDepth:
    """Beyond all programs of a length: all that go on from a random one."""

    def go_on(self, question: Question, rng: random.Random, beginning: int, more: int) -> int:
        """Compares what follows a random program in so many more operations, operation by operation."""
        walked = Search(question)
        walked.step()
        for _ in range(beginning - 1):
            walked.step(some_state(walked, rng))
        return self.go_on_from(walked, some_state(walked, rng), more)

    def go_on_from(self, walked: Search, state: int, more: int) -> int:
        question = walked.question
        ops = walked.program(state)
        beginnings = [ops]
        if not question.devices_alike and records(exchanged(ops)) != records(ops):
            beginnings.append(exchanged(ops))
        times = compared = 0
        for length in range(len(ops) + 1, len(ops) + more + 1):
            searched = walked.step(state) if length == len(ops) + 1 else walked.step()
            enumerated = added([totals(question, length, ops) for ops in beginnings])
            # The state may be that of several programs, which all go on alike.
            times = times or max(searched.programs // enumerated.programs, 1)
            assert not differences(searched, enumerated, times), beginnings
            compared += enumerated.programs
        return compared

    @pytest.mark.parametrize("beginning", [2, 3, 4, 5, 6])
    def test_two_more_operations(self, beginning: int) -> None:
        rng = random.Random(beginning)
        question = some_platforms("6.12", *FEW)
        assert sum(self.go_on(question, rng, beginning, 2) for _ in range(3)) > 1_000

    @pytest.mark.parametrize("tracker", OTHER_TRACKERS)
    def test_two_more_operations_with_other_trackers(self, tracker: str) -> None:
        rng = random.Random(tracker)
        question = some_platforms(tracker, *FEW)
        assert sum(self.go_on(question, rng, 4, 2) for _ in range(2)) > 1_000

    def test_two_more_operations_with_two_devices(self) -> None:
        rng = random.Random(10)
        question = some_platforms("6.12", *FEW, devices=2)
        assert not question.devices_alike
        assert sum(self.go_on(question, rng, 3, 2) for _ in range(2)) > 1_000

    def test_two_more_operations_with_two_cpus(self) -> None:
        rng = random.Random(11)
        question = some_platforms("6.12", *FEW, cpus=2)
        assert sum(self.go_on(question, rng, 3, 2) for _ in range(2)) > 1_000

    def test_warnings_about_other_operations_on_other_platforms(self) -> None:
        """A sync that is skipped on one platform, where the map has failed, and warned about on the other."""
        ops = parse(
            "dmafuzz 1\n"
            "cpu0 b0 = alloc pages 128\n"
            "cpu0 m0 = map_single d0 b0 0 128 FROM_DEVICE\n"
            "cpu0 b1 m1 = alloc_coherent d0 128\n"
        ).ops
        walked = Search(some_platforms("6.12", "x86-5.5-pool-full", "arm64-6.5"))
        state = None
        for length in range(len(ops)):
            walked.step(state)
            state = walked.find(ops[: length + 1])
        assert state is not None
        assert self.go_on_from(walked, state, 2) == 72 + 5_654

    def test_three_more_operations(self) -> None:
        rng = random.Random(12)
        assert self.go_on(some_platforms("6.12", "x86-5.5", "arm64-6.5"), rng, 2, 3) > 10_000

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(12))
    def test_three_more_operations_on_many(self, seed: int) -> None:
        rng = random.Random(100 + seed)
        assert self.go_on(some_platforms(rng.choice(PINNED), *FEW), rng, 2 + seed % 3, 3) > 10_000

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(20))
    def test_two_more_operations_on_the_default_portfolio(self, seed: int) -> None:
        rng = random.Random(200 + seed)
        assert self.go_on(whole_portfolio(rng.choice(PINNED)), rng, 3 + seed % 4, 2) > 100


class TestMerging:
    def test_goes_on(self) -> None:
        walked = Search(some_platforms("6.12", *FEW))
        counts = [(walked.step().programs, walked.states) for _ in range(3)]
        assert all(states <= programs for programs, states in counts)
        (_, last) = counts[-1]
        assert last < counts[-1][0] * 0.9
        assert last == len({_core.encode(walked.program(state)) for state in range(last)})

    def test_states_are_those_of_their_smallest_programs(self) -> None:
        question = some_platforms("6.12", *FEW)
        walked = Search(question)
        for _ in range(3):
            walked.step()
        enumerated = {_core.encode(ops) for ops in programs(question, 3)}
        assert {_core.encode(walked.program(state)) for state in range(walked.states)} < enumerated

    @pytest.mark.parametrize(("tracker", "seed"), [("6.12", 0), ("2021-different-regions", 3), ("7.2", 4)])
    def test_is_of_programs_that_go_on_alike(self, tracker: str, seed: int) -> None:
        assert self.merged_alike(some_platforms(tracker, *FEW), random.Random(seed), sample=10)

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(40))
    def test_is_of_programs_that_go_on_alike_more_often(self, seed: int) -> None:
        rng = random.Random(1000 + seed)
        question = some_platforms(rng.choice(PINNED), *FEW, cpus=rng.choice((1, 1, 2)))
        self.merged_alike(question, rng, sample=100)

    def merged_alike(self, question: Question, rng: random.Random, sample: int) -> int:
        """A program that is not the smallest of its state has one before it that nothing that follows tells it from.

        Returns for how many that was held to be so.
        """
        walked = Search(question)
        walked.step()
        walked.step(some_state(walked, rng))
        state = some_state(walked, rng)
        beginning = walked.program(state)
        walked.step(state)
        walked.step()
        judge = question.judge()
        smallest = {_core.encode(walked.program(state)) for state in range(walked.states)}
        alike: dict[str, list[list[Op]]] = {}
        others = []
        for ops in programs(question, 4, beginning):
            if _core.encode(ops) in smallest:
                alike.setdefault(repr(verdict(judge, ops)), []).append(ops)
            else:
                others.append(ops)
        taken = rng.sample(others, min(sample, len(others)))
        for ops in taken:
            candidates = alike.get(repr(verdict(judge, ops)), [])
            candidates = [each for each in candidates if _core.order_of(each) <= _core.order_of(ops)]
            candidates = [
                each for each in candidates if records(question.successors(each)) == records(question.successors(ops))
            ]
            for more in self.continuations(question, ops, rng):
                expected = verdict(judge, [*ops, *more])
                candidates = [each for each in candidates if verdict(judge, [*each, *more]) == expected]
            assert candidates, ops
        return len(taken)

    def continuations(self, question: Question, ops: list[Op], rng: random.Random) -> Iterator[list[Op]]:
        for letter in question.successors(ops):
            yield [letter]
        for _ in range(300):
            more: list[Op] = []
            for _ in range(rng.randrange(2, 6)):
                more.append(rng.choice(question.successors([*ops, *more])))
            yield more


class TestNames:
    def test_of_devices_that_are_alike_are_counted_once(self) -> None:
        question = some_platforms("6.12", "x86-5.5", "arm64-6.5", devices=2)
        judge = question.judge()
        once = {_core.encode(ops) for ops in programs(question, 2)}
        every = list(all_names(2))
        assert {min(_core.encode(ops), _core.encode(exchanged(ops))) for ops in every} == once
        assert len(every) > len(once)
        for ops in every:
            assert verdict(judge, ops) == verdict(judge, exchanged(ops))

    def test_of_devices_that_differ_make_a_difference(self) -> None:
        question = some_platforms("6.12", *FEW, devices=2)
        assert not question.devices_alike
        judge = question.judge()
        assert any(verdict(judge, ops) != verdict(judge, exchanged(ops)) for ops in programs(question, 3))

    def test_of_cpus_buffers_and_mappings_make_none(self) -> None:
        rng = random.Random(5)
        judge = whole_portfolio("6.12").judge()
        for _ in range(500):
            ops = random_program(rng, rng.randrange(1, 8), 2, 2)
            assert verdict(judge, ops) == verdict(judge, renamed(ops, rng))


class TestGolden:
    @pytest.mark.parametrize("tracker", PINNED)
    def test_up_to_three_operations(self, tracker: str, promote: bool) -> None:
        question = whole_portfolio(tracker)
        for length, searched in enumerate(search(question, 3), 1):
            hold(GOLDEN / tracker / f"{length}.json", golden(question, searched), promote)

    @pytest.mark.slow
    def test_four_operations(self, promote: bool) -> None:
        question = whole_portfolio("6.12")
        *_, searched = search(question, 4)
        hold(GOLDEN / "6.12" / "4.json", golden(question, searched), promote)

    def test_has_no_files_that_nothing_is_held_against(self) -> None:
        expected = {GOLDEN / tracker / f"{length}.json" for tracker in PINNED for length in (1, 2, 3)}
        assert set(GOLDEN.rglob("*.json")) == expected | {GOLDEN / "6.12" / "4.json"}


def hold(path: Path, text: str, promote: bool) -> None:
    if promote:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert path.read_text() == text, f"{path} says otherwise; --promote if it is wrong"
