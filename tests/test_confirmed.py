# SPDX-License-Identifier: GPL-2.0-only
"""What a booted kernel says of a cause is kept in the store, and shown beside the finding."""

from __future__ import annotations

import functools
import resource
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dmafuzz import _core, platforms
from dmafuzz.cli import confirm as command
from dmafuzz.cli.main import main
from dmafuzz.confirmation import Confirming, building
from dmafuzz.findings import Finding, RawFinding, Replaying
from dmafuzz.store import Confirmed, Store
from dmafuzz.store.target import target_of
from dmafuzz.verdicts import judging
from stand_in_guest import KERNEL, StandInGuest
from support import program_of

NAMES = tuple(model.name for model in platforms.portfolio("6.12"))
PLATFORM = "x86-5.18-force-bounce"
# The sync copies the old bytes over what the device has written into the slot.
LOSES = program_of(
    "cpu0 b0 = alloc pages 64",
    "cpu0 m0 = map_page d0 b0 0 64 BIDIRECTIONAL",
    "cpu0 sync_single_for_device m0",
    "cpu0 unmap_page m0",
)
TARGET = target_of("6.12", "6.12", "6.12", NAMES)
_ANSWER_BYTES_MAX = 10_000


@pytest.fixture
def finding(tmp_path: Path) -> Finding:
    """One finding, in a store of its own: ``tmp_path / "findings"``."""
    bench = judging("6.12", "6.12")
    label, kind, reason = bench.signatures_on(LOSES, PLATFORM)[0]
    small = bench.minimize(LOSES, PLATFORM, label, kind, reason)
    raw = RawFinding(str(label), kind, PLATFORM, small.rules, _core.encode(list(small.program.ops)), reason)
    [found] = Replaying([raw], "6.12", "6.12", NAMES, "6.12").findings()
    assert found is not None
    store = Store.create(tmp_path / "findings")
    store.add(TARGET, [found])
    store.close()
    return found


def test_an_answer_that_does_not_fit_on_the_disk_is_told_and_not_cut(
    finding: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = (_ANSWER_BYTES_MAX, _ANSWER_BYTES_MAX)
    limited = functools.partial(subprocess.Popen, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    monkeypatch.setattr(subprocess, "Popen", limited)
    report = RawFinding(finding.label, finding.kinds[0], PLATFORM, finding.rules, finding.records, finding.reason)
    with pytest.raises(OSError, match="replaying: File too large"):
        Replaying([report] * 200, "6.12", "6.12", NAMES, "6.12").findings()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`dmafuzz` in a folder where a guest is a stand-in that bounces."""

    def boot() -> StandInGuest:
        return StandInGuest(bounces=True)

    one = Confirming(judging("6.12", "6.12"), PLATFORM, "force-bounce", KERNEL.version, boot)
    monkeypatch.setattr(command, "confirming_on", lambda *_: one)
    monkeypatch.setattr(building, "find", lambda name, arch: KERNEL)
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments)

    return invoke


def test_a_cause_is_confirmed_by_its_id_and_shown_so(finding: Finding, run: Any) -> None:
    result = run("confirm", finding.cause[:8], "--platform", PLATFORM)
    assert result.exit_code == 0, result.output
    assert f"{finding.cause}.dma" in result.output
    said = "confirmed on 6.12.117, swiotlb=force"
    assert said in run("show", finding.cause[:8]).output
    assert "confirmed on" in run("top").output  # whose lines are cut
    assert run("report", "findings", "--sarif", "found.sarif").exit_code == 0
    assert said in Path("found.sarif").read_text(encoding="utf-8")


def test_the_ledger_has_what_it_was_seen_on(finding: Finding, run: Any, tmp_path: Path) -> None:
    """A whole store is a folder like any other; the last answer of a machine counts."""
    for _ in range(2):
        assert run("confirm", "findings", "--platform", PLATFORM).exit_code == 0
    [answer] = Store.open(tmp_path / "findings").confirmed(TARGET)[finding.cause]
    where = (answer.kernel, answer.kernel_digest, answer.machine, answer.option, answer.platform)
    assert where == ("6.12.117", "0123abcd", "force-bounce", "swiotlb=force", PLATFORM)
    assert answer.answer == "confirmed"
    assert len(answer.log) == 64


def test_a_finding_that_is_a_file_is_known_by_its_name(finding: Finding, run: Any, tmp_path: Path) -> None:
    file = tmp_path / finding.file_name
    file.write_text(finding.file_text(), encoding="utf-8")
    assert run("confirm", str(file), "--platform", PLATFORM).exit_code == 0
    assert finding.cause in Store.open(tmp_path / "findings").confirmed(TARGET)


def test_an_id_that_nothing_has_is_said_in_one_line(finding: Finding, run: Any) -> None:
    result = run("confirm", "ffffffff")
    assert result.exit_code == 2
    assert result.output.strip() == "ffffffff: no file, no folder, and no cause has this ID in findings"
    assert "a store was expected in nowhere" in run("confirm", "ffffffff", "--store", "nowhere").output


def test_the_last_answer_of_a_kernel_and_a_machine_counts(finding: Finding, tmp_path: Path) -> None:
    store = Store.create(tmp_path / "findings")
    for machine, option, answer in (("plain", "", "not reproduced"), ("plain", "", "confirmed")):
        store.confirm(Confirmed(TARGET.key, finding.cause, "6.1.1", "00", machine, option, "x86-5.5", answer, "11"))
    assert [one.sentence for one in store.confirmed(TARGET)[finding.cause]] == ["confirmed on 6.1.1, plain"]
