# SPDX-License-Identifier: GPL-2.0-only
"""Findings on disk: content-addressed files, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from dmafuzz.findings.finding import Finding, RawFinding
from dmafuzz.storage import write_all_whole, write_whole

Report = tuple[Path, list[RawFinding]]  # a worker's file, and what is in it


class FindingStore:
    """The findings of one output folder.

    ``reported/`` holds what workers recorded and what is not replayed yet; ``findings/`` the confirmed ones, one file
    for each cause; ``unconfirmed/`` those that did not show when replayed, which is a bug of dmafuzz to look at.
    """

    def __init__(self, folder: Path) -> None:
        self.reported = folder / "reported"
        self.confirmed = folder / "findings"
        self.unconfirmed = folder / "unconfirmed"
        for path in (self.reported, self.confirmed, self.unconfirmed):
            path.mkdir(parents=True, exist_ok=True)

    @cached_property
    def _known(self) -> set[str]:
        # On demand only: workers, which only report, need not look through ten thousands of files.
        return {entry.name for entry in os.scandir(self.confirmed) if entry.name.endswith(".dma")}

    def clear_leftovers(self) -> None:
        """Removes what a writer that was killed has left half written. For the only writer."""
        for path in self.confirmed.glob(".*.tmp"):
            path.unlink(missing_ok=True)

    @property
    def names(self) -> frozenset[str]:
        """The files of the confirmed findings."""
        return frozenset(self._known)

    def report(self, found: Sequence[RawFinding]) -> None:
        """Records at once what an engine reports. The same report lands in the same file."""
        if not found:
            return
        data = json.dumps([{**asdict(raw), "records": raw.records.hex()} for raw in found]).encode()
        write_whole(self.reported / f"{hashlib.sha256(data).hexdigest()[:16]}.json", data)

    def has(self, finding: Finding) -> bool:
        """Whether its cause is known here."""
        return finding.file_name in self._known

    def waiting(self, findings_max: int) -> list[Report]:
        """Reports that are not replayed yet, as many as have ``findings_max`` findings, or one."""
        reports: list[Report] = []
        count = 0
        for path in sorted(self.reported.glob("*.json")):
            if count >= findings_max:
                break
            found = [_raw(item) for item in json.loads(path.read_bytes())]
            reports.append((path, found))
            count += len(found)
        return reports

    def waiting_findings(self) -> int:
        """How many findings there are in the reports that are not replayed yet."""
        return sum(len(json.loads(path.read_bytes())) for path in self.reported.glob("*.json"))

    def settle(self, reports: Sequence[Report], findings: Sequence[Finding | None]) -> list[Finding]:
        """Files what replayed reports came to, ``findings`` in their order; returns those whose cause is new here.

        Reports go when all that came of them is on the disk.
        """
        new: dict[str, Finding] = {}
        for finding in findings:
            if finding is not None and not self.has(finding):
                new.setdefault(finding.file_name, finding)
        write_all_whole(self.confirmed, {name: finding.file_text().encode() for name, finding in new.items()})
        self._known |= new.keys()
        answers = iter(findings)
        for path, found in reports:
            if None in [next(answers) for _ in found]:
                os.replace(path, self.unconfirmed / path.name)
            else:
                path.unlink()
        return list(new.values())


def _raw(item: dict[str, Any]) -> RawFinding:
    records = bytes.fromhex(item["records"])
    return RawFinding(item["label"], item["kind"], item["platform"], tuple(item["rules"]), records, item["reason"])
