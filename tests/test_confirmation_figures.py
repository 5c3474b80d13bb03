# SPDX-License-Identifier: GPL-2.0-only
"""Figures of a report on confirmations are counted from what `dmafuzz confirm` has written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dmafuzz.cli.main import main
from dmafuzz.confirmation import ConfirmationError
from dmafuzz.confirmation.figures import Figures

WHERE = {"kernel": "6.12.117", "machine": "plain"}
HUNT = {**WHERE, "hunt": "", "seed": 41, "seconds": 600.0, "programs": 9, "runs": 50, "answers": {"confirmed": 9}}


def said(answer: str, *tried: tuple[bool, str]) -> dict[str, Any]:
    return {**WHERE, "answer": answer, "runs": 2, "tried": [{"shown": shown, "reason": why} for shown, why in tried]}


def write(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def test_answers_witnesses_and_reasons_are_counted(tmp_path: Path) -> None:
    lines = (
        said("confirmed", (True, "")),
        said("not reproduced", (False, "the guest refuses: place (operation 2)"), (True, "")),
        said("not reproduced", (False, "")),
        said("impossible"),
    )
    counted = Figures()
    counted.add(write(tmp_path / "corpus.jsonl", *lines, HUNT))
    rows = counted.markdown().splitlines()
    assert "| 6.12.117 | plain | corpus | 4 | 8 | 1 | 2 (1) | 0 | 0 | 0 | 1 | 2 of 4 |" in rows
    assert "| 6.12.117 | plain | hunt, seed 41, 600 s | 9 | 50 | 9 | 0 (0) | 0 | 0 | 0 | 0 |  |" in rows
    assert "| the guest refuses: place | 1 |" in rows
    assert "| not known | 1 |" in rows


def test_tables_go_between_the_marks_of_a_report(tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    report.write_text("# Head\n<!-- figures -->\nold\n<!-- end of figures -->\nrest\n", encoding="utf-8")
    file = write(tmp_path / "corpus.jsonl", said("confirmed"))
    result = CliRunner().invoke(main, ["confirm", "figures", str(file), "--into", str(report)])
    assert result.exit_code == 0, result.output
    text = report.read_text(encoding="utf-8")
    assert text.startswith("# Head\n<!-- figures -->\n| kernel |")
    assert text.endswith("<!-- end of figures -->\nrest\n")
    assert "old" not in text


@pytest.mark.parametrize("text", ["nonsense\n", "[1]\n", '{"machine": "plain"}\n'])
def test_what_is_no_confirmation_is_told_by_its_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "corpus.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfirmationError, match=r"corpus\.jsonl:1: no line that `dmafuzz confirm --json`"):
        Figures().add(file)


def test_a_report_without_marks_is_left_alone(tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    report.write_text("nothing\n", encoding="utf-8")
    with pytest.raises(ConfirmationError, match="were expected in it"):
        Figures().into(report)
    assert report.read_text(encoding="utf-8") == "nothing\n"
