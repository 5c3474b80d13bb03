# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with a store, in one line."""


class StoreError(ValueError):
    """A folder that is no store, is of another format, is in use, or cannot be written."""
