# SPDX-License-Identifier: GPL-2.0-only
"""The byte form and the text of a program say the same."""

from __future__ import annotations


def target(data: bytes) -> None:
    """Takes bytes as records, to text and back. Raises if anything is lost or changed, or the names matter."""
    from dmafuzz.program import Program, canonical, content_hash, parse, render

    program = Program.decode(data)
    text = render(program)
    again = parse(text)
    assert again == program
    assert again.encode() == program.encode()
    assert render(again) == text
    renamed = Program(canonical(program.ops, devices=True))
    assert canonical(renamed.ops, devices=True) == list(renamed.ops)
    assert content_hash(Program(canonical(program.ops))) == content_hash(program)


if __name__ == "__main__":
    from launch import launch

    launch(target)
