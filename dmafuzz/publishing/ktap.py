# SPDX-License-Identifier: GPL-2.0-only
"""KTAP, the format of the kernel's own tests (Documentation/dev-tools/ktap.rst): a test for each finding of a run."""

from __future__ import annotations

from collections.abc import Iterator

from .content import Run
from .junit import is_failure


def ktap_of(run: Run) -> str:
    """A finding is not ok, one that is known is skipped; what is known of it stands in front as diagnostics."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: Run) -> Iterator[str]:
    yield from ("KTAP version 1", f"1..{len(run.findings)}")
    for number, finding in enumerate(run.findings, 1):
        failed = is_failure(finding)
        if failed:
            yield from (f"# {line}" if line else "#" for line in finding.mail.splitlines())
        directive = " # SKIP known" if finding.known else ""
        yield f"{'not ok' if failed else 'ok'} {number} {_name(f'{finding.id}: {finding.title}')}{directive}"


def _name(text: str) -> str:
    """A description has no "#", which begins a directive."""
    return " ".join(text.replace("#", "").split())
