# SPDX-License-Identifier: GPL-2.0-only
"""Drills of campaigns: whoever carries out the slices, and whatever is killed meanwhile, the store is that of the same
slices run by hand.

    python tests/campaign_drills.py --executor local --slices 30 --kills 30
    python tests/campaign_drills.py --executor dask --slices 8 --kills 6
    python tests/campaign_drills.py --executor folder --slices 8 --kills 6

tests/test_executors.py runs a few rounds of each. Whatever goes wrong raises AssertionError.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from dmafuzz.campaign import CampaignFile, read_plan_file
from dmafuzz.campaign.carrying_out import carry_out
from dmafuzz.campaign.slices import Slice
from dmafuzz.store import Store

ROUND_S_MAX = 10.0
SLICES_S_MAX = 900.0  # of all slices, on a busy machine
TARGETS = ("6.12", "7.2", "canary:never-warns")

Content = dict[str, tuple[set[bytes], set[bytes]]]  # by target: findings, programs of the corpus


def write_plan(folder: Path, executor: str, targets: Sequence[str] = TARGETS, programs: int = 300, jobs: int = 2,
               more: str = "") -> Path:  # fmt: skip
    """A campaign of slices of so many programs."""
    lines = ["[campaign]", f"slice = {programs}", f"jobs = {jobs}", "ops = 6", "ahead = 2", f'executor = "{executor}"']
    for tracker in targets:
        lines += ["[[target]]", f'tracker = "{tracker}"']
    path = folder / "campaign.toml"
    path.write_text("\n".join(lines) + f"\n{more}")
    return path


def by_hand(file: CampaignFile, slices: int, folder: Path) -> Content:
    """So many slices, taken in turn by the targets, one after the other: each in a folder of its own."""
    found: dict[str, list[tuple[set[bytes], set[bytes]]]] = defaultdict(list)
    for at in range(slices):
        table = file.target[at % len(file.target)]
        target = file.plan_of(table, folder).target
        before = found[target.key]
        number = len(before)
        budget = file.campaign.slice
        assert isinstance(budget, int)
        assert target.portfolio is not None
        piece = Slice(table.tracker, target.portfolio, target.key, number, None, budget, file.campaign.ops, ())
        start = sorted(set().union(*(programs for _, programs in before[: max(0, number - file.campaign.ahead + 1)])))
        result = carry_out(piece, folder / f"{at}", start)
        before.append((set(result.findings), set(result.programs)))
    return {
        key: (set().union(*(one for one, _ in each)), set().union(*(two for _, two in each)))
        for key, each in found.items()
    }


def content_of(folder: Path) -> Content:
    store = Store.open(folder)
    targets = store.targets()
    return {target.key: (set(store.items(target)), set(store.programs(target))) for target in targets}


def ended(folder: Path) -> int:
    """How many slices are done."""
    if not (folder / "store.json").exists():
        return 0
    runs = [run for run in Store.open(folder).runs() if run.ended]
    return len({(run.target, run.number) for run in runs})


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-P", "-m", "dmafuzz", *map(str, arguments)]


def start(plan: Path, slices: int, cache: Path | None = None) -> subprocess.Popen[bytes]:
    """`campaign run` in a process group of its own; ``cache``: this host's, where several share a machine."""
    env = {**os.environ, **({"XDG_CACHE_HOME": str(cache)} if cache else {})}
    with open(plan.parent / "output", "ab") as out:
        return subprocess.Popen(
            command("campaign", "run", plan, "--slices", slices),
            stdout=out, stderr=out, start_new_session=True, env=env,
        )  # fmt: skip


def kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.wait()


def check_output(plan: Path) -> None:
    text = (plan.parent / "output").read_text(errors="replace")
    assert "Traceback" not in text, text


def run_local(plan: Path, slices: int, kills: int, rng: random.Random) -> None:
    """Killed so often, then to its end."""
    store = plan.parent / "campaign"
    for _ in range(kills):
        left = slices - ended(store)
        if left <= 0:
            break
        process = start(plan, left)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=rng.uniform(1.0, ROUND_S_MAX))
        kill(process)
    if left := slices - ended(store):
        assert start(plan, left).wait(timeout=SLICES_S_MAX) in (0, 3)


