# SPDX-License-Identifier: GPL-2.0-only
"""What `explain --json` and `trace judge --json` print is what their schemas say, whatever the input is."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import splats
from dmafuzz import _core, kernel_log, traces
from dmafuzz.kernel_log.leaders import BYTES_MAX, FILE
from dmafuzz.program import Program
from dmafuzz.verdicts import judging

ROOT = Path(__file__).parent.parent
RECORDINGS = sorted((Path(__file__).parent / "traces").iterdir())
PAIR = ROOT / "docs" / "howto" / "logs" / "two-parts-of-a-line.trace"
DUMP = (
    "e1000e 0000:00:19.0 scather-gather idx 0 P=20a7320000 N=20a7320 D=20a7320000 L=30 DMA_BIDIRECTIONAL "
    "dma map error check not applicable"
)
OTHERS = "[    1.0] e1000e 0000:00:19.0: swiotlb buffer is full (sz: 4096 bytes)"


@cache
def checker(name: str) -> Any:
    schema = json.loads((ROOT / "docs" / "reference" / "schemas" / f"{name}.schema.json").read_text())
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def fits(name: str, value: dict[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(json.dumps(value))
    checker(name).validate(record)
    return record


def judged(lines: list[str], *trackers: str) -> dict[str, Any]:
    counts = traces.Counts()
    bench = traces.Bench(trackers or ("6.12",), "6.12")
    return fits("trace", traces.to_json(traces.judged(traces.events(lines, counts), counts, bench), "a trace"))


@pytest.mark.parametrize("path", [*RECORDINGS, PAIR], ids=lambda path: path.stem)
def test_a_judged_trace_fits_its_schema(path: Path) -> None:
    record = judged(list(traces.lines(str(path))), "6.12", "7.2")
    assert record["trackers"] == ["6.12", "7.2"]
    assert record["findings"] or record["nothing_lost"]


def test_traces_of_random_programs_fit_it_too() -> None:
    bench = judging("6.12", "6.12")
    kinds: set[str] = set()
    for seed in range(10):
        program = Program(_core.random_program(seed, 14))
        record = judged(list(traces.lines_of(traces.events_of(program, bench, bench.members[0]), "ftrace")))
        kinds.update(kind for finding in record["findings"] for kind in finding if finding[kind])
    assert kinds >= {"losses", "warnings", "might_share_lines", "programs"}


@pytest.mark.parametrize("wrong", [{"live_at_most": -1}, {"portfolio": None}, {"colour": 3}], ids=str)
def test_the_schema_of_traces_notices_what_it_should_not_have(wrong: dict[str, Any]) -> None:
    record = judged(PAIR.read_text().splitlines())
    with pytest.raises(jsonschema.ValidationError):
        checker("trace").validate({**record, **wrong})
    record["findings"][0]["losses"][0]["platforms"] = []
    with pytest.raises(jsonschema.ValidationError):
        checker("trace").validate(record)


@pytest.mark.parametrize("each", list(splats.printed()), ids=lambda each: f"{each.check}-{each.version}")
def test_an_answer_to_a_log_fits_its_schema(each: splats.Printed) -> None:
    log = kernel_log.read("\n".join((*each.lines, DUMP, OTHERS)).encode())
    record = fits("explain", kernel_log.to_json(kernel_log.answer(log), "log"))
    assert record["causes"]
    assert record["others"]


def test_the_table_of_leaders_is_small_enough_for_the_wheel() -> None:
    file = Path(kernel_log.__file__).parent / FILE
    assert 1_000 < file.stat().st_size <= BYTES_MAX == 200_000
