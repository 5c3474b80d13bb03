# SPDX-License-Identifier: GPL-2.0-only
"""Parts of an exhaustive search: on disk, damaged, shared by processes of which some are killed; samples of them."""

from __future__ import annotations

import functools
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from dmafuzz import _core, platforms
from dmafuzz.estimates import Estimate
from dmafuzz.exhaustive import Result as Searched
from dmafuzz.exhaustive import Sample, Sampling, Search, SearchPlan, layers
from dmafuzz.exhaustive import kept as keeping
from dmafuzz.exhaustive.kept import KeptParts
from dmafuzz.exhaustive.layers import Part, grow, parts_of, whole_layers
from dmafuzz.exhaustive.parts import PartError, PartResult, carry_out, search_key
from dmafuzz.exhaustive.result import Found, Signature, Smallest
from dmafuzz.exhaustive.search import Unwatched
from dmafuzz.storage import pack_bytes, unpacked
from dmafuzz.storage.packs import BLOCK_BYTES_MAX
from dmafuzz.trackers import default_portfolio, resolve
from support import run

SMALL_PARTS = 10  # pairs: ten parts in a search up to three operations
PARTS = 10


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "PART_PAIRS", SMALL_PARTS)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def plan(tracker: str = "6.12", ops: int = 3, out: Path | None = None) -> SearchPlan:
    name = default_portfolio(tracker)
    return SearchPlan(tracker, resolve(tracker).core, name, tuple(platforms.portfolio(name)), ops, out=out)


class Watch:
    """Remembers how many pairs were told of, and cuts a search off when so many parts are done."""

    def __init__(self, cut_after: int = 0) -> None:
        self.total = self.done = self.known = self.parts = 0
        self._cut_after = cut_after
        self._length = 0

    def layer(self, length: int, pairs: int, done: int = 0) -> None:
        self._length = length
        self.total, self.done, self.known, self.parts = pairs, done, done, 0

    def pairs(self, done: int) -> None:
        self.done += done
        self.parts += 1
        if self._length > 1 and self.parts == self._cut_after:
            raise KeyboardInterrupt


@functools.cache
def uncut() -> Searched:
    return Search(plan()).run(Unwatched())


def cut_off(out: Path, other: SearchPlan | None = None) -> None:
    """With three parts done."""
    search = Search(replace(other or plan(), out=out))
    search.run(Watch(cut_after=3))
    assert search.interrupted
    assert search.kept


def walked(searched: SearchPlan) -> _core.Walk:
    walk = searched.walk()
    for _ in whole_layers(searched.ops):
        grow(walk, _core.Expander.harvest, lambda _: None)
    return walk


def kept(out: Path) -> tuple[KeptParts, list[Part]]:
    parts = parts_of(walked(plan()))
    return KeptParts(plan(out=out), parts), parts


def files(out: Path, suffix: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.rglob(f"*.{suffix}")}


