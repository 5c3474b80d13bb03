# SPDX-License-Identifier: GPL-2.0-only
"""A program: operations, what they are expected to lead to, and comments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dmafuzz import _core
from dmafuzz._core import Op

from .comments import Comments
from .expect import Expect
from .operation import render_op


@dataclass(frozen=True)
class Program:
    """A valid program of DMA API calls.

    The operations are copies of those given, with every field that does not count set to zero, and are not to be
    changed: make another program instead. Raises ValueError if the operations are no valid program, or if there are
    comments for lines it does not have.
    """

    ops: tuple[Op, ...]
    expects: tuple[Expect, ...]
    comments: Comments

    def __init__(
        self, ops: Iterable[Op] = (), expects: Iterable[Expect] = (), comments: Comments | None = None
    ) -> None:
        # The dataclass is frozen, and a constructor that takes any iterables is worth this way around it.
        object.__setattr__(self, "ops", tuple(_core.clear_unused(op) for op in ops))
        object.__setattr__(self, "expects", tuple(expects))
        settled = (comments or Comments()).settled(len(self.ops), len(self.expects))
        object.__setattr__(self, "comments", settled)
        problem = _core.check(self.ops)
        if problem is not None:
            raise ValueError(f"operation {problem.op}: {problem.field}: expected {problem.expected}")

    def __repr__(self) -> str:
        return f"<Program: {'; '.join(render_op(op) for op in self.ops)}>"

    # Operations compare by value but hash by identity.
    def __hash__(self) -> int:
        return hash((self.encode(), self.expects, self.comments))

    def encode(self) -> bytes:
        """The operations as records of RECORD_BYTES each. Expectations and comments have no byte form."""
        return _core.encode(self.ops)

    @staticmethod
    def decode(data: bytes) -> Program:
        """The valid program that any byte string stands for; the inverse of encode()."""
        return Program(_core.decode(data))
