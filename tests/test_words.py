# SPDX-License-Identifier: GPL-2.0-only
"""What people read is in the terms of the kernel's documentation (docs/glossary.md), in plain sentences.

The list below has the words that the project once used instead. They must not come back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dmafuzz import _core, checks
from dmafuzz.cli.main import main
from dmafuzz.kernel_log.advice import advice_for
from dmafuzz.kernel_log.related_messages import kinds
from dmafuzz.reporting import breaches, sentences, warned
from dmafuzz.triage import topic_of
from dmafuzz.verdicts import meanings

ROOT = Path(__file__).parent.parent
WIDTH_CHARS = 80

# The word and what is written instead.
OLD_WORDS = {
    r"\b(?:some|no)body\b": "a subject: the driver, another owner, no check",
    r"\bwho(?:m?ever| else)\b": "a subject",
    r"\bwhose turn\b|\bits turn\b|\btheir turn\b": "buffer ownership",
    r"\bbelongs? to somebody\b|\bbytes of somebody\b": "unrelated memory",
    r"\bcome(?:s)? to (?:the same|an?|it|that|this)\b|\bit comes? to\b": "the result is, is",
    r"\b(?:is|are|was|were|be|been) told\b|\btold of\b": "reported, passed",
    r"\bof what (?:there )?is\b": "a plain sentence",
    r"\bunsaid\b|\bwhat is said\b|\bis said\b|\bleft unsaid\b": "missing warning, reported",
    r"\bstrangers?\b": "unrelated data, unmatched findings",
    r"\b(?:cry|cries|cried) wolf\b": "false positive",
    r"\bbroke down\b|\bbreaks? down\b|\bbreakdowns?\b": "tracker crash",
    r"\berror cookies?\b": "DMA_MAPPING_ERROR",
    r"\bscatter lists?\b": "scatterlist",
    r"\bcache lines?\b": "cacheline",
    r"\bminimis": "minimiz",
    r"\btails?\b": "the rest of a cacheline",
    r"\bheld against\b|\bhold(?:s)? .{0,40} against\b": "compared with",
    r"\blives? in\b.{0,20}\blines?\b": "shares a cacheline",
    r"\berrors? (?:is|are|was|were) asked\b|\basked after\b": "dma_mapping_error() is not called",
    r"\bwithout right\b": "a stray write",
    r"\bis no use\b|\bmeans? nothing\b": "false positive",
    r"\bghosts?\b": "dangling mapping",
    r"\blookouts?\b|\btwins?\b|\brarity\b|\bappraisals?\b|\bflight recorder\b": "see docs/glossary.md",
}

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
KERNEL_WORDS = ("swiotlb", "cacheline", "streaming mapping", "EEXIST", "bounce buffer", "dma_mapping_error")


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _commands(found, (*path, name))


def _help(path: tuple[str, ...]) -> str:
    result = CliRunner().invoke(main, [*path, "--help"], terminal_width=WIDTH_CHARS)
    assert result.exit_code == 0, result.output
    return result.output


def _sentences() -> Iterator[tuple[str, str]]:
    """Every sentence that the program prints about its findings, with where it is from."""
    for reason, text, _ in _core.reasons():
        yield f"reason {reason}", text
    yield from ((f"rule {name}", text) for name, text in _core.rules())
    yield from ((f"changed rule {name}", text) for name, text in _core.what_ifs())
    yield from (("alphabet", paragraph) for paragraph in _core.ALPHABET)
    for module in (sentences, breaches, warned, meanings):
        for name, value in vars(module).items():
            if name.lstrip("_").isupper() and isinstance(value, str | dict):
                texts = value.values() if isinstance(value, dict) else [value]
                yield from ((f"{module.__name__}.{name}", text) for text in texts if isinstance(text, str))
    for check in checks.checks().values():
        yield f"check {check.id}", check.means
        advice = advice_for(check.id)
        yield f"advice {check.id}", " ".join((advice.usually, advice.repair, advice.more, advice.never))
        yield from ((f"advice {check.id}", f"{case.when} {case.mended}") for case in advice.false)
        yield from ((f"topic {check.id}", topic_of(label, (check.id,), (), "").name) for label in _WARNED)
    yield from ((f"message {name}", kind.says) for name, kind in kinds().items())
    for reason, _, _ in _core.reasons():
        for rule, _ in _core.rules():
            yield f"topic {reason}, {rule}", topic_of("FN", (), (rule,), reason or "unknown").name


_WARNED = ("FP", "hazard")


def _old_words(text: str) -> list[str]:
    # Code and a kernel's own messages are quoted as they are.
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)
    return [
        f"{match.group()!r} (write: {instead})"
        for pattern, instead in OLD_WORDS.items()
        for match in re.finditer(pattern, prose, re.I)
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_have_no_old_words(document: Path) -> None:
    assert not _old_words(document.read_text())


@pytest.mark.parametrize("path", list(_commands(main)), ids=lambda path: " ".join(path) or "dmafuzz")
def test_help_has_no_old_words(path: tuple[str, ...]) -> None:
    assert not _old_words(" ".join(_help(path).split()))


def test_sentences_have_no_old_words() -> None:
    assert {place: found for place, text in _sentences() if (found := _old_words(text))} == {}


@pytest.mark.parametrize("path", [(), ("kernel",), ("confirm",)], ids=lambda path: " ".join(path) or "dmafuzz")
def test_a_commands_summary_fits_its_line(path: tuple[str, ...]) -> None:
    rows = _help(path).split("Commands:\n")[1].splitlines()
    assert len(rows) > 3
    assert not [row for row in rows if "..." in row or len(row) > WIDTH_CHARS or not row[2].isalpha()]


def test_a_line_of_dmesg_finds_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    assert [word for word in KERNEL_WORDS if word not in text] == []


def test_the_glossary_names_files_that_exist() -> None:
    rows = [row for row in (ROOT / "docs" / "glossary.md").read_text().splitlines() if row.startswith("| ")]
    files = [re.search(r"`((?:dmafuzz|docs)/[^`]+)` \|$", row) for row in rows if not row.startswith("| word")]
    assert len(files) > 50
    assert all(files), rows
    assert [found.group(1) for found in files if found and not (ROOT / found.group(1)).is_file()] == []


def test_old_words_are_found() -> None:
    assert _old_words("whose turn it is, nobody is told")
    assert not _old_words("```\nwhose turn\n```")
