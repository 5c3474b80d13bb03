# SPDX-License-Identifier: GPL-2.0-only
"""The errors of this room."""


class ConfirmationError(Exception):
    """A guest kernel that cannot be built or booted; the message is one or more lines for the user."""


class GuestDiedError(Exception):
    """The guest stopped while it carried an action out. ``action``: the last one; ``log``: the end of its console."""

    def __init__(self, action: str, log: str) -> None:
        super().__init__(f"the guest died in: {action}")
        self.action = action
        self.log = log
