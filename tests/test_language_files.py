# SPDX-License-Identifier: GPL-2.0-only
"""The text form of programs: files, names, and texts that nobody would write."""

from __future__ import annotations

import errno
import os
import random
import re
import stat
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dmafuzz import _core
from dmafuzz.program import (
    Program,
    ProgramError,
    canonical,
    content_hash,
    parse,
    read,
    render,
    write,
)
from dmafuzz.program.strategies import programs
from dmafuzz.program.tokens import FILE_BYTES_MAX
from language_setting import DOCUMENT, FORMS, SETTING
from support import harness

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
        raise OSError(errno.ENOSPC, "disk full")

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
    expected = "expected a file with a program"
    with pytest.raises(ProgramError, match=rf"none\.dma: cannot be read: No such file or directory; {expected}$"):
        read(tmp_path / "none.dma")
    with pytest.raises(ProgramError, match=f": cannot be read: Is a directory; {expected}$"):
        read(tmp_path)
    with pytest.raises(ProgramError, match=f"cannot be read: embedded null byte; {expected}"):
        read("a\0b")
    (tmp_path / "nine.dma").touch()
    with pytest.raises(ProgramError, match=rf"; did you mean '{re.escape(str(tmp_path))}/nine\.dma'\?$"):
        read(tmp_path / "nime.dma")
    with pytest.raises(ProgramError, match=r"; did you mean '/dev/stdin'\?$"):
        read("-")


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
            harness("parser")((before + line + after).encode("utf-8", "surrogatepass"))


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
    check = harness("parser")
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
