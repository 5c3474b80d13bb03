# SPDX-License-Identifier: GPL-2.0-only
"""Drills: `dmafuzz fuzz` is killed, runs out of room, finds its files damaged; nothing that was printed may be lost.

    python tests/drills.py --kills 100 --full 20 --damaged 200

tests/test_drills.py runs a few rounds of each. A drill raises AssertionError, with the round and the seed.
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from dmafuzz.fuzzing.own_time import cpu_seconds
from dmafuzz.program import parse
from dmafuzz.storage import read_ledgers
from dmafuzz.store import Keep, Store
from dmafuzz.store.entries import raw_of
from dmafuzz.verdicts import check
from support import campaign_plan

TARGET_PORTFOLIO = "6.12"
ROUND_S_MAX = 10.0  # of processor time: a busy machine must not kill all runs before they have begun
ROUND_WALL_S_MAX = 60.0
_FULL_S_MAX = 600.0
_COUNTED = re.compile(r"causes: ([\d,]+) FN, ([\d,]+) FP, ([\d,]+) hazard")
_JUDGED_EACH_ROUND = 3


def causes_in(folder: Path) -> Counter[str]:
    """Causes by label, as a reader finds them."""
    store = Store.open(folder)
    counts = store.counts(campaign_plan(folder, ops_limit=8).target)
    store.close()
    return counts


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-P", "-m", "dmafuzz", "fuzz", "--out", str(folder), "--engine", "native", *options]


def start(folder: Path, line: Sequence[str], limit_bytes: int | None = None) -> subprocess.Popen[str]:
    """A run with output into a file beside the store, in a process group of its own; where files are limited, into a
    pipe."""

    def limit() -> None:
        if limit_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    out = open(folder.parent / "output", "w+") if limit_bytes is None else subprocess.PIPE  # noqa: SIM115
    return subprocess.Popen(
        line, stdout=out, stderr=subprocess.STDOUT, text=True, start_new_session=True, preexec_fn=limit
    )


def output_of(folder: Path, piped: str | None = None) -> str:
    text = (folder.parent / "output").read_text(errors="replace") if piped is None else piped
    assert "Traceback" not in text, text
    return text


def printed(text: str) -> tuple[int, int, int]:
    """The counts of the last line of progress."""
    found = _COUNTED.findall(text)
    first, second, third = found[-1] if found else ("0", "0", "0")
    return tuple(int(each.replace(",", "")) for each in (first, second, third))  # type: ignore[return-value]


def judged_right(folder: Path, rng: random.Random) -> None:
    """Some of what is there is judged again."""
    store = Store.open(folder)
    causes = list(store.causes())
    for cause in rng.sample(causes, min(_JUDGED_EACH_ROUND, len(causes))):
        assert check(parse(store.finding(cause).file_text())) == []
    store.close()


def descendants(pid: int) -> list[int]:
    """The processes of a group, by their ids."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(entry.name)) == pid:
                found.append(int(entry.name))
        except (ProcessLookupError, ValueError):
            continue
    return found


def let_work(process: subprocess.Popen[str], seconds: float) -> None:
    """Until the processes of a run's group have had so much processor time, or the run has ended."""
    deadline = time.monotonic() + ROUND_WALL_S_MAX
    while process.poll() is None and time.monotonic() < deadline:
        if sum(cpu_seconds(pid) or 0.0 for pid in descendants(process.pid)) >= seconds:
            break
        time.sleep(0.05)


