# SPDX-License-Identifier: GPL-2.0-only
"""Any text is a program or a ProgramError, and a program survives being printed."""

from __future__ import annotations


def target(data: bytes) -> None:
    """Takes bytes as a text, the way they would come from a file. Raises whatever is wrong with the parser."""
    from dmafuzz.program import Program, ProgramError, parse, render

    text = data.decode("utf-8", "surrogateescape")
    # The first byte decides about the version line: without one, no text would get past it for long.
    if data[:1] != b"\n":
        text = "dmafuzz 1\n" + text
    program: Program | None = None
    problem: ProgramError | None = None
    try:
        program = parse(text)
    except ProgramError as error:
        problem = error
    if problem is not None:
        assert problem.line >= 1
        assert problem.column >= 1
        assert str(problem).startswith(f"<text>:{problem.line}:{problem.column}: expected ")
        return
    assert program is not None
    printed = render(program)
    assert parse(printed) == program
    assert render(parse(printed)) == printed


if __name__ == "__main__":
    from launch import launch

    launch(target)
