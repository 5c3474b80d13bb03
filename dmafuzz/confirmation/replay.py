# SPDX-License-Identifier: GPL-2.0-only
"""A guest that says again what a real one has said: for the comparison's own tests, and to look at a log afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .answer import ANSWER, Answer, read_answer
from .errors import ConfirmationError

ACTION = "> "  # begins a line of a transcript with what the host asked for


class ReplayedGuest:
    """``lines``: a transcript. Raises ConfirmationError where the host asks for something else than it did then."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter([line.rstrip("\n") for line in lines])

    def do(self, action: str) -> Answer:
        asked = next(self._lines, "the end")
        if asked != ACTION + action:
            raise ConfirmationError(f"the transcript is stale: it has {asked!r} where the host asks for {action!r}")
        said: list[str] = []
        while not (said and said[-1].startswith(ANSWER)):
            said.append(next(self._lines, ANSWER))
        return read_answer(said)

    def do_all(self, actions: Sequence[str]) -> Iterator[Answer]:
        return map(self.do, actions)

    def restart(self) -> bool:
        return self.do("revive 0 0") is not None

    def close(self) -> None:
        """There is nothing to end."""

    def is_done(self) -> bool:
        """Whether all has been said."""
        return next(self._lines, None) is None