def damaged_by(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        file.write_bytes(change(file.read_bytes()))

    return damage


def with_facts(**facts: object) -> Callable[[Path], None]:
    """Whole, with other facts."""
    return damaged_by(lambda data: pack_bytes({**unpacked(data).table, **facts}, unpacked(data).items))


def of_another(file: Path) -> None:
    other = next(path for path in sorted(file.parent.glob("*.part")) if path != file)
    file.write_bytes(other.read_bytes())


class TestPart:
    """A part in, bytes out: in any order, anywhere."""

    def test_comes_to_the_same_alone_and_in_any_order(self) -> None:
        walk, key = plan().walk(), search_key(plan())
        total = plan().empty_result()
        total.add(1, grow(walk, _core.Expander.harvest, lambda _: None))
        total.lengths[0].states, total.lengths[0].merged = walk.size, walk.merged
        parts = parts_of(walk)
        assert len(parts) == PARTS
        for part in [*parts[5:], *parts[4::-1]]:
            data = carry_out(plan(), walk, part).to_bytes(key)
            total.add_result(PartResult.from_bytes(data, key, part).result)
        assert total == uncut()

    def test_says_how_many_programs_follow_it(self) -> None:
        walk = walked(plan())
        for part in parts_of(walk):
            done = carry_out(plan(), walk, part).result
            assert done.lengths[1].programs == walk.programs_after(part.first, part.last) > 0

    def test_is_no_other(self) -> None:
        short = plan(ops=2)
        walk, key = walked(short), search_key(short)
        (part,) = parts_of(walk)
        data = carry_out(short, walk, part).to_bytes(key)
        assert PartResult.from_bytes(data, key, part).result.programs == 296
        with pytest.raises(PartError, match="another part"):
            PartResult.from_bytes(data, key, Part(1, 0, 1))
        with pytest.raises(PartError, match="another search"):
            PartResult.from_bytes(data, search_key(plan()), part)
        with pytest.raises(PartError, match="not a pack"):
            PartResult.from_bytes(b"nothing", key, part)

    def test_may_show_more_than_a_block_of_a_pack_holds(self) -> None:
        """As 64 parts of five operations together do."""
        part, key, result = Part(0, 0, 1), search_key(plan()), plan().empty_result()
        chance = random.Random(5)
        for number in range(4000):
            signature = Signature("fn", f"kind-{number}", (), "")
            smallest = {place: Smallest((number, place), chance.randbytes(160)) for place in range(18)}
            result.found[signature] = Found(signature, 1, smallest)
        assert len(json.dumps(result.to_json())) > BLOCK_BYTES_MAX
        assert PartResult.from_bytes(PartResult(part, result, 1.0).to_bytes(key), key, part).result == result

    def test_is_a_range_of_states(self) -> None:
        with pytest.raises(ValueError, match="range of the last layer"):
            plan().walk().part(0, 2)


class TestKept:
    @pytest.mark.parametrize(
        "damage",
        [
            damaged_by(lambda data: data[: len(data) // 2]), damaged_by(lambda _: b""), damaged_by(lambda _: b"{}"),
            damaged_by(lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]), with_facts(result={"labels": 1}),
            damaged_by(lambda data: pack_bytes(unpacked(data).table, [b"{", b"1"])),
            with_facts(result=[]), with_facts(search="0" * 16), with_facts(seconds=None), of_another,
        ],
    )  # fmt: skip
    def test_that_is_damaged_is_named_and_done_again(
        self, damage: Callable[[Path], None], out: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        cut_off(out)
        file = min(out.glob("parts-3-*/*.part"))
        damage(file)
        assert Search(plan(out=out)).run(Watch()) == uncut()
        assert f"{file}: damaged" in caplog.text

    def test_by_another_build_is_named_and_left_alone(
        self, out: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        cut_off(out)
        before = files(out, "part")
        assert len(before) == 3
        monkeypatch.setattr("dmafuzz.exhaustive.plan.core_digest", lambda: "0" * 16)
        watch, search = Watch(), Search(plan(out=out))
        assert search.run(watch) == uncut()
        assert watch.known == 0
        assert "another build" in caplog.text
        search.forget()
        assert files(out, "part") == before

    @pytest.mark.parametrize(
        "other",
        [
            plan(tracker="5.15"), replace(plan(), core_tracker="5.15"), replace(plan(), members=plan().members[::-1]),
            plan(ops=2), replace(plan(), devices=1), replace(plan(), cpus=2),
        ],
    )  # fmt: skip
    def test_of_another_search_is_not_used(self, other: SearchPlan, out: Path) -> None:
        Search(replace(other, out=out)).run(Watch())
        watch = Watch()
        assert Search(plan(out=out)).run(watch) == uncut()
        assert watch.known == 0

    def test_cut_in_other_places_is_not_used(self, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        cut_off(out)
        monkeypatch.setattr(layers, "PART_PAIRS", 2 * SMALL_PARTS)
        watch = Watch()
        assert Search(plan(out=out)).run(watch) == uncut()
        assert watch.known == 0

    @pytest.mark.parametrize("block", [1, 3, 4, 64])
    def test_neighbours_become_one_file(self, block: int, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keeping, "BLOCK_PARTS", block)
        assert Search(plan(out=out)).run(Watch()) == uncut()
        assert len(files(out, "block")) == -(-PARTS // block)
        assert not files(out, "part")
        watch = Watch()
        assert Search(plan(out=out)).run(watch) == uncut()
        assert watch.known == watch.total

    def test_damaged_block_is_done_again(
        self, out: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(keeping, "BLOCK_PARTS", 4)
        Search(plan(out=out)).run(Watch())
        file = min(out.rglob("*.block"))
        file.write_bytes(file.read_bytes()[:-1])
        assert Search(plan(out=out)).run(Watch()) == uncut()
        assert f"{file}: damaged" in caplog.text

    def test_part_beside_its_block_counts_once(self, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A process that was killed between the two leaves it there, and one that was slow."""
        unlink = Path.unlink

        def killed(self: Path, missing_ok: bool = False) -> None:
            if self.suffix != ".part":
                unlink(self, missing_ok)

        monkeypatch.setattr(Path, "unlink", killed)
        assert Search(plan(out=out)).run(Watch()) == uncut()
        assert (len(files(out, "block")), len(files(out, "part"))) == (1, PARTS)

    def test_what_a_killed_process_was_at_is_done_last(self, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        killed, parts = kept(out)
        assert killed.lease(parts[0])
        assert killed.lease(parts[7])
        filed: list[int] = []
        file = KeptParts.file

        def remembered(self: KeptParts, result: PartResult) -> None:
            filed.append(result.part.number)
            file(self, result)

        monkeypatch.setattr(KeptParts, "file", remembered)
        assert Search(plan(out=out)).run(Watch()) == uncut()
        assert filed == [1, 2, 3, 4, 5, 6, 8, 9, 0, 7]
        killed.close()

    def test_leases_are_of_one(self, out: Path) -> None:
        (one, parts), (other, _) = kept(out), kept(out)
        assert one.lease(parts[0])
        assert not other.lease(parts[0])
        assert other.lease(parts[1])
        one.close()
        assert other.lease(parts[0])
        other.close()
        assert not files(out, "lease")

    def test_folder_is_removed_by_the_last_one(self, out: Path) -> None:
        first, second = Search(plan(out=out)), kept(out)[0]
        first.run(Watch())
        first.forget()
        assert files(out, "block")
        second.forget()
        assert not list(out.iterdir())


IN_SMALL_PARTS = """
import sys
from dmafuzz.exhaustive import kept, layers
layers.PART_PAIRS, kept.BLOCK_PARTS = 60, 16
from dmafuzz.cli.main import main
main(sys.argv[1:])
"""


class TestProcesses:
    """Several at once, in one folder, one of them killed."""

    def start(self, out: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-c", IN_SMALL_PARTS, "search", "--ops=4", "--devices=1", f"--out={out}"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def parts(self, out: Path) -> int:
        names = [path.name for path in out.glob("parts-4-*/*")]
        return sum(name.endswith(".part") for name in names) + 16 * sum(name.endswith(".block") for name in names)

    def wait_for(self, out: Path, parts: int) -> None:
        end = time.monotonic() + 300
        while self.parts(out) < parts and time.monotonic() < end:
            time.sleep(0.01)
        assert self.parts(out) >= parts

    def test_come_to_what_one_comes_to(self, out: Path, tmp_path: Path) -> None:
        killed = self.start(out)
        self.wait_for(out, 3)
        killed.kill()
        killed.communicate()
        both = [self.start(out) for _ in range(2)]
        texts = [process.communicate(timeout=600) for process in both]
        assert [process.returncode for process in both] == [0, 0], texts
        assert sorted(path.name for path in out.iterdir()) == ["catalogue.json", "catalogue.md"]
        alone = tmp_path / "alone"
        assert command("--ops", 4, "--devices", 1, "--out", alone).exit_code == 0
        assert (out / "catalogue.json").read_bytes() == (alone / "catalogue.json").read_bytes()


def command(*args: object) -> Result:
    return run("search", *args)


def said(*args: object) -> str:
    result = command(*args)
    assert result.exit_code == 0, result.output
    return result.output


class TestSample:
    def test_says_that_it_is_no_search(self, cache: Path) -> None:
        text = said("--sample", "50%")
        assert text.startswith("SAMPLE, no complete search: 5 of 10 parts (")
        assert "It proves nothing minimal" in text
        assert "core hours" in text
        assert "no shorter program of the alphabet shows" in text
        assert "13,732" not in text
        (known,) = cache.rglob("*.json")  # the complete search of two operations, which it is compared with
        assert known.name.endswith("-2.json")

    def test_writes_no_catalogue(self, out: Path) -> None:
        said("--sample", "20%", "--out", out)
        assert [path.name[:9] for path in out.iterdir()] == ["sample-3-"]
        assert len(files(out, "part")) == 2

    def test_is_not_taken_for_parts_of_a_search(self, out: Path) -> None:
        said("--sample", "100%", "--out", out)
        watch = Watch()
        assert Search(plan(out=out)).run(watch) == uncut()
        assert watch.known == 0

    def sample(self, share: float, seed: int = 0, out: Path | None = None) -> Sample:
        return Sampling(plan(out=out), share, seed).run(Watch())

    def test_of_everything_comes_to_everything(self) -> None:
        sample = self.sample(1.0)
        assert sample.whole_programs() == Estimate(13_436, 13_436, 13_436)
        shorter = Search(plan(ops=2)).run(Unwatched())
        new = sample.new(shorter)
        assert new.found.keys() == uncut().found.keys() - shorter.found.keys()
        assert sample.unseen(new).high == 0

    def test_intervals_are_around_what_is_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(layers, "PART_PAIRS", 60)
        whole = Sampling(replace(plan(ops=4), members=(platforms.load("x86-5.5"),), devices=1), 1.0, 0).run(Watch())
        assert len(whole.drawn) > 50
        rng = random.Random(3)
        hits = 0
        for _ in range(200):
            some = replace(whole, drawn=rng.sample(whole.drawn, 20))
            estimate = some.whole_programs()
            hits += estimate.low <= whole.programs <= estimate.high
        assert 0.85 < hits / 200 < 1

    def test_that_is_larger_goes_on(self, out: Path, tmp_path: Path) -> None:
        small = self.sample(0.3, 7, out)
        before = files(out, "part")
        large = self.sample(0.6, 7, out)
        after = files(out, "part")
        assert (len(before), len(after)) == (len(small.drawn), len(large.drawn)) == (3, 6)
        assert {name: after[name] for name in before} == before
        self.sample(0.6, 8, tmp_path / "other")
        assert files(tmp_path / "other", "part").keys() != after.keys()

    @pytest.mark.parametrize("share", ["0%", "101%", "1", "x%", "nan%"])
    def test_of_no_share_is_refused(self, share: str) -> None:
        result = command("--sample", share)
        assert result.exit_code == 2
        assert "like 1%" in result.output
