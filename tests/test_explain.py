# SPDX-License-Identifier: GPL-2.0-only
"""`dmafuzz explain`: what it answers, by which exit status, and that the table of leaders is made of the catalogues."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import splats
from dmafuzz import checks
from dmafuzz.cli.main import main
from dmafuzz.kernel_log import answer, document, read, text_lines
from dmafuzz.kernel_log import to_json as to_json_of_answer
from dmafuzz.kernel_log.advice import advice_for
from dmafuzz.kernel_log.benches import bench, eras
from dmafuzz.kernel_log.kernel_ranges import kernel_ranges
from dmafuzz.kernel_log.leaders import BYTES_MAX, FILE, LOSES, from_json, leaders, meaning_of, to_json
from dmafuzz.kernel_log.make_leaders import candidates, make
from dmafuzz.program import parse, render_op

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "dmafuzz/kernel_log" / FILE
DUMP = (
    "e1000e 0000:00:19.0 single idx 14 P=101d40000 N=101d40 D=101d40000 L=600 DMA_FROM_DEVICE dma map error checked\n"
    "e1000e 0000:00:19.0 single idx 15 P=101d40600 N=101d40 D=101d40600 L=620 DMA_FROM_DEVICE dma map error checked\n"
    "e1000e 0000:00:19.0 single idx 15 P=101d40c20 N=101d40 D=101d40c20 L=200 DMA_FROM_DEVICE "
    "dma map error not checked\n"
    "e1000e 0000:00:19.0 coherent idx 2 P=1000 N=1 D=1000 L=1000 DMA_BIDIRECTIONAL dma map error check not applicable\n"
)


def run(text: str | bytes, *options: str, columns: int = 80) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(main, ["explain", "-", *options], input=text)


def printed(check: str, version: str) -> str:
    found = next(each for each in splats.printed() if (each.check, each.version) == (check, version))
    return "\n".join(found.lines) + "\n"


def record(text: str, *options: str) -> dict[str, Any]:
    result = run(text, "--json", *options)
    assert result.exit_code in (0, 1), result.output
    found: dict[str, Any] = json.loads(result.output)
    assert result.exit_code == int(found["true"])
    return found


def cause_of(text: str, *options: str) -> dict[str, Any]:
    (cause,) = record(text, *options)["causes"]
    found: dict[str, Any] = cause
    return found


# Checks whose call is in the message: it becomes a program that fires them, in the kernel that printed it.
TOLD = (
    "free-size",
    "free-wrong-function",
    "free-cpu-address",
    "free-sg-count",
    "free-direction",
    "free-unchecked",
    "sync-direction",
    "sync-read-only-for-cpu",
    "sync-write-only-for-device",
    "sync-sg-count",
    "map-stack",
    "sg-too-long",
    "sg-boundary",
    "leak",
    "resource-ram",
)


@pytest.mark.parametrize("check", TOLD)
def test_a_call_that_the_message_tells_becomes_a_program_that_warns(check: str) -> None:
    cause = cause_of(printed(check, "7.2"))
    assert cause["warning"] == check
    assert cause["exact_call"]
    assert "7.2" in cause["eras"]
    for told in cause["programs"]:
        ops = parse("\n".join(("dmafuzz 1", *told["program"]))).ops
        outcome = bench("7.2").outcome(ops, check)
        assert outcome.fires
        assert {justification: list(names) for justification, names in outcome.by_justification.items()} == told[
            "platforms"
        ]


def test_a_sync_past_the_end_is_told_by_that_name_only_of_old() -> None:
    cause = cause_of(printed("sync-range", "2.6.30"))
    assert cause["exact_call"]
    assert set(cause["eras"]) == {"2.6.30", "2.6.31", "2.6.32"}


@pytest.mark.parametrize("each", list(splats.printed()), ids=lambda each: f"{each.check}-{each.version}")
def test_every_warning_is_answered(each: splats.Printed) -> None:
    text = "\n".join(each.lines)
    result = run(text)
    assert result.exit_code in (0, 1), result.output
    for part in (each.check, "What it means: ", "Usually wrong: ", "Repair: ", "Which kernels warn: ", "dma-api/dump"):
        assert part in result.output
    cause = cause_of(text)
    assert cause["since"]
    assert bool(cause["eras"]) == (each.check != "line-enomem")


def test_the_received_length_at_the_unmap_loses_data_where_caches_are_maintained() -> None:
    cause = cause_of(printed("free-size", "7.2"))
    by_direction = {told["program"][1].split()[-1]: told for told in cause["programs"]}
    assert set(by_direction) == {"FROM_DEVICE", "TO_DEVICE"}
    assert "armv7-5.18" in by_direction["FROM_DEVICE"]["platforms"]["justified"]
    assert "x86-5.5" in by_direction["FROM_DEVICE"]["platforms"]["hazard"]
    assert set(by_direction["TO_DEVICE"]["platforms"]) == {"false"}
    assert by_direction["FROM_DEVICE"]["program"][1].split()[6:8] == [str(0x1E0 // 128 * 128), "1536"]
    assert cause["may_share_lines"]


def test_what_hurts_where_the_check_is_silent_is_no_false_alarm() -> None:
    """A map that fails is told by another check: nobody asked for the error, and there data is lost."""
    cause = cause_of(printed("free-unchecked", "3.9").replace("3.9", "6.1"))
    for told in cause["programs"]:
        assert "x86-5.5-pool-full" in told["loses_on"]
        assert "x86-5.5-pool-full" in told["silent"]
        assert "justified" not in told["platforms"]
        assert told["corruptions"]
    assert cause["true"]
    assert "data is lost on 1 of" in " ".join(run(printed("free-unchecked", "7.2")).output.split())


def test_a_known_false_positive_is_said_to_be_one_and_is_not_true() -> None:
    page = printed("free-wrong-function", "2.6.30").replace("2.6.30", "4.9").replace("coherent", "page")
    cause = cause_of(page)
    assert cause["known_false_positive"]
    assert not cause["true"]
    assert "5.0" not in cause["eras"]
    assert "4.20" in cause["eras"]
    result = run(page)
    assert result.exit_code == 0
    assert "known false positive" in result.output


def test_cases_of_false_positives_are_those_of_the_kernel() -> None:
    early = cause_of(printed("sync-unallocated", "2.6.30").replace("2.6.30", "5.10"))
    late = cause_of(printed("sync-unallocated", "2.6.30").replace("2.6.30", "6.1"))
    assert [case["before"] for case in early["false_positives"]] == ["6.0"]
    assert late["false_positives"] == []


TWICE = "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_single d0 b0 0 4096 TO_DEVICE\ncpu0 m1 = map_single d0 b0 0 4096"
# Each case of advice.toml, by check and the kernel that mended it: a kernel that has it, and a program, of the corpus
# or here.
FALSE_CASES = {
    ("free-size", "2.6.31"): ("2.6.30", "2.6.31-of-several-matches-the-best"),
    ("free-direction", "2.6.31"): ("2.6.30", f"{TWICE} BIDIRECTIONAL\ncpu0 unmap_single m1"),
    ("free-wrong-function", "2.6.31"): (
        "2.6.30",
        f"{TWICE.replace('m1 = map_single', 'm1 = map_page')} TO_DEVICE\ncpu0 unmap_page m1",
    ),
    ("free-wrong-function", "5.0"): ("4.20", "5.0-page-unmapped-as-single"),
    ("free-unchecked", "6.17"): ("6.13", "6.17-allocation-nobody-asks-the-error-of"),
    ("sync-unallocated", "3.2"): ("2.6.32", "3.2-sync-inside-a-mapping"),
    ("sync-unallocated", "4.1"): ("3.14", "4.1-sync-in-a-later-bucket"),
    ("sync-unallocated", "6.0"): ("5.15", "6.0-sync-far-into-a-mapping"),
    ("sync-unallocated", "5.0"): ("4.20", "5.0-sync-of-a-page-mapped-twice"),
    ("sync-unallocated", ""): ("6.18", "6.18-sync-of-a-page-mapped-twice"),
    ("sync-direction", "2.6.32"): ("2.6.31", "2.6.32-bidirectional-synced-one-way"),
    ("sg-too-long", ""): ("7.2", "cpu0 b0 m0 = alloc_noncontiguous d0 131072 FROM_DEVICE"),
    ("line-overlap", "5.15"): ("5.14", "5.15-second-device-skips-the-sync"),
    ("line-overlap", "7.0"): ("6.13", "7.0-two-fragments-on-a-coherent-machine"),
    ("line-overlap", "6.18"): ("6.17", "6.18-two-fragments-where-small-buffers-bounce"),
    ("assert-idle", "3.14"): ("3.14-rc1", "3.14-copy-on-write-of-a-page-written-out"),
}
# No buffer of the language lies beside the kernel's image.
NOT_IN_PROGRAMS = {("map-text-rodata", "6.0")}


def test_cases_of_false_positives_are_all_tried() -> None:
    known = {(check, case.until) for check in checks.checks() for case in advice_for(check).false}
    assert known - NOT_IN_PROGRAMS == set(FALSE_CASES)


@pytest.mark.parametrize("case", FALSE_CASES, ids=lambda case: f"{case[0]} to {case[1] or 'today'}")
def test_a_false_positive_is_there_before_it_was_mended_and_not_after(case: tuple[str, str]) -> None:
    check, mended = case
    era, source = FALSE_CASES[case]
    text = f"dmafuzz 1\n{source}\n" if " " in source else (ROOT / f"corpus/eras/{source}.dma").read_text()
    ops = parse(text).ops
    before = bench(era).outcome(ops, check)
    harmless = {*before.by_justification.get("false", ()), *before.by_justification.get("hazard", ())}
    assert harmless
    if mended:
        after = bench(mended).outcome(ops, check)
        assert harmless & set(after.silent) or not after.fires


@pytest.mark.parametrize("check", [name for name, _ in leaders()])
def test_there_is_advice_for_every_check(check: str) -> None:
    assert advice_for(check) != advice_for("unknown")


def test_one_cause_is_told_once_with_its_count() -> None:
    text = printed("free-direction", "7.2")
    other = text.replace("fffdc1e0", "fffd81e0")
    found = record(text + other + printed("line-overlap", "7.2"))
    assert [(cause["warning"], cause["count"]) for cause in found["causes"]] == [
        ("free-direction", 2),
        ("line-overlap", 1),
    ]
    assert found["causes"][0]["line"] == 2


def test_a_dump_beside_a_warning_makes_it_exact() -> None:
    text = (
        printed("sync-unallocated", "2.6.30")
        .replace("2.6.30", "5.10")
        .replace("fffdc1e0", "113c00")
        .replace("1534", "1536")
    )
    dump = "e1000e 0000:00:19.0: single idx 14 P=100000 N=100 D=100000 L=20000 DMA_FROM_DEVICE dma map error checked\n"
    without, within = cause_of(text), cause_of(text + dump)
    assert not without["exact_call"]
    assert within["exact_call"]
    assert within["mapping"]["length"] == 0x20000
    # It lies inside the mapping, further than 64 KiB into it: the look-up fails, and nothing is wrong.
    assert "offset=80896" in within["programs"][0]["program"][-1]
    assert set(within["programs"][0]["platforms"]) == {"false"}
    assert "6.0" not in within["eras"]
    assert not within["true"]


def test_an_unmap_inside_a_mapping_of_the_dump_becomes_a_program() -> None:
    text = printed("free-unallocated", "7.2")
    dump = "e1000e 0000:00:19.0 phy idx 14 P=fffdc000 D=fffdc000 L=800 cln=0x1 DMA_FROM_DEVICE dma map error checked\n"
    cause = cause_of(text + dump)
    assert cause["programs"][0]["program"][-1] == "cpu0 unmap_page m0 offset=480 size=1534"
    assert cause["true"]


def test_a_dump_beside_an_overlap_has_the_mappings_that_overlap() -> None:
    entry = "e1000e 0000:00:19.0: scather-gather idx 0 P=20a732{} N=20a7320 D=20a7320000 L={} DMA_BIDIRECTIONAL\n"
    text = printed("line-overlap", "7.2").replace("7.2.0", "5.15.0")
    cause = cause_of(text + entry.format("0000", "30") + entry.format("0030", "5a8"))
    assert cause["exact_call"]
    assert cause["programs"][0]["from_dump"]
    assert "armv7-5.5" in cause["programs"][0]["platforms"]["justified"]
    assert cause["eras"][0] == "5.14"
    other = cause_of(text + entry.format("0000", "30").replace("19.0", "1a.0") + entry.format("1030", "5a8"))
    assert not other["exact_call"]


def test_a_log_of_a_release_is_judged_on_the_machines_of_that_release() -> None:
    found = record(printed("free-size", "7.2").replace("7.2.0", "6.12.0"))
    assert (found["era"], found["portfolio"]) == ("6.0", "6.12")
    assert found["causes"][0]["portfolio"] == "6.12"


def test_an_answer_as_a_page(tmp_path: Path) -> None:
    page = tmp_path / "answer.html"
    assert run(printed("free-size", "7.2"), "--html", str(page)).exit_code == 1
    html = page.read_text()
    assert "<h1>standard input</h1>" in html
    assert "device driver frees DMA memory with different size" in html
    assert "<b>Repair</b>" in html


def test_what_is_larger_than_a_program_may_be_is_said_to_be() -> None:
    text = printed("free-size", "7.2").replace("1536", "1048576")
    assert cause_of(text)["too_large"]
    assert "too large for a program" in " ".join(run(text).output.split())


def test_a_dump_alone_is_looked_through_for_shared_lines() -> None:
    found = record(DUMP, "--era", "6.12")
    assert found["live_mappings"] == 4
    (group,) = found["groups"]
    assert [each["length"] for each in group["mappings"]] == [0x620, 0x200]
    assert "armv7-5.18" in group["loses_on"]
    assert "x86-5.5" not in group["loses_on"]
    assert run(DUMP.splitlines()[0]).exit_code == 0
    twice = record(DUMP + DUMP.replace("P=101d4", "P=201d4"), "--era", "6.12")
    assert [each["count"] for each in twice["groups"]] == [2]
    assert "1 without dma_mapping_error()" in run(DUMP).output


def test_era_and_platform_stand_in_for_what_the_log_does_not_say() -> None:
    what = "device driver frees DMA memory with different size [map size=256 bytes] [unmap size=64 bytes]"
    text = f"DMA-API: e1000e 0000:00:19.0: {what}"
    assert cause_of(text)["era"] == "6.12"
    assert not record(text)["era_known"]
    told = cause_of(text, "--era", "5.15", "--platform", "armv7-5.5")
    assert (told["era"], told["platforms_like_this"]) == ("5.15", ["armv7-5.5"])
    assert "On machines like this one data is lost." in " ".join(run(text, "--platform", "armv7-5.18").output.split())
    assert run(text, "--era", "nothing").exit_code == 2
    assert run(text, "--platform", "nothing").exit_code == 2


TRACE = (
    "  kworker/u4:1-29 [000] ..... 7.654959: dma_map_page: 0000:00:02.0 dir=TO_DEVICE dma_addr=26b6000 size=8 "
    "phys_addr=26b6000 attrs=\n"
)
FULL = "e1000e 0000:00:19.0: swiotlb buffer is full (sz: 4096 bytes), total 9 (slots), used 9 (slots)"
TEXT_MAPPED = "dmafuzz 1\n# mine\ncpu0 b0 = alloc text 64\ncpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE\n"


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (TRACE, 0, "What could not be said, and why"),
        ("", 2, "nothing of the DMA API in it"),
        pytest.param(gzip.compress(FULL.encode()), 2, "zcat FILE | dmafuzz explain -", id="compressed"),
        ("int main(void) { return 0; }\n", 2, "nothing of the DMA API in it"),
        (b"\x7fELF\x00\xff" * 99, 2, "nothing of the DMA API in it"),
        ("DMA-API: preallocated 65536 debug entries\n", 0, "No warning of dma-debug"),
        (FULL, 1, "bounce buffer"),
        ("dmafuzz 1\ncpu0 b0 = alloc pages 64\n", 0, "TN"),
        ("# mine\ndmafuzz 1\n", 2, "on the first line"),
        (TEXT_MAPPED, 1, "becomes possible on"),
        ("dmafuzz 1\nnonsense\n", 2, "expected"),
    ],
)
def test_an_input_is_known_by_its_look(text: str | bytes, status: int, said: str) -> None:
    result = run(text)
    assert result.exit_code == status, result.output
    assert said in " ".join(result.output.split())
    if status == 2:
        assert "Traceback" not in result.output


def test_files_that_cannot_be_read_are_said_in_a_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        result = CliRunner().invoke(main, ["explain", str(path)])
        assert result.exit_code == 2
        assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize("columns", [30, 60, 80, 200])
def test_text_fits_the_terminal(columns: int) -> None:
    text = (
        printed("free-size", "7.2") + DUMP + "foo 1-1: DMA addr 0x180000000+64 overflow (mask ffffffff, bus limit 0)."
    )
    lines = run(text, columns=columns).output.splitlines()
    assert max(map(len, lines)) <= min(columns, 100)


def test_markdown_leaves_what_the_log_says_as_text() -> None:
    text = printed("free-size", "7.2").replace("e1000e", "e1*000*e")
    result = run(text, "--markdown")
    assert r"e1\*000\*e" in result.output
    assert result.output.count("```") % 2 == 0
    assert "[map size" not in result.output.replace(r"\[map size", "")


def test_no_control_character_reaches_the_terminal() -> None:
    text = printed("free-size", "7.2").replace("e1000e 0000", "e1\x1b]0;x\x07\x1b[2J\u202e000e 0000")
    for options in ((), ("--markdown",)):
        output = run(text, *options).output
        assert all(character == "\n" or character.isprintable() for character in output)


def test_spans_of_eras() -> None:
    assert kernel_ranges(eras()) == "2.6.30 and later; Debian's 6.1 and 6.12"
    assert kernel_ranges(["5.14", "5.15", "7.2"]) == "from 5.14 to before 6.0, 7.2 and later"
    assert kernel_ranges([]) == "none"


def test_a_log_of_many_warnings_is_bounded() -> None:
    one = printed("free-size", "7.2")
    text = "".join(one.replace("e1000_clean_rx_irq", f"driver_function_{i}") for i in range(60))
    found = answer(read(text.encode()), "7.2")
    assert (len(found.causes), found.unjudged) == (40, 20)


def test_leaders_make_their_check_fire_as_the_table_says() -> None:
    table = leaders()
    assert len(TABLE.read_bytes()) <= BYTES_MAX
    assert from_json(to_json(table)) == table
    for (check, era), rows in table.items():
        for leader in rows:
            outcome = bench(era).outcome(parse("\n".join(("dmafuzz 1", *leader.program))).ops, check)
            assert meaning_of(outcome) == leader.meaning, (check, era)
            assert set(outcome.platforms) == set(leader.firing), (check, era)
            assert set(outcome.losing) == set(leader.losing), (check, era)
            assert bool(leader.losing) == (leader.meaning == LOSES)


def test_the_table_of_leaders_is_made_of_the_catalogues() -> None:
    programs = candidates(ROOT / "reports/catalogue", ROOT / "corpus")
    for era in ("5.15",):
        made = from_json(to_json(make(programs, [era])))
        assert made == {key: rows for key, rows in leaders().items() if key[1] == era}
    sizes = [len(program.ops) for program in programs]
    assert sizes == sorted(sizes)
    assert all(render_op(program.ops[0]) for program in programs)


def test_no_damage_to_a_log_leads_to_a_traceback() -> None:
    dice = random.Random(7)
    texts = ["\n".join(each.lines) + "\n" + DUMP for each in splats.printed()]
    for number in range(150):
        data = bytearray(texts[number % len(texts)].encode())
        for _ in range(dice.randrange(1, 30)):
            at = dice.randrange(len(data))
            choice = dice.randrange(4)
            if choice == 0:
                data[at] = dice.randrange(256)
            elif choice == 1:
                del data[at : at + dice.randrange(40)]
            elif choice == 2:
                data[at:at] = data[at : at + dice.randrange(60)]
            else:
                data[at:at] = dice.choice(
                    (b"\n", b"0xffffffffffffffff", b"999999999999", b"-1", b"[", b"]", b"DMA-API:")
                )
        log = read(bytes(data))
        told = answer(log)
        assert text_lines(document(told, "log"), 60)
        assert json.dumps(to_json_of_answer(told, "log"))


@pytest.mark.parametrize("era", ["2021-different-regions", "4.19", "silent", "3.14-rc1"])
def test_any_tracker_s_name_is_an_era(era: str) -> None:
    assert record(printed("free-size", "7.2") + DUMP, "--era", era)["era"] == era


AT = "[device address=0x00000000fffdc000]"
# Warnings that drivers' people have reported, and what was concluded: (message, kernel, who mapped, worths, true).
REPORTED = {
    "qla2xxx: part of one page freed": (
        f"frees DMA memory with different size {AT} [map size=4088 bytes] [unmap size=512 bytes]",
        "5.4.0",
        "dma_alloc_attrs",
        {"false"},
        False,
    ),
    "atlantic: pages never given back": (
        f"frees DMA memory with different size {AT} [map size=34816 bytes] [unmap size=32768 bytes]",
        "6.8.0",
        "dma_alloc_attrs",
        {"bookkeeping"},
        True,
    ),
    "dspi: coherent memory ended by unmap_single": (
        f"frees DMA memory with wrong function {AT} [size=128 bytes] [mapped as coherent] [unmapped as single]",
        "5.8.0",
        "",
        {"bookkeeping"},
        True,
    ),
    "the same, when coherent memory was printed as a list": (
        f"frees DMA memory with wrong function {AT} [size=128 bytes] [mapped as scather-gather] [unmapped as single]",
        "5.4.0",
        "debug_dma_alloc_coherent",
        {"bookkeeping"},
        True,
    ),
    "virtio: another direction on whole lines": (
        f"syncs DMA memory with different direction {AT} [size=32768 bytes] [mapped with DMA_FROM_DEVICE] "
        "[synced with DMA_BIDIRECTIONAL]",
        "6.6.0",
        "debug_dma_map_page",
        {"false"},
        False,
    ),
    "mt7601u: a buffer on the stack": (
        "maps memory from stack [addr=aa217c54]",
        "4.0.0",
        "",
        {"justified", "hazard"},
        True,
    ),
    "ath11k: an error demanded of an allocation": (
        f"failed to check map error{AT} [size=4096 bytes] [mapped as single]",
        "5.15.0",
        "dma_alloc_pages",
        {"false"},
        False,
    ),
    "iavf: a leak at unbind": (
        f"has pending DMA allocations while released from device [count=1]\nOne of leaked entries details: {AT} "
        "[size=4096 bytes] [mapped with DMA_BIDIRECTIONAL] [mapped as coherent]",
        "6.0.0",
        "",
        {"bookkeeping"},
        True,
    ),
}


@pytest.mark.parametrize("what", REPORTED)
def test_what_was_reported_is_answered_as_it_was_concluded(what: str) -> None:
    message, version, mapper, justifications, true = REPORTED[what]
    mapped = f"DMA-API: Mapped at:\n {mapper}+0x1/0x2\n foo_probe+0x1/0x2\n" if mapper else ""
    text = (
        f"DMA-API: foo 0000:01:00.0: device driver {message}\nCPU: 0 PID: 1 Comm: x Not tainted {version} #1\n{mapped}"
    )
    cause = cause_of(text)
    assert set(cause["programs"][0]["platforms"]) == justifications
    assert cause["true"] == true
