# SPDX-License-Identifier: GPL-2.0-only
"""The text form of programs: what can be said, and how it is printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given

from dmafuzz import _core
from dmafuzz.program import (
    Comments,
    Expect,
    Program,
    ProgramError,
    Remark,
    parse,
    render,
    render_op,
)
from dmafuzz.program.strategies import documents, programs
from dmafuzz.program.tokens import FILE_BYTES_MAX, LINE_CHARS_MAX
from language_setting import DOCUMENT, FORMS, SETTING


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
