# SPDX-License-Identifier: GPL-2.0-only
"""Markdown: a run as a summary of a continuous integration, or a page of a wiki."""

from __future__ import annotations

from collections.abc import Iterator

from .content import Finding, Headline, Run

_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|#"})


def markdown_of(run: Run) -> str:
    """The run's headlines in a table, and each of its findings in a section that unfolds."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: Run) -> Iterator[str]:
    yield from (f"# {_plain(run.title)}", "", _plain(run.subtitle), "")
    if run.grades:
        yield "| grade | topics | causes | |"
        yield "|---|---|---|---|"
        for grade in run.grades:
            yield f"| {grade.grade} | {grade.topics:,} | {grade.causes:,} | {_plain(grade.meaning)} |"
        yield ""
    yield "| | | what | where | way out |"
    yield "|---|---|---|---|---|"
    for headline in (*run.first, *run.rest):
        yield _row(headline)
    for finding in run.findings:
        yield ""
        yield from _section(finding)


def _row(headline: Headline) -> str:
    grade = f"{headline.grade} " if headline.grade else ""
    new = "new " if headline.new else ""
    return (
        f"| {headline.number} | {grade}{new}{headline.label} | {_plain(headline.title)} | {headline.where} "
        f"| {_plain(headline.repair)} |"
    )


def _section(finding: Finding) -> Iterator[str]:
    yield from (
        f"## {_plain(finding.title)}",
        "",
        f"{finding.label}, tracker {_plain(finding.tracker)}: {finding.id}",
        "",
    )
    yield from ("```", *(line.text for line in finding.lines if not line.tidy_up), "```")
    for way in finding.ways_out:
        yield from ("", f"Way out: {_plain(way.words)}", "", "```diff", *way.diff, "```")
    yield from ("", "<details><summary>How it comes about</summary>", "", "```", finding.mail, "```", "", "</details>")


def _plain(text: str) -> str:
    return " ".join(text.translate(_SPECIAL).split())