def kill_round(folder: Path, rng: random.Random) -> str:
    """Any process of a run is killed at any moment; now and then all of them."""
    before = causes_in(folder) if (folder / "store.json").exists() else Counter()
    seed = str(rng.randrange(1 << 30))
    process = start(folder, command(folder, "--time", "60", "--ops", "8", "--jobs", "2", "--seed", seed))
    let_work(process, rng.uniform(0.2, ROUND_S_MAX))
    assert process.poll() is None, output_of(folder)  # it has a minute to go, unless something is wrong
    if rng.random() < 0.5:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        victims = descendants(process.pid)
        os.kill(rng.choice(victims) if victims else process.pid, signal.SIGKILL)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    text = output_of(folder)
    if not (folder / "store.json").exists():
        return "before there was a store"
    after = causes_in(folder)
    assert all(after[label] >= count for label, count in before.items())
    assert all(after[label] >= count for label, count in zip(("FN", "FP", "hazard"), printed(text), strict=True))
    judged_right(folder, rng)
    return "with new causes" if after.total() > before.total() else "without new causes"


@functools.cache
def can_mount() -> bool:
    """Whether this user may have a file system of its own to fill."""
    line = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs tmpfs /tmp"]
    return (
        shutil.which("unshare") is not None and subprocess.run(line, capture_output=True, check=False).returncode == 0
    )


# A store is taken into a file system of so many bytes and files, and out again, whatever the run has come to.
_IN_A_SMALL_PLACE = """
place=$1; store=$2; shift 2
mount -t tmpfs -o "$1" tmpfs "$place" && shift || exit 99
mkdir "$place/store" && cp -a "$store/." "$place/store" || exit 99
"$@"
status=$?
rm -rf "$store" && cp -a "$place/store" "$store" || exit 99
exit $status
"""


def in_a_small_place(folder: Path, rng: random.Random, options: Sequence[str]) -> subprocess.Popen[str]:
    """A run whose disk has little room left, or few inodes."""
    place = folder.parent / "small"
    place.mkdir(exist_ok=True)
    folder.mkdir(exist_ok=True)
    files = [path for path in folder.rglob("*") if path.name != "index.sqlite"]
    pages = sum(
        (path.stat().st_size + 4095) // 4096 for path in [*files, *folder.glob("index.sqlite")] if path.is_file()
    )
    room = pages + rng.choice([4, 10, 40, 100, 400])
    inodes = len(files) + 3 + rng.choice([1, 3, 10, 14, 20, 1000])
    limits = f"size={4096 * room},nr_inodes={inodes if rng.random() < 0.5 else 100_000}"
    line = ["unshare", "-rm", "sh", "-c", _IN_A_SMALL_PLACE, "sh", place, folder, limits]
    return start(folder, [*map(str, line), *command(place / "store", *options)])


def full_round(folder: Path, rng: random.Random) -> str:
    """No file may grow beyond some limit, or the disk is full: one line, status 2 or 3, or it was enough; and the store
    is whole. Returns how it ended."""
    before = causes_in(folder) if (folder / "store.json").exists() else Counter()
    budget = rng.choice([("--time", "4"), ("--programs", "3000"), ("--programs", "10000")])
    options = [*budget, "--ops", "8", "--seed", str(rng.randrange(1000))]
    if can_mount() and rng.random() < 0.6:
        process = in_a_small_place(folder, rng, options)
    else:
        limit = rng.choice([0, 1_000, 8_000, 60_000, 400_000])
        process = start(folder, command(folder, *options), limit)
    try:
        piped, _ = process.communicate(timeout=_FULL_S_MAX)  # what runs that were killed have left is replayed first
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    text = output_of(folder, piped)
    assert process.returncode in (0, 1, 2, 3), (process.returncode, text)
    if (folder / "store.json").exists():
        after = causes_in(folder)
        assert all(after[label] >= count for label, count in before.items())
        assert all(after[label] >= count for label, count in zip(("FN", "FP", "hazard"), printed(text), strict=True))
    why = text.splitlines()[-1].rpartition(": ")[2]
    return f"status {process.returncode}" + (f": {why}" if process.returncode else "")


