# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz trace`: import, judge and print; and the round trip from programs to events and back."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
import zstandard
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dmafuzz import kernel_log, traces
from dmafuzz._core import OpKind
from dmafuzz.cli.main import main
from dmafuzz.program import Program, parse, read, render
from dmafuzz.program.strategies import programs
from dmafuzz.traces.names import EVENTS
from dmafuzz.traces.printing import Printed
from dmafuzz.trackers import default_portfolio
from dmafuzz.verdicts import judging

RECORDINGS = Path(__file__).parent / "traces"
FTRACE = RECORDINGS / "ftrace-6.12.107.txt"
PLAIN = "x86-5.5"  # where DMA addresses are physical ones
BENCH = judging("6.12", "6.12")
PAIR = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_page d0 b0 0 32 FROM_DEVICE
cpu0 m1 = map_page d0 b0 32 32 FROM_DEVICE
cpu1 unmap_page m0
cpu1 unmap_page m1 size=16
"""


def run(*arguments: str, text: str | bytes | None = None) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(main, list(arguments), input=text)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    path = tmp_path / "pair.dma"
    path.write_text(PAIR)
    return path


def printed(path: Path, form: str, *options: str) -> str:
    result = run("trace", "print", str(path), "--format", form, *options)
    assert result.exit_code == 0, result.output
    return result.stdout


class TestImport:
    def test_writes_distinct_programs_with_their_places(self, tmp_path: Path) -> None:
        out = tmp_path / "programs"
        result = run("trace", "import", str(FTRACE), "--out", str(out))
        assert result.exit_code == 0, result.output
        assert "56 calls" in result.output
        assert "1 calls on mappings that the trace does not have" in result.output
        files = sorted(out.glob("*.dma"))
        assert len(files) == 18
        for file in files:
            assert read(file).ops
        text = next(file for file in files if "dma_map_page" in file.name).read_text()
        assert "# 9 groups of calls of the trace like this one." in text
        assert "# line 3, 7.581525 s, kworker/u4:1-29, CPU 0" in text
        assert "# d0: 0000:00:02.0" in text

    @pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
    def test_reads_compressed_traces(self, tmp_path: Path, pack: object) -> None:
        assert callable(pack)
        file = tmp_path / "trace.packed"
        file.write_bytes(pack(FTRACE.read_bytes()))
        assert "56 calls" in run("trace", "import", str(file), "--out", str(tmp_path / "out")).output
        file.write_bytes(pack(FTRACE.read_bytes())[:-40])
        cut = run("trace", "import", str(file), "--out", str(tmp_path / "none"))
        assert cut.exit_code in (0, 2)
        assert isinstance(cut.exception, SystemExit | None)

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "no event of the DMA API in 0 lines; expected ftrace's text"),
            (b"\x00\xff\n" * 9, "no event of the DMA API in 9 lines"),
            (b"\x17\x08\x44tracing7\x00", "give what `trace-cmd report"),
            (b"PERFILE2 and more", "give what `perf script"),
            (b"\x1f\x8bnot gzip at all", "cannot be read"),
            (b"\x28\xb5\x2f\xfdnot zstd at all", "damaged"),
        ],
    )
    def test_refuses_what_is_no_trace(self, tmp_path: Path, content: bytes, said: str) -> None:
        file = tmp_path / "file"
        file.write_bytes(content)
        for command in ("import", "judge"):
            result = run("trace", command, str(file))
            assert result.exit_code == 2
            assert said in result.output
            assert result.output.count("\n") == 1

    def test_says_what_cannot_be_read_or_written(self, tmp_path: Path) -> None:
        assert run("trace", "import", str(tmp_path / "none")).exit_code == 2
        (tmp_path / "taken").write_text("")
        result = run("trace", "import", str(FTRACE), "--out", str(tmp_path / "taken" / "in"))
        assert result.exit_code == 2
        assert "cannot be written" in result.output


class TestJudge:
    def test_says_what_is_lost_where_and_which_line(self, pair: Path) -> None:
        text = printed(pair, "ftrace")
        result = run("trace", "judge", "-", "--tracker", "6.0", "--tracker", "7.2", "--portfolio", "6.12", text=text)
        assert result.exit_code == 1, result.output
        flat = " ".join(result.output.split())
        for part in ("0000:00:02.0, dma_map_page FROM_DEVICE", "first in line 3 at 1.000000 by dmafuzz-100",
                     "armv7-5.18", "dma-debug of 6.0 warns: line-overlap", "free-size", "What could not be said",
                     "m1 = map_page d0 b0 32 32 FROM_DEVICE"):  # fmt: skip
            assert part in flat, part

    def test_as_json_and_markdown(self, pair: Path) -> None:
        text = printed(pair, "perf")
        found = json.loads(run("trace", "judge", "-", "--json", text=text).output)
        (finding,) = found["findings"]
        assert finding["calls"] == ["dma_map_page FROM_DEVICE"]
        assert finding["first"]["line"] == 1
        assert "armv7-5.18" in {name for loss in finding["losses"] for name in loss["platforms"]}
        assert parse("\n".join(finding["programs"][0])).ops
        assert run("trace", "judge", "-", "--markdown", text=text).output.startswith("# standard input\n")
        assert run("trace", "judge", "-", "--markdown", "--json", text=text).exit_code == 2

    def test_as_a_page_with_a_time_line(self, pair: Path, tmp_path: Path) -> None:
        page = tmp_path / "page.html"
        text = printed(pair, "ftrace").replace("dmafuzz-100", "<script>-100")
        assert run("trace", "judge", "-", "--html", str(page), text=text).exit_code == 1
        html = page.read_text()
        assert html.count("<svg") == 2
        assert "line 3: 0000:00:02.0, dma_map_page FROM_DEVICE" in html
        assert "What could not be said, and why" in html
        assert "<script>" not in html
        assert run("trace", "judge", "-", "--html", str(tmp_path / "no" / "page"), text=text).exit_code == 2

    def test_of_a_genuine_trace_nothing_is_lost(self) -> None:
        result = run("trace", "judge", str(FTRACE))
        assert result.exit_code == 0, result.output
        assert "Nothing: no platform of the portfolio can lose data with these calls." in result.output

    def test_seeds_are_programs_with_their_frequencies(self, tmp_path: Path) -> None:
        seeds = tmp_path / "seeds"
        assert run("trace", "judge", str(FTRACE), "--seeds", str(seeds)).exit_code == 0
        assert json.loads((seeds / "frequencies.json").read_text())["map_page"] == 12
        assert len(list(seeds.glob("*.dma"))) == 18
        assert run("trace", "judge", "-", "--seeds", str(seeds), text="").exit_code == 2

    def test_explain_knows_a_trace_by_its_look(self, pair: Path) -> None:
        result = run("explain", "-", text=printed(pair, "ftrace"))
        assert result.exit_code == 1
        assert "What dma-debug would have said" in result.output
        assert run("explain", str(FTRACE)).exit_code == 0

    def test_unknown_names_are_refused(self) -> None:
        assert run("trace", "judge", str(FTRACE), "--tracker", "nothing").exit_code == 2
        assert run("trace", "judge", str(FTRACE), "--portfolio", "nothing").exit_code == 2


class TestPrint:
    def test_events_have_the_names_of_the_kernel(self, tmp_path: Path) -> None:
        path = tmp_path / "p.dma"
        path.write_text(
            "dmafuzz 1\ncpu0 b0 = alloc mmio 64\ncpu0 m0 = map_resource d1 b0 0 64 TO_DEVICE attrs=MMIO\n"
            "cpu0 b1 m1 = alloc_coherent d0 4096\ncpu0 free_coherent m1\n"
        )
        old = printed(path, "ftrace")
        assert "dma_map_resource: 0000:00:03.0 dir=TO_DEVICE" in old
        new = printed(path, "ftrace", "--tracker", "6.18")
        assert re.search(r"dma_map_phys: 0000:00:03.0 dir=TO_DEVICE .* attrs=MMIO$", new, re.M)
        assert "flags=GFP_KERNEL attrs=" in new

    @pytest.mark.parametrize("form", traces.FORMATS)
    def test_each_form_is_read_back(self, pair: Path, tmp_path: Path, form: str) -> None:
        out = tmp_path / "programs"
        result = run("trace", "import", "-", "--out", str(out), text=printed(pair, form))
        assert result.exit_code == 0, result.output
        (file,) = out.glob("*.dma")
        lines = [line.split("  #")[0] for line in file.read_text().split("\n") if line and line[0] != "#"]
        assert lines == PAIR.replace("4096", "64").rstrip("\n").split("\n")


# Calls that name no mapping of their own device, or of whose mapping an event does not tell: see the two tests below.
_CARRIED = [
    kind
    for kind in OpKind
    if kind.name.startswith(("alloc", "map_", "sync_", "unmap_", "free_")) or kind in (OpKind.alloc, OpKind.unbind)
]


def events(program: Program, platform: str = PLAIN) -> list[Printed]:
    return traces.events_of(program, BENCH, platform)


def reimported(program: Program, form: str) -> list[Program]:
    counts = traces.Counts()
    lines = traces.lines_of(events(program), form)
    found = traces.imported(traces.events(lines, counts), counts)
    return [Program(each.program().ops) for each in found for _ in range(each.count)]


def shown(found: list[Printed]) -> list[str]:
    """Events without their addresses' pages, devices and CPUs, which programs name anew."""
    return sorted(
        event.name + re.sub(r"(?<=[={,])(?:0x)?[0-9a-f]+(?=[0-9a-f]{3}[ ,}])", "", re.sub(r"^\S+ ", " ", event.text))
        for event in found
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(program=programs(max_ops=14, kinds=_CARRIED), form=st.sampled_from(sorted(traces.FORMATS)))
def test_importing_what_was_printed_comes_back_to_the_same_programs(program: Program, form: str) -> None:
    """What events carry of a random program is a program (several, where calls do not belong together); printed and
    imported again it is the same one, with the same judgement on every platform."""
    first = reimported(program, form)
    for each in first:
        again = reimported(each, form)
        if len(again) != 1:
            assert sum(len(events(part)) for part in again) <= len(events(each))
            continue
        assert shown(events(again[0])) == shown(events(each))
        for platform in ("x86-5.5", "x86-5.18-force-bounce", "arm64-6.5", "armv7-5.18", "arm64-6.5-iommu-strict"):
            one, other = BENCH.judge(each, platform), BENCH.judge(again[0], platform)
            assert (one.labels, [w.id for w in one.warnings]) == (other.labels, [w.id for w in other.warnings])
            assert {c.kind for c in one.corruptions} == {c.kind for c in other.corruptions}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(program=programs(max_ops=14, kinds=_CARRIED))
def test_every_event_is_in_a_program_or_counted(program: Program) -> None:
    counts = traces.Counts()
    printed_events = events(program)
    found = list(traces.events(traces.lines_of(printed_events, "ftrace"), counts))
    known = traces.imported(found, counts)
    in_programs = {(where.line, each.count) for each in known for where in each.shape.sources if where}
    counted = sum(count for name, (count, _) in counts.notes.items() if "windows" not in name)
    assert len(printed_events) <= sum(count for _, count in in_programs) + counted
    assert {event.name for event in printed_events} <= set(EVENTS)


SPLATS = {
    "free-size": (
        "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_single d0 b0 0 1536 FROM_DEVICE\ncpu0 unmap_single m0 size=42"
    ),
    "free-direction": (
        "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE\ncpu0 unmap_single m0 dir=TO_DEVICE"
    ),
    "free-wrong-function": "cpu0 b0 m0 = alloc_coherent d0 64\ncpu0 unmap_single m0",
    "free-unallocated": (
        "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_single d0 b0 0 64 TO_DEVICE\ncpu0 unmap_single m0\n"
        "cpu0 unmap_single m0"
    ),
    "free-unchecked": (
        "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_single d0 b0 0 64 TO_DEVICE unchecked\ncpu0 unmap_single m0"
    ),
    "sync-direction": (
        "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE\n"
        "cpu0 sync_single_for_cpu m0 dir=BIDIRECTIONAL"
    ),
    "leak": "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_single d0 b0 0 64 TO_DEVICE\ncpu0 forget m0\ncpu0 unbind d0",
    "map-stack": "cpu0 b0 = alloc stack 64\ncpu0 m0 = map_single d0 b0 0 64 TO_DEVICE",
    "sg-too-long": "cpu0 b0 = alloc pages 131072\ncpu0 m0 = map_sg d0 TO_DEVICE b0:0:131072",
}


@pytest.mark.parametrize("check", SPLATS)
@pytest.mark.parametrize("tracker", ["2.6.32", "4.18", "5.15", "6.12", "7.2"])
def test_explain_reads_back_the_warnings_that_a_program_gives(check: str, tracker: str) -> None:
    bench = judging(tracker, default_portfolio(tracker))
    program = parse(f"dmafuzz 1\n{SPLATS[check]}\n")
    platform = bench.members[0]
    warned = [str(warning.id) for warning in bench.judge(program, platform).warnings]
    text = "\n".join(traces.splat_lines(program, bench, platform))
    log = kernel_log.read(text.encode())
    assert [splat.check for splat in log.splats] == warned
    if not warned:
        return
    assert check in warned
    answer = kernel_log.answer(log)
    assert {cause.era.name for cause in answer.causes} == {tracker}


@pytest.mark.parametrize("path", sorted((Path(__file__).parent.parent / "corpus").rglob("*.dma")), ids=lambda p: p.stem)
def test_the_warnings_of_the_corpus_are_read_back(path: Path) -> None:
    program = read(path)
    warned = [str(warning.id) for warning in BENCH.judge(program, PLAIN).warnings]
    text = "\n".join(traces.splat_lines(program, BENCH, PLAIN))
    assert [splat.check for splat in kernel_log.read(text.encode()).splats] == [
        w for w in warned if w != "resource-ram"
    ]
    assert render(program)
