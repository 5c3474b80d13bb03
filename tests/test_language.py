"""The text form of programs: what can be said, how it is printed, and what is said about texts that are wrong."""

from __future__ import annotations

import importlib.util
import os
import pickle
import random
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dmafuzz import _core
from dmafuzz.program import (
    Comments,
    Expect,
    Program,
    ProgramError,
    Remark,
    canonical,
    content_hash,
    parse,
    read,
    render,
    render_op,
    write,
)
from dmafuzz.program.strategies import documents, programs
from dmafuzz.program.tokens import FILE_BYTES_MAX, LINE_CHARS_MAX

HARNESSES = Path(__file__).parent.parent / "harnesses"

# Each form below follows these lines, so that it has everything to talk about.
SETTING = """\
dmafuzz 1
cpu0 b0 = alloc kmalloc 64
cpu0 b1 = alloc pages 8192
cpu0 b2 = alloc anonymous 8192
cpu0 m0 = map_single d0 b0 0 64 FROM_DEVICE
cpu0 m1 = map_sg d0 TO_DEVICE b0:0:32 b1:64:16
cpu0 b3 m2 = alloc_coherent d0 4096
cpu0 b4 m3 = alloc_noncoherent d0 4096 BIDIRECTIONAL
cpu0 b5 m4 = alloc_noncontiguous d0 4096 BIDIRECTIONAL
cpu0 b6 = alloc mmio 4096
cpu1 irq_off
"""
SETTING_LINES = SETTING.count("\n")

ALLOCS = [
    *(f"cpu0 b9 = alloc {kind} 32" for kind in ("pages", "kmalloc", "page_cache", "anonymous", "stack", "vmalloc")),
    *(f"cpu0 b9 = alloc {kind} 4096" for kind in ("text", "rodata", "mmio")),
    *(f"cpu3 b15 = alloc {kind} 524288 high" for kind in ("pages", "page_cache", "anonymous")),
]
MAPS = [
    line + options
    for line in (
        "cpu0 m9 = map_single d0 b1 16 48 TO_DEVICE",
        "cpu1 m9 = map_page d3 b1 4096 4096 FROM_DEVICE",
        "cpu0 m31 = map_resource d0 b6 0 4096 BIDIRECTIONAL",
        "cpu0 m9 = map_sg d0 BIDIRECTIONAL b0:0:64",
        "cpu0 m9 = map_sg d0 TO_DEVICE b0:0:32 b1:64:16 b1:0:4096 b2:4096:4096",
        "cpu0 m9 = map_sg d1 FROM_DEVICE list=m1",
    )
    for options in ("", " attrs=SKIP_CPU_SYNC", " unchecked", " split", " attrs=NO_WARN,MMIO unchecked split")
]
ALLOCATION_CALLS = [
    line + options
    for line in (
        "cpu0 b9 m9 = alloc_coherent d0 4096",
        "cpu0 b9 m9 = alloc_noncoherent d0 16 FROM_DEVICE",
        "cpu0 b9 m9 = alloc_noncontiguous d2 8192 TO_DEVICE",
    )
    for options in ("", " attrs=WEAK_ORDERING", " split", " attrs=REQUIRE_COHERENT split")
]
RANGE = (" offset=16", " size=16", " size=0")
SG = (" nents=1", " nents=2")
DIRECTION = (" dir=TO_DEVICE", " dir=FROM_DEVICE", " dir=BIDIRECTIONAL")
DEVICE = (" dev=d1", " dev=d0")
ATTRS = (" attrs=none", " attrs=SKIP_CPU_SYNC,NO_WARN,WEAK_ORDERING,MMIO,IGNORE_CACHELINES,REQUIRE_COHERENT")
CPU_OFFSET = (" cpu_offset=16", " cpu_offset=4096", " cpu_offset=524288")
CALLS = [
    f"cpu0 {call}{options}"
    for call, choices in (
        *((f"sync_{kind}_for_cpu m0", (RANGE, DIRECTION, DEVICE)) for kind in ("single", "range")),
        *((f"sync_{kind}_for_device m0", (RANGE, DIRECTION, DEVICE)) for kind in ("single", "range")),
        *((f"sync_sg_for_{to} m1", (SG, DIRECTION, DEVICE)) for to in ("cpu", "device")),
        *((f"unmap_{kind} m0", (RANGE, DIRECTION, DEVICE, ATTRS)) for kind in ("single", "page", "resource")),
        ("unmap_sg m1", (SG, DIRECTION, DEVICE, ATTRS)),
        ("free_coherent m2", (RANGE, DEVICE, ATTRS, CPU_OFFSET)),
        ("free_noncoherent m3", (RANGE, DIRECTION, DEVICE, ATTRS, CPU_OFFSET)),
        ("free_noncontiguous m4", (RANGE, DIRECTION, DEVICE, ATTRS)),
    )
    for options in (
        "",
        " split",
        *(option for choice in choices for option in choice),
        "".join(choice[-1] for choice in choices) + " split",
    )
]
OTHERS = [
    "cpu0 free b0",
    "cpu0 write b0 0 16",
    "cpu0 read b0 16 48",
    "cpu0 dirty b1 0 8192",
    "cpu0 cow b2 0",
    "cpu0 cow b2 4096",
    "cpu0 cow b2 0 private",
    "cpu0 start m0",
    "cpu0 write b0 3 7",
    "cpu0 mapping_error m0",
    "cpu0 forget m0",
    "cpu0 unbind d3",
    "cpu0 irq_off",
    "cpu1 irq_on",
    "device m0 read 0 16",
    "device m0 write 48 16",
    "device m1 read 0 48",
    "device m0 write 1000 500000",
    "device m0 post 0 8",
]
FORMS = [*ALLOCS, *MAPS, *ALLOCATION_CALLS, *CALLS, *OTHERS]


