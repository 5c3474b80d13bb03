# SPDX-License-Identifier: GPL-2.0-only
"""The one error of this package."""


class KernelError(Exception):
    """A kernel tree that cannot be used as a tracker; the message is one sentence for the user."""
