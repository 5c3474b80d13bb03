# SPDX-License-Identifier: GPL-2.0-only
"""Any bytes are a valid program, and a program survives being encoded."""

from __future__ import annotations


def target(data: bytes) -> None:
    """Takes bytes as records. Raises whatever is wrong with the decoder."""
    from dmafuzz import _core
    from dmafuzz.program import Program

    ops = _core.decode(data)
    assert _core.check(ops) is None
    assert len(ops) <= _core.OPS_MAX
    assert ops == [_core.clear_unused(op) for op in ops]
    assert _core.repair(ops) == ops
    program = Program.decode(data)
    assert list(program.ops) == ops
    encoded = program.encode()
    assert encoded == _core.encode(ops)
    assert Program.decode(encoded) == program
    assert Program.decode(encoded).encode() == encoded


if __name__ == "__main__":
    from launch import launch

    launch(target)
