# SPDX-License-Identifier: GPL-2.0-only
"""The text form of programs: what is said about texts that are wrong, and where."""

from __future__ import annotations

import pickle

import pytest

from dmafuzz import _core
from dmafuzz.program import (
    ProgramError,
    parse,
)
from dmafuzz.program.tokens import FILE_BYTES_MAX
from language_setting import SETTING, SETTING_LINES

# Errors. Places are line and column of the last line of each text.


VERSION_ERRORS = [
    ("", 1, 1, "'dmafuzz 1' on the first line", "end of file"),
    ("\n", 1, 1, "'dmafuzz 1' on the first line", "a line without it"),
    ("# dmafuzz 1\n", 1, 1, "'dmafuzz 1' on the first line", "a line without it"),
    ("\ndmafuzz 1\n", 1, 1, "'dmafuzz 1' on the first line", "a line without it"),
    ("cpu0 irq_off\n", 1, 1, "'dmafuzz 1' on the first line", "'cpu0'"),
    ("dmafuz 1\n", 1, 1, "'dmafuzz 1' on the first line", "'dmafuz'"),
    ("DMAFUZZ 1\n", 1, 1, "'dmafuzz 1' on the first line", "'DMAFUZZ'"),
    ("dmafuzz\n", 1, 8, "version 1 of the language", "end of line"),
    ("dmafuzz 2\n", 1, 9, "version 1 of the language", "'2'"),
    ("dmafuzz 1.0\n", 1, 9, "version 1 of the language", "'1.0'"),
    ("dmafuzz 1 cpu0\n", 1, 11, "end of line", "'cpu0'"),
    ("\ufeffdmafuzz 1\n", 1, 1, "text without a byte order mark", "one"),
    ("dmafuzz 1\n\ufeff\n", 2, 1, "cpu0 to cpu3, 'device' or 'expect'", "'\\ufeff'"),
    ("dmafuzz\u00a01\n", 1, 1, "'dmafuzz 1' on the first line", "'dmafuzz\\u00a01'"),
]
CHARACTER_ERRORS = [
    ("dmafuzz 1\ncpu0 \x00irq_off\n", 2, 6, "printable text", "character U+0000"),
    ("dmafuzz 1\n# \x1b[31m\n", 2, 3, "printable text", "character U+001B"),
    ("dmafuzz 1\rcpu0 irq_off\n", 1, 10, "printable text", "character U+000D"),
    ("dmafuzz 1\n\ncpu0 irq_off # \x85\n", 3, 16, "printable text", "character U+0085"),
    ("dmafuzz 1\n# \u2028\n", 2, 3, "printable text", "character U+2028"),
    ("dmafuzz 1\n# a\udc80\n", 2, 4, "printable text", "character U+DC80"),
    ("dmafuzz 1\n" + "#" * 4097, 2, 4097, "at most 4096 characters in a line", "4097"),
    ("dmafuzz 1\n" + "\n" * FILE_BYTES_MAX, 1, 1, "at most 1048576 bytes", "more"),
]


@pytest.mark.parametrize(("text", "line", "column", "expected", "found"), VERSION_ERRORS + CHARACTER_ERRORS)
def test_text_that_is_no_program_at_all(text: str, line: int, column: int, expected: str, found: str) -> None:
    with pytest.raises(ProgramError) as caught:
        parse(text, "file")
    error = caught.value
    assert (error.file, error.line, error.column) == ("file", line, column)
    assert (error.expected, error.found) == (expected, found)


NUMBER = "a number of bytes like 64, 0x40 or 4K"
KINDS = "a kind of buffer: pages, kmalloc, page_cache, anonymous, stack, vmalloc, text, rodata, mmio"
DIRECTIONS = "a direction: BIDIRECTIONAL, TO_DEVICE, FROM_DEVICE"
ATTR_NAMES = (
    "attributes out of SKIP_CPU_SYNC, NO_WARN, WEAK_ORDERING, MMIO, IGNORE_CACHELINES, REQUIRE_COHERENT, or 'none'"
)
SUBJECTS = "cpu0 to cpu3, 'device' or 'expect'"
KEYS = "one of tracker=, platform=, portfolio=, labels=, warnings=, corruptions=, harms="
NAME = "a name of letters, digits and . _ + > -"
TRACKER = f"{NAME}, or kernel:NAME"