def run_folder(plan: Path, slices: int, kills: int, rng: random.Random) -> None:
    """Two hosts, killed at random, one of them goes on; leases of the dead go stale at once here."""
    store = plan.parent / "campaign"
    hosts = [start(plan, slices, plan.parent / f"cache{n}") for n in range(2)]
    deadline = time.monotonic() + SLICES_S_MAX
    while ended(store) < slices:
        assert time.monotonic() < deadline, (plan.parent / "output").read_text()
        time.sleep(rng.uniform(1.0, 4.0))
        at = rng.randrange(2)
        if kills > 0 or hosts[at].poll() is not None:
            if kills > 0:
                kills -= 1
                kill(hosts[at])
                for lease in (store / "leases").glob("*.lease"):
                    with contextlib.suppress(FileNotFoundError):
                        lease.write_text("{}")  # as if its time had passed: the other host may take it over
            left = slices - ended(store)
            if left > 0:
                hosts[at] = start(plan, left, plan.parent / f"cache{at}")
    for host in hosts:
        with contextlib.suppress(subprocess.TimeoutExpired):
            host.wait(timeout=30)
        kill(host)


class Cluster:
    """A scheduler and workers of Dask, over TLS, each worker with a cache of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._write_certificates()
        self.scheduler = self.start_scheduler()
        self.workers = [self.start_worker(number) for number in range(2)]

    @property
    def address(self) -> str:
        return f"tls://127.0.0.1:{self.port}"

    @property
    def table(self) -> str:
        files = 'ca = "ca.pem"\ncertificate = "own.pem"\nkey = "own.key"\n'
        return f'[dask]\nscheduler = "{self.address}"\n{files}'

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        place = ("--host", "127.0.0.1", "--port", str(self.port), "--protocol", "tls")
        return self._start("scheduler", "distributed.cli.dask_scheduler", *place, "--no-dashboard", "--no-show")

    def start_worker(self, number: int) -> subprocess.Popen[bytes]:
        how = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "120")
        place = ("--local-directory", str(self.folder / f"space{number}"), "--name", f"{number}-{time.monotonic_ns()}")
        return self._start(f"worker{number}", "distributed.cli.dask_worker", self.address, *how, *place)

    def keep_alive(self) -> None:
        if self.scheduler.poll() is not None:
            self.scheduler = self.start_scheduler()
        self.workers = [self.start_worker(at) if each.poll() is not None else each
                        for at, each in enumerate(self.workers)]  # fmt: skip

    def close(self) -> None:
        for process in [*self.workers, self.scheduler]:
            kill(process)

    def _start(self, name: str, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        files = ("--tls-ca-file", "ca.pem", "--tls-cert", "own.pem", "--tls-key", "own.key")
        env = {**os.environ, "XDG_CACHE_HOME": str(self.folder / f"cache-{name}")}
        with open(self.folder / f"{name}.log", "ab") as out:
            command = [sys.executable, "-P", "-m", module, *arguments, *files]
            return subprocess.Popen(command, stdout=out, stderr=out, cwd=self.folder, env=env, start_new_session=True)

    def _write_certificates(self) -> None:
        import trustme

        authority = trustme.CA()
        own = authority.issue_cert("127.0.0.1", "localhost")
        authority.cert_pem.write_to_path(str(self.folder / "ca.pem"))
        own.private_key_pem.write_to_path(str(self.folder / "own.key"))
        own.cert_chain_pems[0].write_to_path(str(self.folder / "own.pem"))


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    started = Cluster(folder)
    try:
        yield started
    finally:
        started.close()


def run_dask(plan: Path, slices: int, kills: int, rng: random.Random, started: Cluster) -> None:
    """Worker, scheduler and client are killed in the middle, and come back."""
    store = plan.parent / "campaign"
    client = start(plan, slices)
    deadline = time.monotonic() + SLICES_S_MAX
    victims = ["worker", "scheduler", "client"]
    while ended(store) < slices:
        assert time.monotonic() < deadline, (plan.parent / "output").read_text()
        time.sleep(rng.uniform(3.0, 8.0))
        started.keep_alive()
        if kills > 0:
            kills -= 1
            victim = victims[kills % 3]
            kill({"worker": rng.choice(started.workers), "scheduler": started.scheduler, "client": client}[victim])
        if client.poll() is not None and (left := slices - ended(store)) > 0:
            client = start(plan, left)
    client.wait(timeout=60)


def drill(executor: str, folder: Path, slices: int, kills: int, seed: int, targets: Sequence[str] = TARGETS) -> Content:
    """Returns what the store holds in the end, which is what it should."""
    rng = random.Random(f"{seed} {executor}")
    if executor == "dask":
        with cluster(folder) as started:
            plan = write_plan(folder, executor, targets, more=started.table)
            run_dask(plan, slices, kills, rng, started)
    else:
        plan = write_plan(folder, executor, targets)
        (run_local if executor == "local" else run_folder)(plan, slices, kills, rng)
    check_output(plan)
    content = content_of(folder / "campaign")
    wanted = by_hand(read_plan_file(plan), slices, folder / "by-hand")
    for key in wanted:
        assert content[key][0] == wanted[key][0], f"findings of {key} differ"
        assert content[key][1] == wanted[key][1], f"programs of {key} differ"
    assert content.keys() == wanted.keys()
    return content


def measured(executor: str, folder: Path, seconds: float) -> tuple[int, float]:
    """Programs that two workers judge in that time, in slices of a minute; and the processor time of all (s)."""
    before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    folder.mkdir()
    with cluster(folder) if executor == "dask" else contextlib.nullcontext() as started:
        plan = write_plan(folder, executor, TARGETS[:2], more="" if started is None else started.table)
        plan.write_text(plan.read_text().replace("slice = 300", 'slice = "60s"').replace("ops = 6", "ops = 14"))
        done = subprocess.run(command("campaign", "run", plan, "--for", f"{seconds:g}s"), check=False)
        assert done.returncode == 0
    programs = sum(run.programs for run in Store.open(folder / "campaign").runs())
    return programs, sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before


def measure(folder: Path, seconds: float) -> None:
    """Two workers of Dask beside two local jobs, one after the other, twice."""
    totals = {"local": [0.0, 0.0], "dask": [0.0, 0.0]}
    for number in range(2):
        for executor, total in totals.items():
            programs, cpu = measured(executor, folder / f"{executor}{number}", seconds)
            total[0] += programs
            total[1] += cpu
            print(f"{executor}: {programs:,} programs, {cpu:.0f} s of processor time: {programs / cpu:,.0f} a second")
    (local, local_cpu), (dask, dask_cpu) = totals.values()
    print(
        f"dask/local: {dask / local:.3f} of the programs, {dask / dask_cpu * local_cpu / local:.3f} by processor time"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--executor", choices=["local", "folder", "dask"], default="local")
    for name, default in (("slices", 30), ("kills", 30), ("seed", 0)):
        options.add_argument(f"--{name}", type=int, default=default)
    options.add_argument("--measure", type=float, metavar="SECONDS", help="compare dask with local instead")
    chosen = options.parse_args(arguments)
    if chosen.measure is not None:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
            measure(Path(place), chosen.measure)
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        begin = time.monotonic()
        content = drill(chosen.executor, Path(place), chosen.slices, chosen.kills, chosen.seed)
        causes = sum(len(findings) for findings, _ in content.values())
        seconds = time.monotonic() - begin
        print(f"{chosen.executor}: {chosen.slices} slices, {chosen.kills} kills: the same {causes:,} causes, to the "
              f"byte, as by hand; {seconds:.0f} s")  # fmt: skip


if __name__ == "__main__":
    main()
