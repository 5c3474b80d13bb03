"""Findings on disk: content-addressed files, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from dmafuzz.findings.finding import Finding, RawFinding


def write_whole(path: Path, data: bytes) -> None:
    """Writes to a temporary name, syncs, renames: after a crash the file is all there or not there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


class FindingStore:
    """The findings of one output folder.

    ``reported/`` holds what workers recorded and nobody has replayed yet; ``findings/`` the confirmed ones, one file
    for each cause; ``unconfirmed/`` those that did not show when replayed, which is a bug of dmafuzz to look at.
    """

    def __init__(self, folder: Path) -> None:
        self.reported = folder / "reported"
        self.confirmed = folder / "findings"
        self.unconfirmed = folder / "unconfirmed"
        for path in (self.reported, self.confirmed, self.unconfirmed):
            path.mkdir(parents=True, exist_ok=True)

    def report(self, found: Sequence[RawFinding]) -> None:
        """Records at once what an engine reports. The same report lands in the same file."""
        if not found:
            return
        data = json.dumps([{**asdict(raw), "records": raw.records.hex()} for raw in found]).encode()
        write_whole(self.reported / f"{hashlib.sha256(data).hexdigest()[:16]}.json", data)

    def has(self, finding: Finding) -> bool:
        """Whether its cause is known here."""
        return (self.confirmed / finding.file_name).exists()

    def waiting(self) -> Iterator[tuple[Path, list[RawFinding]]]:
        """The reports that nobody has replayed."""
        for path in sorted(self.reported.glob("*.json")):
            yield (
                path,
                [
                    RawFinding(
                        item["label"],
                        item["kind"],
                        item["platform"],
                        tuple(item["rules"]),
                        bytes.fromhex(item["records"]),
                    )
                    for item in json.loads(path.read_bytes())
                ],
            )

    def settle(self, path: Path, findings: Sequence[Finding | None]) -> list[Finding]:
        """Files what a replayed report came to; returns the findings whose cause is new here."""
        new: list[Finding] = []
        for finding in findings:
            if finding is None or self.has(finding):
                continue
            write_whole(self.confirmed / finding.file_name, finding.file_text().encode())
            new.append(finding)
        if None in findings:
            os.replace(path, self.unconfirmed / path.name)
        else:
            path.unlink()
        return new
