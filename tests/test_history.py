# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz history`: eras that come to the same stand in one line, and each line says what judging says."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from dmafuzz.cli.main import main
from dmafuzz.program import read
from dmafuzz.trackers import builtins, default_portfolio
from dmafuzz.verdicts import judging
from support import run

RECEIVE = Path(__file__).parent.parent / "corpus/threads/net-dma-receive.dma"


def lines(*args: object) -> list[str]:
    result = run("history", *args)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def rows(*args: object) -> dict[str, tuple[str, str]]:
    """Labels and warnings, by the names at the beginning of the lines."""
    return {
        name: (labels, warnings)
        for name, labels, warnings in (re.split(r"\s{2,}", line, maxsplit=2) for line in lines(*args)[1:])
    }


def test_every_era_and_proposal_is_in_one_line() -> None:
    said = rows(RECEIVE)
    eras = [each.name for each in reversed(builtins()) if each.kind == "era" and not each.vendor]
    covered: list[str] = []
    for name in said:
        first, _, last = name.partition(" to ")
        if first in eras:
            covered += eras[eras.index(first) : eras.index(last or first) + 1]
    assert covered == eras
    others = {each.name for each in builtins() if each.kind == "proposal"} | {"Debian's 6.1", "Debian's 6.12"}
    assert others <= set(said)


def test_a_line_says_what_judging_says() -> None:
    program = read(RECEIVE)
    for name, (labels, warnings) in rows(RECEIVE).items():
        tracker = name.removeprefix("Debian's ").partition(" to ")[0]
        bench = judging(tracker, default_portfolio(tracker))
        found = [bench.judge(program, platform) for platform in bench.members]
        said = set(re.findall(r"[A-Za-z]{2,}", labels)) - {"of", "some"}
        assert said == {label for judgement in found for label in judgement.labels}
        fired = {warning.id for judgement in found for warning in judgement.warnings}
        assert fired == set(warnings.split(", ")) - {"-"}


def test_on_one_platform_it_is_or_it_is_not() -> None:
    for labels, _ in rows(RECEIVE, "--platform", "x86-5.5").values():
        assert "(" not in labels


def test_net_dma_is_caught_from_assert_idle_to_its_removal() -> None:
    said = rows(RECEIVE, "--platform", "x86-5.5")
    assert said["3.14-rc1 to 5.5"] == ("TP", "assert-idle")
    assert said["5.9 to 7.2"] == ("FN", "-")


def test_bad_input_is_one_message(tmp_path: Path) -> None:
    for args in ([tmp_path / "none.dma"], [RECEIVE, "--platform", "x87"]):
        result = CliRunner().invoke(main, ["history", *map(str, args)])
        assert result.exit_code == 2
        assert len(result.output.splitlines()) <= 3
