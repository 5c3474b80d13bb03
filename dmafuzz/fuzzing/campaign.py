"""The parent: starts workers, replays what they report, restarts the ones that die, draws the progress."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import multiprocess

from dmafuzz.findings import Finding, FindingStore, confirm
from dmafuzz.fuzzing import worker
from dmafuzz.fuzzing.appraisal import Appraisal
from dmafuzz.fuzzing.flight import last_program
from dmafuzz.fuzzing.packs import program_name
from dmafuzz.fuzzing.plan import Plan
from dmafuzz.fuzzing.progress import Progress
from dmafuzz.fuzzing.summary import Summary
from dmafuzz.storage import write_whole

LOOK_EVERY_S = 0.2
SETTLE_EVERY_S = 3.0
SETTLE_FINDINGS = 2_000  # at once: the parent looks after its workers in between
SETTLE_SHARE = 0.2  # of the parent's time at most: where there are as many jobs as CPUs, workers wait for it meanwhile
SILENT_S_MAX = 30.0  # a worker that says nothing for so long hangs
STOP_S_MAX = 5.0
RESTARTS_MAX = 100


@dataclass
class Child:
    """A worker as its parent sees it."""

    number: int
    generation: int
    process: Any
    link: Connection
    heard_at: float
    stats: dict[str, int] = field(default_factory=dict)


class Campaign:
    """One run of ``dmafuzz fuzz``. Everything it knows is in the output folder, so a second run goes on from there."""

    def __init__(self, plan: Plan, progress: Progress) -> None:
        self.plan = plan
        self.progress = progress
        self.summary = Summary()
        self.earlier_programs = 0
        self.earlier_seconds = 0.0
        self.started = time.time()  # of the first run in this folder
        self.retired_programs = 0
        self.settle_at = time.monotonic() + SETTLE_EVERY_S
        self.children: list[Child] = []
        self._appraisal = Appraisal(plan)
        # A fresh interpreter for each: nothing of the parent's state, and libFuzzer wants to be set up once a process.
        self.context = multiprocess.get_context("spawn")
        plan.create_folders()
        self.store = FindingStore(plan.out)
        self._resume()

    def run(self) -> Summary:
        """Searches until the time is up or somebody interrupts; always ends with everything recorded."""
        start = time.monotonic()
        self.progress.start(self.plan.seconds)
        try:
            self._search(start)
        except KeyboardInterrupt:
            self.summary.interrupted = True
        finally:
            # Whatever happened, no worker outlives its parent.
            self.summary.seconds = time.monotonic() - start
            self._stop()
        try:
            self._settle_all_reports()
        except KeyboardInterrupt:
            self.summary.interrupted = True  # what has not been replayed waits for the next run
        self._count_causes()
        self._update(self.summary.seconds)
        self.progress.end()
        self._save()
        return self.summary

    def _search(self, start: float) -> None:
        for number in range(self.plan.jobs):
            self.children.append(self._start(number, 0))
        while self.plan.seconds is None or time.monotonic() - start < self.plan.seconds:
            self._look_after()
            if time.monotonic() > self.settle_at:
                self._settle_reports()
            self._update(time.monotonic() - start)
            time.sleep(LOOK_EVERY_S)

    def _start(self, number: int, generation: int) -> Child:
        ours, theirs = self.context.Pipe()
        process = self.context.Process(target=worker.main, args=(self.plan, number, generation, theirs), daemon=True)
        process.start()
        theirs.close()
        return Child(number, generation, process, ours, time.monotonic())

    def _look_after(self) -> None:
        for index, child in enumerate(self.children):
            self._listen(child)
            silent = time.monotonic() - child.heard_at > SILENT_S_MAX
            if child.process.is_alive() and not silent:
                continue
            if child.process.is_alive():
                child.process.kill()
            child.process.join()
            self._bury(child, "hang" if silent else f"exit status {child.process.exitcode}")
            self.children[index] = self._start(child.number, child.generation + 1)

    def _listen(self, child: Child) -> None:
        try:
            while child.link.poll():
                child.stats = child.link.recv()
                child.heard_at = time.monotonic()
        except (EOFError, OSError):
            pass  # it has died; whoever looks at the process sees that

    def _bury(self, child: Child, why: str) -> None:
        """Quarantines the program that a worker died on, so that its successor does not load it."""
        self.retired_programs += child.stats.get("programs", 0)
        self.summary.restarts += 1
        records = last_program(self.plan.recorder(child.number))
        if records:
            name = program_name(records)
            write_whole(self.plan.quarantine / name, records)
            self.summary.quarantined.append(name)
            self.progress.say(f"worker {child.number} died ({why}) on {self.plan.quarantine / name}; restarted")
        else:
            self.progress.say(f"worker {child.number} died ({why}) before its first program; restarted")
        if self.summary.restarts > RESTARTS_MAX:
            raise RuntimeError(
                f"workers have died {self.summary.restarts} times; the programs are in {self.plan.quarantine}"
            )

    def _settle_reports(self) -> None:
        """Settles what has been reported, and says when to do so again."""
        start = time.monotonic()
        self._replay_reports()
        end = time.monotonic()
        self.settle_at = end + max(SETTLE_EVERY_S, (end - start) * (1 / SETTLE_SHARE - 1))

    def _settle_all_reports(self) -> None:
        """At the end: what there was no time for while the search was on."""
        left = self.store.waiting_findings()
        if left > SETTLE_FINDINGS:
            self.progress.say(f"the search has ended; replaying the last {left:,} reports")
        while self._replay_reports():
            self._update(self.summary.seconds)

    def _replay_reports(self) -> bool:
        """Replays reports in one fresh process: starting one costs more than replaying. False if there are none."""
        reports = self.store.waiting(SETTLE_FINDINGS)
        raw = [item for _, found in reports for item in found]
        if not raw:
            return False
        confirmed = confirm(raw, self.plan.tracker, self.plan.core_tracker, self.plan.platforms, self.plan.portfolio)
        findings = [self._appraise(finding) for finding in confirmed]
        self.summary.new += self.store.settle(reports, findings)
        self.summary.unconfirmed += findings.count(None)
        self._count_causes()
        return True

    def _appraise(self, finding: Finding | None) -> Finding | None:
        """Only what is new here: the rest is not written again."""
        if finding is None or self.store.has(finding):
            return finding
        return self._appraisal.of(finding)

    def _update(self, seconds: float) -> None:
        stats = [child.stats for child in self.children if child.stats]
        self.summary.programs = self.retired_programs + sum(s["programs"] for s in stats)
        self.summary.coverage = max((s["coverage"] for s in stats), default=0)
        self.summary.corpus = max((s["corpus"] for s in stats), default=0)
        self.summary.waiting = sum(s["waiting"] for s in stats)
        self.progress.update(seconds, self.summary)

    def _stop(self) -> None:
        for child in self.children:
            try:
                child.link.send("stop")
            except (BrokenPipeError, OSError):
                continue
        deadline = time.monotonic() + STOP_S_MAX
        for child in self.children:
            while child.process.is_alive() and time.monotonic() < deadline:
                self._listen(child)
                child.process.join(0.05)
            self._listen(child)
            if child.process.is_alive():
                child.process.kill()
                child.process.join()

    def _count_causes(self) -> None:
        self.summary.causes = Counter(name.split("-", 1)[0] for name in self.store.names)

    def _resume(self) -> None:
        path = self.plan.out / "campaign.json"
        if path.exists():
            facts = json.loads(path.read_text())
            self.earlier_programs = int(facts["programs"])
            self.earlier_seconds = float(facts.get("seconds", 0.0))
            self.started = float(facts.get("started", self.started))
        self.store.clear_leftovers()
        self._count_causes()

    def _save(self) -> None:
        facts = {
            "programs": self.earlier_programs + self.summary.programs,
            "started": self.started,
            "seconds": self.earlier_seconds + self.summary.seconds,
            "tracker": self.plan.tracker,
            "platforms": list(self.plan.platforms),
            "causes": dict(self.summary.causes),
        }
        write_whole(self.plan.out / "campaign.json", (json.dumps(facts, indent=2) + "\n").encode())