# The column is that of the first '^' in the second string, under the line.
WORD_ERRORS: list[tuple[str, str, str | None, str]] = [
    ("cpu4 irq_off", "^", "cpu0 to cpu3", "'cpu4'"),
    ("cpu irq_off", "^", "cpu0 to cpu3", "'cpu'"),
    ("cpu00 irq_off", "^", "cpu0 to cpu3", "'cpu00'"),
    ("b9 = alloc pages 16", "^", SUBJECTS, "'b9'"),
    ("Cpu0 irq_off", "^", SUBJECTS, "'Cpu0'"),
    ("cpu0", "    ^", "an operation", "end of line"),
    ("cpu0  # irq_off", "    ^", "an operation", "end of line"),
    ("cpu0 map_singel", "     ^", "an operation", "'map_singel'"),
    ("cpu0 FREE b0", "     ^", "an operation", "'FREE'"),
    ("cpu0 device_write m0 0 16", "     ^", "an operation", "'device_write'"),
    ("cpu0 irq_off;", "     ^", "an operation", "'irq_off;'"),
    ("cpu0 irq_off now", "             ^", "end of line", "'now'"),
    ("cpu0 irq_off split", "             ^", "end of line", "'split'"),
    ("cpu0 irq_off =", "             ^", "end of line", "'='"),
    # Names in front of the operation
    ("cpu0 alloc pages 16", "     ^", "'bN =' in front of alloc", "'alloc'"),
    ("cpu0 alloc_coherent d0 16", "     ^", "'bN mN =' in front of alloc_coherent", "'alloc_coherent'"),
    ("cpu0 b9 alloc pages 16", "     ^", "an operation", "'b9'"),
    ("cpu0 b9=alloc pages 16", "     ^", "an operation", "'b9=alloc'"),
    ("cpu0 = alloc pages 16", "     ^", "a buffer b0 to b15", "'='"),
    ("cpu0 b9 = = alloc pages 16", "          ^", "an operation", "'='"),
    ("cpu0 b9 = ", "         ^", "an operation", "end of line"),
    ("cpu0 m9 = alloc pages 16", "     ^", "a buffer b0 to b15", "'m9'"),
    ("cpu0 b16 = alloc pages 16", "     ^", "a buffer b0 to b15", "'b16'"),
    ("cpu0 b09 = alloc pages 16", "     ^", "a buffer b0 to b15", "'b09'"),
    ("cpu0 b9 b10 = alloc pages 16", "        ^", "'='", "'b10'"),
    ("cpu0 b9 = alloc_coherent d0 16", "        ^", "a mapping m0 to m31", "'='"),
    ("cpu0 m9 b9 = alloc_coherent d0 16", "     ^", "a buffer b0 to b15", "'m9'"),
    ("cpu0 m32 = map_single d0 b0 0 16 TO_DEVICE", "     ^", "a mapping m0 to m31", "'m32'"),
    ("cpu0 b9 = free b0", "     ^", "nothing in front of free", "'b9'"),
    # Places
    ("cpu0 b9 = alloc", "               ^", KINDS, "end of line"),
    ("cpu0 b9 = alloc page 16", "                ^", KINDS, "'page'"),
    ("cpu0 b9 = alloc coherent 16", "                ^", KINDS, "'coherent'"),
    ("cpu0 b9 = alloc pages", "                     ^", NUMBER, "end of line"),
    ("cpu0 b9 = alloc pages high", "                      ^", NUMBER, "'high'"),
    ("cpu0 b9 = alloc pages -16", "                      ^", NUMBER, "'-16'"),
    ("cpu0 b9 = alloc pages 016", "                      ^", NUMBER, "'016'"),
    ("cpu0 b9 = alloc pages 0x", "                      ^", NUMBER, "'0x'"),
    ("cpu0 b9 = alloc pages 1e3", "                      ^", NUMBER, "'1e3'"),
    ("cpu0 b9 = alloc pages 1_6", "                      ^", NUMBER, "'1_6'"),
    ("cpu0 b9 = alloc pages 4k", "                      ^", NUMBER, "'4k'"),
    ("cpu0 b9 = alloc pages 0x1K", "                      ^", NUMBER, "'0x1K'"),
    ("cpu0 b9 = alloc pages 1M", "                      ^", NUMBER, "'1M'"),
    ("cpu0 b9 = alloc pages \u0661\u0666", "                      ^", NUMBER, "'\u0661\u0666'"),
    ("cpu0 b9 = alloc pages " + "9" * 4000, "                      ^", NUMBER, "'" + "9" * 37 + "...'"),
    ("cpu0 b9 = alloc pages 4294967296", "                      ^", "at most 4294967295", "'4294967296'"),
    ("cpu0 b9 = alloc pages 16 low", "                         ^", "high, end of line", "'low'"),
    ("cpu0 b9 = alloc pages 16 high high", "                              ^", "high once", "'high'"),
    ("cpu0 free", "         ^", "a buffer b0 to b15", "end of line"),
    ("cpu0 free m0", "          ^", "a buffer b0 to b15", "'m0'"),
    ("cpu0 unbind d4", "            ^", "a device d0 to d3", "'d4'"),
    ("cpu0 m9 = map_single b0 0 16 TO_DEVICE", "                     ^", "a device d0 to d3", "'b0'"),
    ("cpu0 m9 = map_single d0 b0 0 16 NONE", "                                ^", DIRECTIONS, "'NONE'"),
    ("cpu0 m9 = map_single d0 b0 0 16 to_device", "                                ^", DIRECTIONS, "'to_device'"),
    ("cpu0 m9 = map_single d0 b0 0 16", "                               ^", DIRECTIONS, "end of line"),
    ("cpu0 m9 = map_sg d0 TO_DEVICE b0:0", "                              ^", "buffer:offset:size", "'b0:0'"),
    ("cpu0 m9 = map_sg d0 TO_DEVICE b0", "                              ^", "buffer:offset:size", "'b0'"),
    ("cpu0 m9 = map_sg d0 TO_DEVICE b0:0:16:0", "                              ^", "buffer:offset:size", "'b0:0:16:0'"),
    ("cpu0 m9 = map_sg d0 TO_DEVICE b0:0:", "                                   ^", NUMBER, "nothing"),
    (
        "cpu0 m9 = map_sg d0 TO_DEVICE b0:0:16 b16:0:16",
        "                                      ^",
        "a buffer b0 to b15",
        "'b16'",
    ),
    (
        "cpu0 m9 = map_sg d0 TO_DEVICE b0:0:16 b0:0:16 b0:0:16 b0:0:16 b1:0:16",
        "                                                              ^",
        "an end of the list: a scatterlist has at most four entries",
        "'b1:0:16'",
    ),
    (
        "cpu0 m9 = map_sg d0 TO_DEVICE b0:0:16 list=m1",
        "                                      ^",
        "either list= or entries",
        "'list'",
    ),
    (
        "cpu0 m9 = map_sg d0 TO_DEVICE list=m1 b0:0:16",
        "                                      ^",
        "list=, attrs=, unchecked, split, end of line",
        "'b0:0:16'",
    ),
    # Arguments
    (
        "cpu0 unmap_single m0 nents=1",
        "                     ^",
        "offset=, size=, dir=, dev=, attrs=, split, end of line",
        "'nents'",
    ),
    (
        "cpu0 unmap_single m0 unchecked",
        "                     ^",
        "offset=, size=, dir=, dev=, attrs=, split, end of line",
        "'unchecked'",
    ),
    (
        "cpu0 unmap_single m0 size",
        "                     ^",
        "offset=, size=, dir=, dev=, attrs=, split, end of line",
        "'size'",
    ),
    (
        "cpu0 unmap_single m0 split=1",
        "                     ^",
        "offset=, size=, dir=, dev=, attrs=, split, end of line",
        "'split'",
    ),
    (
        "cpu0 unmap_single m0 =16",
        "                     ^",
        "offset=, size=, dir=, dev=, attrs=, split, end of line",
        "'=16'",
    ),
    (
        "cpu0 unmap_single m0 size = 16",
        "                     ^",
        "offset=, size=, dir=, dev=, attrs=, split, end of line",
        "'size'",
    ),
    ("cpu0 unmap_single m0 size=", "                          ^", NUMBER, "nothing after 'size='"),
    ("cpu0 unmap_single m0 size=16 size=16", "                             ^", "size once", "'size'"),
    ("cpu0 unmap_single m0 size=1048577", "                          ^", "at most 1048576 bytes", "'1048577'"),
    ("cpu0 unmap_single m0 offset=1048577", "                            ^", "at most 1048576 bytes", "'1048577'"),
    ("cpu0 unmap_single m0 dir=IN", "                         ^", DIRECTIONS, "'IN'"),
    ("cpu0 unmap_single m0 dev=0", "                         ^", "a device d0 to d3", "'0'"),
    ("cpu0 unmap_single m0 attrs=", "                           ^", ATTR_NAMES, "nothing after 'attrs='"),
    ("cpu0 unmap_single m0 attrs=NO_WARN,", "                                   ^", ATTR_NAMES, "nothing"),
    ("cpu0 unmap_single m0 attrs=NO_WARN,none", "                                   ^", ATTR_NAMES, "'none'"),
    ("cpu0 unmap_single m0 attrs=NO_WARN,NOWARN", "                                   ^", ATTR_NAMES, "'NOWARN'"),
    (
        "cpu0 unmap_single m0 attrs=NO_WARN,NO_WARN",
        "                                   ^",
        "each attribute once",
        "'NO_WARN'",
    ),
    (
        "cpu0 sync_single_for_cpu m0 attrs=none",
        "                            ^",
        "offset=, size=, dir=, dev=, split, end of line",
        "'attrs'",
    ),
    (
        "cpu0 sync_sg_for_cpu m1 size=16",
        "                        ^",
        "nents=, dir=, dev=, split, end of line",
        "'size'",
    ),
    ("cpu0 sync_sg_for_cpu m1 nents=x", "                              ^", "a number of scatterlist entries", "'x'"),
    ("cpu0 sync_sg_for_cpu m1 nents=256", "                              ^", "at most 255", "'256'"),
    (
        "cpu0 free_coherent m2 dir=TO_DEVICE",
        "                      ^",
        "offset=, size=, dev=, attrs=, cpu_offset=, split, end of line",
        "'dir'",
    ),
    (
        "cpu0 free_coherent m2 cpu_offset=524289",
        "                                 ^",
        "at most 524288 bytes",
        "'524289'",
    ),
    (
        "cpu0 free_noncontiguous m4 cpu_offset=16",
        "                           ^",
        "offset=, size=, dir=, dev=, attrs=, split, end of line",
        "'cpu_offset'",
    ),
    (
        "cpu0 b9 m9 = alloc_coherent d0 16 TO_DEVICE",
        "                                  ^",
        "attrs=, split, end of line",
        "'TO_DEVICE'",
    ),
    (
        "cpu0 b9 m9 = alloc_coherent d0 16 unchecked",
        "                                  ^",
        "attrs=, split, end of line",
        "'unchecked'",
    ),
    # Devices
    ("device", "      ^", "a mapping m0 to m31", "end of line"),
    ("device write m0 0 16", "       ^", "a mapping m0 to m31", "'write'"),
    ("device m0", "         ^", "'read' or 'write' or 'post'", "end of line"),
    ("device m0 dirty 0 16", "          ^", "'read' or 'write' or 'post'", "'dirty'"),
    ("device m0 write 0 16 split", "                     ^", "end of line", "'split'"),
    ("device d0 write 0 16", "       ^", "a mapping m0 to m31", "'d0'"),
    # Expectations
    ("expect", "      ^", "tracker=", "end of line"),
    ("expect tracker=t platform=p", "                           ^", "labels=", "end of line"),
    ("expect tracker=t labels=TN", "                          ^", "platform= or portfolio=", "end of line"),
    (
        "expect tracker=t platform=p portfolio=q labels=TN",
        "                            ^",
        "either platform= or portfolio=",
        "'portfolio'",
    ),
    ("expect tracker=t tracker=t", "                 ^", "tracker= once", "'tracker'"),
    ("expect tracker=t platform", "                 ^", KEYS, "'platform'"),
    ("expect tracker=t plattform=p", "                 ^", KEYS, "'plattform'"),
    ("expect tracker= platform=p labels=TN", "               ^", TRACKER, "nothing after 'tracker='"),
    ("expect tracker=t platform=p,,q labels=TN", "                            ^", NAME, "nothing"),
    ("expect tracker=t platform=p,p labels=TN", "                            ^", "each name once", "'p'"),
    ("expect tracker=t platform=none labels=TN", "                          ^", NAME, "'none'"),
    (
        "expect tracker=t platform=p labels=",
        "                                   ^",
        "labels out of TN, TP, FN, FP, hazard, bookkeeping, broken",
        "nothing after 'labels='",
    ),
    (
        "expect tracker=t platform=p labels=none",
        "                                   ^",
        "labels out of TN, TP, FN, FP, hazard, bookkeeping, broken",
        "'none'",
    ),
    ("expect tracker=t platform=p labels=FN,FN", "                                      ^", "each name once", "'FN'"),
    (
        "expect tracker=t platform=p labels=FN warnings=",
        "                                               ^",
        NAME,
        "nothing after 'warnings='",
    ),
    (
        "expect tracker=t platform=p labels=FN warnings=none,leak",
        "                                               ^",
        NAME,
        "'none'",
    ),
]

