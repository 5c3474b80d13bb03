# SPDX-License-Identifier: GPL-2.0-only
"""Runs a target under atheris: `python harnesses/<target>.py [libFuzzer options]`."""

from __future__ import annotations

import sys
from collections.abc import Callable


def launch(target: Callable[[bytes], None]) -> None:
    """Fuzzes ``target`` with the options of the command line; does not return."""
    try:
        import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        sys.exit("This needs atheris (pip install atheris), which exists for Linux x86-64 and CPython 3.11 to 3.13.")
    # Only what is imported here is seen by the fuzzer: targets import it no earlier than when they are called.
    with atheris.instrument_imports(include=["dmafuzz.program"]):
        import dmafuzz.program  # noqa: F401
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
