# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz compare`: all programs, each way to differ once, and which of the two warns; kernels in other commands."""

from __future__ import annotations

import re
from pathlib import Path

from dmafuzz.catalogue.files import file_of
from support import ROOT, run

RECEIVE = ROOT / "corpus" / "threads" / "net-dma-receive.dma"


def test_goes_on_after_ten_differences_and_tells_each_once() -> None:
    result = run("compare", "5.13", "5.15", "--programs", "40000")
    assert result.exit_code == 1
    last = result.output.strip().splitlines()[-1]
    found = re.fullmatch(
        r"5\.13 and 5\.15: 40,000 programs, [\d,]+ warnings, ([\d,]+) differences; (\d+) ways to differ", last
    )
    assert found
    assert int(found.group(1).replace(",", "")) > 10
    told = result.output.split("# ")[1:]
    assert len({each.split("\n", 1)[1] for each in result.stdout.split("differ\n")[:-1] if "\n" in each}) > 1
    assert told


def test_says_who_warns_and_whether_it_is_right() -> None:
    output = run("compare", "5.13", "5.14", "--programs", "20000", "--ops", "6").output
    assert re.search(r"^# 5\.14 warns of line-overlap after op \d+: (justified|hazard|false)", output, re.M)
    assert not re.search(r"^# 5\.13 warns", output, re.M)
    assert re.search(r"^# no warning of 5\.13 explains stale", output, re.M)


def test_trackers_that_agree() -> None:
    result = run("compare", "6.0", "6.13", "--programs", "3000")
    assert result.exit_code == 0
    assert "0 differences" in result.output
    assert "ways" not in result.output


def test_history_takes_a_tracker_of_ones_own() -> None:
    result = run("history", RECEIVE, "--tracker", "5.5+every-line", "--tracker", "noisy")
    rows = result.output.splitlines()
    assert rows[-1].startswith("noisy ")
    assert rows[-2].startswith("5.5+every-line ")
    assert run("history", RECEIVE, "--tracker", "kernel:nowhere").exit_code == 2


def test_catalogues_of_kernels_have_a_file_without_folders() -> None:
    assert file_of(Path("out"), "kernel:/usr/src/linux") == Path("out/kernel:_usr_src_linux.json.gz")
    result = run("catalogue", "kernel:nowhere", "--out", "nowhere")
    assert result.exit_code == 2
    assert "no such kernel tree" in result.stderr
