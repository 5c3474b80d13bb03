# SPDX-License-Identifier: GPL-2.0-only
"""The story that people read: it mentions what was judged, and says it in whole sentences."""

from pathlib import Path

import pytest

from dmafuzz import _core, checks
from dmafuzz.cli.terminal import show
from dmafuzz.program import Program, parse, read, render_op
from dmafuzz.reporting import Line, Tone, sentences, story
from dmafuzz.reporting.breaches import SENTENCES, breach_sentence
from dmafuzz.reporting.layout import WIDTH_CHARS
from dmafuzz.trackers import names as tracker_names
from dmafuzz.verdicts import Judgement, Judging, judging, meanings

WRITEBACK = """dmafuzz 1
cpu0 b0 = alloc page_cache 4096
cpu0 m0 = map_page d0 b0 0 4096 BIDIRECTIONAL
cpu1 dirty b0 0 64
cpu0 unmap_page m0
"""
STACKED = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
cpu0 m1 = map_page d1 b0 0 4096 TO_DEVICE
"""
MOVED = """dmafuzz 1
cpu0 b0 = alloc anonymous 4096
cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
cpu1 cow b0 0
"""
SMALL = """dmafuzz 1
cpu0 b0 = alloc kmalloc 32
cpu0 b1 = alloc kmalloc 32
cpu0 m0 = map_single d0 b0 0 32 FROM_DEVICE
cpu0 m1 = map_single d0 b1 0 32 FROM_DEVICE
"""
CLEAN = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_single d0 b0 0 4096 TO_DEVICE
"""
UNCHECKED = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_page d0 b0 0 4096 TO_DEVICE unchecked
cpu0 unmap_page m0
"""
FORGOTTEN = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 b1 = alloc pages 4096
cpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE
cpu0 m1 = map_page d0 b1 0 4096 TO_DEVICE
cpu0 unmap_page m0 size=64
cpu0 forget m1
"""
BOUNCING = "x86-5.18-force-bounce"
CORPUS = Path(__file__).parent.parent / "corpus"


def judged(program: Program, platforms: tuple[str, ...] = (), tracker: str = "6.12") -> list[Judgement]:
    bench = judging(tracker, "6.12")
    return [bench.judge(program, platform, "a program") for platform in platforms or bench.members]


def told(text: str, *platforms: str, tracker: str = "6.12") -> str:
    """The story in one line, so that wrapping does not matter."""
    program = parse(text)
    lines = story(program, judging(tracker, "6.12"), judged(program, platforms, tracker))
    return " ".join(" ".join(line.text for line in lines).split())


def _told_of(text: str, *platforms: str) -> tuple[Program, Judging, list[Judgement]]:
    program = parse(text)
    return program, judging("6.12", "6.12"), judged(program, platforms)