# What the core refuses is shown at the word it is about.
MEANING_ERRORS: list[tuple[str, str, str | None, str]] = [
    ("cpu0 b0 = alloc pages 16", "     ^", "a buffer name that is not defined yet", "'b0'"),
    ("cpu0 b9 = alloc pages 0", "                      ^", None, "'0'"),
    ("cpu0 b9 = alloc pages 513K", "                      ^", None, "'513K'"),
    ("cpu0 b9 = alloc stack 4112", "                      ^", None, "'4112'"),
    (
        "cpu0 b9 = alloc kmalloc 16 high",
        "                ^",
        "pages, page_cache, anonymous or mmio with 'high'",
        "'kmalloc'",
    ),
    ("cpu0 b9 m0 = alloc_coherent d0 16", "        ^", "a mapping name that is not defined yet", "'m0'"),
    ("cpu0 b0 m9 = alloc_coherent d0 16", "     ^", "a buffer name that is not defined yet", "'b0'"),
    ("cpu0 free b9", "          ^", "a live buffer", "'b9'"),
    ("cpu0 free b3", "          ^", "a buffer made by alloc, not kernel text, rodata or mmio", "'b3'"),
    ("cpu0 write b0 16 64", "                 ^", "a range of at least 1 byte inside the buffer", "'64'"),
    ("cpu0 write b6 0 16", "           ^", "memory, not mmio", "'b6'"),
    ("cpu0 cow b0", "         ^", "a page_cache or anonymous buffer", "'b0'"),
    ("cpu0 cow b2 8192", "            ^", "the offset of a page in the buffer, a multiple of 4096", "'8192'"),
    ("cpu0 unmap_single m9", "                  ^", "a mapping whose call has returned", "'m9'"),
    ("cpu0 m9 = map_sg d0 TO_DEVICE", "                             ^", "one to four entries", "end of line"),
    ("cpu0 m9 = map_sg d0 TO_DEVICE split", "                              ^", "one to four entries", "'split'"),
    (
        "cpu0 m9 = map_sg d0 TO_DEVICE b0:0:16 b9:0:16",
        "                                      ^",
        "a live buffer that is not mmio",
        "'b9:0:16'",
    ),
    (
        "cpu0 m9 = map_sg d0 TO_DEVICE b0:0:16 b0:64:16",
        "                                      ^",
        "a range of at least 1 byte inside the buffer",
        "'b0:64:16'",
    ),
    (
        "cpu0 m9 = map_sg d0 TO_DEVICE list=m0",
        "                                   ^",
        "a mapping made by a map_sg that has returned",
        "'m0'",
    ),
    (
        "cpu0 sync_sg_for_cpu m1 nents=3",
        "                              ^",
        "at least one entry, and no more than the list has",
        "'3'",
    ),
    (
        "cpu0 sync_sg_for_cpu m1 dir=TO_DEVICE nents=0",
        "                                            ^",
        "at least one entry, and no more than the list has",
        "'0'",
    ),
    ("device m0 post 0 80", "                 ^", "a range of at least 1 byte inside the mapping", "'80'"),
    (
        "device m0 write 0 524289",
        "                  ^",
        "a range of at least 1 byte in the 524288 from the mapping's start on",
        "'524289'",
    ),
    ("cpu1 irq_off", "     ^", "interrupts that are on", "'irq_off'"),
    ("cpu0 irq_on", "     ^", "interrupts that are off", "'irq_on'"),
    ("cpu0 finish", "     ^", "a call of this CPU that was split and not finished", "'finish'"),
]


