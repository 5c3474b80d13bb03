# SPDX-License-Identifier: GPL-2.0-only
"""What the commands print as JSON is what the published schemas say (docs/reference/schemas)."""

from __future__ import annotations

import functools
import gzip
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from dmafuzz.confirmation import Confirmation, Tried
from support import said

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "docs" / "reference" / "schemas"
DIRTIED = ROOT / "corpus" / "threads" / "page-cache-bidirectional-dirtied.dma"
CLEAN = ROOT / "corpus" / "threads" / "page-cache-writeback-dirtied.dma"
SHARED_LINE = ROOT / "corpus" / "threads" / "two-fragments-of-one-line.dma"


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


@functools.cache
def checker(name: str) -> Any:
    """Schemas refer to each other by their files' names."""
    files = [(path.name, Resource.from_contents(json.loads(path.read_text()))) for path in SCHEMAS.iterdir()]
    kind = jsonschema.validators.validator_for(schema(name))
    kind.check_schema(schema(name))
    return kind(schema(name), registry=Registry().with_resources(files))


def assert_fits(value: Any, name: str) -> None:
    checker(name).validate(value)


def test_judge_prints_what_its_schema_says() -> None:
    files = [DIRTIED, CLEAN, SHARED_LINE, *sorted((ROOT / "corpus" / "machines").glob("*.dma"))[:20]]
    _, text = said("judge", *files, "--json")
    records = [json.loads(line) for line in text.splitlines()]
    assert len(records) > 300
    for record in records:
        assert_fits(record, "judge")
        assert len(record["witnesses"]) == len(record["corruptions"])


def test_a_schema_notices_what_it_should_not_have() -> None:
    _, text = said("judge", DIRTIED, "--json", "--platform", "arm64-6.5")
    record = json.loads(text)
    record["witnesses"][0]["steps"][0]["places"][0]["memory"] = "rotten"
    with pytest.raises(jsonschema.ValidationError, match="rotten"):
        assert_fits(record, "judge")


def test_explain_prints_what_its_schema_says() -> None:
    _, text = said("explain", ROOT / "docs" / "howto" / "logs" / "ftgmac100.txt", "--json")
    assert_fits(json.loads(text), "explain")


def test_top_and_show_print_what_their_schema_says(tmp_path: Path) -> None:
    head = json.loads(gzip.decompress((ROOT / "reports" / "catalogue" / "7.2.json.gz").read_bytes()))
    head["entries"] = head["entries"][:12]
    file = tmp_path / "catalogue.json"
    file.write_text(json.dumps(head))
    _, text = said("top", file, "--json", "-n", "2")
    records = [json.loads(line) for line in text.splitlines()]
    for record in records:
        assert_fits(record, "top")
    _, shown = said("show", records[0]["id"], file, "--json")
    assert_fits(json.loads(shown), "top")


def test_a_confirmation_fits_its_schema() -> None:
    tried = [Tried("stale-cpu-data", 2, "b0", 0, 64, False, "no cache")]
    made = Confirmation("p.dma", "plain", "x86-5.5", "6.12", expected=[(1, "leak")], tried=tried)
    record = json.loads(json.dumps(asdict(made), default=lambda value: value.value))
    assert_fits(record, "confirm")


def test_judge_says_what_there_is_to_look_at_and_the_way_out() -> None:
    _, text = said("judge", DIRTIED, CLEAN, "--json", "--platform", "arm64-6.5")
    dirtied, clean = (json.loads(line) for line in text.splitlines())
    [finding] = dirtied["findings"]
    assert (finding["label"], finding["grade"], finding["topic"]["id"]) == ("FN", "E", "accesses")
    assert finding["title"].startswith("User space dirties a page under BIDIRECTIONAL DMA")
    assert dirtied["repairs"][0]["words"] == "TO_DEVICE instead of BIDIRECTIONAL for m0 (op 1)"
    assert (clean["findings"], clean["repairs"]) == ([], [])


def test_fuzz_prints_what_its_schema_says(tmp_path: Path) -> None:
    status, text = said("fuzz", "--programs", "300", "--engine", "native", "--out", tmp_path / "found", "--json")
    assert status == 0, text
    record = json.loads(text.splitlines()[-1])
    assert_fits(record, "fuzz")
    assert record["first"][0]["id"]
    assert sum(record["topics"].values()) >= len(record["first"])
    del record["first"][0]["grade"]
    with pytest.raises(jsonschema.ValidationError, match="grade"):
        assert_fits(record, "fuzz")


def test_review_prints_what_its_schema_says() -> None:
    _, text = said("review", "6.12", "7.2", "--ops", "2", "--time", "0", "--json")
    record = json.loads(text.splitlines()[-1])
    assert_fits(record, "review")
    assert record["topics"][0]["causes"]


def test_a_catalogue_fits_its_schema() -> None:
    head = json.loads(gzip.decompress((ROOT / "reports" / "catalogue" / "7.2.json.gz").read_bytes()))
    assert_fits({**head, "entries": head["entries"][:12]}, "catalogue")