def last_op(line: str) -> _core.Op:
    return parse(SETTING + line + "\n").ops[-1]


@pytest.mark.parametrize("line", FORMS)
def test_every_form_is_printed_as_it_was_read(line: str) -> None:
    text = SETTING + line + "\n"
    program = parse(text)
    assert render(program) == text
    assert parse(render(program)) == program
    assert render_op(program.ops[-1]) == line
    assert Program.decode(program.encode()) == program


def test_the_forms_cover_every_kind_of_operation() -> None:
    kinds = {last_op(line).kind for line in FORMS} | {parse(SETTING + SPLIT_AND_FINISH).ops[-1].kind}
    assert kinds == set(_core.OpKind)


SPLIT_AND_FINISH = "cpu0 unmap_single m0 split\ncpu0 finish\n"


def test_finish_is_printed_as_it_was_read() -> None:
    assert render(parse(SETTING + SPLIT_AND_FINISH)) == SETTING + SPLIT_AND_FINISH


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("cpu0   write\tb0  0   16  ", "cpu0 write b0 0 16"),
        ("  cpu0 write b0 0 16", "cpu0 write b0 0 16"),
        ("cpu0 write b0 0 16\r", "cpu0 write b0 0 16"),
        ("cpu0 write b1 0x10 4K", "cpu0 write b1 16 4096"),
        ("cpu0 write b1 0X10 4K", None),
        ("cpu0 cow b2", "cpu0 cow b2 0"),
        ("cpu0 unmap_single m0 offset=0", "cpu0 unmap_single m0"),
        ("cpu0 unmap_single m0 split dev=d1 size=16", "cpu0 unmap_single m0 size=16 dev=d1 split"),
        ("cpu0 unmap_single m0 attrs=NO_WARN,SKIP_CPU_SYNC", "cpu0 unmap_single m0 attrs=SKIP_CPU_SYNC,NO_WARN"),
        ("cpu0 m9 = map_single d0 b0 0 16 TO_DEVICE attrs=none", "cpu0 m9 = map_single d0 b0 0 16 TO_DEVICE"),
        ("cpu0 m9 = map_sg d0 TO_DEVICE split list=m1", "cpu0 m9 = map_sg d0 TO_DEVICE list=m1 split"),
    ],
)
def test_other_ways_to_write_a_line_print_in_one(written: str, printed: str | None) -> None:
    if printed is None:
        with pytest.raises(ProgramError):
            last_op(written)
    else:
        assert render_op(last_op(written)) == printed


