# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with a trace, or with recording one."""


class TraceError(Exception):
    """A message that says what was found, and what was expected."""
