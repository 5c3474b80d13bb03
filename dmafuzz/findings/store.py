"""Findings on disk: content-addressed files, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from dmafuzz.findings.finding import Finding, RawFinding


def write_whole(path: Path, data: bytes) -> None:
    """Writes to a temporary name, syncs, renames: after a crash the file is all there or not there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(temporary, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


class FindingStore:
    """The findings of one output folder.

    ``reported/`` holds what workers recorded and nobody has replayed yet; ``findings/`` the confirmed ones, one file for each
    cause; ``unconfirmed/`` those that did not show when replayed, which is a bug of dmafuzz to look at.
    """

    def __init__(self, folder: Path) -> None:
        self.reported = folder / "reported"
        self.confirmed = folder / "findings"
        self.unconfirmed = folder / "unconfirmed"
        for path in (self.reported, self.confirmed, self.unconfirmed):
            path.mkdir(parents=True, exist_ok=True)

    def report(self, raw: RawFinding) -> None:
        """Records at once what an engine reports. The same report lands in the same file."""
        data = json.dumps({**asdict(raw), "records": raw.records.hex()}).encode()
        write_whole(self.reported / f"{hashlib.sha256(data).hexdigest()[:16]}.json", data)

    def waiting(self) -> Iterator[tuple[Path, RawFinding]]:
        """What has been reported and not replayed."""
        for path in sorted(self.reported.glob("*.json")):
            item = json.loads(path.read_bytes())
            yield path, RawFinding(item["label"], item["kind"], item["platform"], tuple(item["rules"]), bytes.fromhex(item["records"]))

    def settle(self, path: Path, finding: Finding | None) -> bool:
        """Files a replayed report; true if its cause is new here."""
        if finding is None:
            os.replace(path, self.unconfirmed / path.name)
            return False
        target = self.confirmed / finding.file_name
        new = not target.exists()
        if new:
            write_whole(target, finding.file_text().encode())
        path.unlink()
        return new