def test_a_line_says_what_its_operation_holds() -> None:
    op = last_op("cpu2 m9 = map_page d1 b1 4K 0x20 TO_DEVICE attrs=NO_WARN unchecked split")
    assert (op.kind, op.cpu, op.mapping, op.device, op.buffer) == (_core.OpKind.map_page, 2, 9, 1, 1)
    assert (op.offset, op.size, op.direction) == (4096, 32, _core.Direction.to_device)
    assert (op.attrs, op.given_attrs, op.unchecked, op.split) == (2, False, True, True)
    op = last_op("cpu0 unmap_single m0 offset=16 size=32 dir=TO_DEVICE dev=d1 attrs=none")
    assert (op.offset, op.given_size, op.size) == (16, True, 32)
    assert (op.given_direction, op.direction, op.given_device, op.device) == (True, _core.Direction.to_device, True, 1)
    assert (op.given_attrs, op.attrs, op.given_count) == (True, 0, False)
    op = last_op("cpu0 m9 = map_sg d0 TO_DEVICE b0:0:32 b1:64:16")
    assert op.entries == [_core.Entry(0, 0, 32), _core.Entry(1, 64, 16)]
    op = last_op("cpu0 m9 = map_sg d0 TO_DEVICE list=m1")
    assert (op.reuse_list, op.list, op.entries) == (True, 1, [])
    op = last_op("cpu0 free_coherent m2 cpu_offset=32")
    assert (op.given_count, op.cpu_offset) == (False, 32)
    op = last_op("cpu0 b9 = alloc page_cache 4K high")
    assert (op.buffer, op.buffer_kind, op.size, op.high) == (9, _core.BufferKind.page_cache, 4096, True)
    op = last_op("device m0 write 16 32")
    assert (op.kind, op.cpu, op.mapping, op.offset, op.size) == (_core.OpKind.device_write, 0, 0, 16, 32)


def test_an_empty_program_is_its_version_line() -> None:
    assert render(Program()) == "dmafuzz 1\n"
    assert parse("dmafuzz 1") == parse("dmafuzz 1\n") == parse("dmafuzz 1\r\n") == Program()


@given(programs())
def test_any_program_survives_its_text(program: Program) -> None:
    text = render(program)
    assert parse(text) == program
    assert render(parse(text)) == text
    assert Program.decode(program.encode()).ops == program.ops


@given(documents())
def test_any_document_survives_its_text(program: Program) -> None:
    text = render(program)
    again = parse(text)
    assert again == program
    assert hash(again) == hash(program)
    assert render(again) == text


def test_a_program_is_always_valid() -> None:
    op = _core.Op()
    op.kind = _core.OpKind.free
    with pytest.raises(ValueError, match="operation 0: buffer: expected a live buffer"):
        Program([op])


def test_a_program_is_not_changed_through_the_operations_it_was_made_of() -> None:
    op = _core.Op()
    op.size = 16
    op.count = 7  # counts for no alloc
    program = Program([op])
    op.size = 32
    assert render(program) == "dmafuzz 1\ncpu0 b0 = alloc pages 16\n"
    assert program == parse(render(program))


# Comments


DOCUMENT = """\
dmafuzz 1  # the first version
# Loses what the device wrote.
#   Indented, with a tab:\there.

# Now the buffers.
cpu0 b0 = alloc kmalloc 32  # shares a line

# The mapping: Überlauf, 缓存
#
cpu0 m0 = map_single d0 b0 0 32 FROM_DEVICE  # no sync
cpu0 unmap_single m0

expect tracker=6.12 platform=x86-64 labels=TN  # coherent
# On these it is lost.
expect tracker=6.12 portfolio=arm64 labels=FN warnings=none corruptions=stale-cpu-data harms=leak
# The end.

"""


def test_comments_and_blank_lines_survive() -> None:
    program = parse(DOCUMENT)
    assert render(program) == DOCUMENT
    assert program.comments.head == (
        "# Loses what the device wrote.",
        "#   Indented, with a tab:\there.",
        "",
        "# Now the buffers.",
    )
    assert program.comments.ops[0] == Remark(beside="# shares a line")
    assert program.comments.tail == ("# The end.", "")


