# SPDX-License-Identifier: GPL-2.0-only
"""The errors of this package."""


class VerdictError(Exception):
    """A judgement that cannot be made as asked: an unknown tracker, nothing to minimize. The message is for users."""


class ExpectError(VerdictError):
    """An `expect` line that names what does not exist: the one of that ``number``, from 0."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number
