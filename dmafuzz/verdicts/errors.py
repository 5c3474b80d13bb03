"""The one error of this package."""


class VerdictError(Exception):
    """A judgement that cannot be made as asked: an unknown tracker, nothing to minimise. The message is for users."""