class TestStory:
    def test_shows_the_program_with_numbers_and_its_tidy_up(self) -> None:
        said = told(CLEAN, "x86-5.5")
        assert "0 cpu0 b0 = alloc pages 4096 1 cpu0 m0 = map_single d0 b0 0 4096 TO_DEVICE tidy-up:" in said
        assert "2 cpu0 unmap_single m0 3 cpu0 unbind d0" in said

    def test_puts_what_fires_and_what_becomes_possible_beside_the_operation(self) -> None:
        assert "2 cpu1 dirty b0 0 64 <- possible: stale-device-data" in told(WRITEBACK, "arm64-6.5")
        assert "3 cpu0 m1 = map_single d0 b1 0 32 FROM_DEVICE <- warns: line-overlap" in told(SMALL, "x86-5.5")

    def test_groups_platforms_of_equal_judgement(self) -> None:
        said = told(WRITEBACK)
        assert "FN lost-cpu-write after op 3; dma-debug is silent: x86-5.18-force-bounce" in said
        assert "TN no corruption; no warning: x86-5.5, x86-5.18-swiotlb" in said

    def test_shows_a_tidy_up_of_its_own_where_a_map_fails(self) -> None:
        assert "tidy-up, where the map of m0 fails: 2 cpu0 unbind d0" in told(CLEAN)

    def test_explains_a_lost_write_by_the_invalidate(self) -> None:
        said = told(WRITEBACK, "arm64-6.5")
        assert "cpu1 writes b0[0..63] without regard to ownership, as user space may" in said
        assert "op 3 cpu0's unmap_page invalidates the cacheline" in said
        assert "so after op 3, the CPU may read b0[0..63], and its own write may be lost" in said
        assert "yet dma-debug is silent" in said

    def test_explains_stale_bytes_by_the_bounce_slot(self) -> None:
        said = told(STACKED, BOUNCING)
        assert "d0 writes b0[0..4095] through m0, into its bounce buffer: memory is now stale" in said
        assert "copies b0[0..4095] from memory to m1's bounce buffer" in said
        assert "so after op 2, d1 (through m1) may read b0[0..4095]" in said

    def test_tells_the_old_page_from_the_new_one(self) -> None:
        said = told(MOVED, "x86-5.5")
        assert "the CPU reads the old page and writes b0[0..4095] to a new page" in said
        assert "d0 writes b0[0..4095] through m0, into the old page: the new page is now stale" in said

    def test_says_what_the_platform_does_for_the_directions_used(self) -> None:
        said = told(WRITEBACK, "arm64-6.5")
        assert "d0 is not coherent; cachelines of 64 bytes" in said
        assert "BIDIRECTIONAL: for_device cleans, for_cpu invalidates." in said
        assert "FROM_DEVICE:" not in said

    def test_says_of_a_warning_what_it_comes_to(self) -> None:
        said = told(SMALL, "x86-5.5")
        assert "Warning line-overlap at op 3: a mapping begins in the cacheline in which a live mapping begins." in said
        assert "false positive: no data that it covers is corrupt, and nothing else is harmed, on any platform" in said

    def test_names_the_rules_that_are_broken_with_their_text(self) -> None:
        said = told(WRITEBACK, "arm64-6.5")
        said_of_it = "cpu1's dirty accesses b0 while d0 owns it through m0 (op 2)"
        assert f"Contract: the program breaks hands-off: {said_of_it}" in said

    def test_words_a_broken_rule_as_broken_with_operation_and_mapping(self) -> None:
        said = told(UNCHECKED, "x86-5.5")
        assert said.endswith("the program breaks check-error: dma_mapping_error() is never called for m0 (op 1)")

    def test_says_where_a_warning_is_a_hazard_in_one_true_sentence(self) -> None:
        said = told(UNCHECKED)
        assert "hazard on 17 platforms: no data that it covers is corrupt there, but data is corrupt on x86" in said
        assert "it is (not on" not in said
        assert "corrupt on x86-5.5-pool-full." in said

    def test_keeps_labels_and_what_follows_apart(self) -> None:
        lines = [line.text for line in story(*_told_of(FORGOTTEN, "x86-5.5"))]
        assert any(line.startswith("hazard, bookkeeping no corruption") for line in lines)

    @pytest.mark.parametrize("rule", [rule for rule, _ in _core.rules()])
    def test_has_a_sentence_for_every_rule(self, rule: str) -> None:
        program = read(CORPUS / "rules" / f"{rule}.dma")
        platform = "x86-4.9" if rule == "no-vmalloc" else "armv5-5.5"
        judgement = judging("6.12", "6.12").judge(program, platform)
        for breach in judgement.contract:
            said = breach_sentence(breach, judgement.ops)
            assert f"m{breach.mapping}" in said
            assert said.endswith(")")
        assert rule in SENTENCES

    def test_says_that_no_rule_is_broken(self) -> None:
        assert told(CLEAN).endswith(sentences.KEPT)
        assert told(CLEAN, tracker="noisy").endswith(sentences.KEPT_BUT_WARNED)

    @pytest.mark.parametrize("tracker", tracker_names())
    def test_can_tell_of_any_program(self, tracker: str) -> None:
        """Every step of every witness has a sentence, and every warning a meaning."""
        bench = judging(tracker, "6.12")
        for seed in range(60 if tracker == "6.12" else 20):
            program = Program(_core.random_program(seed, 12))
            judgements = judged(program, tracker=tracker)
            operations = {" ".join(line.split()) for line in _program_lines(judgements)}
            for line in story(program, bench, judgements, short=seed % 8 == 0):
                number, _, rest = line.text.strip().partition("  ")
                is_operation = number.isdigit() and " ".join(rest.split()) in operations
                assert len(line.text) <= WIDTH_CHARS or is_operation  # an operation stays on its line
            assert {w.id for j in judgements for w in j.warnings} <= checks.checks().keys()
            assert {c.kind for j in judgements for c in j.corruptions} <= meanings.CORRUPTIONS.keys()
            assert {h.kind for j in judgements for h in j.harms} <= meanings.HARMS.keys()
            assert {label for j in judgements for label in j.labels} <= meanings.LABELS.keys()


def _program_lines(judgements: list[Judgement]) -> list[str]:
    return [render_op(op) for judgement in judgements for op in judgement.ops]


def test_colours_are_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    show([Line("lost", Tone.LOSS)])
    assert capsys.readouterr().out == "lost\n"
