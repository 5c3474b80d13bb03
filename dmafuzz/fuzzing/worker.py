# SPDX-License-Identifier: GPL-2.0-only
"""A worker: one process, one engine. It tells the parent how it is doing; all else goes to the output folder."""

from __future__ import annotations

import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from dmafuzz.fuzzing.summary import WorkerFailed, WorkerStats

if TYPE_CHECKING:
    from dmafuzz.fuzzing.plan import Plan

REPORT_EVERY_S = 0.5
EXCHANGE_EVERY_S = 3.0
BURST_CHILDREN = 20_000
BURST_MS = 50
REPEATABLE_BURST_CHILDREN = 512
PROGRAM_BYTES_MAX = 64 * 32
FAILED_STATUS = 3
TIMEOUT_S = 1_000_000  # by libFuzzer's clock, which a busy machine misleads: the parent looks at a worker's own time


class Worker:
    """One engine and its links to the parent and the output folder."""

    def __init__(self, plan: Plan, number: int, generation: int, link: Connection) -> None:
        from dmafuzz import _core, platforms
        from dmafuzz.fuzzing.exchange import Exchange
        from dmafuzz.fuzzing.suspect import quarantined

        self.plan = plan
        self.link = link
        self.repeatable = plan.programs is not None
        portfolio = [platforms.to_core(platforms.load(name)) for name in plan.platforms]
        # Workers, and their successors after a crash, walk different ways from the same seed.
        seed = ((plan.seed * 1_000_003 + number) * 1_000_003 + generation) % (1 << 64)
        part, parts = plan.part * plan.jobs + number, plan.parts * plan.jobs
        self.engine = _core.Engine(plan.core_tracker, portfolio, seed, plan.ops_limit, self.repeatable, part, parts)
        self.engine.record_to(os.fsencode(plan.recorder(number)))
        self.quarantined = quarantined(plan.quarantine, plan.target)
        self.exchange = Exchange(plan.workers, number, generation)
        self.share = plan.programs_of(number)
        self.told: set[int] = set()  # what makes two reports the same finding
        self.reported_at = 0.0
        self.exchanged_at = 0.0

    def load_corpus(self) -> None:
        """Adds what earlier runs have found."""
        from dmafuzz.store import read_corpus

        for records in read_corpus(self.plan.out, self.plan.target, self.repeatable):
            self.add(records)
        if self.share is not None:
            self.share += self.engine.stats().programs

    def add(self, records: bytes) -> None:
        """A program of another's; one that a worker died on is left alone."""
        from dmafuzz.fuzzing.suspect import program_name

        if not self.quarantined or program_name(records) not in self.quarantined:
            self.engine.add(records)
        self.report()

    def take_over(self) -> None:
        """Now and then takes over what others have found; never where it must not matter how fast they are."""
        if not self.repeatable and time.monotonic() - self.exchanged_at > EXCHANGE_EVERY_S:
            self.exchanged_at = time.monotonic()
            for records in self.exchange.take():
                self.add(records)

    def report(self, force: bool = False, done: bool = False) -> bool:
        """Records findings, now and then reports to the parent; false when the parent wants the worker to stop."""
        now = time.monotonic()
        if not force and now - self.reported_at < REPORT_EVERY_S:
            return True
        self.reported_at = now
        self.record_findings()
        self.exchange.give(self.engine.take_novel())
        try:
            stats = self.engine.stats()
            self.link.send(WorkerStats(stats.programs, stats.coverage, stats.corpus, stats.waiting, done))
            return not self.link.poll()
        except (BrokenPipeError, ConnectionResetError, EOFError):
            return False  # the parent is gone

    def record_findings(self) -> None:
        """Reports what the engine has found; once, where several reports are the same finding: a program that shows
        a label in several kinds."""
        from dmafuzz import _core
        from dmafuzz.findings.finding import RawFinding
        from dmafuzz.store.reports import write_report

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
        if news:
            write_report(self.plan.out / "reported", self.plan.target, news)

    def run_native(self) -> None:
        """The plain loop: bursts until the parent says stop, or all programs are judged."""
        self.load_corpus()
        while self.report():
            if self.share is None:
                self.engine.burst(BURST_CHILDREN, BURST_MS)
                self.take_over()
                continue
            left = self.share - self.engine.stats().programs
            if left <= 0:
                break
            self.engine.burst(min(left, REPEATABLE_BURST_CHILDREN))
        self.report(force=True, done=self.share is not None and self.engine.stats().programs >= self.share)

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
            try:
                self.engine.run(records)
                self.take_over()
                if self.report():
                    return
                self.report(force=True)
            except BaseException as error:
                # libFuzzer would take it for a crash of the program.
                give_up(self.link, error)
            # libFuzzer has no way to be asked to stop that runs Python code afterwards.
            os._exit(0)

        arguments = [
            sys.argv[0],
            "-handle_int=0",
            "-handle_term=0",
            "-handle_xfsz=0",
            "-len_control=0",
            "-verbosity=0",
            f"-timeout={TIMEOUT_S}",
            "-rss_limit_mb=0",
            f"-max_len={PROGRAM_BYTES_MAX}",
            f"-artifact_prefix={self.artifacts()}",
            f"-seed={1 + self.plan.seed % 2**31}",
        ]
        atheris.Setup(arguments, target, internal_libfuzzer=True)
        atheris.Fuzz()

    def artifacts(self) -> str:
        """Where libFuzzer may leave what it crashed on: by a handle, for it cannot spell the name of every folder."""
        return f"/proc/self/fd/{os.open(self.plan.workers, os.O_PATH | os.O_DIRECTORY)}{os.sep}"


def give_up(link: Connection, error: BaseException) -> None:
    """Tells the parent why, and ends the process."""
    ours = not isinstance(error, OSError | MemoryError)
    text = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else "a worker"
        text = f"{where}: {error.strerror}"
    elif ours:
        text = f"a worker has failed: {type(error).__name__}: {text}"
    try:
        link.send(WorkerFailed(" ".join(text.split()), ours))
    finally:
        os._exit(FAILED_STATUS)


def main(plan: Plan, number: int, generation: int, link: Connection) -> None:
    """The worker process. Signals that end a run are the parent's business."""
    for number_of_signal in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number_of_signal, signal.SIG_IGN)
    try:
        worker = Worker(plan, number, generation, link)
        if plan.core_tracker.startswith("kernel"):
            from dmafuzz.kernel.confine import confine

            confine([plan.workers, plan.out / "reported"])  # the code is loaded, and has not run yet
        if plan.engine == "atheris":
            # libFuzzer's chatter is not for the user; standard error is a file, whose last line the parent reads.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            worker.run_atheris()
        else:
            worker.run_native()
    except Exception as error:
        give_up(link, error)