@pytest.mark.parametrize(("line", "caret", "expected", "found"), WORD_ERRORS + MEANING_ERRORS)
def test_what_is_wrong_is_said_where_it_is(line: str, caret: str, expected: str | None, found: str) -> None:
    with pytest.raises(ProgramError) as caught:
        parse(SETTING + line + "\n", "some.dma")
    error = caught.value
    assert (error.line, error.column) == (SETTING_LINES + 1, len(caret))
    assert expected is None or error.expected == expected
    assert error.found == found
    assert error.source == line
    assert str(error).startswith(f"some.dma:{SETTING_LINES + 1}:{len(caret)}: expected ")


def test_an_error_of_meaning_is_said_at_its_own_line() -> None:
    text = "dmafuzz 1\n# one\ncpu0 b0 = alloc pages 16\n\nexpect tracker=t platform=p labels=TN\ncpu0 free b1\n"
    with pytest.raises(ProgramError) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (6, 11)


def test_a_cpu_between_the_halves_of_a_call_is_said_at_the_cpu() -> None:
    with pytest.raises(ProgramError) as caught:
        parse(SETTING + "cpu0 unmap_single m0 split\ncpu0 irq_off\n")
    assert (caught.value.line, caught.value.column, caught.value.found) == (SETTING_LINES + 2, 1, "'cpu0'")


