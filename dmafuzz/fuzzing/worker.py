# SPDX-License-Identifier: GPL-2.0-only
"""A worker: one process, one engine. It tells the parent how it is doing; all else goes to the output folder."""

from __future__ import annotations

import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from dmafuzz.fuzzing.corpus_packs import SUFFIX, program_name, read_pack, write_pack
from dmafuzz.fuzzing.summary import WorkerStats

if TYPE_CHECKING:
    from dmafuzz.fuzzing.plan import Plan

REPORT_EVERY_S = 0.5
EXCHANGE_EVERY_S = 3.0
BURST_CHILDREN = 20_000
BURST_MS = 50
PROGRAM_BYTES_MAX = 64 * 32


class Worker:
    """One engine and its links to the parent and the output folder."""

    def __init__(self, plan: Plan, number: int, generation: int, link: Connection) -> None:
        from dmafuzz import _core, platforms
        from dmafuzz.findings import FindingStore

        self.plan = plan
        self.link = link
        self.store = FindingStore(plan.out)
        portfolio = [platforms.to_core(platforms.load(name)) for name in plan.platforms]
        # Workers, and their successors after a crash, walk different ways from the same seed.
        seed = (plan.seed * 1_000_003 + number) * 1_000_003 + generation
        self.engine = _core.Engine(plan.core_tracker, portfolio, seed, plan.ops_limit)
        self.engine.record_to(str(plan.recorder(number)))
        self.quarantined = {path.name for path in plan.quarantine.glob("*")}
        self.loaded: set[str] = set()
        self.told: set[int] = set()  # what makes two reports the same finding
        self.reported_at = 0.0
        self.exchanged_at = 0.0

    def load_corpus(self) -> None:
        """Adds what others, or an earlier run, have found; a program that a worker died on is left alone."""
        self.exchanged_at = time.monotonic()
        for entry in sorted(os.scandir(self.plan.corpus), key=lambda entry: entry.name):
            if entry.name in self.loaded or not entry.name.endswith(SUFFIX) or entry.name.startswith("."):
                continue
            self.loaded.add(entry.name)
            for records in read_pack(Path(entry.path)):
                if program_name(records) not in self.quarantined:
                    self.engine.add(records)
                self.report()

    def exchange(self) -> None:
        """Now and then takes over what others have found."""
        if time.monotonic() - self.exchanged_at > EXCHANGE_EVERY_S:
            self.load_corpus()

    def keep_novel(self) -> None:
        """Puts the novel programs into the shared corpus."""
        novel = self.engine.take_novel()
        if novel:
            self.loaded.add(write_pack(self.plan.corpus, novel).name)

    def report(self, force: bool = False) -> bool:
        """Records findings, now and then reports to the parent; false when the parent wants the worker to stop."""
        now = time.monotonic()
        if not force and now - self.reported_at < REPORT_EVERY_S:
            return True
        self.reported_at = now
        self.record_findings()
        self.keep_novel()
        try:
            stats = self.engine.stats()
            self.link.send(WorkerStats(stats.programs, stats.coverage, stats.corpus, stats.waiting))
            return not self.link.poll()
        except (BrokenPipeError, ConnectionResetError, EOFError):
            return False  # the parent is gone

    def record_findings(self) -> None:
        """Reports what the engine has found; once, where several reports are the same finding: a program that shows
        a label in several kinds."""
        from dmafuzz import _core
        from dmafuzz.findings.finding import RawFinding

        news = []
        for found in self.engine.take_findings():
            raw = RawFinding(
                found.label,
                found.kind,
                found.platform,
                found.rules,
                _core.encode(found.ops),
                found.reason,
            )
            identity = hash((raw.label, raw.rules, raw.reason, raw.records))
            if identity not in self.told:
                self.told.add(identity)
                news.append(raw)
        self.store.report(news)

    def run_native(self) -> None:
        """The plain loop: bursts until the parent says stop."""
        self.load_corpus()
        while self.report():
            self.engine.burst(BURST_CHILDREN, BURST_MS)
            self.exchange()
        self.report(force=True)

    def run_atheris(self) -> None:
        """libFuzzer drives, the engine's burst is its mutator. Its corpus stays in memory; the shared one is packs."""
        from dmafuzz import _core

        _core.expose_mutator()
        import atheris
        from atheris import core_with_libfuzzer

        self.engine.register_counters(core_with_libfuzzer.__file__)
        self.engine.drive_libfuzzer(BURST_CHILDREN, BURST_MS)

        self.load_corpus()

        def target(records: bytes) -> None:
            # For its marks in the coverage map; the burst that made it has kept it already.
            self.engine.run(records)
            self.exchange()
            if self.report():
                return
            self.report(force=True)
            # libFuzzer has no way to be asked to stop that runs Python code afterwards.
            os._exit(0)

        arguments = [
            sys.argv[0],
            "-handle_int=0",
            "-handle_term=0",
            "-len_control=0",
            "-verbosity=0",
            "-timeout=60",
            "-rss_limit_mb=0",
            f"-max_len={PROGRAM_BYTES_MAX}",
            f"-artifact_prefix={self.plan.out / 'workers'}{os.sep}",
            f"-seed={1 + self.plan.seed % 2**31}",
        ]
        atheris.Setup(arguments, target, internal_libfuzzer=True)
        atheris.Fuzz()


def main(plan: Plan, number: int, generation: int, link: Connection) -> None:
    """The worker process. Ctrl-C is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = Worker(plan, number, generation, link)
    if plan.engine == "atheris":
        # libFuzzer's chatter is not for the user; what kills a worker is found in the file of the current input.
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        worker.run_atheris()
    else:
        worker.run_native()
