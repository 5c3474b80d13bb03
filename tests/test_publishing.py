# SPDX-License-Identifier: GPL-2.0-only
"""What is published of findings: formats that other tools read are read by them, and say what was found."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from junitparser import JUnitXml

from dmafuzz.program import Program, parse, read
from dmafuzz.publishing import Run, finding_of, run_of, write_pages
from dmafuzz.publishing.content import Finding, HeatMap
from dmafuzz.publishing.html import finding_page, run_page
from dmafuzz.publishing.junit import junit_of
from dmafuzz.publishing.ktap import ktap_of
from dmafuzz.publishing.leads import growth_of
from dmafuzz.publishing.markdown import markdown_of
from dmafuzz.publishing.pictures import pictures_of
from dmafuzz.publishing.sarif import sarif_of
from dmafuzz.publishing.sharing import by_owners, by_platforms
from dmafuzz.verdicts import judging
from support import said

ROOT = Path(__file__).parent.parent
SARIF = Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json"
DIRTIED = ROOT / "corpus" / "threads" / "page-cache-bidirectional-dirtied.dma"
CLEAN = ROOT / "corpus" / "threads" / "page-cache-writeback-dirtied.dma"
SHARED_LINE = ROOT / "corpus" / "threads" / "two-fragments-of-one-line.dma"
NASTY = '<script>alert("&")</script>'


def content(*files: Path, name: str = "") -> tuple[list[Finding], list[Program]]:
    bench = judging("6.12", "6.12")
    programs = [read(str(file)) for file in files]
    findings = [
        finding_of(name or file.name, program, bench, bench.members)
        for file, program in zip(files, programs, strict=True)
    ]
    return findings, programs


@cache
def run() -> Run:
    findings, programs = content(DIRTIED, CLEAN, SHARED_LINE)
    return run_of("three programs", "by hand", findings, programs, "dmafuzz judge")


def assert_fits(value: Any, against: Any) -> None:
    checker = jsonschema.validators.validator_for(against)
    checker.check_schema(against)
    checker(against).validate(value)


# The content


def test_a_drawing_has_a_cell_for_each_lane_at_each_step() -> None:
    drawings = [drawing for finding in run().findings for drawing in finding.drawings]
    assert len(drawings) > 3
    for drawing in drawings:
        assert {len(step.cells) for step in drawing.steps} == {len(drawing.lanes)}


def test_the_lanes_of_a_dirtied_page() -> None:
    drawing = next(d for d in run().findings[0].drawings if d.title.startswith("the CPU may read stale data"))
    assert [lane.title for lane in drawing.lanes] == ["cpu0", "cpu1", "CPU cache", "memory", "d0", "dma-debug"]
    assert [step.lead for step in drawing.steps] == ["op 0", "op 1", "op 2", "meanwhile", "meanwhile", "op 3", "so"]
    write_back = drawing.steps[4]
    assert write_back.text == "the dirty cacheline of memory is written back"
    assert [cell.arrow for cell in write_back.cells] == ["", "", "", "left", "", ""]
    assert [chip.word for chip in write_back.cells[3].chips] == ["stale"]
    assert [cell.band for cell in write_back.cells] == [False, False, False, False, True, False]
    assert drawing.steps[2].rules == ("hands-off",)
    assert [chip.word for chip in drawing.steps[-1].cells[2].chips] == ["reads stale data"]


def test_what_is_warned_of_stands_with_the_tracker() -> None:
    drawing = run().findings[2].drawings[-1]
    warned = [chip.word for step in drawing.steps for chip in step.cells[-1].chips if chip.tone == "warning"]
    assert warned == ["warns: line-overlap"]


def test_growth_counts_time_of_searching_only() -> None:
    """Two runs of 10 s, an hour apart."""
    growth = growth_of([1002.0, 1005.0, 1005.0, 4603.0, 12.0], [(1000.0, 10.0), (4600.0, 10.0)])
    assert growth is not None
    assert (growth.seconds, growth.causes) == ((0.0, 2.0, 5.0, 13.0), (0, 1, 3, 4))
    assert growth_of([], [(0.0, 1.0)]) is None
    assert growth_of([1002.0, 1005.0], [(1000.0, 10.0)]) is None  # two points are no line


def test_what_sets_share_is_counted_by_combination() -> None:
    shared = by_owners("causes", {"4.19": {1, 2, 3}, "5.15": {2, 3}, "6.12": {3, 4}, "none": set()})
    assert shared is not None
    assert shared.sets == (("4.19", 3), ("5.15", 2), ("6.12", 2))
    assert set(shared.rows) == {
        ((True, False, False), 1), ((True, True, False), 1), ((True, True, True), 1), ((False, False, True), 1)
    }  # fmt: skip
    assert by_owners("causes", {"4.19": {1, 2}, "5.15": {1, 2}}) is None  # nothing to compare


def test_rare_combinations_are_left_out_and_counted() -> None:
    names = [f"p{number}" for number in range(6)]
    shown = {("FN", tuple(name for at, name in enumerate(names) if bits >> at & 1)): bits for bits in range(1, 41)}
    shared = by_platforms("FN", names, {**shown, ("FP", ("p0",)): 1000})
    assert shared is not None
    assert [count for _, count in shared.rows] == list(range(40, 16, -1))
    assert shared.others == (16, sum(range(1, 17)))


def test_pictures_stand_alone(tmp_path: Path) -> None:
    shared = by_owners("causes", {"4.19": {1, 2, 3}, "<7.2>": {3, 4}})
    lacks = HeatMap(("4.19", "<7.2>"), (("nothing <is> checked", ((12, 3), None)),))
    growth = growth_of([1001.0, 1002.0, 1005.0], [(1000.0, 10.0)])
    drawn = pictures_of(replace(run(), shared=shared, shared_title="shared", lacks=lacks, growth=growth))
    assert sorted(drawn) == ["growth.svg", "labels.svg", "lacks.svg", "shared.svg"]
    for text in drawn.values():
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        words = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
        assert words
        width = float(root.attrib["width"])
        rights = [
            float(r.attrib["x"]) + float(r.attrib["width"]) for r in root.iter("{http://www.w3.org/2000/svg}rect")
        ]
        assert max(rights) <= width
    assert "seconds of searching" in drawn["growth.svg"]
    assert "causes found" in drawn["growth.svg"]


# Pages


def test_pages_are_one_file_each_and_small(tmp_path: Path) -> None:
    pages = write_pages(run(), tmp_path / "pages")
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == sorted(path.name for path in pages)
    assert len(pages) == 4
    for page in pages:
        text = page.read_text()
        assert len(text) < 120_000
        for outside in ("<script", "http://", "https://", "@import", "url("):
            assert outside not in text
    index = pages[0].read_text()
    assert all(f'href="{page.name}"' in index for page in pages[1:])


def test_names_are_text_on_a_page() -> None:
    [finding], programs = content(DIRTIED, name=NASTY)
    pages = [finding_page(finding), run_page(run_of(NASTY, NASTY, [finding], programs, NASTY))]
    assert not any(NASTY in page for page in pages)
    assert all("&lt;script&gt;" in page for page in pages)


def test_a_program_without_a_fault_has_a_page() -> None:
    assert "nothing is lost on 18 of 18 platforms" in finding_page(run().findings[1]).lower()


def test_a_program_too_long_to_be_drawn_is_listed() -> None:
    bench = judging("6.12", "6.12")
    lines = ["dmafuzz 1", "cpu0 b0 = alloc pages 4096", *["cpu0 write b0 0 64"] * 30]
    page = finding_page(finding_of("long", parse("\n".join(lines) + "\n"), bench, bench.members))
    assert "more than 24 operations" in page


# For other tools


def test_sarif_fits_its_schema() -> None:
    document = json.loads(sarif_of(run(), "1.0.0"))
    assert_fits(document, json.loads(SARIF.read_text()))
    [of_run] = document["runs"]
    assert [result["level"] for result in of_run["results"]] == ["error", "none", "warning"]
    flow = of_run["results"][0]["codeFlows"][0]
    assert [lane["id"] for lane in flow["threadFlows"]] == ["cpu0", "cpu1", "CPU cache", "memory", "d0", "dma-debug"]
    orders = [[step["executionOrder"] for step in lane["locations"]] for lane in flow["threadFlows"]]
    assert all(order == sorted(set(order)) for order in orders)


def test_sarif_says_what_the_baseline_has() -> None:
    findings = [replace(finding, known=number == 0) for number, finding in enumerate(run().findings)]
    document = json.loads(sarif_of(replace(run(), findings=tuple(findings)), "1.0.0"))
    assert_fits(document, json.loads(SARIF.read_text()))
    results = document["runs"][0]["results"]
    assert [result["baselineState"] for result in results] == ["unchanged", "new", "new"]
    assert ["suppressions" in result for result in results] == [True, False, False]


def test_junit_is_read_by_its_parser(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(junit_of(run()))
    [suite] = JUnitXml.fromfile(str(path))
    assert (suite.tests, suite.failures, suite.skipped) == (3, 2, 0)
    outcomes = [[type(result).__name__ for result in case.result] for case in suite]
    assert outcomes == [["Failure"], [], ["Failure"]]


def test_ktap_is_as_the_kernel_has_it() -> None:
    """Documentation/dev-tools/ktap.rst: a version, a plan, then results in order, and diagnostics between them."""
    version, plan, *rest = ktap_of(run()).splitlines()
    assert (version, plan) == ("KTAP version 1", "1..3")
    results = [line for line in rest if not line.startswith("#")]
    assert [line.split(f" {number} ")[0] for number, line in enumerate(results, 1)] == ["not ok", "ok", "not ok"]


def test_markdown_has_a_row_and_a_section_for_each() -> None:
    text = markdown_of(run())
    assert text.count("\n## ") == 3
    assert sum(line.startswith(("| 1 |", "| 2 |", "| 3 |")) for line in text.splitlines()) == 3


# Commands


def test_report_writes_what_is_asked_for(tmp_path: Path) -> None:
    outputs = {name: tmp_path / name for name in ("markdown", "sarif", "junit", "ktap")}
    options = [part for name, path in outputs.items() for part in (f"--{name}", path)]
    status, text = said("report", DIRTIED, CLEAN, "--html", tmp_path / "pages", *options)
    assert status == 0, text
    assert (tmp_path / "pages" / "page-cache-bidirectional-dirtied.html").exists()
    assert all(path.stat().st_size > 100 for path in outputs.values())


def test_report_of_a_catalogue_leads_with_its_topics(tmp_path: Path) -> None:
    made = gzip.decompress((ROOT / "reports" / "catalogue" / "7.2.json.gz").read_bytes())
    head = json.loads(made)
    head["entries"] = head["entries"][:12]
    file = tmp_path / "catalogue.json"
    file.write_text(json.dumps(head))
    status, text = said("report", file, "--html", tmp_path / "pages", "-n", "2")
    assert status == 0, text
    index = (tmp_path / "pages" / "index.html").read_text()
    assert "12 causes" in index
    assert len(list((tmp_path / "pages").glob("*.html"))) == 3


def test_catalogues_stand_side_by_side(tmp_path: Path) -> None:
    files = []
    for tracker in ("5.15", "7.2"):
        head = json.loads(gzip.decompress((ROOT / "reports" / "catalogue" / f"{tracker}.json.gz").read_bytes()))
        head["entries"] = head["entries"][:8]
        files.append(tmp_path / f"{tracker}.json")
        files[-1].write_text(json.dumps(head))
    status, text = said("report", *files, "--html", tmp_path / "pages", "-n", "1")
    assert status == 0, text
    index = (tmp_path / "pages" / "index.html").read_text()
    assert "Every program of the catalogue" in index
    assert "<span>5.15</span>" in index
    assert "<span>7.2</span>" in index
    assert "Which causes trackers share" in index


@pytest.mark.parametrize("arguments", [(), ("--html", "pages")])
def test_report_says_what_is_wrong(arguments: tuple[str, ...], tmp_path: Path) -> None:
    status, text = said("report", tmp_path / "nothing", *arguments)
    assert status == 2
    assert "Traceback" not in text


def test_judge_writes_pages(tmp_path: Path) -> None:
    status, text = said("judge", DIRTIED, "--html", tmp_path / "pages")
    assert status == 0, text
    assert Path(text.strip()).exists()