def test_blanks_around_comments_are_put_in_order() -> None:
    text = "dmafuzz 1\n\t # above \t\ncpu0 irq_off#beside \n"
    assert render(parse(text)) == "dmafuzz 1\n# above\ncpu0 irq_off  #beside\n"


def test_expectations_are_printed_behind_the_operations() -> None:
    text = "dmafuzz 1\n# head\nexpect tracker=a platform=b labels=TN # x\n# above\ncpu0 irq_off # y\n# tail\n"
    printed = "dmafuzz 1\n# head\n# above\ncpu0 irq_off  # y\nexpect tracker=a platform=b labels=TN  # x\n# tail\n"
    assert render(parse(text)) == printed
    assert parse(printed) == parse(text)


@pytest.mark.parametrize("comment", ["no hash", "# two\n# lines", "# blank at end ", "# \x00", "# \ud800", "# \u2028"])
def test_what_is_not_a_comment_cannot_be_one(comment: str) -> None:
    with pytest.raises(ValueError, match="comment"):
        Comments(head=(comment,))
    with pytest.raises(ValueError, match="comment"):
        Remark(beside=comment)


def test_comments_need_lines_to_belong_to() -> None:
    with pytest.raises(ValueError, match="more lines"):
        Program(comments=Comments(ops=(Remark(beside="# lost"),)))