def test_too_many_operations_are_said_at_the_first_too_many() -> None:
    unbind = "cpu0 unbind d0\n"
    assert len(parse("dmafuzz 1\n" + unbind * _core.OPS_MAX).ops) == _core.OPS_MAX
    with pytest.raises(ProgramError) as caught:
        parse("dmafuzz 1\n" + unbind * (_core.OPS_MAX + 2))
    assert (caught.value.line, caught.value.column, caught.value.expected) == (66, 6, "at most 64 operations")


def test_an_error_shows_the_line_with_a_caret() -> None:
    with pytest.raises(ProgramError) as caught:
        parse("dmafuzz 1\ncpu0\tm0 = map_singel d0 b0 0 32 TO_DEVICE\n", "case.dma")
    assert str(caught.value) == (
        "case.dma:2:11: expected an operation, found 'map_singel'; did you mean 'map_single'?\n"
        "  cpu0\tm0 = map_singel d0 b0 0 32 TO_DEVICE\n"
        "      \t     ^"
    )


def test_a_long_line_is_shown_in_part() -> None:
    with pytest.raises(ProgramError) as caught:
        parse("dmafuzz 1\ncpu0 " + " " * 2000 + "fly" + " " * 1000 + "# far\n")
    message, excerpt, caret = str(caught.value).split("\n")
    assert message == "<text>:2:2006: expected an operation, found 'fly'"
    assert excerpt[caret.index("^") :].startswith("fly")
    assert len(excerpt) < 120


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("cpu0 sync_single_for_cpus m0", "sync_single_for_cpu"),
        ("cpu0 umap_page m0", "unmap_page"),
        ("cpu0 finnish", "finish"),
        ("cpu0 b9 = alloc kmaloc 16", "kmalloc"),
        ("cpu0 m9 = map_page d0 b0 0 16 TODEVICE", "TO_DEVICE"),
        ("cpu0 unmap_single m0 ofset=16", "offset"),
        ("cpu0 unmap_single m0 splitt", "split"),
        ("cpu0 unmap_single m0 attrs=SKIP_SYNC", "SKIP_CPU_SYNC"),
        ("device m0 wriet 0 16", "write"),
        ("expct tracker=t", "expect"),
        ("expect traker=t", "tracker"),
        ("expect tracker=t platform=p labels=hazzard", "hazard"),
        ("cpu0 zzz", ""),
    ],
)
def test_a_word_that_is_nearly_right_gets_a_suggestion(line: str, suggestion: str) -> None:
    with pytest.raises(ProgramError) as caught:
        parse(SETTING + line)
    assert caught.value.suggestion == suggestion
    assert (f"did you mean '{suggestion}'?" in str(caught.value)) == bool(suggestion)


def test_an_error_passes_between_processes() -> None:
    with pytest.raises(ProgramError) as caught:
        parse("dmafuzz 1\nx\n")
    copied = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(copied, ProgramError)
    assert str(copied) == str(caught.value)
