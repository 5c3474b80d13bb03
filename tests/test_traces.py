# SPDX-License-Identifier: GPL-2.0-only
"""Traces: lines to events, which calls belong together, and the programs that come of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from dmafuzz import traces
from dmafuzz.program import render_op
from dmafuzz.traces.event import Call, Event
from dmafuzz.traces.judging import WINDOWS
from dmafuzz.traces.live_mappings import AMBIGUOUS, OLDER

RECORDINGS = Path(__file__).parent / "traces"
FTRACE, TRACE_CMD = RECORDINGS / "ftrace-6.12.107.txt", RECORDINGS / "trace-cmd-3.1.6.txt"
# Both of one booted 6.12.117: what perf printed, and a part of what `dmafuzz trace record` wrote.
PERF, RECORDED = RECORDINGS / "perf-6.1-nvme.txt", RECORDINGS / "recorded-6.12.117-nvme.txt"
DEVICE = "0000:00:02.0"


def line(event: str, rest: str, number: int = 0, cpu: int = 0) -> str:
    return f"       insmod-139     [{cpu:03}] .....    14.{number:06}: {event}: {DEVICE} {rest}"


def mapped(phys: int, size: int, direction: str = "FROM_DEVICE", attrs: str = "", dma: int | None = None) -> str:
    address = phys if dma is None else dma
    return f"dir={direction} dma_addr={address:x} size={size} phys_addr={phys:x} attrs={attrs}"


def unmapped(dma: int, size: int, direction: str = "FROM_DEVICE", attrs: str = "") -> str:
    return f"dir={direction} dma_addr={dma:x} size={size} attrs={attrs}"


def synced(dma: int, size: int, direction: str = "FROM_DEVICE") -> str:
    return f"dir={direction} dma_addr={dma:x} size={size}"


def read(lines: Sequence[str]) -> tuple[list[Event | int], traces.Counts]:
    counts = traces.Counts()
    return list(traces.events(lines, counts)), counts


def programs(lines: Sequence[str]) -> tuple[dict[tuple[str, ...], int], traces.Counts]:
    """By its lines: how often a program occurs."""
    events, counts = read(lines)
    found = traces.imported(events, counts)
    return {tuple(render_op(op) for op in each.program().ops): each.count for each in found}, counts


def test_each_line_of_a_genuine_trace_is_understood() -> None:
    events, counts = read(FTRACE.read_text().splitlines())
    assert counts.events == len(events) == 56
    assert not counts.notes
    assert Counter(event.call for event in events if isinstance(event, Event)) == {
        Call.ALLOC: 15, Call.MAP: 12, Call.UNMAP: 13, Call.MAP_SG: 8, Call.UNMAP_SG: 8,
    }  # fmt: skip
    first = events[0]
    assert isinstance(first, Event)
    assert (first.device, first.dma, first.sizes, first.phys) == (DEVICE, (0x2FF91000,), (512,), ())
    assert (first.where.line, first.where.time, first.where.task, first.where.cpu) == (
        1, "7.389070", "kworker/u4:1-29", 0,
    )  # fmt: skip


def test_each_line_of_a_genuine_report_of_trace_cmd_is_understood_or_counted() -> None:
    events, counts = read(TRACE_CMD.read_text().splitlines())
    assert counts.events == len(events) == 128
    assert {name: count for name, (count, _) in counts.notes.items()} == {"lines that are not understood": 3}
    first = next(event for event in events if isinstance(event, Event) and event.call is Call.MAP_SG)
    assert (len(first.dma), len(first.sizes), len(first.phys)) == (16, 16, 16)
    assert (first.direction, first.dma[0], first.sizes[0], first.where.task) == (2, 0x2FDA1000, 4096, "dd-197")


def test_each_line_of_a_genuine_perf_script_and_of_a_recording_of_ours_is_understood() -> None:
    for file, called in ((PERF, {Call.MAP_SG: 4, Call.UNMAP_SG: 4}), (RECORDED, {Call.MAP_SG: 5, Call.UNMAP_SG: 5})):
        events, counts = read(file.read_text().splitlines())
        assert not counts.notes
        assert Counter(event.call for event in events if isinstance(event, Event)) == called
    first = read(PERF.read_text().splitlines())[0][0]
    assert isinstance(first, Event)
    assert (len(first.dma), len(first.sizes), len(first.phys)) == (16, 16, 16)
    assert (first.dma[1], first.sizes[1], first.phys[1]) == (0x767A1000, 4096, 0xE974000)


def test_segment_limits_that_a_trace_does_not_have_are_not_made_up() -> None:
    """The controller takes segments of any length, and gets one of 128 KiB: the kernel says nothing of it."""
    events, counts = read(RECORDED.read_text().splitlines())
    assert max(max(event.sizes, default=0) for event in events if isinstance(event, Event)) == 0x20000
    result = traces.judged(iter(events), counts, traces.Bench(("6.12", "7.2"), "6.12"))
    assert result.groups == 5
    assert not [finding for finding in result.findings.values() if finding.verdict.losses or finding.verdict.warned]


def test_every_call_of_a_genuine_trace_is_in_a_program() -> None:
    events, counts = read(FTRACE.read_text().splitlines())
    found = traces.imported(events, counts)
    calls = {where.line for each in found for where in each.shape.sources if where}
    assert calls
    # Equal programs are written once: what is in the first ones is known by its line.
    assert set(counts.notes) <= {OLDER, WINDOWS}
    assert counts.notes[OLDER] == [1, 68]
    lists = sum(each.count for each in found if each.shape.origins[0].call is Call.MAP_SG)
    pages = sum(each.count for each in found if each.shape.origins[0].call is Call.MAP)
    allocations = sum(each.count for each in found if each.shape.origins[0].call is Call.ALLOC)
    assert (pages, allocations) == (12, 15)
    assert lists > 8  # long ones in parts


def test_nothing_is_lost_by_the_genuine_drivers() -> None:
    for file in (FTRACE, TRACE_CMD, PERF):
        counts = traces.Counts()
        bench = traces.Bench(("6.12",), "6.12")
        result = traces.judged(traces.events(file.read_text().splitlines(), counts), counts, bench)
        assert result.groups >= 4
        assert not [finding for finding in result.findings.values() if finding.verdict.losses]


def test_a_call_on_a_later_entry_of_a_list_is_about_the_list() -> None:
    listed = (
        "dir=FROM_DEVICE nents=2/2 ents=2/2 dma_addrs={0x10000,0x20000} sizes={0x1000,0x1000} "
        "phys_addrs={0x10000,0x20000} attrs="
    )
    found, counts = programs([line("dma_map_sg", listed), line("dma_sync_single_for_cpu", synced(0x20040, 64), 1)])
    assert not counts.notes
    [program] = found
    assert program[-1] == "cpu0 sync_single_for_cpu m0 offset=65600 size=64"


FORMS = {
    "ftrace": "            ping-211     [003] b..1.    57.570776: dma_map_page: {}",
    "ftrace with the thread group": "            ping-211     (    211) [003] b..1.    57.570776: dma_map_page: {}",
    "ftrace without flags": "            ping-211     [003]    57.570776: dma_map_page: {}",
    "trace-cmd": "            ping-211   [003]    57.570776: dma_map_page:         {}",
    "trace-cmd with flags": "            ping-211   [003] b..1.    57.570776: dma_map_page:         {}",
    "perf": "ping   211 [003]    57.570776: dma:dma_map_page: {}",
    "perf with aligned names": "            ping   211 [003]    57.570776:               dma:dma_map_page: {}",
    "perf with process and thread": "            ping   211/211   [003]    57.570776:      dma:dma_map_page: {}",
    "perf with periods": "            ping   211 [003]    57.570776:          1      dma:dma_map_page: {}",
    "trace-cmd report -l": "    ping-211     3b..1.    57.570776: dma_map_page:         {}",
    "trace-cmd report --ts-diff": "            ping-211   [003]    57.570776: (+12) dma_map_page:         {}",
    "the latency format": "    ping-211       3b..1. 57570776us : dma_map_page: {}",
    "the latency format, marked": "    ping-211       3b..1. 57570776us!: dma_map_page: {}",
    "a buffer dumped into the log": "[   60.123456]     ping-211     3b..1. 57570776us : dma_map_page: {}",
    "a level before it": "<0>[   60.123456]     ping-211     3b..1. 57570776us : dma_map_page: {}",
    "a serial console": "  ping-211     [003] b..1. 57.570776: dma_map_page: {}\r",
    "a mail": "> ping-211     [003] b..1. 57.570776: dma_map_page: {}",
    "a name with a colon and brackets": " a: b [x] [1]-211   [003] b..1. 57.570776: dma_map_page: {}",
    "a name with blanks": "  Web Content 3-211     [003] b..1.    57.570776: dma_map_phys: {}",
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_a_line(form: str) -> None:
    text = f"{DEVICE} dir=TO_DEVICE dma_addr=1c13186 size=110 phys_addr=1c13186 attrs=SKIP_CPU_SYNC"
    (event,), counts = read([FORMS[form].format(text)])
    assert isinstance(event, Event)
    assert (event.call, event.device, event.direction, event.attrs) == (Call.MAP, DEVICE, 1, 1)
    assert (event.dma, event.sizes, event.phys) == ((0x1C13186,), (110,), (0x1C13186,))
    assert (event.where.cpu, event.where.time) == (3, "57.570776")
    assert "211" in event.where.task
    assert not counts.notes


@pytest.mark.parametrize(
    ("form", "time"),
    [
        ("  ping-211     [003] b..1. 2837465923847: dma_map_page: {}", "2837465923847"),  # clocks that count
        ("  ping-211   [003]   57.570776123: dma_map_page:         {}", "57.570776123"),
        ("            ping   211    57.570776:               dma:dma_map_page: {}", "57.570776"),  # perf script -F
        ("       ping   211   3 00000001 00000000 [0000000057570776] 0.570ms (+0.000ms): dma_map_page: {}", "0.000570"),
    ],
)
def test_clocks_and_lines_without_a_cpu(form: str, time: str) -> None:
    text = f"{DEVICE} dir=TO_DEVICE dma_addr=1c13186 size=110 phys_addr=1c13186 attrs="
    (event,), counts = read([form.format(text)])
    assert isinstance(event, Event)
    assert (event.call, event.device, event.phys, event.where.time) == (Call.MAP, DEVICE, (0x1C13186,), time)
    assert event.where.cpu in (0, 3)
    assert not counts.notes


@pytest.mark.parametrize(
    "text",
    [
        "        ffffffff81123456 dma_map_page_attrs+0x1a0 ([kernel.kallsyms])",
        " => dma_map_page_attrs",
        "<stack trace>",
    ],
)
def test_back_traces_are_counted_as_what_they_are(text: str) -> None:
    _, counts = read([text])
    assert counts.notes == {"lines of back traces": [1, 1]}


def test_numbers_of_the_raw_form_are_decimal_unless_they_say_otherwise() -> None:
    raw = f"device={DEVICE} phys_addr=4096 dma_addr=0x1000 size=512 dir=2 attrs=0x20"
    (event,), _ = read([f"  dd-197 [000] 1.0: dma_map_page: {raw}"])
    assert isinstance(event, Event)
    assert (event.dma, event.phys, event.sizes, event.attrs) == ((4096,), (4096,), (512,), 1)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (line("dma_frobnicate", "dir=TO_DEVICE"), "events dma_frobnicate, which are not known"),
        (line("dma_map_page", mapped(4096, 64, attrs="SPARKLING")), "attributes SPARKLING, which are not known"),
        (line("dma_map_page", mapped(4096, 64) + " colour=3"), "fields colour=, which are not known"),
        (line("dma_map_page", mapped(4096, 64, dma=(1 << 64) - 1)), "calls that failed"),
        (line("dma_map_page", "dir=NONE dma_addr=1 size=1 phys_addr=1 attrs="), "lines that are not understood"),
        (line("dma_map_page", "dir=TO_DEVICE dma_addr=xyz size=1"), "lines that are not understood"),
        ("  cat-1 [000] ..... 1.0: sched_switch: prev=1", "events sched_switch, which are not of the DMA API"),
        ("2+0 records in", "lines that are not understood"),
        (line("dma_unmap_page", unmapped(4096, 64)), OLDER),
        (line("dma_map_sg_err", "dir=TO_DEVICE dma_addrs={0x1000} err=-22 attrs="), "calls that failed"),
    ],
)
def test_what_is_not_judged_is_counted_by_name(text: str, note: str) -> None:
    _, counts = programs([text])
    assert counts.notes == {note: [1, 1]}


@pytest.mark.parametrize(
    "text", ["CPU:2 [LOST 1234 EVENTS]", "CPU:1 [1234 EVENTS DROPPED]", "PERF_RECORD_LOST cpu 3: lost 1234"]
)
def test_lost_events_are_counted_and_end_what_is_known(text: str) -> None:
    lines = [line("dma_map_page", mapped(4096, 64)), text, line("dma_unmap_page", unmapped(4096, 64))]
    found, counts = programs(lines)
    assert counts.lost == 1234
    assert counts.notes == {OLDER: [1, 3]}
    assert found == {("cpu0 b0 = alloc pages 64", "cpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE"): 1}


def test_mappings_of_one_cacheline_are_one_program_and_others_are_not() -> None:
    together = [
        line("dma_map_page", mapped(0x5000, 64)),
        line("dma_map_page", mapped(0x5040, 64)),
        line("dma_unmap_page", unmapped(0x5000, 64)),
        line("dma_unmap_page", unmapped(0x5040, 64)),
    ]
    found, _ = programs(together)
    assert list(found) == [(
        "cpu0 b0 = alloc pages 128",
        "cpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE",
        "cpu0 m1 = map_page d0 b0 64 64 FROM_DEVICE",
        "cpu0 unmap_page m0",
        "cpu0 unmap_page m1",
    )]  # fmt: skip
    apart = [text.replace("5040", "5080") for text in together]
    found, _ = programs(apart)
    assert list(found.values()) == [1, 1]
    found, _ = programs([text.replace("5040", "6000") for text in together])
    assert list(found.values()) == [2]


def test_equal_groups_are_counted_whatever_their_pages_times_tasks_and_cpus_are() -> None:
    lines = []
    for number in range(50):
        lines += [
            line("dma_map_page", mapped(0x5000 * number + 0x40, 1536), number, number % 7),
            line("dma_unmap_page", unmapped(0x5000 * number + 0x40, 1536), number, (number + 1) % 7),
        ]
    found, _ = programs(lines)
    assert list(found.values()) == [50]


def test_calls_keep_what_they_were_called_with() -> None:
    lines = [
        line("dma_map_page", mapped(0x5000, 1536, "BIDIRECTIONAL")),
        line("dma_sync_single_for_cpu", synced(0x5100, 256, "FROM_DEVICE"), cpu=1),
        line("dma_unmap_page", unmapped(0x5000, 42, "TO_DEVICE", "SKIP_CPU_SYNC")),
    ]
    found, _ = programs(lines)
    assert list(found) == [(
        "cpu0 b0 = alloc pages 1536",
        "cpu0 m0 = map_page d0 b0 0 1536 BIDIRECTIONAL",
        "cpu1 sync_single_for_cpu m0 offset=256 size=256 dir=FROM_DEVICE",
        "cpu0 unmap_page m0 size=42 dir=TO_DEVICE attrs=SKIP_CPU_SYNC",
    )]  # fmt: skip


def test_a_late_call_finds_the_mapping_that_has_ended() -> None:
    lines = [
        line("dma_map_page", mapped(0x5000, 64)),
        line("dma_unmap_page", unmapped(0x5000, 64)),
        line("dma_sync_single_for_cpu", synced(0x5000, 64)),
    ]
    (found,), counts = programs(lines)
    assert found[-1] == "cpu0 sync_single_for_cpu m0"
    assert not counts.notes


def test_a_mapping_without_syncs_that_skips_them_is_started_at_once() -> None:
    lines = [
        line("dma_map_page", mapped(0x5000, 64, attrs="SKIP_CPU_SYNC")),
        line("dma_unmap_page", unmapped(0x5000, 64, attrs="SKIP_CPU_SYNC")),
    ]
    (found,), _ = programs(lines)
    assert found[2] == "cpu0 start m0"
    (found,), _ = programs([lines[0], line("dma_sync_single_for_device", synced(0x5000, 64)), lines[1]])
    assert "cpu0 start m0" not in found


def listed(addresses: Sequence[int], sizes: Sequence[int], dma: Sequence[int] = ()) -> str:
    def braces(values: Sequence[int]) -> str:
        return "{" + ",".join(hex(value) for value in values) + "}"

    counts = f"nents={len(addresses)}/{len(addresses)} ents={len(sizes)}/{len(sizes)}"
    shown = braces(dma or addresses)
    return f"dir=FROM_DEVICE {counts} dma_addrs={shown} sizes={braces(sizes)} phys_addrs={braces(addresses)} attrs="


def test_a_long_list_is_judged_in_parts_that_overlap() -> None:
    pages = [0x100000 + 0x2000 * i for i in range(26)]
    phys = "{" + ",".join(hex(page) for page in pages) + "}"
    lines = [
        line("dma_map_sg", listed(pages, [4096] * 26)),
        line("dma_unmap_sg", f"dir=FROM_DEVICE phys_addrs={phys} attrs="),
    ]
    found, counts = programs(lines)
    assert list(found.values()) == [9]  # 0-3, 3-6, ... 21-24, and the last four
    assert counts.notes == {WINDOWS: [1, 1]}
    (program,) = found
    assert program[-2].count(":0:4096") == 4
    assert program[-1] == "cpu0 unmap_sg m0"


def test_lengths_that_an_iommu_has_merged_are_assumed_and_said() -> None:
    pages = [0x25734200, 0x2577B000, 0x2576A000]
    lines = [line("dma_map_sg", listed(pages, [0x2C00], [0xFFEF8200]))]
    (program,), counts = programs(lines)
    assert program[-1].endswith("b0:512:3584 b1:0:4096 b2:0:3584")
    assert [name for name in counts.notes if "an IOMMU has merged" in name]


@pytest.mark.parametrize(("sizes", "said"), [((64, 64), False), ((64, 128), True)])
def test_a_call_that_fits_several_mappings_is_said_to(sizes: tuple[int, int], said: bool) -> None:
    calls = [line("dma_map_page", mapped(0x5000, size, "TO_DEVICE"), number) for number, size in enumerate(sizes)]
    calls.append(line("dma_sync_single_for_cpu", synced(0x5010, 16, "TO_DEVICE"), 2))
    calls.append(line("dma_unmap_page", unmapped(0x5000, 32, "TO_DEVICE"), 3))
    _, counts = programs(calls)
    assert (AMBIGUOUS in counts.notes) is said


def test_a_long_life_is_judged_in_windows_and_kept_in_bounds() -> None:
    lines = [line("dma_map_page", mapped(0x5000, 4096, "BIDIRECTIONAL"))]
    for number in range(4000):
        lines.append(line("dma_sync_single_for_cpu", synced(0x5000, 4096, "BIDIRECTIONAL"), number))
        lines.append(line("dma_sync_single_for_device", synced(0x5000, 4096, "BIDIRECTIONAL"), number))
    lines.append(line("dma_unmap_page", unmapped(0x5000, 4096, "BIDIRECTIONAL")))
    found, counts = programs(lines)
    assert len(found) <= 4
    assert sum(found.values()) > 200
    assert max(len(program) for program in found) <= 64
    bench = traces.Bench(("6.12",), "6.12")
    result = traces.judged(traces.events(lines, counts), traces.Counts(), bench)
    assert not result.findings


def test_many_mappings_of_one_page_are_judged_in_windows_that_have_every_pair() -> None:
    lines = [line("dma_map_page", mapped(0x5000 + 56 * number, 56), number) for number in range(20)]
    found, counts = programs(lines)
    assert WINDOWS in counts.notes
    places = {frozenset(entry.split()[6] for entry in program if "map_page" in entry) for program in found}
    assert any({"0", "56"} <= each for each in places)
    for program in found:
        assert len(program) <= 64


def test_each_pair_of_mappings_that_live_long_is_looked_at_once() -> None:
    """Of a page that is mapped again and again, as one of zeros is, a window is judged for what is new in it only."""
    calls = [line("dma_map_page", mapped(0x5000, 64, "TO_DEVICE", dma=0x10000 * i), i) for i in range(1, 201)]
    found, counts = programs(calls)
    pairs, windows = 200 * 199 // 2, sum(found.values())
    assert pairs // 3 <= windows <= pairs // 2
    assert WINDOWS in counts.notes


@pytest.mark.parametrize(("unaligned", "shares"), [(0x40, True), (0, False)])
def test_what_lies_beside_a_mapping_is_never_a_loss(unaligned: int, shares: bool) -> None:
    start = 0x5000 + unaligned
    lines = [line("dma_map_page", mapped(start, 128)), line("dma_unmap_page", unmapped(start, 128))]
    counts = traces.Counts()
    result = traces.judged(traces.events(lines, counts), counts, traces.Bench(("6.12",), "6.12"))
    verdicts = [finding.verdict for finding in result.findings.values()]
    assert not [verdict for verdict in verdicts if verdict.losses]
    assert [result.bench.named(verdict.shares) for verdict in verdicts] == ([("arm64-6.5-line128",)] if shares else [])


def test_what_a_driver_loses_elsewhere_is_found_in_a_trace_of_a_coherent_machine() -> None:
    lines = [
        line("dma_map_page", mapped(0x5000, 32)),
        line("dma_map_page", mapped(0x5020, 32)),
        line("dma_unmap_page", unmapped(0x5000, 32)),
        line("dma_unmap_page", unmapped(0x5020, 32)),
    ]
    counts = traces.Counts()
    result = traces.judged(traces.events(lines, counts), counts, traces.Bench(("6.0", "7.2"), "6.12"))
    (finding,) = result.findings.values()
    losing = result.bench.named(finding.verdict.loses)
    assert "armv7-5.18" in losing
    assert "x86-5.5" not in losing
    assert {(each.tracker, each.check) for each in finding.verdict.warned} >= {("6.0", "line-overlap")}
    assert finding.first.line == 1


def test_no_damage_to_a_trace_leads_to_an_exception() -> None:
    """Lines lost, doubled, cut and joined, and letters changed: whatever comes of it is a program, or counted."""
    rng = random.Random(1)
    bench = traces.Bench(("6.12",), "6.12")
    whole = [*FTRACE.read_text().splitlines(), *TRACE_CMD.read_text().splitlines()]
    for _ in range(15):
        lines = []
        for text in whole:
            change = rng.randrange(12)
            at = rng.randrange(len(text) + 1)
            if change == 0:
                continue
            if change == 1:
                lines.append(text)
            elif change == 2:
                text = text[:at]
            elif change == 3:
                text = text[:at] + rng.choice("0123456789abcdefxX{}[]=,|- \\\x00\ufffd") + text[at + 1 :]
            elif change == 4:
                text = text.replace("size=", f"size={rng.randrange(1 << 40)}", 1)
            lines.append(text)
        counts = traces.Counts()
        result = traces.judged(traces.events(lines, counts), counts, bench)
        assert counts.events + sum(count for count, _ in counts.notes.values()) > len(whole) // 2
        assert result.groups