def test_what_could_not_be_read_again_is_not_printed() -> None:
    ops = parse("dmafuzz 1\ncpu0 irq_off\n").ops
    wide = Comments(ops=(Remark(beside="#" + "x" * (LINE_CHARS_MAX - 1)),))
    with pytest.raises(ValueError, match="characters"):
        render(Program(ops, comments=wide))
    lines = Comments(head=("#" + "x" * 999,) * (FILE_BYTES_MAX // 1000))
    assert len(render(Program(comments=replace(lines, head=lines.head[:100])))) > 100_000
    with pytest.raises(ValueError, match="bytes"):
        render(Program(comments=lines))


# Expectations


@pytest.mark.parametrize(
    ("line", "expect"),
    [
        ("expect tracker=6.12 platform=x86-64 labels=FN", Expect("6.12", ("FN",), ("x86-64",))),
        ("expect tracker=6.12 platform=a,b labels=FN,FP", Expect("6.12", ("FN", "FP"), ("a", "b"))),
        ("expect tracker=x portfolio=p labels=hazard", Expect("x", ("hazard",), portfolio="p")),
        (
            "expect tracker=x platform=p labels=TP warnings=line-overlap,overlap>7 corruptions=none harms=leak",
            Expect("x", ("TP",), ("p",), warnings=("line-overlap", "overlap>7"), corruptions=(), harms=("leak",)),
        ),
    ],
)
def test_an_expectation_is_printed_as_it_was_read(line: str, expect: Expect) -> None:
    program = parse(f"dmafuzz 1\n{line}\n")
    assert program.expects == (expect,)
    assert render(program) == f"dmafuzz 1\n{line}\n"


def test_the_arguments_of_an_expectation_come_in_any_order() -> None:
    mixed = parse("dmafuzz 1\nexpect harms=none labels=TN platform=p tracker=t\n")
    assert render(mixed) == "dmafuzz 1\nexpect tracker=t platform=p labels=TN harms=none\n"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Expect("", ("TN",), ("p",)),
        lambda: Expect("t", (), ("p",)),
        lambda: Expect("t", ("tn",), ("p",)),
        lambda: Expect("t", ("TN", "TN"), ("p",)),
        lambda: Expect("t", ("TN",)),
        lambda: Expect("t", ("TN",), ("p",), portfolio="q"),
        lambda: Expect("t", ("TN",), ("p q",)),
        lambda: Expect("t", ("TN",), ("p",), warnings=("none",)),
    ],
)
def test_an_expectation_that_has_no_text_cannot_be_made(make: Callable[[], Expect]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        make()


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
TRACKER = f"{NAME}, or kernel:NAME or kernel:PATH"

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
        "an end of the list: a scatter list has at most four entries",
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
    ("cpu0 sync_sg_for_cpu m1 nents=x", "                              ^", "a number of scatter list entries", "'x'"),
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


# Files


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "case.dma"
    program = parse(DOCUMENT)
    write(path, program)
    assert path.read_text(encoding="utf-8") == DOCUMENT
    assert read(path) == program
    assert read(str(path)) == program
    assert os.listdir(tmp_path) == ["case.dma"]


def test_a_new_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    write(tmp_path / "case.dma", Program())
    (tmp_path / "other").touch()
    assert stat.S_IMODE((tmp_path / "case.dma").stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "case.dma"
    write(path, Program())

    def fail(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write(path, parse(DOCUMENT))
    assert path.read_text() == "dmafuzz 1\n"
    assert os.listdir(tmp_path) == ["case.dma"]


@pytest.mark.parametrize(
    ("data", "line", "column", "expected", "found"),
    [
        (b"\xff\xfed\x00m\x00", 1, 1, "UTF-8 text", "byte 0xff"),
        ("dmafuzz 1\n# Größe ".encode() + b"\xe9\n", 2, 9, "UTF-8 text", "byte 0xe9"),
        (b"dmafuzz 1\n# \xe2\x82", 2, 3, "UTF-8 text", "byte 0xe2"),
        (b"dmafuzz 1\n# \xed\xa0\x80", 2, 3, "UTF-8 text", "byte 0xed"),
        (b"dmafuzz 1\n# \xc0\x80", 2, 3, "UTF-8 text", "byte 0xc0"),
        (b"dmafuzz 1\n\x00", 2, 1, "printable text", "character U+0000"),
        (b"\x7fELF\x02\x01", 1, 1, "printable text", "character U+007F"),
        (b"\xef\xbb\xbfdmafuzz 1\n", 1, 1, "text without a byte order mark", "one"),
        (b"#" * (FILE_BYTES_MAX + 1), 1, 1, "at most 1048576 bytes", "more"),
        (b"", 1, 1, "'dmafuzz 1' on the first line", "end of file"),
    ],
)
def test_a_file_that_is_no_program(
    tmp_path: Path, data: bytes, line: int, column: int, expected: str, found: str
) -> None:
    path = tmp_path / "bad.dma"
    path.write_bytes(data)
    with pytest.raises(ProgramError) as caught:
        read(path)
    error = caught.value
    assert (error.file, error.line, error.column) == (str(path), line, column)
    assert (error.expected, error.found) == (expected, found)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=r"none\.dma:1:1: expected a file that can be read, found No such file"):
        read(tmp_path / "none.dma")
    with pytest.raises(ProgramError, match="expected a file that can be read, found Is a directory"):
        read(tmp_path)
    with pytest.raises(ProgramError, match="expected a file that can be read"):
        read("a\0b")


# Names

RENAMED = """\
dmafuzz 1
cpu0 b0 = alloc pages 64
cpu1 m0 = map_single d2 b0 0 64 TO_DEVICE
cpu0 b1 m1 = alloc_coherent d0 4096
cpu0 m2 = map_sg d1 TO_DEVICE b1:0:32 b0:0:32
cpu0 m3 = map_sg d1 TO_DEVICE list=m2
cpu1 unmap_single m0 dev=d3
device m1 write 0 16
cpu0 unbind d0
"""
NAMED_OTHERWISE = """\
dmafuzz 1
# somebody else's
cpu3 b7 = alloc pages 64
cpu2 m9 = map_single d2 b7 0 64 TO_DEVICE
cpu3 b3 m4 = alloc_coherent d0 4096
cpu3 m31 = map_sg d1 TO_DEVICE b3:0:32 b7:0:32
cpu3 m0 = map_sg d1 TO_DEVICE list=m31
cpu2 unmap_single m9 dev=d3
device m4 write 0 16
cpu3 unbind d0
expect tracker=t platform=p labels=TN
"""


def test_names_follow_first_appearance() -> None:
    assert render(Program(canonical(parse(NAMED_OTHERWISE).ops))) == RENAMED
    assert render(Program(canonical(parse(RENAMED).ops))) == RENAMED


def test_devices_are_renamed_only_when_asked() -> None:
    ops = canonical(parse("dmafuzz 1\ncpu0 unbind d3\ncpu0 unbind d0\ncpu0 unbind d3\n").ops, devices=True)
    assert [op.device for op in ops] == [0, 1, 0]


def test_the_hash_is_that_of_what_a_program_does() -> None:
    assert content_hash(parse(NAMED_OTHERWISE)) == content_hash(parse(RENAMED))
    assert content_hash(parse(RENAMED.replace("d3", "d2"))) != content_hash(parse(RENAMED))
    assert content_hash(Program()) == "81501fd232686035"  # pinned: findings are filed under it


@given(programs())
def test_renaming_gives_a_valid_program_and_is_done_once(program: Program) -> None:
    before = render(program)
    for devices in (False, True):
        once = canonical(program.ops, devices=devices)
        assert _core.check(once) is None
        assert canonical(once, devices=devices) == once
    assert render(program) == before


# Texts that nobody would write


def target(name: str) -> Callable[[bytes], None]:
    """The function of a harness, which needs no fuzzer."""
    spec = importlib.util.spec_from_file_location(f"harness_{name}", HARNESSES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[[bytes], None] = module.target
    return function


BROKEN = [
    "",
    "=",
    "==",
    "#",
    " ",
    "\t",
    "\r",
    "\0",
    "\x1c",
    "\u2029",
    "\ud800",
    "\U0010ffff",
    "'",
    '"',
    "\\",
    "%s",
    "{0}",
    "cpu0",
    "cpu0 =",
    "cpu0 = =",
    "cpu0 b0 =",
    "cpu0 b0 = =",
    "cpu0 b0 = alloc pages " + "0" * 4000,
    "device",
    "expect",
    "expect =",
    "expect ==",
    "expect =,=",
    "expect labels=,",
    "expect tracker==",
    "cpu0 m0 = map_sg d0 TO_DEVICE :",
    "cpu0 m0 = map_sg d0 TO_DEVICE ::",
    "cpu0 m0 = map_sg d0 TO_DEVICE :::",
    "cpu0 unmap_single m0 =",
    "cpu0 x" + "y" * 4000,
    "cpu0 unmap_single m0 attrs=,",
    "cpu0 unmap_single m0 attrs=" + "," * 4000,
    "cpu0 " + "b0 " * 1000 + "= alloc pages 16",
    "cpu0 b0 = alloc pages 0x" + "f" * 4000,
    "cpu0 b0 = alloc pages 0xfffffffffffffff0",
    "cpu0 b0 = alloc pages 4294967312",
    "cpu0 b0 = alloc pages -1",
    "cpu-1 irq_off",
    "cpu18446744073709551616 irq_off",
    "cpu0 free b-1",
    "cpu0 free b999999999999",
    "device m0",
    "device device",
    "device m0 write",
    "device m0 write 0",
    "expect " + "tracker=t " * 400,
    "cpu0 finish finish",
]


@pytest.mark.parametrize("line", BROKEN)
def test_a_broken_line_is_an_error_or_nothing(line: str) -> None:
    for before in ("", "dmafuzz 1\n", SETTING):
        for after in ("", "\n", "\ncpu0 irq_off\n"):
            target("parser")((before + line + after).encode("utf-8", "surrogatepass"))


@given(st.text())
@example("dmafuzz 1\n\x0c")
def test_any_text_is_a_program_or_an_error(text: str) -> None:
    for whole in (text, "dmafuzz 1\n" + text, SETTING + text):
        try:
            program = parse(whole)
        except ProgramError:
            continue
        assert parse(render(program)) == program


def test_damaged_texts_are_programs_or_errors() -> None:
    check = target("parser")
    rng = random.Random(1)
    whole = (SETTING + "\n".join(rng.sample(FORMS, 40)) + "\n" + DOCUMENT.partition("\n")[2]).split("\n")
    words = [*sorted({word for line in whole for word in line.split()}), "=", "\n", "#", ":", ",", "4K", "0x10"]
    for _ in range(3000):
        lines = [line.split(" ") for line in rng.choices(whole, k=rng.randrange(1, 12))]
        for _ in range(rng.randrange(3)):
            line = rng.choice(lines)
            line[rng.randrange(len(line))] = rng.choice(words)
        text = SETTING * rng.randrange(2) + "\n".join(" ".join(line) for line in lines)
        check(text.encode())