def damage(path: Path, rng: random.Random) -> None:
    """A file is emptied, cut, overwritten, has a bit flipped, or becomes something else."""
    data = path.read_bytes()
    at = rng.randrange(len(data) or 1)
    flipped = data[:at] + bytes([(data[at] if data else 0) ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    kinds: list[bytes] = [b"", data[:at], flipped, bytes(len(data)), rng.randbytes(len(data)), data + data[:at]]
    path.unlink()
    path.write_bytes(rng.choice(kinds))


def furnish(folder: Path) -> None:
    """A store gets what a short run does not leave: reports that wait, counted causes, a program in quarantine."""
    store = Store.create(folder)
    target = campaign_plan(folder, ops_limit=8).target
    findings = list(store.findings(target))
    store.report(target, [raw_of(finding) for finding in findings[:50]])
    store.keep_to(Keep(causes_per_topic=1))
    (folder / "quarantine" / f"{target.slug}-{'0' * 16}.dma").write_text(findings[0].text)
    store.close()


def damage_round(folder: Path, rng: random.Random) -> str:
    """One file of a copy of a store is damaged: the next run says so, goes on, and what it has is right.

    What was in other files is there still; what was in the damaged one is not taken for known. Returns its kind.
    """
    copy = folder.parent / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    files = [path for path in sorted(copy.rglob("*")) if path.is_file() and path.suffix != ".lock"]
    kind = rng.choice(sorted({path.suffix for path in files}))
    path = rng.choice([path for path in files if path.suffix == kind])
    packed = {cause.cause: cause.pack for cause in Store.open(copy).causes()}
    before = path.read_bytes()
    damage(path, rng)
    if path.name == "store.json":
        path.write_text('{"dmafuzz": "store", "format": 1}\n')  # as its message asks for
    changed = path.read_bytes() != before
    store = Store.create(copy)
    target = campaign_plan(copy, ops_limit=8).target
    known = store.names(target)
    assert {cause for cause, pack in packed.items() if pack != path.name} <= known, path
    causes = list(store.causes())
    for cause in rng.sample(causes, min(_JUDGED_EACH_ROUND, len(causes))):
        assert check(parse(store.finding(cause).file_text())) == []
    readable = list(store.programs(target)), store.waiting(target), store.runs(), store.leads(target)
    assert all(readable[:2]) or kind in (".corpus", ".reports")
    if changed and kind in (".findings", ".corpus", ".counted", ".reports"):
        assert any(path.name in line for line in store.damage), path
        assert (copy / "damaged" / path.name).exists()
    if kind == ".jsonl" and "damaged" in "".join(store.damage):
        assert not read_ledgers(copy / "ledger").damaged
    store.write_leaders(target)
    store.close()
    return kind


def drill(what: Callable[[Path, random.Random], str], folder: Path, rounds: int, seed: int) -> Counter[str]:
    """So many rounds in one folder; how they ended."""
    ends: Counter[str] = Counter()
    for number in range(rounds):
        rng = random.Random(f"{seed} {what.__name__} {number}")
        try:
            ends[what(folder, rng)] += 1
        except AssertionError as error:
            raise AssertionError(f"{what.__name__}, round {number}, seed {seed}: {error}") from error
    return ends


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__)
    for name in ("kills", "full", "damaged", "seed"):
        options.add_argument(f"--{name}", type=int, default=0)
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place) / "store"
        for what, rounds in ((kill_round, chosen.kills), (full_round, chosen.full), (damage_round, chosen.damaged)):
            start_s = time.monotonic()
            if what is damage_round and rounds and not (folder / "packs").exists():
                start(folder, command(folder, "--programs", "3000", "--ops", "8")).wait()
            if what is damage_round and rounds:
                furnish(folder)
            ends = drill(what, folder, rounds, chosen.seed)
            seconds = time.monotonic() - start_s
            print(f"{what.__name__}: {rounds} rounds in {seconds:.0f} s, nothing lost", flush=True)
            for end, count in ends.most_common():
                print(f"  {count:4} {end}", flush=True)


if __name__ == "__main__":
    main()
